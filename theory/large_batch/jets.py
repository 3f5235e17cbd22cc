"""Matrices that are polynomials in two formal variables a and b, cut off: a path of SGD with its derivatives, for many directions at once.

    X = sum_{(i,j)} X_ij a^i b^j,     (i, j) in a set of exponents, the ring, that has every divisor of its members

X_00 is a matrix, the same for all directions; every other part has an axis in front, one matrix for each direction. Products leave out what
is not in the ring, and parts that are 0 are not there, so that a path without noise costs as much as one of matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

Exponents = tuple[int, int]
ONE, A, AA, AAA, B, AB, BB, ABB, AABB = (0, 0), (1, 0), (2, 0), (3, 0), (0, 1), (1, 1), (0, 2), (1, 2), (2, 2)
Ring = frozenset[Exponents]


@dataclass(frozen=True)
class Jet:
    """One of them: parts (m, n) or (directions, m, n), arrays of doubles or of rationals."""

    ring: Ring
    parts: dict[Exponents, np.ndarray]

    __array_ufunc__ = None  # so that an array on the left leaves the operation to the jet

    def constant(self, matrix: np.ndarray) -> Jet:
        """A matrix as an element of the same ring."""
        return Jet(self.ring, {ONE: matrix})

    @property
    def value(self) -> np.ndarray:
        """X_00."""
        return self.parts[ONE]

    def __matmul__(self, other: Jet) -> Jet:
        return self._times(other, _matrix_product)

    def __mul__(self, factor: Any) -> Jet:
        """Entrywise by a jet, or by a number."""
        if isinstance(factor, Jet):
            return self._times(factor, np.multiply)
        return Jet(self.ring, {e: x * factor for e, x in self.parts.items()})

    def __add__(self, other: Jet) -> Jet:
        both = {e: x + other.parts[e] for e, x in self.parts.items() if e in other.parts}
        return Jet(self.ring, {**self.parts, **other.parts, **both})

    def __sub__(self, other: Jet) -> Jet:
        return self + other * -1

    @property
    def T(self) -> Jet:
        return Jet(self.ring, {e: np.swapaxes(x, -1, -2) for e, x in self.parts.items()})

    def times_monomial(self, exponents: Exponents) -> Jet:
        """X a^i b^j."""
        shifted = {(e[0] + exponents[0], e[1] + exponents[1]): x for e, x in self.parts.items()}
        return Jet(self.ring, {e: x for e, x in shifted.items() if e in self.ring})

    def of_directions(self, chosen: np.ndarray) -> Jet:
        """The parts of some of the directions; the value is that of all."""
        return Jet(self.ring, {e: x if e == ONE else x[chosen] for e, x in self.parts.items()})

    def among_directions(self, chosen: np.ndarray, count: int) -> Jet:
        """Its directions as these ones of `count`, and 0 for the others."""
        parts = {}
        for e, x in self.parts.items():
            parts[e] = np.zeros((count, *x.shape[1:]), dtype=x.dtype)
            parts[e][chosen] = x
        return Jet(self.ring, parts)

    def _times(self, other: Jet, product: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Jet:
        parts: dict[Exponents, np.ndarray] = {}
        for d, x in self.parts.items():
            for f, y in other.parts.items():
                e = (d[0] + f[0], d[1] + f[1])
                if e in self.ring:
                    z = product(x, y)
                    parts[e] = parts[e] + z if e in parts else z
        return Jet(self.ring, parts)


def ring_below(top: Exponents) -> Ring:
    """The smallest ring that has a^i b^j."""
    return frozenset(product(range(top[0] + 1), range(top[1] + 1)))


def products(ring: Ring) -> int:
    """How many products of parts one product of jets takes."""
    return sum((d[0] + e[0], d[1] + e[1]) in ring for d in ring for e in ring)


def inner(x: np.ndarray | None, y: np.ndarray | None) -> Any:
    """<X, Y> for each direction; 0 where one of the two is not there."""
    return 0 if x is None or y is None else (x * y).sum(axis=(-2, -1))


def _matrix_product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if x.ndim == 3 and y.ndim == 2 and x.flags.c_contiguous:  # one product for all directions
        return (x.reshape(-1, x.shape[2]) @ y).reshape(*x.shape[:2], -1)
    return x @ y
