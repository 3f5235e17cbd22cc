"""Balls as rationals and as doubles: nothing is rounded unless it is said."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from theory.arithmetic.balls import ball_to_float, ends, middle_and_radius
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


def test_what_no_double_covers_is_refused():
    with pytest.raises(RangeError, match="range of double precision"):
        ball_to_float(arb(2) ** 1023)
