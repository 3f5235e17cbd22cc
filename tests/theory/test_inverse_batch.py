"""Polynomials in 1/b against plain rational arithmetic and against scans over b."""

import math
import re
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import fractions, inverse_batch_polynomials
from theory import InverseBatchPolynomial
from theory.budget import RangeError
from theory.inverse_batch import UndecidedError

SCAN = 60  # beyond every threshold that the strategy's coefficients can give: Cauchy's bound is 1 + 5 * 9 / (1/3)


def value(coefficients, b):
    return sum(c * F(1, b) ** s for s, c in enumerate(coefficients))


@given(st.lists(fractions, max_size=6), st.integers(1, 50))
def test_evaluation_is_exact(coefficients, b):
    assert InverseBatchPolynomial(coefficients)(b) == value(coefficients, b)


@given(inverse_batch_polynomials, inverse_batch_polynomials, st.integers(1, 9))
def test_arithmetic_commutes_with_evaluation(v, w, b):
    assert (v + w)(b) == v(b) + w(b)
    assert (v - w)(b) == v(b) - w(b)
    assert (v * w)(b) == v(b) * w(b)
    assert (3 * v)(b) == 3 * v(b)


def test_evaluation_does_not_cancel():
    # (1 - 1/b)^40 expanded: doubles lose every digit near b = 1
    v = InverseBatchPolynomial([(-1) ** s * math.comb(40, s) for s in range(41)])
    assert v(1.01) == pytest.approx((1 - 1 / 1.01) ** 40, rel=1e-12)
    assert v(1) == 0


@given(inverse_batch_polynomials, st.integers(1, 9))
def test_derivative_is_the_limit_of_difference_quotients(v, b):
    # Taylor: the quotient is off by at most h/2 sup |v''| <= h/2 sum s (s + 1) |c_s|
    h = F(1, 10**9)
    quotient = (v(b + h) - v(b)) / h
    scale = sum(s * (s + 1) * abs(c) for s, c in enumerate(v.coefficients))
    assert abs(v.derivative()(b) - quotient) <= scale * h / 2


@given(inverse_batch_polynomials)
def test_decreasing_from_agrees_with_a_scan(v):
    first = v.decreasing_from()
    rising = [b for b in range(1, SCAN * 10) if v(b) < v(b + 1)]
    if first is None:
        assert rising and rising[-1] == SCAN * 10 - 1
        assert v.threshold == math.inf
    else:
        assert first == (rising[-1] + 1 if rising else 1)


@given(inverse_batch_polynomials)
def test_threshold_separates_the_last_rise(v):
    if v.decreasing_from() is None:
        return
    low, high = v.threshold_interval()
    assert high - low <= max(1, high) * F(1, 2**60)
    assert float(low) <= v.threshold <= float(high)
    slope = v.derivative()._at
    for b in (high + F(1, 10**6), high + 1, high * 2 + 1, high * 1000 + 1):
        assert slope(b) <= 0
    if low > 0:
        assert slope(low * (1 - F(1, 10**12))) >= 0 or low == high


def test_two_atom_example_of_theorem_3_5():
    # x in {1, 2} equally likely, one unit per layer: computed by enumeration elsewhere; here only the calculus of the threshold
    v = InverseBatchPolynomial([0, F(1), F(-2), F(1)])  # (1/b)(1 - 1/b)^2: rises from 0 at b = 1, falls from b = 3 on
    assert v.threshold == 3.0
    assert v.threshold_interval() == (F(3), F(3)) or v.threshold_interval()[0] < 3 <= v.threshold_interval()[1]
    assert v.decreasing_from() == 3


def test_double_root_is_no_rise():
    # -dv/db proportional to (b - 5)^2 / b^4: flat at 5, never rising
    v = InverseBatchPolynomial([0, 1, F(-10, 2), F(25, 3)])
    assert v.threshold == 0.0
    assert v.decreasing_from() == 1


def test_first_coefficient_may_vanish():
    v = InverseBatchPolynomial([0, 0, 1, -1])
    assert v.threshold == 1.5
    assert v.decreasing_from() == 2 if v(1) < v(2) else 1


def test_zero_polynomial():
    v = InverseBatchPolynomial([0, 0, 0])
    assert v.coefficients == (0,) and v.degree == 0 and v.decreasing_from() == 1 and v.threshold == 0.0 and str(v) == "0"


def test_inexact_coefficients_carry_their_error():
    exact = InverseBatchPolynomial([0, F(1, 3), F(-2, 7)])
    v = InverseBatchPolynomial([0.0, 1 / 3, -2 / 7], radii=[0.0, 1e-12, 1e-12])
    assert not v.is_exact and v.radius == 1e-12
    for b in (1, 2, 3.5, 100):
        assert abs(F(v(b)) - F(exact(F(b)))) <= F(v.error(b))
    assert v.decreasing_from() == exact.decreasing_from()
    w = v.derivative()
    assert all(abs(F(c) - F(e)) <= F(r) for c, e, r in zip(w.coefficients, exact.derivative().coefficients, w.radii, strict=True))


def test_undecided_when_the_error_is_too_wide():
    # v(1) - v(2) = 1/4 of the second coefficient's excess over 0: within the radius of zero
    v = InverseBatchPolynomial([0.0, 1.0, -2 / 3], radii=[0.0, 0.0, 1e-3])
    with pytest.raises(UndecidedError, match="error bound"):
        v.decreasing_from()


def test_thresholds_of_any_size_are_answered_at_once():
    # two sign changes within one unit, a million from 1; and a threshold of 400 digits
    r, s = 10**6 + F(3, 10), 10**6 + F(4, 10)
    v = InverseBatchPolynomial([0, 1, -(r + s) / 2, r * s / 3])
    assert v.decreasing_from() == 1 and v.threshold == float(s)
    w = InverseBatchPolynomial([0, 1, -(10**400)])
    first = w.decreasing_from()
    assert w(first) >= w(first + 1) and w(first - 1) < w(first) and first == 2 * 10**400
    assert w.threshold == math.inf == -w(2.0)


def test_numbers_of_thousands_of_digits_are_written():
    v = InverseBatchPolynomial([0, F(10**5000, 3)])
    assert len(str(v)) > 5000 and "10000" in v.latex() and v.latex(digits=3) == r"3.33\cdot 10^{4999}\,b^{-1}" and len(repr(v)) < 500


@pytest.mark.parametrize("make", [
    lambda: InverseBatchPolynomial([F(10) ** 400], radii=[1.0]),
    lambda: InverseBatchPolynomial([0, 0, 1e308], radii=[0, 0, 1.0]).derivative(),
    lambda: InverseBatchPolynomial([0, 0, 1.0], radii=[0, 0, 1e308]).derivative(),
    lambda: InverseBatchPolynomial([0, 1.0, 1.0], radii=[0, 1.7e308, 1.7e308]).error(1),
])  # fmt: skip
def test_what_leaves_the_doubles_is_refused_in_one_way(make):
    with pytest.raises(RangeError, match="range of double"):
        make()


def test_radii_cover_what_the_coefficients_lose():
    v = InverseBatchPolynomial([0, F(1, 3)], radii=[0, 1e-30])
    assert abs(F(v.coefficients[1]) - F(1, 3)) <= F(v.radii[1]) < F(1, 10**16)


def test_operands_are_named():
    with pytest.raises(TypeError, match="other must be an InverseBatchPolynomial"):
        InverseBatchPolynomial([1]) + 1
    with pytest.raises(TypeError, match="factor must be"):
        InverseBatchPolynomial([1]) * "2"


def test_a_threshold_within_the_error_is_not_told():
    with pytest.raises(UndecidedError, match="does not settle its sign"):
        _ = InverseBatchPolynomial([0.0, 1e-20, -2.5], radii=[0.0, 0.1, 0.1]).threshold


@pytest.mark.parametrize("bad", [0, 0.5, -3, F(99, 100)])
def test_batch_size_below_one(bad):
    with pytest.raises(ValueError, match="b must be at least 1"):
        InverseBatchPolynomial([0, 1])(bad)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_batch_size_not_finite(bad):
    with pytest.raises(ValueError, match="b must be finite"):
        InverseBatchPolynomial([0, 1])(bad)


def test_coefficients_are_checked():
    with pytest.raises(ValueError, match=r"coefficients\[1\] must be finite"):
        InverseBatchPolynomial([0, float("nan")])
    with pytest.raises(TypeError, match=r"coefficients\[0\]"):
        InverseBatchPolynomial(["1"])
    with pytest.raises(ValueError, match="radii"):
        InverseBatchPolynomial([0, 1.0], radii=[0.0])
    with pytest.raises(ValueError, match="radii"):
        InverseBatchPolynomial([0, 1.0], radii=[0.0, -1.0])


@given(inverse_batch_polynomials, st.integers(1, 9))
def test_printed_form_reads_back(v, b):
    powers = re.sub(r"b\^(\d+)", r"b**\1", str(v))
    every_number_exact = re.sub(r"(?<![\w*.])(\d+)(?![\w.])", r"F(\1)", powers)
    assert eval(every_number_exact, {"F": F, "b": F(b)}) == v(b)
