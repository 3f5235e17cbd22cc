"""Finite data sets as input laws: N points, equally likely, from which mini-batches may also be drawn without replacement or in epochs."""

from __future__ import annotations

import hashlib
from collections import Counter
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory.inputs import InputLaw


class DataSet(InputLaw):
    """N points of R^p, shape (N, p), or (N,) for p = 1; a point that is listed twice counts twice.

    As an input law it is the uniform law on the points. `empirics.simulate(..., sampling=...)` draws mini-batches from it with replacement
    ("independent"), "without_replacement" (each batch anew), or in "epochs" (a random order, cut into batches; the remainder that fills no
    batch is left out, and every epoch has a new order). Raises ValueError for an empty set, NaN and infinity.

    >>> data = DataSet([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> data
    DataSet(3 points in R^2, 258fd8ef)
    >>> data.moment((1, 0))
    Fraction(2, 3)
    """

    exact = False

    def __init__(self, points: Any) -> None:
        try:
            array = np.array(points, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"points must be numbers, the same count in every row, but are not: {error}") from None
        if array.ndim == 1:
            array = array[:, None]
        if array.ndim != 2 or 0 in array.shape:
            raise ValueError(f"points must have the shape (N, p) with N, p >= 1, but had {array.shape}")
        if not np.isfinite(array).all():
            n, i = np.argwhere(~np.isfinite(array))[0]
            raise ValueError(f"points[{n}, {i}] must be finite, but was {array[n, i]}")
        array.setflags(write=False)
        self.points = array
        self.dimension = array.shape[1]

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the points in their order."""
        return hashlib.sha256(repr(self.points.shape).encode() + np.ascontiguousarray(self.points).tobytes()).hexdigest()

    def _moment(self, exponents: tuple[int, ...]) -> Fraction:
        total = Fraction(0)
        for atom, count in Counter(map(tuple, self.points.tolist())).items():
            product = Fraction(count)
            for x, a in zip(atom, exponents, strict=True):
                product *= Fraction(x) ** a
            total += product
        return total / len(self)

    @cached_property
    def second_moment(self) -> np.ndarray:
        """E[x x^T] in doubles, as Fractions like that of every law."""
        sigma = self.points.T @ self.points / len(self)
        exact = np.array([[Fraction(x) for x in row] for row in sigma.tolist()], dtype=object)
        exact.setflags(write=False)
        return exact

    def support(self) -> tuple[tuple[tuple[Fraction, ...], ...], tuple[Fraction, ...]]:
        """The distinct points and their frequencies."""
        counts = Counter(map(tuple, self.points.tolist()))
        atoms = tuple(tuple(Fraction(x) for x in atom) for atom in counts)
        return atoms, tuple(Fraction(count, len(self)) for count in counts.values())

    @property
    def norm_bound(self) -> float:
        """The longest point, rounded up."""
        return float(np.nextafter(np.linalg.norm(self.points, axis=1).max() * (1 + self.dimension * 2.0**-52), np.inf))

    def sample(self, generator: np.random.Generator, shape: int | tuple[int, ...]) -> np.ndarray:
        """Independent draws, a float64 array of shape `shape + (p,)`."""
        return self.points[generator.integers(0, len(self), size=shape)]

    def __repr__(self) -> str:
        return f"DataSet({len(self)} points in R^{self.dimension}, {self.digest[:8]})"
