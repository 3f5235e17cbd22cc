"""What is proved of a smooth network's variance from a polynomial one's, beside that variance enumerated in balls."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction as F
from itertools import pairwise

import pytest
from flint import arb, ctx
from hypothesis import assume, given
from hypothesis import strategies as st

from tests import instances as pinned
from tests.strategies import discrete_laws
from tests.theory.approximation.test_double_runs import SMOOTH, gentle, matrices
from theory import Discrete, Gaussian, TeacherStudent, Uniform, enumeration
from theory.approximation import DecreasingRange, DomainError, certified_decreasing_range, every_path_bound, variance_gap
from theory.budget import UnaffordableError
from theory.chebyshev import approximate
from theory.exact import to_fmpq

BITS = 256  # of the balls: far narrower than any gap here
TIGHT = 1e-12  # relative: square roots and squares of 128 bits, rounded outward to doubles

SCALAR, WIDE, DEEP = pinned.SMOOTH["scalar"], pinned.SMOOTH["wide"], pinned.SMOOTH["three layers"]
# name: (problem, polynomial, step, layer, largest, the interval that is proved)
CASES = {
    "scalar": (SCALAR, approximate("tanh", 3, 21), 1, 1, 6, (1, 6)),
    "scalar, last layer": (SCALAR, approximate("tanh", 3, 15), 1, 2, 5, (1, 4)),
    "first step": (SCALAR, approximate("tanh", 2, 9), 0, 1, 8, (1, 3)),
    "two units": (WIDE, approximate("sigmoid", 2, 7), 1, 1, 4, (1, 4)),
    "three layers": (DEEP, approximate("sigmoid", 2, 5), 1, 2, 3, (1, 2)),
}


def smooth_variance(problem, b, step, layer):
    return enumeration.variance_ball(problem, step, layer, batch_size=b, bits=BITS)


@st.composite
def small(draw):
    """(problem, polynomial, step, layer, b) with few paths; a coarse polynomial, so that there is a gap."""
    sizes = draw(st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 1, 1)]))
    student, teacher = ([draw(matrices(r, c, gentle)) for c, r in pairwise(sizes)] for _ in range(2))
    law = draw(discrete_laws(sizes[0], max_atoms=2))
    sigma = draw(st.sampled_from(SMOOTH))
    step, layer, b = draw(st.integers(0, 1)), draw(st.integers(1, len(sizes) - 1)), draw(st.integers(1, 3))
    return TeacherStudent(student, teacher, law, F(1, 10), sigma), approximate(sigma, 4, draw(st.integers(5, 9))), step, layer, b


@given(small())
def test_the_gap_bounds_the_distance_of_the_deviations(case):
    """|sqrt var^S - sqrt var^P| <= e, both variances enumerated."""
    problem, polynomial, step, layer, b = case
    try:
        gap = variance_gap(problem, polynomial, step, layer)
    except DomainError:
        assume(False)
    exact = enumeration.variance(replace(problem, activation=polynomial.coefficients), step, layer, batch_size=b)
    with ctx.workprec(BITS):
        smooth = smooth_variance(problem, b, step, layer).nonnegative_part().sqrt()
        assert not abs(smooth - arb(to_fmpq(exact)).sqrt()) > gap
    assert gap == every_path_bound(problem, polynomial, step + 1).gradient[step, layer - 1]


@pytest.mark.parametrize("name", CASES)
def test_the_smooth_variance_is_inside_and_decreases(name):
    problem, polynomial, step, layer, largest, interval = CASES[name]
    found = certified_decreasing_range(problem, polynomial, step, layer, largest=largest)
    assert found.interval == interval
    assert found.batch_sizes == tuple(range(1, largest + 1))
    assert len(found.lower) == len(found.upper) == len(found.polynomial_variances) == len(found.proved) + 1 == largest
    with ctx.workprec(BITS):
        smooth = [smooth_variance(problem, b, step, layer) for b in found.batch_sizes]
        for low, value, high in zip(found.lower, smooth, found.upper, strict=True):
            assert arb(low) < value < arb(high)
        for proved, (here, after) in zip(found.proved, pairwise(smooth), strict=True):
            assert here > after or not proved


@pytest.mark.parametrize("name", CASES)
def test_intervals_and_proofs_are_those_of_the_formulas(name):
    """(sqrt var^P -+ e)^2, and sqrt var^P(b) - sqrt var^P(b+1) > 2 e, in plain doubles."""
    problem, polynomial, step, layer, largest, _ = CASES[name]
    found = certified_decreasing_range(problem, polynomial, step, layer, largest=largest)
    exact, e = replace(problem, activation=polynomial.coefficients), variance_gap(problem, polynomial, step, layer)
    assert found.gap == e
    assert found.polynomial_variances == tuple(enumeration.variance(exact, step, layer, batch_size=b) for b in found.batch_sizes)
    roots = [float(v) ** 0.5 for v in found.polynomial_variances]
    assert found.lower == pytest.approx([max(0.0, r - e) ** 2 for r in roots], rel=TIGHT)
    assert found.upper == pytest.approx([(r + e) ** 2 for r in roots], rel=TIGHT)
    assert found.proved == tuple(here - after > 2 * e for here, after in pairwise(roots))


def test_a_coarse_polynomial_proves_nothing():
    found = certified_decreasing_range(SCALAR, approximate("tanh", 3, 1), 0, 1, largest=8)
    assert found.interval is None and not any(found.proved)
    assert found.lower == (0.0,) * 8  # e is more than the deviation itself
    with ctx.workprec(BITS):
        assert all(smooth_variance(SCALAR, b, 0, 1) < high for b, high in zip(found.batch_sizes, found.upper, strict=True))


@pytest.mark.parametrize("exponent", [0, -180, -540, -1060])
def test_intervals_are_rounded_outward_below_the_least_double_too(exponent):
    """(sqrt v - e)^2 <= v + e^2 and (sqrt v + e)^2 >= v + e^2, in rationals."""
    tiny = replace(SCALAR, inputs=Discrete([0, F(2) ** exponent]))
    found = certified_decreasing_range(tiny, approximate("tanh", 3, 9), 0, 1, largest=3)
    for low, variance, high in zip(found.lower, found.polynomial_variances, found.upper, strict=True):
        assert F(low) <= variance < variance + F(found.gap) ** 2 <= F(high)


def test_a_variance_of_zero_does_not_decrease():
    still = replace(SCALAR, inputs=Discrete([1]))
    found = certified_decreasing_range(still, approximate("tanh", 3, 15), 1, 1, largest=4)
    assert found.interval is None and found.polynomial_variances == (0,) * 4 and min(found.upper) > 0


@pytest.mark.parametrize("proved, interval", [
    ("1111", (1, 5)), ("0000", None), ("1", (1, 2)), ("0", None),
    ("0111", (2, 5)), ("1110", (1, 4)), ("1101", (1, 3)), ("1011", (3, 5)),
    ("101", (1, 2)),  # the first of two as long
    ("0100", (2, 3)), ("11011100", (4, 7)),
])  # fmt: skip
def test_the_longest_range_of_proofs(proved, interval):
    """proved[b-1] is the step from b to b + 1."""
    n = len(proved) + 1
    made = DecreasingRange(tuple(range(1, n + 1)), (F(1),) * n, 0.0, (0.0,) * n, (1.0,) * n, tuple(c == "1" for c in proved))
    assert made.interval == interval


def test_too_many_paths_are_refused_before_any_work(monkeypatch):
    def work(*arguments):
        raise AssertionError("work was done")

    monkeypatch.setattr("theory.enumeration.requests.Walk", work)
    polynomial = approximate("tanh", 3, 21)
    with pytest.raises(UnaffordableError, match=r"enumeration up to largest = 1000000 would cost .*the budget is max_paths = 2000000"):
        certified_decreasing_range(SCALAR, polynomial, 1, 1, largest=10**6)
    with pytest.raises(UnaffordableError, match="the budget is max_paths = 24"):
        certified_decreasing_range(SCALAR, polynomial, 1, 1, largest=4, max_paths=24)  # (4 + 1)^2 paths


@pytest.mark.parametrize("call, message", [
    (lambda p: certified_decreasing_range(replace(SCALAR, inputs=Gaussian(1)), p, 1, 1), "inputs must have finite support"),
    (lambda p: certified_decreasing_range(replace(SCALAR, inputs=Uniform(1, 0, 1)), p, 1, 1), "inputs must have finite support"),
    (lambda p: certified_decreasing_range(SCALAR, p, 1, 1, largest=1), "largest must be at least 2"),
    (lambda p: variance_gap(SCALAR, p, 1, 3), r"layer must be in 1\.\.2"),
    (lambda p: variance_gap(SCALAR, p, -1, 1), "step must be at least 0"),
    (lambda p: variance_gap(replace(SCALAR, learning_rates=[]), p, 1, 1), "learning_rates must reach alpha_0"),
    (lambda p: variance_gap(None, p, 1, 1), "problem must be a TeacherStudent"),
    (lambda p: variance_gap(SCALAR, p, 1, 1, input_radius=4), "take a larger radius"),
])  # fmt: skip
def test_bad_input_is_named(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call(approximate("tanh", 3, 15))


def test_sampled_errors_prove_nothing():
    problem = SCALAR
    with pytest.raises(ValueError, match=r"^polynomial must have certified errors"):
        certified_decreasing_range(problem, approximate("tanh", 3, 21, certify=False), 1, 1, largest=6)
    assert "interval (1, 4)" in repr(certified_decreasing_range(problem, approximate("tanh", 3, 21), 1, 1, largest=4))


def test_long_numbers_are_refused_before_they_are_met():
    """Three layers and degree 25: denominators of 17 million bits, minutes of work for 6 small batch sizes."""
    student, teacher = [[[F(1, 2)]], [[-1]], [[F(-1, 2)]]], [[[F(-3, 2)]], [[F(1, 3)]], [[F(1, 3)]]]
    problem = TeacherStudent(student, teacher, Discrete([1, F(-1, 2)], [F(1, 3), F(2, 3)]), F(1, 20), "gelu")
    began = time.perf_counter()
    with pytest.raises(UnaffordableError, match="enumeration up to largest = 6 would cost"):
        certified_decreasing_range(problem, approximate("gelu", 6, 25, "interpolate"), 1, 2, largest=6)
    assert time.perf_counter() - began < 2
