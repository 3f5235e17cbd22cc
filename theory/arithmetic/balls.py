"""Balls in plain numbers: their middle, radius and ends as the rationals that they are, or as doubles that cover them."""

from __future__ import annotations

import math
from fractions import Fraction

from flint import arb

from theory.budget import RangeError
from theory.exact import to_fraction


def middle_and_radius(ball: arb) -> tuple[Fraction, Fraction]:
    """Of a finite ball, exactly, whatever the working precision."""
    return to_fraction(ball.mid().fmpq()), to_fraction(ball.rad().fmpq())


def ends(ball: arb) -> tuple[Fraction, Fraction]:
    """The least and the largest number in a finite ball, exactly.

    >>> ends(arb(2.5))
    (Fraction(5, 2), Fraction(5, 2))
    """
    middle, radius = middle_and_radius(ball)
    return middle - radius, middle + radius


def ball_to_float(ball: arb) -> tuple[float, float]:
    """The double nearest to the middle of a ball, and a bound on its distance from any number in the ball."""
    middle, radius = middle_and_radius(ball)
    if abs(middle) + radius >= Fraction(2) ** 1023:
        raise RangeError("a result left the range of double precision; ask for exact arithmetic")
    value = float(middle)
    return value, double_above(radius + abs(Fraction(value) - middle))


def nearest_double(value: Fraction) -> float:
    """The nearest double; an infinity beyond the largest."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def double_above(value: Fraction) -> float:
    """The double nearest to a number, or the next one above, so that it is not below. RangeError beyond the largest double."""
    nearest = nearest_double(value)
    above = nearest if nearest >= value else math.nextafter(nearest, math.inf)
    if above == math.inf:
        raise RangeError("a bound left the range of double precision")
    return above


def double_ends(ball: arb) -> tuple[float, float]:
    """Doubles around a finite ball: no number in it is below the first or above the second. RangeError beyond the largest double.

    >>> double_ends(arb(2.5))
    (2.5, 2.5)
    """
    low, high = ends(ball)
    return -double_above(-low), double_above(high)
