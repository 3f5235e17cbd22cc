"""E loss(w_t): a polynomial in 1/b with the loss of gradient descent as its constant term; decreasing in one layer, not in two."""

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import discrete_laws, fractions, input_laws, learning_rates, problems
from theory import Gaussian, TeacherStudent
from theory.claims import loss_decreasing as claim
from theory.degrees import loss_degree
from theory.variance_poly import loss_polynomial

pytestmark = pytest.mark.theorems("3.1.2 loss")


small = st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 2, 2), (2, 1), (1, 1)])


@given(problems(small, laws=lambda p: discrete_laws(p, 2), steps=2), st.integers(0, 2))
def test_finite_support(ledger, problem, step):
    if step == 2 and problem.inputs.dimension == 2:
        step = 1
    ledger.record("3.1.2 loss", claim.check(claim.Instance(repr(problem.inputs), problem, step)))


@given(*[fractions] * 3, learning_rates, st.integers(0, 2))
def test_scalar_gaussian(ledger, w1, w2, v, rate, step):
    problem = TeacherStudent([[[w1]], [[w2]]], [[[v]], [[1]]], Gaussian(1), learning_rates=rate)
    ledger.record("3.1.2 loss", claim.check(claim.Instance(f"w = ({w1}, {w2}), w* = {v}, alpha = {rate}", problem, step)))


@given(problems(st.sampled_from([(1, 1), (2, 1), (2, 2)]), laws=input_laws, steps=2), st.integers(0, 2))
def test_in_one_layer_every_coefficient_is_non_negative(problem, step):
    v = loss_polynomial(problem, step)
    assert all(c >= 0 for c in v.coefficients) and v.decreasing_from() == 1


def test_the_pinned_values():
    v = loss_polynomial(claim.saddle().problem, 1)
    assert [v(b) for b in (1, 2, 3)] == [F(179952446421, 4 * 10**11), F(113437783503, 25 * 10**10), F(182367229869, 4 * 10**11)]
    assert (v * -1).decreasing_from() == 1  # increases for every b >= 1


def test_the_degrees_in_the_text_are_those_of_the_code():
    degrees = ", ".join(str(loss_degree(t)) for t in range(3))
    assert rf"for two linear layers {degrees} at \(t = 0, 1, 2\)" in claim.CLAIM.corrected
