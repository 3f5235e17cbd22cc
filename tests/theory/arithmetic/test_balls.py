"""Balls as rationals and as doubles: nothing is rounded unless it is said."""

from __future__ import annotations

import math
import sys
from fractions import Fraction as F

import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from theory.arithmetic.balls import ball_to_float, double_above, double_ends, ends, middle_and_radius, nearest_double
from theory.arithmetic.working_precision import working_precision
from theory.budget import RangeError

dyadic = st.builds(lambda m, e: F(m) * F(2) ** e, st.integers(-(2**80), 2**80), st.integers(-200, 200))


@given(dyadic, st.builds(lambda m, e: F(m) * F(2) ** e, st.integers(0, 2**29), st.integers(-200, 200)))
def test_nothing_is_rounded_whatever_the_working_precision(middle, radius):
    with working_precision(1000):
        ball = arb(int(middle.numerator)) / int(middle.denominator) + arb(0, arb(int(radius.numerator)) / int(radius.denominator))
    with working_precision(10):
        found, spread = middle_and_radius(ball)
        assert found == middle and spread >= radius and float(spread - radius) <= 1e-6 * float(radius)
        assert ends(ball) == (middle - spread, middle + spread)
        value, off = ball_to_float(ball)
    assert value == float(middle) and F(off) >= spread + abs(F(value) - middle)


LARGEST = F(sys.float_info.max)


@given(st.one_of(dyadic, st.fractions(), st.floats(allow_nan=False, allow_infinity=False).map(F), st.just(-4 * LARGEST)))
def test_a_double_above_is_the_nearest_or_the_next(value):
    above = double_above(value)
    assert F(above) >= value and above in (nearest_double(value), math.nextafter(nearest_double(value), math.inf))


@given(dyadic, st.integers(-1200, 20))
def test_doubles_around_a_ball_are_neighbours_of_its_ends(middle, exponent):
    """Down to balls below the least double, which are not rounded to 0."""
    with working_precision(100):
        ball = (arb(int(middle.numerator)) / int(middle.denominator) * 3 + arb(0, 1)) * arb(2) ** exponent
    (low, high), (below, above) = ends(ball), double_ends(ball)
    assert F(below) <= low and F(above) >= high
    assert F(math.nextafter(below, math.inf)) >= low or F(math.nextafter(below, math.inf)) - low <= F(math.ulp(below))
    assert F(math.nextafter(above, -math.inf)) - high <= F(math.ulp(above))


def test_what_no_double_covers_is_refused():
    with pytest.raises(RangeError, match="range of double precision"):
        ball_to_float(arb(2) ** 1023)
    for beyond in (LARGEST + 1, 4 * LARGEST):
        with pytest.raises(RangeError, match="range of double precision"):
            double_above(beyond)
    assert double_above(LARGEST) == -double_above(-LARGEST) == sys.float_info.max
