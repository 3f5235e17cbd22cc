"""Matrices of polynomials in the deviation Z of one batch, at many points of the others at once, in doubles with a bound on their rounding.

An entry is sum_a c_a Z^a. With every coefficient goes what it would be if nothing cancelled, the same sums and products of absolute values,
and n, at most how many roundings any term of it has gone through: as every sum and product is rounded to within u = 2^-53,

    | computed - exact |  <=  ( (1 + u)^n - 1 ) (sum of absolute values, exact)  <=  1.01 n u (that sum, computed)       for n u < 1/1000,

and FLOOR is more than all that underflow can do, here and in what is made of it, while no such sum is beyond LARGEST.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from theory.budget import RangeError
from theory.engines.deviations.monomials import numbers_of_products

#: u, of doubles.
UNIT = 2.0**-53
LARGEST, FLOOR = 2.0**350, 2.0**-400


class Expansion:
    """`values`, (monomials, rows, columns, points), those of degree `degree` in `variables`; `sizes`, the sums of absolute values."""

    def __init__(self, values: np.ndarray, sizes: np.ndarray, variables: int, degree: int, roundings: int) -> None:
        self.values, self.sizes, self.variables, self.degree, self.roundings = values, sizes, variables, degree, roundings

    @classmethod
    def constant(cls, matrix: np.ndarray, variables: int) -> Expansion:
        """A matrix of numbers of any kind, each rounded to a double; a third axis runs over the points."""
        values = matrix.astype(float).reshape(1, *matrix.shape[:2], -1)
        return cls(values, np.abs(values), variables, 0, 1)

    @classmethod
    def deviating(cls, centre: np.ndarray) -> Expansion:
        """centre + Z, Z symmetric."""
        p = len(centre)
        pairs = [(i, j) for i in range(p) for j in range(i, p)]
        values = np.zeros((1 + len(pairs), p, p, 1))
        values[0, :, :, 0] = centre.astype(float)
        for k, (i, j) in enumerate(pairs):
            values[1 + k, i, j] = values[1 + k, j, i] = 1
        return cls(values, np.abs(values), len(pairs), 1, 1)

    @property
    def radii(self) -> np.ndarray:
        """Bounds on the errors of `values`."""
        return 1.01 * self.roundings * UNIT * self.sizes + FLOOR

    @property
    def T(self) -> Expansion:
        """The transpose."""
        return self._with(self.values.swapaxes(1, 2), self.sizes.swapaxes(1, 2), self.roundings)

    def __matmul__(self, other: Expansion) -> Expansion:
        return self.multiply(other, "rmn,kmcn->krcn", self.values.shape[2], (self.values.shape[1], other.values.shape[2]))

    def outer(self, other: Expansion) -> Expansion:
        """A[i, j] B[c, l] at row (i, c) and column (j, l)."""
        (_, i, j, _), (_, c, m, _) = self.values.shape, other.values.shape
        every = self.multiply(other, "ijn,kcln->kicjln", 1, (i, c, j, m))
        shape = (len(every.values), i * c, j * m, -1)
        return every._with(every.values.reshape(shape), every.sizes.reshape(shape), every.roundings)

    def multiply(self, other: Expansion, products: str, summed: int, shape: tuple[int, ...]) -> Expansion:
        """Entries multiplied as `products` says, `summed` of them in a sum."""
        table = numbers_of_products(self.variables, self.degree, other.degree)
        points = max(self.values.shape[-1], other.values.shape[-1])
        values, sizes = (np.zeros((int(table.max()) + 1, *shape, points)) for _ in range(2))
        for a, places in enumerate(table):
            values[places] += np.einsum(products, self.values[a], other.values)
            sizes[places] += np.einsum(products, self.sizes[a], other.sizes)
        if not sizes.max() <= LARGEST:
            raise RangeError("the weights and learning rates are too large for doubles at this step: smaller ones, or an exact engine")
        roundings = self.roundings + other.roundings + 1 + summed * min(table.shape)
        return Expansion(values, sizes, self.variables, self.degree + other.degree, roundings)

    def __mul__(self, factor: Any) -> Expansion:
        number = float(Fraction(int(factor.p), int(factor.q)))
        return self._with(self.values * number, self.sizes * abs(number), self.roundings + 2)

    def __sub__(self, other: Expansion) -> Expansion:
        return self._combined(other, np.subtract)

    def __add__(self, other: Expansion) -> Expansion:
        return self._combined(other, np.add)

    def _combined(self, other: Expansion, combine: Callable[..., np.ndarray]) -> Expansion:
        count = max(len(self.values), len(other.values))
        (ours, our_sizes), (theirs, their_sizes) = ((_padded(x.values, count), _padded(x.sizes, count)) for x in (self, other))
        roundings = max(self.roundings, other.roundings) + 1
        degree = max(self.degree, other.degree)
        return Expansion(combine(ours, theirs), our_sizes + their_sizes, self.variables, degree, roundings)

    def _with(self, values: np.ndarray, sizes: np.ndarray, roundings: int) -> Expansion:
        return Expansion(values, sizes, self.variables, self.degree, roundings)


def _padded(values: np.ndarray, count: int) -> np.ndarray:
    """With zeros for the monomials of higher degrees, which come last."""
    return values if len(values) == count else np.concatenate([values, np.zeros((count - len(values), *values.shape[1:]))])
