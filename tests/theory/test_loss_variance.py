"""var loss(w_t) as a polynomial in 1/b: against every mini-batch, without a constant term, of a degree that is attained."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mixed_products import deep_products
from tests.strategies import gaussians, input_laws, problems
from theory import Discrete, Gaussian, TeacherStudent, Uniform, enumeration
from theory.claims.support.second_route import compare
from theory.claims.theorem_3_4 import coin_cumulant, steepest
from theory.degrees import gradient_degree, loss_degree, loss_variance_degree, output_degree
from theory.engines.base import Quantity, can
from theory.references import quadrature
from theory.variance_poly import ENGINES, loss_polynomial, loss_variance_polynomial


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


@settings(max_examples=12)
@given(problems(st.sampled_from([(1, 1, 1), (1, 2, 2), (2, 2, 1), (1, 1), (2, 2)]), laws=input_laws, steps=1), st.integers(0, 1))
def test_every_engine_gives_the_same_polynomial(problem, step):
    found = {
        e.name: e.compute(problem, Quantity("loss_variance", step)).coefficients
        for e in ENGINES
        if can(e, problem, Quantity("loss_variance", step))
    }
    assert len(found) >= 2 and len(set(found.values())) == 1, found


@settings(max_examples=12)
@given(
    problems(st.sampled_from([(1, 1), (1, 1, 1), (1, 2, 1), (1, 1, 1, 1)]), laws=gaussians, steps=2), st.integers(0, 2), st.integers(1, 9)
)
def test_scalar_gaussian_inputs_by_quadrature(problem, step, b):
    v = loss_variance_polynomial(problem, step)
    compared = compare([F(v(b))], [quadrature.loss_variance(problem, step, batch_size=b, bits=256)])
    assert compared.agrees and compared.tolerance < 1e-20


@pytest.mark.parametrize("depth, degree, step", [(1, 1, 1), (1, 1, 2), (2, 1, 1), (2, 2, 1), (3, 1, 1), (2, 1, 2)])
def test_the_degrees_and_the_last_coefficients(depth, degree, step):
    """One unit a layer, x in {0, 1}: L = (1/4) prod_j w_j^{2 D^{H-j}}, whose highest part in the shares of ones is known."""
    problem = steepest(depth, degree, step).problem
    network = {"depth": depth, "activation_degree": degree}
    v, mean = loss_variance_polynomial(problem, step), loss_polynomial(problem, step)
    assert v.degree == v.degree_bound == loss_variance_degree(step, **network)
    assert mean.degree == mean.degree_bound == loss_degree(step, **network)
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
    m, d = gradient_degree(**network), output_degree(**network)
    square = product**2
    for s in range(step):
        product *= coin_cumulant(2 * d * m**s)
        square *= coin_cumulant(4 * d * m**s)
    assert (mean.coefficients[-1], v.coefficients[-1]) == (product, square)


@pytest.mark.parametrize("depth, degree, step", [(1, 1, 3), (2, 1, 2), (2, 2, 1), (2, 3, 1), (3, 1, 1), (4, 1, 1)])
@pytest.mark.parametrize("law", [Gaussian(1), Uniform(1, 0, 1)], ids=repr)
def test_inputs_with_a_density_attain_the_degrees(law, depth, degree, step):
    ones = [[[F(k + 2, k + 1)]] for k in range(depth)]
    problem = TeacherStudent(
        ones, [[[F(1, 3)]]] * depth, law, [F(1, 5), F(1, 4), F(1, 3)], [F(1, k + 1) for k in range(degree + 1)] if degree > 1 else (0, 1)
    )
    v, mean = loss_variance_polynomial(problem, step), loss_polynomial(problem, step)
    assert v.degree == v.degree_bound == loss_variance_degree(step, depth=depth, activation_degree=degree) and not v.coefficients[0]
    assert mean.degree == mean.degree_bound == loss_degree(step, depth=depth, activation_degree=degree)


def test_full_gradient_descent_is_left_as_the_batch_grows():
    problem = steepest(2, 1, 1).problem
    v, mean = loss_variance_polynomial(problem, 1), loss_polynomial(problem, 1)
    assert v(10**9) < F(1, 10**8) < mean(10**9)


def test_many_gaussian_inputs_on_a_line():
    """x = u z with |u| = 1: W_1 u moves as the first layer of the network with the one input z."""
    u = [F(1, 2)] * 4 + [F(0)] * 2
    first, goal = [[F(k - j, 3) for k in range(6)] for j in range(2)], [[F(k * j + 1, 2) for k in range(6)] for j in range(2)]
    rest, end = [[F(1, 2), F(-1)], [F(2, 3), F(1)]], [[F(1), F(1, 3)], [F(0), F(2)]]
    line = Gaussian(cov=[[x * y for x in u] for y in u])
    many = TeacherStudent([first, rest], [goal, end], line, F(1, 5))
    columns = ([[sum(x * y for x, y in zip(row, u, strict=True))] for row in w] for w in (first, goal))
    one = TeacherStudent([next(columns), rest], [next(columns), end], Gaussian(1), F(1, 5))
    found = loss_variance_polynomial(many, 1, engine="trace_words")
    assert found.coefficients == loss_variance_polynomial(one, 1, engine="wishart").coefficients and found.degree == 7
