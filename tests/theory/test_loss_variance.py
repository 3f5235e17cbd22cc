"""var loss(w_t) as a polynomial in 1/b: against every mini-batch, without a constant term, of a degree that is attained."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mixed_products import deep_products
from theory import Discrete, Gaussian, TeacherStudent, enumeration
from theory.budget import CannotError
from theory.claims.theorem_3_4 import coin_cumulant, steepest
from theory.degrees import gradient_degree, loss_variance_degree, output_degree
from theory.variance_poly import loss_polynomial, loss_variance_polynomial


@given(deep_products(step=1), st.integers(0, 1))
@settings(max_examples=15)
def test_against_every_mini_batch(instance, step):
    v = loss_variance_polynomial(instance.problem, step)
    assert v.coefficients[0] == 0 and v.degree <= v.degree_bound
    for b in (1, 2, 3, 5):
        assert v(b) == enumeration.loss_variance(instance.problem, step, batch_size=b)


def test_the_definition_written_out():
    """w = (1, 0), w* = (1, 1), x in {0, 1}: W_2 = q after a step, L = (1 - q)^2 / 4, so var L = var((1 - q)^2) / 16."""
    problem = TeacherStudent([[[1]], [[0]]], [[[1]], [[1]]], Discrete([0, 1]), learning_rates=1)
    assert [str(c) for c in loss_variance_polynomial(problem, 1).coefficients] == ["0", "1/64", "1/128", "-1/128"]
    assert enumeration.loss_variance(problem, 1, batch_size=2, literal=True) == (F(1, 4) + F(1, 2) * F(1, 16) - F(9, 64)) / 16


@pytest.mark.parametrize("depth, degree, step", [(1, 1, 1), (1, 1, 2), (2, 1, 1), (2, 2, 1), (3, 1, 1), (2, 1, 2)])
def test_the_degree_and_the_last_coefficient(depth, degree, step):
    """One unit a layer, x in {0, 1}: L = (1/4) prod_j w_j^{2 D^{H-j}}, whose highest part in the shares of ones is known."""
    v = loss_variance_polynomial(steepest(depth, degree, step).problem, step)
    assert v.degree == v.degree_bound == loss_variance_degree(step, depth=depth, activation_degree=degree)
    top = [F(1)] * depth
    powers = [degree ** (depth - k) for k in range(1, depth + 1)]
    for _ in range(step):
        product = F(1)
        for a, power in zip(top, powers, strict=True):
            product *= a ** (2 * power)
        top = [-power * product / a for a, power in zip(top, powers, strict=True)]
    product = F(1, 4)
    for a, power in zip(top, powers, strict=True):
        product *= a ** (2 * power)
    expected = product**2
    m, d = gradient_degree(depth, activation_degree=degree), output_degree(depth, activation_degree=degree)
    for s in range(step):
        expected *= coin_cumulant(4 * d * m**s)
    assert v.coefficients[-1] == expected


def test_full_gradient_descent_is_left_as_the_batch_grows():
    problem = steepest(2, 1, 1).problem
    v, mean = loss_variance_polynomial(problem, 1), loss_polynomial(problem, 1)
    assert v(10**9) < F(1, 10**8) < mean(10**9)


def test_infinitely_many_atoms_are_refused_by_name():
    problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[1]]], Gaussian(1), 1)
    with pytest.raises(CannotError, match=r"no engine can compute var loss\(w\) at t = 1 .*it has no form of loss\(w\)\^2"):
        loss_variance_polynomial(problem, 1)
