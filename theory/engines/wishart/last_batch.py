"""What is averaged over the earlier batches: the last batch in closed form, given w_t, as polynomials in the state.

Given w_t the last batch enters through two moments of S alone, E[S] = Sigma and
E[S_ij S_kl] = Sigma_ij Sigma_kl + eps ( E[x_i x_j x_k x_l] - Sigma_ij Sigma_kl ):

    E||g_1||^2 = tr( C D E[S S] D^T ),   C = W_2 W_2^T;          E g_1 = W_2^T D Sigma
    E||g_2||^2 = tr( A E[S X S] ),  A = W_1^T W_1, X = D^T D;    E g_2 = D Sigma W_1^T;          loss = 1/2 tr( D Sigma D^T ).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from flint import fmpq, fmpq_poly, fmpz

from theory.arithmetic.rows import Rows, inner, multiply, transpose
from theory.engines.wishart.polynomial_state import PolynomialState, State
from theory.exact import to_fmpq, to_fraction
from theory.inputs import InputLaw
from theory.inverse_batch import InverseBatchPolynomial

_EPS = fmpq_poly([0, 1])


class Target(ABC):
    """Polynomials in the state at step t, and how their expectations over the earlier batches make the quantity.

    Attributes:
        degree: the degree of the polynomials in w_t.
        count: how many there are.
    """

    degree: int
    count: int

    @abstractmethod
    def polynomials(self, state: State) -> list[Any]:
        """Elements of the ring of `state`, integer multiples of what is averaged."""

    @abstractmethod
    def result(self, expectations: Sequence[fmpq_poly]) -> InverseBatchPolynomial | np.ndarray:
        """The quantity, from the expectations of `polynomials`, polynomials in eps."""


class SecondMoment(Target):
    """E||g_{t,layer}||_F^2."""

    degree = 6

    def __init__(self, network: PolynomialState, law: InputLaw, layer: int) -> None:
        self._network, self._layer = network, layer
        p = law.dimension
        tables, scale = pair_moments(law)
        if layer == 1:  # only E[S S] is needed
            self._tables: list[Any] = [[[sum(q[i, j, j, k] for j in range(p)) for k in range(p)] for i in range(p)] for q in tables]
        else:
            self._tables = list(tables)
        self._ratio = _ratio(*self._tables)
        if self._ratio is not None:
            self._tables.pop()
        self.count = len(self._tables)
        self._denominator = network.last.rho**2 * network.eta * network.last.delta**2 * scale

    def polynomials(self, state: State) -> list[Any]:
        """The terms of order eps^0 and eps^1; the second is left out where it is a multiple of the first."""
        d = state.residual
        if self._layer == 1:
            c = self._network.gram(state.second)
            return [inner(c, multiply(multiply(d, q), transpose(d))) for q in self._tables]
        a, x = self._network.gram(state.first), multiply(transpose(d), d)
        return [inner(a, _sandwich(q, x)) for q in self._tables]

    def result(self, expectations: Sequence[fmpq_poly]) -> InverseBatchPolynomial:
        """E||g||^2."""
        constant = expectations[0]
        linear = constant * self._ratio if self._ratio is not None else expectations[1]
        return as_polynomial((constant + _EPS * linear) / self._denominator)


class Mean(Target):
    """E g_{t,layer}, entrywise."""

    degree = 3

    def __init__(self, network: PolynomialState, law: InputLaw, layer: int) -> None:
        self._network, self._layer = network, layer
        self.count = network.rank * (network.inputs if layer == 1 else network.outputs)
        self._sigma, scale = _integer_covariance(law)
        self._denominator = network.last.rho * network.last.delta * scale

    def polynomials(self, state: State) -> list[Any]:
        """Row by row the entries of R_2 D Sigma (E g_1 is U times its mean) or R_1 Sigma D^T (E g_2^T is U times its mean)."""
        d = multiply(state.residual, self._sigma)
        rows = multiply(state.second, d) if self._layer == 1 else multiply(state.first, transpose(d))
        return [x for row in rows for x in row]

    def result(self, expectations: Sequence[fmpq_poly]) -> np.ndarray:
        """E g, an object array of polynomials of the shape of W_layer."""
        width = len(expectations) // self._network.rank
        reduced = [[f / self._denominator for f in expectations[i : i + width]] for i in range(0, len(expectations), width)]
        basis = self._network.basis
        entries: Rows = reduced if basis is None else multiply(basis, reduced)
        if self._layer == 2:
            entries = transpose(entries)
        array = np.empty((len(entries), len(entries[0])), dtype=object)
        for i, j in product(*map(range, array.shape)):
            array[i, j] = as_polynomial(entries[i][j])
        return array


class Loss(Target):
    """E loss(w_t); what `polynomials` gives is `denominator` times the loss."""

    degree = 4
    count = 1

    def __init__(self, network: PolynomialState, law: InputLaw) -> None:
        self._sigma, scale = _integer_covariance(law)
        self.denominator = 2 * network.last.delta**2 * scale

    def polynomials(self, state: State) -> list[Any]:
        """tr(D Sigma D^T)."""
        return [inner(multiply(state.residual, self._sigma), state.residual)]

    def result(self, expectations: Sequence[fmpq_poly]) -> InverseBatchPolynomial:
        """E loss(w_t)."""
        return as_polynomial(expectations[0] / self.denominator)


class LossVariance(Target):
    """var loss(w_t) = E loss^2 - (E loss)^2."""

    degree = 8
    count = 2

    def __init__(self, network: PolynomialState, law: InputLaw) -> None:
        self._loss = Loss(network, law)

    def polynomials(self, state: State) -> list[Any]:
        """The square of the loss, and the loss, over the denominators of `Loss`."""
        (loss,) = self._loss.polynomials(state)
        return [loss * loss, loss]

    def result(self, expectations: Sequence[fmpq_poly]) -> InverseBatchPolynomial:
        """var loss(w_t)."""
        square, loss = expectations
        return as_polynomial((square - loss * loss) / self._loss.denominator**2)


def as_polynomial(polynomial: fmpq_poly) -> InverseBatchPolynomial:
    """A rational polynomial in eps as one in 1/b."""
    return InverseBatchPolynomial([to_fraction(c) for c in polynomial.coeffs()])


@lru_cache(maxsize=8)
def pair_moments(law: InputLaw) -> tuple[tuple[np.ndarray, np.ndarray], fmpz]:
    """(Q_0, Q_1), scale: E[S_ij S_kl] = (Q_0 + eps Q_1)[i, j, k, l] / scale, arrays (p, p, p, p) of integers."""
    p = law.dimension
    fourth: dict[tuple[int, ...], fmpq] = {}
    tables = np.empty((2, p, p, p, p), dtype=object)
    sigma = [[to_fmpq(x) for x in row] for row in law.second_moment.tolist()]
    scale = fmpz(1)
    for index in product(range(p), repeat=4):
        i, j, k, m = index
        order = [0] * p
        for coordinate in index:
            order[coordinate] += 1
        if tuple(order) not in fourth:
            fourth[tuple(order)] = to_fmpq(law.moment(order))
        square = sigma[i][j] * sigma[k][m]
        tables[0, *index], tables[1, *index] = square, fourth[tuple(order)] - square
        scale = scale.lcm(square.q).lcm(fourth[tuple(order)].q)
    for position, value in np.ndenumerate(tables):
        tables[position] = fmpz((value * scale).p)
    return (tables[0], tables[1]), scale


def _integer_covariance(law: InputLaw) -> tuple[Rows, int]:
    """scale * Sigma in integers, and the scale."""
    sigma = law.second_moment.tolist()
    scale = math.lcm(*(x.denominator for row in sigma for x in row))
    return [[fmpz(int(x * scale)) for x in row] for row in sigma], scale


def _sandwich(q: np.ndarray, x: Rows) -> Rows:
    """sum_il X_il q[i, j, k, l], for every j, k."""
    p = len(x)
    result: Rows = []
    for j in range(p):
        result.append([sum((x[i][m] * q[i, j, k, m] for i in range(p) for m in range(p) if q[i, j, k, m]), fmpz(0)) for k in range(p)])
    return result


def _ratio(first: object, second: object) -> fmpq | None:
    """The number c with second = c * first, if there is one."""
    pairs = list(zip(np.array(first, dtype=object).ravel(), np.array(second, dtype=object).ravel(), strict=True))
    pivot = next(((x, y) for x, y in pairs if x), None)
    if pivot is None:
        return fmpq(0) if not any(y for _, y in pairs) else None
    ratio = fmpq(pivot[1], pivot[0])
    return ratio if all(x * ratio == y for x, y in pairs) else None
