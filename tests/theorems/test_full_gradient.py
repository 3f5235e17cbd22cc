"""Section 4.2: the variance of the full gradient at w_t is a polynomial in 1/b of one degree less than that of g_t; it can rise."""

from dataclasses import replace
from fractions import Fraction as F

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import discrete_laws, problems
from theory.claims import full_gradient as claim
from theory.claims.support.partition_argument import full_gradient_variance

ID = "full gradient"
pytestmark = pytest.mark.theorems(ID)


@given(problems(st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 1)]), lambda p: discrete_laws(p, 2), steps=1), st.integers(0, 1), st.data())
@settings(max_examples=25)
def test_two_atoms(ledger, problem, step, data):
    ledger.record(ID, claim.check(claim.Instance(repr(problem.inputs), problem, step, data.draw(st.integers(1, problem.depth)))))


@pytest.mark.parametrize("depth, degree, step", [(1, 1, 1), (1, 1, 4), (2, 1, 1), (2, 3, 1)])
def test_the_degree_is_attained_in_every_layer(ledger, depth, degree, step):
    for layer in range(1, depth + 1):
        ledger.record(ID, claim.check(claim.attaining(depth, degree, step, layer)))


def test_the_coefficients_of_the_first_example():
    # W_2 = s, D = s - 1 after the first batch, s the mean of b coins: the full gradient is s (s - 1) / 2
    assert full_gradient_variance(claim.two_atoms_rising().problem, 1, 1).coefficients == (0, 0, F(1, 32), F(-1, 32))


def test_at_the_initial_weights_nothing_varies():
    assert full_gradient_variance(claim.wide().problem, 0, 1).coefficients == (0,)


def test_a_variance_that_falls_does_not_refute():
    assert claim.check_printed(replace(claim.two_atoms_rising(), batch_sizes=(2, 3, 4))).holds is True


def test_a_wrong_side_is_seen(monkeypatch):
    gaussian, finite = claim.gaussian_rising(), claim.attaining(2, 1, 1, 1)
    assert claim.check(replace(finite, leading=finite.leading * 2)).holds is False
    honest = claim.full_gradient_variance
    monkeypatch.setattr(claim, "full_gradient_variance", lambda *a: honest(*a) * F(1001, 1000))
    for instance in (gaussian, replace(finite, leading=None)):
        assert claim.check(instance).holds is False and claim.check_printed(instance).holds is None
