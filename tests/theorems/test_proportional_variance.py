"""Line 177: the variance is that of the full gradient plus a b-th part of one sample's, and no multiple of the first."""

from dataclasses import replace
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import discrete_laws, problems
from theory.claims import proportional_variance as claim
from theory.claims.support.gradient_at_step import GradientAtStep
from theory.claims.support.partition_argument import full_gradient_variance
from theory.variance_poly import variance_polynomial

ID = "line 177"
pytestmark = pytest.mark.theorems(ID)


@given(problems(st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 1)]), lambda p: discrete_laws(p, 2), steps=1), st.integers(0, 1), st.data())
def test_two_atoms(ledger, problem, step, data):
    ledger.record(ID, claim.check(GradientAtStep(repr(problem.inputs), problem, step, data.draw(st.integers(1, problem.depth)))))


def test_the_ratios_of_the_first_example():
    problem = claim.second_step().problem
    noisy, full = variance_polynomial(problem, 1, 1), full_gradient_variance(problem, 1, 1)
    assert [b * noisy(b) / full(b) for b in range(2, 7)] == [4, 7, 11, 16, 22] == [F(b * b + b + 2, 2) for b in range(2, 7)]


def test_ratios_that_agree_do_not_refute():
    assert claim.check_printed(replace(claim.second_step(), batch_sizes=(3,))).holds is True


def test_a_wrong_side_is_seen(monkeypatch):
    honest = claim.split
    monkeypatch.setattr(claim, "split", lambda *a, batch_size: replace(x := honest(*a, batch_size=batch_size), noise=2 * x.noise))
    assert claim.check(claim.wide()).holds is False
    monkeypatch.setattr(claim, "split", lambda *a, batch_size: replace(x := honest(*a, batch_size=batch_size), variance=2 * x.variance))
    assert claim.check(claim.wide()).holds is False and claim.check_printed(claim.second_step()).holds is None
