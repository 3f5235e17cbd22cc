"""What the noise of a batch takes from the data, or from a population: moments of z = (x, y) of orders two and four.

With omega = (w, -1) a sample's residual is z^T omega and its gradient x z^T omega, so that given w, with Omega = omega omega^T,

    loss(w) = 1/2 E (z^T omega)^2,   grad L(w) = E[x z^T] omega,   Cov_x(gradient) = E[ x x^T (z^T Omega z) ] - grad L grad L^T,

all of them linear in Omega. Symmetric matrices are vectors of their entries i <= j, in lexicographic order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement

import numpy as np
from flint import fmpq, fmpq_mat, fmpz, fmpz_mat

from theory.exact import to_fmpq
from theory.inputs import InputLaw


def pairs(n: int) -> list[tuple[int, int]]:
    """(i, j), i <= j < n: the entries of a symmetric matrix.

    >>> pairs(2)
    [(0, 0), (0, 1), (1, 1)]
    """
    return list(combinations_with_replacement(range(n), 2))


@dataclass(frozen=True)
class Moments:
    """E[z z^T], of shape (p+1, p+1), and E[x_i x_j z_k z_l] over pairs i <= j < p and k <= l <= p."""

    second: fmpq_mat
    fourth: fmpq_mat

    @property
    def dimension(self) -> int:
        """p."""
        return int(self.second.nrows()) - 1

    @cached_property
    def gradient(self) -> fmpq_mat:
        """E[x z^T], of shape (p, p+1): grad L(w) = E[x z^T] omega."""
        p = self.dimension
        return fmpq_mat(p, p + 1, [self.second[i, j] for i in range(p) for j in range(p + 1)])

    @property
    def inputs(self) -> fmpq_mat:
        """E[x x^T]."""
        p = self.dimension
        return fmpq_mat(p, p, [self.second[i, j] for i in range(p) for j in range(p)])

    @classmethod
    def of_data(cls, x: np.ndarray, y: np.ndarray) -> Moments:
        """Averages over the rows of X, (n, p), with the labels y, (n,). Cost: n p^4 / 4 products of integers."""
        n, p = x.shape
        columns = [_integers(column.tolist()) for column in (*x.T, y)]
        z = [values for values, _ in columns]
        scales = [scale for _, scale in columns]
        products = {(i, j): [a * b for a, b in zip(z[i], z[j], strict=True)] for i, j in pairs(p + 1)}
        every, inner = pairs(p + 1), pairs(p)
        of_every = fmpz_mat(len(every), n, [v for pair in every for v in products[pair]])
        of_inputs = fmpz_mat(len(inner), n, [v for pair in inner for v in products[pair]])
        fourth = of_inputs * of_every.transpose()
        second = of_every * fmpz_mat(n, 1, [1] * n)
        at = {pair: scales[pair[0]] * scales[pair[1]] for pair in every}
        return cls(
            _symmetric([fmpq(second[a, 0], at[pair] * n) for a, pair in enumerate(every)], p + 1),
            fmpq_mat(
                len(inner),
                len(every),
                [fmpq(fourth[a, b], at[ij] * at[kl] * n) for a, ij in enumerate(inner) for b, kl in enumerate(every)],
            ),
        )

    @classmethod
    def of_population(cls, law: InputLaw, w_star: Sequence[fmpq], noise: fmpq) -> Moments:
        """Of x with this law and y = x^T w* + xi, xi independent of x, of mean 0 and variance `noise`. Cost: p^4 / 24 moments of x."""
        p = law.dimension
        identity = [[fmpq(int(i == j)) for j in range(p)] for i in range(p)]
        to_inputs = fmpq_mat([*identity, list(w_star)])  # z = to_inputs x + (0, xi)
        sigma = fmpq_mat(p, p, [to_fmpq(v) for v in law.second_moment.ravel().tolist()])
        second = to_inputs * sigma * to_inputs.transpose()
        second[p, p] += noise
        inner = pairs(p)
        orders: dict[tuple[int, ...], fmpq] = {places: _moment(law, places) for places in combinations_with_replacement(range(p), 4)}
        of_inputs = fmpq_mat(len(inner), len(inner), [orders[tuple(sorted((*ij, *kl)))] for ij in inner for kl in inner])
        spread = [[_coefficient(to_inputs, k, m, ij) for k, m in pairs(p + 1)] for ij in inner]
        fourth = of_inputs * fmpq_mat(spread)
        last = len(pairs(p + 1)) - 1
        for a, (i, j) in enumerate(inner):
            fourth[a, last] += noise * sigma[i, j]
        return cls(second, fourth)


def _coefficient(to_inputs: fmpq_mat, k: int, m: int, ij: tuple[int, int]) -> fmpq:
    """Of x_i x_j in (B x)_k (B x)_m."""
    i, j = ij
    straight = to_inputs[k, i] * to_inputs[m, j]
    return straight if i == j else straight + to_inputs[k, j] * to_inputs[m, i]


def _moment(law: InputLaw, places: tuple[int, ...]) -> fmpq:
    exponents = [0] * law.dimension
    for i in places:
        exponents[i] += 1
    return to_fmpq(law.moment(exponents))


def _integers(numbers: list[object]) -> tuple[list[fmpz], fmpz]:
    """Numerators over the common denominator, and this."""
    ratios = [to_fmpq(x) for x in numbers]
    common = fmpz(math.lcm(*(int(x.q) for x in ratios)))
    return [x.p * (common // x.q) for x in ratios], common


def _symmetric(entries: list[fmpq], n: int) -> fmpq_mat:
    result = fmpq_mat(n, n)
    for (i, j), value in zip(pairs(n), entries, strict=True):
        result[i, j] = result[j, i] = value
    return result
