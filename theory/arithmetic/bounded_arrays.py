"""Arrays of two kinds with the same few operations, sums and products: exact ones, and doubles with a bound on every entry's error.

An entry is x = x~ + e with x~ a double and |e| <= r, r a double too. With u = 2^-53 and gamma_n = n u / (1 - n u), a sum of n products in
any order, fused or not, as BLAS forms it (but not by Strassen's algorithm), is off by at most gamma_n sum |x_i y_i| (Higham, Accuracy and
Stability of Numerical Algorithms, 2nd ed., section 3.5). So, entry by entry,

    |X Y - fl(X~ Y~)|  <=  |X~| (r_Y + gamma_n |Y~|) + r_X (|Y~| + r_Y) + n TINY,
    |x y - fl(x~ y~)|  <=  u |fl(x~ y~)| + |x~| r_y + r_x (|y~| + r_y) + TINY,
    |x + y - fl(x~ + y~)|  <=  u |fl(x~ + y~)| + r_x + r_y.

TINY is far more than is lost where a product underflows, whether or not small results are flushed to zero. Bounds are sums of n products
of numbers that are not negative: what is computed of them is at least 1 - gamma_{n+4} times what they are, and is raised by as much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from operator import eq
from typing import Any, NamedTuple, Protocol, Self

import numpy as np

from theory.arithmetic.norms import UNIT, gamma
from theory.budget import RangeError
from theory.exact import to_float, to_fmpq_array, to_fraction

#: Far more than whatever is lost to underflow.
TINY, SMALLEST = 2.0**-960, 2.0**-1022


class Bounded(NamedTuple):
    """A number that is within `radius` of the true one; both are rationals."""

    value: Fraction
    radius: Fraction = Fraction(0)

    def __add__(self, other: Bounded) -> Bounded:  # type: ignore[override]
        return Bounded(self.value + other.value, self.radius + other.radius)

    def times(self, factor: Fraction) -> Bounded:
        """By an exact number."""
        return Bounded(self.value * factor, self.radius * abs(factor))


class BoundedArray(Protocol):
    """What both kinds can do, each with its own kind only."""

    @classmethod
    def of(cls, array: np.ndarray) -> Self: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> Self: ...
    def __add__(self, other: Self) -> Self: ...
    def __mul__(self, other: Self) -> Self: ...
    def __matmul__(self, other: Self) -> Self: ...
    def entries(self) -> np.ndarray: ...


class ExactArray:
    """Rationals of flint."""

    def __init__(self, value: np.ndarray) -> None:
        self.value = value

    @classmethod
    def of(cls, array: np.ndarray) -> ExactArray:
        """Of Fractions or doubles."""
        return cls(to_fmpq_array(np.asarray(array)))

    @property
    def shape(self) -> tuple[int, ...]:
        """As numpy's."""
        return self.value.shape

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> ExactArray:
        """What only moves entries: transposes, slices, other shapes."""
        return ExactArray(function(self.value))

    def __add__(self, other: ExactArray) -> ExactArray:
        return ExactArray(np.asarray(self.value + other.value))

    def __mul__(self, other: ExactArray) -> ExactArray:
        return ExactArray(np.asarray(self.value * other.value))

    def __matmul__(self, other: ExactArray) -> ExactArray:
        return ExactArray(np.asarray(np.matmul(self.value, other.value), dtype=object))

    def entries(self) -> np.ndarray:
        """An object array of `Bounded`."""
        return _filled(self.shape, [Bounded(to_fraction(x)) for x in self.value.ravel().tolist()])


class RoundedArray:
    """Doubles, and bounds on their errors; None for doubles that are exact."""

    def __init__(self, value: np.ndarray, radius: np.ndarray | None = None) -> None:
        self.value, self.radius = value, radius

    @classmethod
    def of(cls, array: np.ndarray) -> RoundedArray:
        """Of Fractions, rounded where no double is equal to one of them, or doubles."""
        value = to_float(np.asarray(array))
        if array.dtype != object or all(map(eq, value.ravel().tolist(), array.ravel().tolist())):
            return cls(value)
        return cls(value, _raised(np.abs(value) * UNIT, 1))

    @property
    def shape(self) -> tuple[int, ...]:
        """As numpy's."""
        return self.value.shape

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> RoundedArray:
        """What only moves entries: transposes, slices, other shapes."""
        return RoundedArray(function(self.value), None if self.radius is None else function(self.radius))

    def __add__(self, other: RoundedArray) -> RoundedArray:
        value = np.asarray(self.value + other.value)
        radius = np.abs(value) * UNIT
        for each in (self.radius, other.radius):
            if each is not None:
                radius = radius + each
        return RoundedArray(value, _raised(radius, 3))

    def __mul__(self, other: RoundedArray) -> RoundedArray:
        value = np.asarray(self.value * other.value)
        radius = np.abs(value) * UNIT
        if other.radius is not None:
            radius += np.abs(self.value) * other.radius
        if self.radius is not None:
            radius += self.radius * other.magnitude
        return RoundedArray(value, _raised(radius, 4))

    def __matmul__(self, other: RoundedArray) -> RoundedArray:
        terms = self.shape[-1]
        value = np.asarray(np.matmul(self.value, other.value))
        if other.radius is None and self.radius is not None:
            radius = np.matmul(self.radius + np.abs(self.value) * gamma(terms), np.abs(other.value))
        else:
            below = np.abs(other.value) * gamma(terms) + (SMALLEST if other.radius is None else other.radius)
            radius = np.matmul(np.abs(self.value), below)
            if self.radius is not None:
                radius = radius + np.matmul(self.radius, other.magnitude)
        return RoundedArray(value, _raised(np.asarray(radius), terms + 4))

    @property
    def magnitude(self) -> np.ndarray:
        """Bounds on the entries' absolute values, up to rounding."""
        return np.abs(self.value) if self.radius is None else np.abs(self.value) + self.radius

    def entries(self) -> np.ndarray:
        """An object array of `Bounded`. RangeError where doubles overflow."""
        radius = np.zeros(self.shape) if self.radius is None else self.radius
        if not (np.isfinite(self.value).all() and np.isfinite(radius).all()):
            raise RangeError("a sum over the data set left the range of double precision; ask for numbers of another scale")
        pairs = zip(self.value.ravel().tolist(), radius.ravel().tolist(), strict=True)
        return _filled(self.shape, [Bounded(Fraction(x), Fraction(r)) for x, r in pairs])


def _raised(radius: np.ndarray, terms: int) -> np.ndarray:
    """A bound that was computed by sums of so many products, and by two or three operations more: raised by its own rounding."""
    radius = np.asarray(radius * (1 + 2 * gamma(terms + 4)))
    radius += terms * TINY
    return radius


def contracted(first: tuple[str, Any], second: tuple[str, Any], kept: str) -> Any:
    """sum over the letters of both that are not kept, as einsum writes it: (letters, array) twice, one letter an axis, none twice in one.

    A letter that only one of them has must be kept. One product of (stacks of) matrices.
    """
    (a, x), (b, y) = first, second
    stack = [i for i in a if i in b and i in kept]
    summed = [i for i in a if i in b and i not in kept]
    rows, columns = [i for i in a if i not in b], [i for i in b if i not in a]
    lengths = dict(zip(a + b, x.shape + y.shape, strict=True))

    def arranged(letters: str, array: Any, groups: Sequence[list[str]]) -> Any:
        order = [letters.index(i) for group in groups for i in group]
        shape = [lengths[i] for i in stack] + [int(np.prod([lengths[i] for i in group])) for group in groups[1:]]
        return array.map(lambda values: values.transpose(order).reshape(shape))

    product = arranged(a, x, (stack, rows, summed)) @ arranged(b, y, (stack, summed, columns))
    letters = [*stack, *rows, *columns]
    order = [letters.index(i) for i in kept]
    return product.map(lambda values: values.reshape([lengths[i] for i in letters]).transpose(order))


def total(array: Any) -> Bounded:
    """The sum of all entries, up to 2 dimensions: along each, one after the other."""
    while array.shape:
        ones = type(array).of(np.ones(array.shape[-1]))
        array = array @ ones
    return array.map(lambda x: np.asarray(x).reshape(1)).entries()[0]


def _filled(shape: tuple[int, ...], items: list[Bounded]) -> np.ndarray:
    result = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        result[i] = item
    return result.reshape(shape)
