"""The conjecture "for every b": refuted by two atoms and by Gaussian inputs at t = 3; proved at t = 1 for scalar Gaussian inputs."""

from fractions import Fraction as F
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import fractions, input_laws, learning_rates, matrices, problems
from theory import Gaussian, TeacherStudent
from theory.claims import variance_decreasing as claim
from theory.claims.support.scalar_monotonicity import is_certified, minors_of_derivative, quadratic_form
from theory.claims.theorem_3_5 import gaussian_rising
from theory.variance_poly import variance_polynomial

pytestmark = pytest.mark.theorems("conjecture")


@given(st.data(), st.integers(1, 4), learning_rates, fractions)
def test_scalar_gaussian_one_step(ledger, data, depth, rate, sigma):
    sizes = [1, *(data.draw(st.integers(1, 2)) for _ in range(depth))]
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    student, teacher = ([data.draw(matrices(*shape)) for shape in shapes] for _ in range(2))
    problem = TeacherStudent(student, teacher, Gaussian(cov=[[abs(sigma)]]), learning_rates=rate)
    layer = data.draw(st.integers(1, depth))
    ledger.record("conjecture", claim.check(claim.Instance(f"sizes {sizes}, alpha = {rate}", problem, layer)))


@given(problems(st.sampled_from([(1, 1, 1), (1, 2, 2)]), laws=lambda p: st.just(Gaussian(p)), steps=1), st.integers(1, 2))
def test_the_quadratic_form_is_the_engine_polynomial(problem, layer):
    assert claim.variance_after_one_step(problem, layer)[0].coefficients == variance_polynomial(problem, 1, layer).coefficients


@given(problems(st.sampled_from([(1, 1, 1), (2, 2, 1), (2, 1)]), laws=input_laws, steps=0))
def test_at_initialisation_the_variance_is_proportional_to_1_over_b(problem):
    for layer in range(1, problem.depth + 1):
        v = variance_polynomial(problem, 0, layer)
        assert v.degree <= 1 and v.coefficients[0] == 0 and v.decreasing_from() == 1


def test_the_certificate_reaches_degree_7_and_no_further():
    assert [is_certified(degree) for degree in range(1, 10)] == [True] * 7 + [False, False]
    # degree 8: one negative coefficient in all minors together; degree 9: negative for small eps, so the form is indefinite there
    assert sum(c < 0 for minor in minors_of_derivative(8) for c in minor.coeffs()) == 1
    determinant = minors_of_derivative(9)[-1]
    assert next(c for c in determinant.coeffs() if c != 0) < 0


def test_minors_against_a_determinant_evaluated_in_rationals():
    # the derivative of the form at eps = 1/3, minors by Leibniz' formula
    form = [[sum(int(c) * F(1, 3) ** k for k, c in enumerate(entry.derivative().coeffs())) for entry in row] for row in quadratic_form(3)]
    for k, minor in enumerate(minors_of_derivative(3), start=1):
        total = F(0)
        for order in permutations(range(k)):
            sign = (-1) ** sum(order[i] > order[j] for i in range(k) for j in range(i + 1, k))
            term = F(sign)
            for i, j in enumerate(order):
                term *= form[i][j]
            total += term
        assert total == sum(int(c) * F(1, 3) ** j for j, c in enumerate(minor.coeffs()))


def test_the_gaussian_counterexample():
    instance = gaussian_rising()
    v = variance_polynomial(instance.problem, 3, 1)
    assert v.degree == 76 == v.degree_bound
    assert f"{float(v(116)):.4e} {float(v(165)):.4e}" == "3.0284e-04 3.0658e-04"
    assert v.decreasing_from() == 165 and all(v(b) < v(b + 1) for b in range(116, 165)) and v(115) >= v(116)
