"""Finite data sets as input laws: N points, equally likely, from which mini-batches may also be drawn without replacement or in epochs."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from empirics.inputs.exact_sums import IntegerColumns, gram
from theory.budget.unit_costs import UNITS
from theory.exact import MatrixLike, as_points
from theory.inputs import MAX_ENUMERATED_ATOMS, InputLaw
from theory.inputs.law import Support
from theory.inputs.lengths import SAMPLE, common_bits

#: Numbers of the points of a support, as Fractions.
MOST_LISTED = 1 << 21


class DataSet(InputLaw):
    """N points of R^p, shape (N, p), or (N,) for p = 1; a point that is listed twice counts twice.

    As an input law it is the uniform law on the points. `empirics.simulate(..., sampling=...)` draws mini-batches from it with replacement
    ("independent"), "without_replacement" (each batch anew), or in "epochs" (a random order, cut into batches; the remainder that fills no
    batch is left out, and every epoch has a new order).

    The points are doubles, and as the rationals that doubles are the law is exact: moments, `second_moment` and `support` have no rounding,
    and runs use the same numbers. Arrays of numpy, pandas, xarray and torch (detached) are taken. Raises ValueError for an empty set, NaN,
    infinity, masked entries, and numbers that no double holds, such as 2^53 + 1 or Fraction(1, 3), for which there is `theory.Discrete`;
    TypeError for text, truth values, dates and complex numbers.

    >>> data = DataSet([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> data
    DataSet(3 points in R^2, 258fd8ef)
    >>> data.moment((1, 0))
    Fraction(2, 3)
    """

    exact = True

    def __init__(self, points: MatrixLike) -> None:
        array = as_points(points, "points")
        array.setflags(write=False)
        self.points = self.population = array
        self.atom_count, self.dimension = array.shape

    def __len__(self) -> int:
        return len(self.points)

    def parameters(self) -> dict[str, Any]:
        """`points`."""
        return {"points": self.points}

    @property
    def identity(self) -> str:
        """The digest."""
        return self.digest

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the points in their order."""
        return hashlib.sha256(repr(self.points.shape).encode() + np.ascontiguousarray(self.points).tobytes()).hexdigest()

    @cached_property
    def _columns(self) -> IntegerColumns:
        return IntegerColumns(self.points)

    def _moment(self, exponents: tuple[int, ...]) -> Fraction:
        return self._columns.sum_of(exponents) / len(self)

    @cached_property
    def second_moment(self) -> np.ndarray:
        """E[x x^T], exactly: a (p, p) object array of Fractions."""
        sigma = gram(self.points) / len(self)
        sigma.setflags(write=False)
        return sigma

    def moment_seconds(self, order: int) -> float:
        """A sum of integers, made of the doubles once."""
        return len(self) * UNITS["law.point"] * (1 + min(order, self.dimension)) * max(1.0, order / 4)

    def moment_bits(self, order: int) -> float:
        """Powers of the points' common denominator, and that of their number."""
        return order * self._common_bits + math.log2(len(self)) / 2

    @cached_property
    def _common_bits(self) -> float:
        """Of some of the points: they are not all listed as rationals."""
        return common_bits([Fraction(x) for x in self.points[:SAMPLE].ravel()[: 4 * SAMPLE].tolist()])

    @cached_property
    def _support(self) -> Support | None:
        points, counts = self._columns.points, self._columns.counts.tolist()
        if len(points) > MAX_ENUMERATED_ATOMS or points.size > MOST_LISTED:
            return None
        atoms = tuple(tuple(Fraction(x) for x in atom) for atom in points.tolist())
        return atoms, tuple(Fraction(count, len(self)) for count in counts)

    def support(self) -> Support | None:
        """The distinct points and their frequencies; None for more than 65,536 of them, or 2^21 numbers."""
        return self._support

    def weighted_points(self) -> tuple[np.ndarray, np.ndarray]:
        """The points and 1/N for each."""
        return self.points, np.full(len(self), 1 / len(self))

    def doubles(self) -> dict[str, np.ndarray]:
        """The points, (N, p)."""
        return {"points": self.points}

    @cached_property
    @np.errstate(over="ignore", under="ignore")  # infinity is an upper bound too
    def norm_bound(self) -> float:
        """The longest point, rounded up."""
        largest = float(np.abs(self.points).max())
        if not largest:
            return 0.0
        unit = np.frexp(largest)[1]  # so that squares neither overflow nor underflow
        norms = np.linalg.norm(np.ldexp(self.points, -unit), axis=1)
        return float(np.nextafter(np.ldexp(norms.max() * (1 + self.dimension * 2.0**-52), unit), np.inf))

    def __getstate__(self) -> dict[str, Any]:
        """The points alone; what was made of them can be made again."""
        return {name: value for name, value in self.__dict__.copy().items() if name not in ("_columns", "_support")}

    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return self.points[generator.integers(0, len(self), size=shape)]

    def __repr__(self) -> str:
        return f"DataSet({len(self)} points in R^{self.dimension}, {self.digest[:8]})"
