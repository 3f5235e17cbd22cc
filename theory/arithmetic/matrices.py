"""Matrices for long products, in two kinds with the same operations.

Exact ones are here; float64 ones with proved errors are in `ball_matrices`.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np
from flint import fmpq, fmpq_mat, fmpq_poly, fmpz, fmpz_mat

from theory.exact import to_fraction


class Matrix(Protocol):
    """What both kinds can do, each with its own kind only."""

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def bytes(self) -> float: ...
    @property
    def T(self) -> Self: ...
    def __matmul__(self, other: Self) -> Self: ...
    def __add__(self, other: Self) -> Self: ...
    def times(self, factor: Any) -> Self: ...
    def inner(self, other: Self) -> Any: ...
    def trace(self) -> Any: ...
    def core_and_scale(self) -> tuple[Self, fmpq]: ...
    def core_at(self, scale: fmpq) -> Self: ...
    def entries(self) -> tuple[np.ndarray, float]: ...


class ExactMatrix:
    """scale * core: an integer matrix and a rational, of any shape."""

    exact = True
    scalar, polynomial = fmpq, fmpq_poly

    def __init__(self, core: fmpz_mat, scale: fmpq | int = 1) -> None:
        self.core = core
        self.scale = fmpq(1) * scale

    @classmethod
    def from_array(cls, array: np.ndarray) -> ExactMatrix:
        """The same matrix, whether `array` held Fractions or floats (the binary rationals that they are)."""
        rows, columns = array.shape
        ratios = [x.as_integer_ratio() for x in array.ravel().tolist()]
        common = math.lcm(*{q for _, q in ratios})
        return cls(fmpz_mat(rows, columns, [n * (common // q) for n, q in ratios]), fmpq(1, common))

    @classmethod
    def identity(cls, n: int) -> ExactMatrix:
        """I of order n."""
        return cls(fmpz_mat([[int(i == j) for j in range(n)] for i in range(n)]))

    @classmethod
    def zero(cls, shape: tuple[int, int]) -> ExactMatrix:
        """A matrix of zeros."""
        return cls(fmpz_mat(*shape))

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.core.nrows(), self.core.ncols()

    @property
    def bytes(self) -> float:
        """Memory held, roughly, with the flattened copies that `inner` makes."""
        rows, columns = self.shape
        return 3 * rows * columns * (16.0 + self.bits / 8)

    @cached_property
    def bits(self) -> int:
        """Bit length of the largest entry of a sample: the first row and column."""
        rows, columns = self.shape
        return max(
            *(int(self.core[0, j].bit_length()) for j in range(columns)), *(int(self.core[i, 0].bit_length()) for i in range(rows)), 1
        )

    @cached_property
    def T(self) -> ExactMatrix:
        """The transpose."""
        return ExactMatrix(self.core.transpose(), self.scale)

    def __matmul__(self, other: ExactMatrix) -> ExactMatrix:
        return ExactMatrix(self.core * other.core, self.scale * other.scale)

    def __add__(self, other: ExactMatrix) -> ExactMatrix:
        ratio_self, ratio_other = self.scale, other.scale
        if ratio_self == ratio_other:
            return ExactMatrix(self.core + other.core, ratio_self)
        common = fmpq(1, int(_lcm(ratio_self.q, ratio_other.q)))
        left, right = ratio_self / common, ratio_other / common
        return ExactMatrix(self.core * left.p + other.core * right.p, common)

    def times(self, factor: fmpq) -> ExactMatrix:
        """factor * self."""
        return ExactMatrix(self.core, self.scale * factor)

    @cached_property
    def _row(self) -> fmpz_mat:
        return fmpz_mat(1, self.core.nrows() * self.core.ncols(), self.core.entries())

    @cached_property
    def _column(self) -> fmpz_mat:
        return fmpz_mat(self.core.nrows() * self.core.ncols(), 1, self.core.transpose().entries())

    def inner(self, other: ExactMatrix) -> fmpq:
        """tr(X Y), in as many multiplications as X has entries."""
        return (self._row * other._column)[0, 0] * self.scale * other.scale

    def trace(self) -> fmpq:
        """tr X."""
        return sum((self.core[i, i] for i in range(self.core.nrows())), fmpz(0)) * self.scale

    def core_and_scale(self) -> tuple[ExactMatrix, fmpq]:
        """An integer matrix and the rational to multiply it by."""
        return ExactMatrix(self.core), self.scale

    def core_at(self, scale: fmpq) -> ExactMatrix:
        """The integer matrix that is this one divided by a scale."""
        ratio = self.scale / scale
        return ExactMatrix(self.core * ratio.p / ratio.q)

    def entries(self) -> tuple[np.ndarray, float]:
        """Object array of Fractions, and the bound 0.0 on the error of any entry."""
        table = (fmpq_mat(self.core) * self.scale).tolist()
        array = np.empty(self.shape, dtype=object)
        array[:] = [[to_fraction(x) for x in row] for row in table]
        return array, 0.0


def _lcm(a: fmpz, b: fmpz) -> fmpz:
    return a * b / a.gcd(b)
