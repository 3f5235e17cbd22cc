"""E loss(w_t): a polynomial in 1/b with the loss of gradient descent as its constant term; decreasing in one layer, not in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.instances import PINNED
from tests.strategies import discrete_laws, fractions, input_laws, learning_rates, problems
from theory import Gaussian, TeacherStudent
from theory.claims import loss_decreasing as claim
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


def test_near_a_saddle_the_loss_increases_for_every_batch_size():
    v = loss_polynomial(PINNED["saddle"], 1)  # whose values tests/instances.py has
    assert (v * -1).decreasing_from() == 1  # increases for every b >= 1
