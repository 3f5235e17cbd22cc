"""The network at one sample x, as polynomials in x whose coefficients are polynomials in variables u (the averages of a batch).

h_k = W_k z_{k-1},  z_k = sigma(h_k),  z_0 = x;    delta_H = h_H - f(w*; x),  delta_k = sigma'(h_k) o (W_{k+1}^T delta_{k+1})
grad_k l(w; x) = delta_k z_{k-1}^T

An expectation over x of a product f g, f = sum_beta f_beta(u) x^beta, is sum_{beta,gamma} E[x^(beta+gamma)] f_beta(u) g_gamma(u): it is
taken from the coefficients, and the product in x and u together is never formed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from theory.exact import to_fmpq
from theory.inputs import InputLaw
from theory.problem import TeacherStudent

#: W_1, ..., W_H (or their gradients): object arrays of rationals, or of polynomials in u.
Layers = tuple[np.ndarray, ...]
Exponents = tuple[int, ...]
#: A polynomial in x: the coefficient of each power, a rational or a polynomial in u.
Coefficients = dict[Exponents, Any]


class LawMoments:
    """E[x^beta], asked of the law once."""

    def __init__(self, law: InputLaw) -> None:
        self.dimension, self._law = law.dimension, law
        self._known: dict[Exponents, fmpq] = {}

    def __getitem__(self, exponents: Exponents) -> fmpq:
        """E[x^exponents]."""
        if exponents not in self._known:
            self._known[exponents] = to_fmpq(self._law.moment(exponents))
        return self._known[exponents]

    def pair(self, left: Exponents, right: Exponents) -> fmpq:
        """E[x^left x^right]."""
        return self[tuple(a + b for a, b in zip(left, right, strict=True))]


class SampleNetwork:
    """One problem's network in the ring Q[u_1, ..., u_r, x_1, ..., x_p]: residuals and factors of gradients at weights in Q[u].

    >>> from theory import Gaussian
    >>> problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Gaussian(1), 1)
    >>> network = SampleNetwork(problem, variables=0)
    >>> delta, z = network.factors(rationals(problem.student), layer=2)
    >>> network.in_x(delta[0, 0] * z[0, 0])
    {(2,): 2}
    """

    def __init__(self, problem: TeacherStudent, variables: int) -> None:
        p = problem.inputs.dimension
        self.context: fmpq_mpoly_ctx = fmpq_mpoly_ctx.get(
            [*(f"u{i}" for i in range(variables)), *(f"x{i}" for i in range(p))], Ordering.lex
        )
        generators = list(self.context.gens())
        self.variables, self._x = generators[:variables], column(generators[variables:])
        self.zero = self.context.constant(0)
        self._sigma = tuple(to_fmpq(c) for c in problem.polynomial)
        self._teacher = rationals(problem.teacher_weights)

    @cached_property
    def _targets(self) -> np.ndarray:
        return self._forward(self._teacher)[0][-1]

    def residual(self, weights: Layers) -> np.ndarray:
        """f(w; x) - f(w*; x), a column."""
        return self._forward(weights)[0][-1] - self._targets

    def factors(self, weights: Layers, layer: int) -> tuple[np.ndarray, np.ndarray]:
        """(delta_layer, z_{layer-1}), columns."""
        hidden, inputs = self._forward(weights)
        delta = hidden[-1] - self._targets
        slope = tuple(i * c for i, c in enumerate(self._sigma))[1:]
        for k in range(len(weights) - 1, layer - 1, -1):
            delta = _polynomial(slope, hidden[k - 1]) * (weights[k].T @ delta)
        return delta, inputs[layer - 1]

    def in_x(self, polynomial: fmpq_mpoly) -> Coefficients:
        """Its coefficients as a polynomial in x."""
        r = len(self.variables)
        zeros = (0,) * (self.context.nvars() - r)
        if not r:
            return {tuple(map(int, m)): c for m, c in zip(polynomial.monoms(), polynomial.coeffs(), strict=True)}
        parts: dict[Exponents, dict[Exponents, fmpq]] = defaultdict(dict)
        for m, c in zip(polynomial.monoms(), polynomial.coeffs(), strict=True):
            parts[m[r:]][m[:r] + zeros] = c
        return {tuple(map(int, beta)): self.context.from_dict(part) for beta, part in parts.items()}

    def _forward(self, weights: Layers) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """(h_1, ..., h_H) and (z_0, ..., z_{H-1})."""
        inputs, hidden = [self._x], [weights[0] @ self._x]
        for w in weights[1:]:
            inputs.append(_polynomial(self._sigma, hidden[-1]))
            hidden.append(w @ inputs[-1])
        return hidden, inputs


def expected(f: Coefficients, moments: LawMoments) -> Any:
    """E f over x: a rational, or a polynomial in u."""
    return sum((c * moments[beta] for beta, c in f.items()), fmpq(0))


def paired(g: Coefficients, moments: LawMoments, powers: Sequence[Exponents]) -> Coefficients:
    """E[x^beta g] for each of the powers beta."""
    return {beta: sum((c * moments.pair(beta, gamma) for gamma, c in g.items()), fmpq(0)) for beta in powers}


def inner(f: Coefficients, g_paired: Coefficients) -> Any:
    """E[f g], from what `paired` gave for g."""
    return sum((c * g_paired[beta] for beta, c in f.items()), fmpq(0))


def column(entries: Sequence[Any]) -> np.ndarray:
    """An object array of shape (n, 1), filled by hand: numpy would take polynomials apart."""
    array = np.empty((len(entries), 1), dtype=object)
    array[:, 0] = entries
    return array


def rationals(layers: Sequence[np.ndarray]) -> Layers:
    """Matrices of numbers as object arrays of flint's rationals."""
    return tuple(np.array([[to_fmpq(x) for x in row] for row in w.tolist()], dtype=object) for w in layers)


def _polynomial(coefficients: tuple[fmpq, ...], h: np.ndarray) -> np.ndarray:
    """c_0 + c_1 h + c_2 h^2 + ..., entrywise, by Horner's rule."""
    value = h * 0 + coefficients[-1]
    for c in reversed(coefficients[:-1]):
        value = value * h + c
    return value
