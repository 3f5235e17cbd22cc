"""The gradient of the mean loss G(w) = E grad l(w; x), on jets: by second moments for linear networks, as a sum over points for others.

    linear      E = W_H ... W_1 Sigma - E[y x^T],     g_k = (W_H ... W_{k+1})^T E (W_{k-1} ... W_1)^T
    points      G(w) = sum_n q_n grad l(w; x_n),      the atoms of a law, or a rule that is exact for polynomials (`points`)

y is the output of the teacher, or the label of a data set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from theory.backpropagation import backpropagate, end_to_end, linear_gradients
from theory.exact import Number, to_fmpq
from theory.large_batch.jets import Jet


class Population(Protocol):
    """What all samples together do."""

    def gradients(self, weights: Sequence[Jet]) -> list[Jet]:
        """G_1, ..., G_H."""


@dataclass(frozen=True)
class LinearPopulation:
    """Sigma = E[x x^T], (p, p), and E[y x^T], (p_H, p)."""

    second_moment: np.ndarray
    cross_moment: np.ndarray

    def gradients(self, weights: Sequence[Jet]) -> list[Jet]:
        """As in `Population`."""
        lift = weights[0].constant
        return linear_gradients(weights, end_to_end(weights) @ lift(self.second_moment) - lift(self.cross_moment))


@dataclass(frozen=True)
class Points:
    """Points x_n, (N, p), what is to be learned of them, (N, p_H), weights q_n, (N,), which may be negative, and the activation."""

    x: np.ndarray
    y: np.ndarray
    q: np.ndarray
    sigma: PolynomialOnJets

    def gradients(self, weights: Sequence[Jet]) -> list[Jet]:
        """As in `Population`."""
        lift = weights[0].constant
        passes = backpropagate(weights, self.sigma, lift(self.x), lift(self.y))
        shares = lift(self.q[:, None])
        return [(delta * shares).T @ z for delta, z in zip(passes.backward, passes.inputs, strict=True)]


@dataclass(frozen=True)
class PolynomialOnJets:
    """sigma_0 + sigma_1 h + ..., entrywise on jets and on arrays, by Horner's rule."""

    coefficients: tuple[Any, ...]

    @classmethod
    def of(cls, coefficients: Sequence[Number], exact: bool) -> PolynomialOnJets:
        """In rationals or in doubles."""
        return cls(tuple(to_fmpq(c) if exact else float(c) for c in coefficients))

    def value(self, h: Any) -> Any:
        """sigma(h)."""
        return h if list(self.coefficients) == [0, 1] else _horner(self.coefficients, h)

    def with_slope(self, h: Any) -> tuple[Any, Any]:
        """sigma(h) and sigma'(h), None where it is 1 everywhere."""
        slope = tuple(c * i for i, c in enumerate(self.coefficients))[1:]
        return self.value(h), None if list(slope) == [1] else _horner(slope, h)


def _horner(coefficients: Sequence[Any], h: Jet | np.ndarray) -> Any:
    ones = h.constant(h.value * 0 + 1) if isinstance(h, Jet) else h * 0 + 1
    value = ones * coefficients[-1]
    for c in reversed(coefficients[:-1]):
        value = value * h + ones * c
    return value
