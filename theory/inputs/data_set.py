"""Finite data sets as input laws: N equally likely points, with labels or without; batches may be subsets of them."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory.budget.unit_costs import UNITS
from theory.exact import MatrixLike, as_points
from theory.inputs.exact_sums import IntegerColumns, gram
from theory.inputs.independent import MAX_ENUMERATED_ATOMS
from theory.inputs.law import InputLaw, LabelledSupport, Support
from theory.inputs.lengths import SAMPLE, common_bits

#: Numbers of the points of a support, as Fractions.
MOST_LISTED = 1 << 21


class DataSet(InputLaw):
    """N points of R^p, shape (N, p), or (N,) for p = 1, and what is to be learned of them; a point that is listed twice counts twice.

    As an input law it is the uniform law on the points. With `targets`, shape (N, q), or (N,) for q = 1, a network learns these labels in
    the place of a teacher's outputs: TeacherStudent(student, None, DataSet(X, targets), ...). Mini-batches are drawn with replacement, or
    without (`TeacherStudent(sampling="without_replacement")`); `empirics.simulate` also knows epochs.

    The numbers are doubles, and as the rationals that they are the law is exact: moments, `second_moment` and `support` have no rounding,
    and runs use the same numbers. Arrays of numpy, pandas, xarray and torch (detached) are taken. Raises ValueError for an empty set, NaN,
    infinity, masked entries, another number of targets than of points, and numbers that no double holds, such as 2^53 + 1 or
    Fraction(1, 3), for which there is `theory.Discrete`; TypeError for text, truth values, dates and complex numbers.

    >>> data = DataSet([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> data
    DataSet(3 points in R^2, 258fd8ef)
    >>> data.moment((1, 0))
    Fraction(2, 3)
    >>> DataSet([0, 1, 2], targets=[1, -1, 1])
    DataSet(3 points in R^1 with targets in R^1, a2056980)
    """

    exact = True

    def __init__(self, points: MatrixLike, targets: MatrixLike | None = None) -> None:
        array = as_points(points, "points")
        array.setflags(write=False)
        self.points = self.population = array
        self.atom_count, self.dimension = array.shape
        if targets is not None:
            labels = as_points(targets, "targets")
            if len(labels) != len(array):
                raise ValueError(f"targets must have one row for each of the {len(array)} points, but had {len(labels)}")
            labels.setflags(write=False)
            self.targets = labels

    def __len__(self) -> int:
        return len(self.points)

    def parameters(self) -> dict[str, Any]:
        """`points`, and `targets` where there are any."""
        return {"points": self.points} | ({} if self.targets is None else {"targets": self.targets})

    @property
    def identity(self) -> str:
        """The digest."""
        return self.digest

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the points, and of the targets, in their order."""
        arrays = [self.points] if self.targets is None else [self.points, self.targets]
        digest = hashlib.sha256()
        for array in arrays:
            digest.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

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

    def labelled_support(self) -> LabelledSupport | None:
        """The distinct pairs of a point and its target, with their frequencies; None as for `support`, and without targets."""
        if self.targets is None:
            return None
        pairs = DataSet(np.hstack([self.points, self.targets])).support()
        if pairs is None:
            return None
        p, (rows, shares) = self.dimension, pairs
        return tuple(row[:p] for row in rows), tuple(row[p:] for row in rows), shares

    def weighted_points(self) -> tuple[np.ndarray, np.ndarray]:
        """The points and 1/N for each."""
        return self.points, np.full(len(self), 1 / len(self))

    def doubles(self) -> dict[str, np.ndarray]:
        """The points, (N, p), and the targets, (N, q)."""
        return self.parameters()

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
        labels = "" if self.targets is None else f" with targets in R^{self.targets.shape[1]}"
        return f"DataSet({len(self)} points in R^{self.dimension}{labels}, {self.digest[:8]})"
