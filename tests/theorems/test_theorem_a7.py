"""Theorem A.7: the polynomial without constant term, its sharp degree and the minus sign; the printed plus sign fails."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.strategies import discrete_laws, fractions, gaussians, input_laws, learning_rates, problems, two_layer_sizes
from theory import Gaussian, TeacherStudent
from theory.claims import theorem_a7 as claim
from theory.degrees import printed_variance_degree_a7, variance_degree
from theory.variance_poly import mean_gradient

pytestmark = pytest.mark.theorems("A.7")


@given(problems(two_layer_sizes(2), laws=input_laws, steps=1), st.integers(0, 1), st.integers(1, 2))
def test_any_law(ledger, problem, step, layer):
    ledger.record("A.7", claim.check(claim.OneNetwork(repr(problem.inputs), problem, step, layer)))


@settings(max_examples=8)  # thousands of batches each
@given(problems(st.sampled_from([(1, 1, 1), (1, 2, 1), (2, 1, 1)]), laws=lambda p: discrete_laws(p, 2), steps=2), st.integers(1, 2))
def test_two_atoms_two_steps(ledger, problem, layer):
    ledger.record("A.7", claim.check(claim.OneNetwork(repr(problem.inputs), problem, 2, layer)))


@settings(max_examples=12)  # 24 quadratures each
@given(*[fractions] * 4, *[learning_rates] * 2, st.integers(1, 2))
def test_scalar_gaussian_two_steps(ledger, w1, w2, v, sigma, rate_0, rate_1, layer):
    problem = TeacherStudent([[[w1]], [[w2]]], [[[v]], [[1]]], Gaussian(cov=[[abs(sigma)]]), [rate_0, rate_1])
    ledger.record("A.7", claim.check(claim.OneNetwork(f"w = ({w1}, {w2}), w* = {v}", problem, 2, layer)))


@given(problems(st.sampled_from([(1, 1, 1), (1, 2, 2)]), laws=gaussians, steps=1), st.integers(0, 1), st.integers(1, 2))
def test_the_printed_sign_fails_wherever_the_mean_is_not_zero(ledger, problem, step, layer):
    assume(any(v(b) for v in mean_gradient(problem, step, layer).ravel() for b in (1, 2)))
    ledger.refuted("A.7", claim.check_printed_proof(claim.OneNetwork(repr(problem.inputs), problem, step, layer)))


@pytest.mark.parametrize("layer", [1, 2])
def test_the_sharp_degree_is_attained_and_the_printed_one_is_not(layer):
    for step in range(4):
        problem = claim.scalar_network(Gaussian(1), "x ~ N(0, 1)", step).problem
        v = claim.gamma(problem, step, layer)
        assert v.degree == variance_degree(step) < printed_variance_degree_a7(step)
        assert v.coefficients[0] == 0 < v.coefficients[1]


def test_without_a_second_route_nothing_is_claimed():
    problem = TeacherStudent([[[1, 0]], [[1]]], [[[0, 1]], [[1]]], Gaussian(2), [1, 1])
    evidence = claim.check(claim.OneNetwork("p = 2, t = 2", problem, 2, 1))
    assert evidence.holds is None and "no second route" in evidence.reason
