"""Stacks of rational matrices over one common denominator: exact arithmetic on many points at once, without any gcd."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from flint import fmpq, fmpz

from theory.exact import to_fmpq


class Stack:
    """numerators / denominator: an object array (R, rows, columns) of integers, R matrices, over one positive integer.

    Supports +, -, elementwise * (1 x 1 matrices are scalars), @, .T and .trace(), with R = 1 broadcast, and +, * with
    single rationals. Denominators are multiplied, or brought to their least common multiple, and never reduced.
    """

    __array_ufunc__ = None  # numpy must leave array * stack to Stack

    def __init__(self, numerators: np.ndarray, denominator: fmpz | int) -> None:
        self.numerators = numerators
        self.denominator = fmpz(denominator)

    @classmethod
    def of(cls, matrices: Iterable[Any]) -> Stack:
        """From matrices (2-dimensional arrays) of Fractions, floats or rationals of flint, all of one shape."""
        rows = [[[x if isinstance(x, fmpq) else to_fmpq(x) for x in row] for row in m.tolist()] for m in matrices]
        common = math.lcm(*(int(x.q) for m in rows for row in m for x in row))
        numerators = np.array([[[(x * common).p for x in row] for row in m] for m in rows], dtype=object)
        return cls(numerators, common)

    @classmethod
    def ones(cls, count: int) -> Stack:
        """So many 1 x 1 matrices [1]."""
        return cls(np.array([[[fmpz(1)]]] * count, dtype=object), 1)

    @property
    def count(self) -> int:
        """R, the number of matrices."""
        return self.numerators.shape[0]

    def __getitem__(self, index: slice | np.ndarray) -> Stack:
        """Some of the matrices."""
        return Stack(self.numerators[index], self.denominator)

    def repeated(self, times: int) -> Stack:
        """Every matrix so many times in a row."""
        return Stack(np.repeat(self.numerators, times, axis=0), self.denominator)

    def __add__(self, other: Stack | fmpq) -> Stack:
        if not isinstance(other, Stack):
            other = _scalar(other)
        if self.denominator == other.denominator:
            return Stack(self.numerators + other.numerators, self.denominator)
        common = self.denominator * other.denominator // self.denominator.gcd(other.denominator)
        left, right = common // self.denominator, common // other.denominator
        return Stack(_scaled(self.numerators, left) + _scaled(other.numerators, right), common)

    def __sub__(self, other: Stack) -> Stack:
        return self + Stack(-other.numerators, other.denominator)

    def __mul__(self, other: Stack | fmpq) -> Stack:
        if not isinstance(other, Stack):
            other = _scalar(other)
        return Stack(self.numerators * other.numerators, self.denominator * other.denominator)

    __radd__ = __add__
    __rmul__ = __mul__

    def __matmul__(self, other: Stack) -> Stack:
        return Stack(self.numerators @ other.numerators, self.denominator * other.denominator)

    @property
    def T(self) -> Stack:
        """Every matrix transposed."""
        return Stack(self.numerators.swapaxes(1, 2), self.denominator)

    def trace(self) -> Stack:
        """The traces, as 1 x 1 matrices."""
        return Stack(np.trace(self.numerators, axis1=1, axis2=2).reshape(-1, 1, 1), self.denominator)

    def norm2(self) -> Stack:
        """The squared Frobenius norms, as 1 x 1 matrices."""
        n = self.numerators
        return Stack((n * n).sum(axis=(1, 2)).reshape(-1, 1, 1), self.denominator**2)


def _scalar(value: Any) -> Stack:
    number = fmpq(value) if not isinstance(value, fmpq) else value
    return Stack(np.array([[[number.p]]], dtype=object), number.q)


def _scaled(numerators: np.ndarray, factor: fmpz) -> np.ndarray:
    return numerators if factor == 1 else numerators * factor
