"""Forward and back through a network, for numbers of every kind: nothing but the definition. Samples are the rows of X.

    H_k = Z_{k-1} W_k^T,   Z_k = sigma(H_k),   Z_0 = X;        Delta_H = H_H - Y,   Delta_k = sigma'(H_k) o (Delta_{k+1} W_{k+1})
    sum over the samples of d(1/2 ||h_H - y||^2)/dW_k  =  Delta_k^T Z_{k-1},      k = 1..H

Linear networks need no samples: with E = (W_H ... W_1 - W*_H ... W*_1) S, g_k = (W_H ... W_{k+1})^T E (W_{k-1} ... W_1)^T.

A matrix is whatever has @, .T, - and an entrywise *: arrays of doubles, of rationals or of balls, stacks of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from flint import fmpq

from theory.activations import Activation
from theory.exact import Number, to_fmpq

Matrices = tuple[np.ndarray, ...]
#: Matrices of one kind.
M = TypeVar("M", bound=Any)


class Sigma(Protocol):
    """An activation for one kind of matrix."""

    def value(self, h: Any) -> Any:
        """sigma(h), entrywise."""

    def with_slope(self, h: Any) -> tuple[Any, Any]:
        """sigma(h) and sigma'(h), entrywise; None in the place of a slope that is 1 everywhere."""


@dataclass(frozen=True)
class Polynomial:
    """c_0 + c_1 h + c_2 h^2 + ..., by Horner's rule: exact for rationals, alone or in stacks."""

    coefficients: tuple[fmpq, ...]

    def value(self, h: Any) -> Any:
        """As in `Sigma`."""
        return h if list(self.coefficients) == [0, 1] else _horner(self.coefficients, h)

    def with_slope(self, h: Any) -> tuple[Any, Any]:
        """As in `Sigma`."""
        slope = [i * c for i, c in enumerate(self.coefficients)][1:] or [fmpq(0)]
        return self.value(h), None if slope == [1] else _horner(slope, h)


@dataclass(frozen=True)
class Entrywise:
    """By a function that takes one number to sigma and sigma' there: rationals or balls in object arrays."""

    function: Callable[[Any], tuple[Any, Any]]

    def value(self, h: np.ndarray) -> np.ndarray:
        """As in `Sigma`."""
        return self.with_slope(h)[0]

    def with_slope(self, h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As in `Sigma`."""
        pairs = np.empty((2, *h.shape), dtype=object)
        for place, x in np.ndenumerate(h):
            pairs[0, *place], pairs[1, *place] = self.function(x)
        return pairs[0], pairs[1]


@dataclass(frozen=True)
class OnArrays:
    """By two functions of arrays: doubles."""

    value: Callable[[np.ndarray], np.ndarray]
    derivative: Callable[[np.ndarray], np.ndarray]

    def with_slope(self, h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As in `Sigma`."""
        return self.value(h), self.derivative(h)


def exact_sigma(activation: Sequence[Number | fmpq] | Activation) -> Polynomial | Entrywise:
    """The activation of a problem, coefficients or an `Activation`, for rationals, or for balls where it is no polynomial."""
    if isinstance(activation, Activation):
        return Entrywise(activation.exactly)
    return Polynomial(tuple(c if isinstance(c, fmpq) else to_fmpq(c) for c in activation))


@dataclass(frozen=True)
class Passes(Generic[M]):
    """One pass forward and one back, lists over the layers: Z_0..Z_{H-1}, H_1..H_H, sigma'(H_1)..sigma'(H_{H-1}), Delta_1..Delta_H.

    Slopes that are 1 everywhere may be None. Of a pass back that ended early the slopes and Deltas of the layers below are left out.
    """

    inputs: list[M]
    preactivations: list[M]
    slopes: list[M]
    backward: list[M]

    @property
    def gradients(self) -> tuple[M, ...]:
        """Delta_k^T Z_{k-1} of every layer: the sum over the samples, b times the gradient of a batch."""
        return tuple(delta.T @ z for delta, z in zip(self.backward, self.inputs, strict=True))


def backpropagate(weights: Sequence[M], sigma: Sigma, x: M, target: M, lowest: int = 1) -> Passes[M]:
    """Forward and back to the layer `lowest`; `target` is Y, of the shape of the output. Cost: 6 flops for every weight and sample."""
    inputs, hidden, slopes = [x], [x @ weights[0].T], []
    for k, w in enumerate(weights[1:], start=1):
        z, slope = sigma.with_slope(hidden[-1]) if k >= lowest else (sigma.value(hidden[-1]), None)
        inputs.append(z)
        hidden.append(z @ w.T)
        if k >= lowest:
            slopes.append(slope)
    backward = [hidden[-1] - target]
    for w, slope in zip(weights[:0:-1], reversed(slopes), strict=False):
        below = backward[0] @ w
        backward.insert(0, below if slope is None else slope * below)
    return Passes(inputs, hidden, slopes, backward)


def forward(weights: Sequence[M], sigma: Sigma, x: M) -> tuple[list[M], list[M]]:
    """(Z_0, ..., Z_{H-1}) and (H_1, ..., H_H); the last one is the output."""
    inputs, hidden = [x], [x @ weights[0].T]
    for w in weights[1:]:
        inputs.append(sigma.value(hidden[-1]))
        hidden.append(inputs[-1] @ w.T)
    return inputs, hidden


def batch_gradient(weights: Sequence[np.ndarray], teacher: Sequence[np.ndarray], sigma: Sigma, x: np.ndarray) -> Matrices:
    """g_1, ..., g_H: the mean over the rows of x of the gradients of 1/2 ||f(w; x) - f(w*; x)||^2."""
    passes = backpropagate(weights, sigma, x, forward(teacher, sigma, x)[1][-1])
    return tuple(g / len(x) for g in passes.gradients)


def end_to_end(weights: Sequence[M]) -> M:
    """W_H ... W_1, for matrices of any ring."""
    return reduce(lambda below, w: w @ below, weights)


def linear_gradients(weights: Sequence[M], error: M) -> list[M]:
    """(W_H ... W_{k+1})^T E (W_{k-1} ... W_1)^T for k = 1..H, matrices of any ring: the gradients of a linear network, E as above.

    Cost: (H + 2)(H - 1) / 2 products.
    """
    right = [error]  # E (W_{k-1} ... W_1)^T
    for w in weights[:-1]:
        right.append(right[-1] @ w.T)
    return [reduce(lambda above, w: w.T @ above, reversed(weights[k:]), g) for k, g in enumerate(right, start=1)]


def _horner(coefficients: Sequence[fmpq], h: Any) -> Any:
    value = h * fmpq(0) + coefficients[-1]
    for c in reversed(coefficients[:-1]):
        value = value * h + c
    return value
