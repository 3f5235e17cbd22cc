"""Theorem 3.5: beyond the derivative's last sign change the variance decreases; beyond the printed root it need not."""

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.instances import PINNED
from tests.strategies import discrete_laws, fractions, learning_rates, problems
from theory import Gaussian, TeacherStudent
from theory.claims import theorem_3_5 as claim
from theory.variance_poly import variance_polynomial

pytestmark = pytest.mark.theorems("3.5")


@given(problems(st.sampled_from([(1, 1, 1), (1, 1), (1, 2, 1)]), laws=lambda p: discrete_laws(p, 2), steps=1), st.data())
def test_two_atoms(ledger, problem, data):
    layer = data.draw(st.integers(1, problem.depth))
    ledger.record("3.5", claim.check(claim.Instance(repr(problem.inputs), problem, 1, layer)))


@given(*[fractions] * 4, *[learning_rates] * 2, st.integers(1, 2))
def test_scalar_gaussian_two_steps(ledger, w1, w2, v, sigma, rate_0, rate_1, layer):
    problem = TeacherStudent([[[w1]], [[w2]]], [[[v]], [[1]]], Gaussian(cov=[[abs(sigma)]]), learning_rates=[rate_0, rate_1])
    ledger.record("3.5", claim.check(claim.Instance(f"w = ({w1}, {w2}), w* = {v}", problem, 2, layer)))


def test_no_noise_at_all_is_no_rise(ledger):
    # the gradient vanishes for every sample: every ball is around zero, and none is below the next
    problem = TeacherStudent([[[1]], [[F(1, 3)]]], [[[F(1, 3)]], [[1]]], Gaussian(1), learning_rates=1)
    for step in range(3):
        ledger.record("3.5", claim.check(claim.Instance("w = (1, 1/3), w* = 1/3: no gradient", problem, step, 1)))


def test_the_numbers_of_the_first_example():
    v = variance_polynomial(PINNED["two atoms"], 1, 1)  # whose values tests/instances.py has
    assert round(v.threshold, 3) == 2.154 and round(float(claim.printed_threshold(v)[1]), 3) == 1.344
    assert v(1) < v(2) and v(2) > v(3)


def test_a_vanishing_first_coefficient_is_decided_by_the_next():
    v = variance_polynomial(claim.no_first_order_noise().problem, 1, 1)
    assert v.coefficients[:3] == (0, 0, 0) and v.coefficients[3] > 0
