"""The abstract: E||g||^2 is a polynomial in 1/b, decreasing for one layer only; the norm itself is no polynomial."""

from dataclasses import replace
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import discrete_laws, problems
from theory import Discrete, TeacherStudent
from theory.claims import gradient_norm as claim
from theory.claims.support.gradient_at_step import GradientAtStep
from theory.inverse_batch import InverseBatchPolynomial
from theory.variance_poly import second_moment_polynomial

pytestmark = pytest.mark.theorems("abstract")


@given(problems(st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 1, 1, 1)]), laws=lambda p: discrete_laws(p, 2), steps=1), st.data())
def test_two_atoms(ledger, problem, data):
    layer = data.draw(st.integers(1, problem.depth))
    ledger.record("abstract", claim.check(GradientAtStep(repr(problem.inputs), problem, 1, layer)))


@given(problems(st.sampled_from([(1, 1), (2, 1), (2, 2)]), laws=lambda p: discrete_laws(p, 2), steps=2), st.integers(0, 2))
def test_one_layer(ledger, problem, step):
    ledger.record("abstract", claim.check(GradientAtStep(repr(problem.inputs), problem, step, 1, (1, 2))))


@pytest.mark.parametrize("instance, limit", [(claim.first_layer(), F(1, 64)), (claim.all_layers(1), None), (claim.all_layers(2), None)])
def test_it_rises_for_every_b(instance, limit):
    v = second_moment_polynomial(instance.problem, 1, instance.layer)
    assert v(1) == 0 and (v * -1).decreasing_from() == 1 and limit in (None, v.coefficients[0])


def test_with_one_sample_a_batch_the_student_is_the_teacher_after_one_step():
    # w = (1, 2), w* = 0, alpha = 1/4: x = 1 leads to (0, 3/2), x = 2 to (-3, 0)
    for x, after in ((1, (0, F(3, 2))), (2, (-3, 0))):
        s, gap = x * x, 1 * 2 - 0
        assert (1 - F(1, 4) * 2 * gap * s, 2 - F(1, 4) * 1 * gap * s) == after and after[0] * after[1] == 0


def test_smaller_networks_do_not_rise():
    # one weight, or no step: exhaustively, over the smallest integers
    for w, v in [(w, v) for w in (-1, 0, 1, 2) for v in (-1, 0, 1)]:
        one_layer = TeacherStudent([[[w]]], [[[v]]], Discrete([0, 1]), 1)
        two_layers = TeacherStudent([[[w]], [[1]]], [[[v]], [[1]]], Discrete([0, 1]), 1)
        for problem, step in ((one_layer, 1), (one_layer, 2), (two_layers, 0)):
            assert second_moment_polynomial(problem, step, 1).decreasing_from() == 1


def test_a_wrong_side_is_seen(monkeypatch):
    honest = claim.second_moment_polynomial
    monkeypatch.setattr(claim, "second_moment_polynomial", lambda *a: honest(*a) + InverseBatchPolynomial([0, F(1, 1000)]))
    assert claim.check(claim.one_layer()).holds is False and claim.check_printed(claim.first_layer()).holds is None
    monkeypatch.undo()
    descent = claim.descent_gradient
    monkeypatch.setattr(claim, "descent_gradient", lambda *a: 2 * descent(*a))
    assert claim.check(claim.one_layer()).holds is False


def test_a_norm_that_falls_does_not_refute():
    assert claim.check_printed(claim.one_layer()).holds is True
    assert claim.check_printed(replace(claim.signs(), batch_sizes=(1, 2, 4))).holds is True  # no two values agree
