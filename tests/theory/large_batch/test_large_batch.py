"""The large-batch law against exact polynomials of every engine, against brute force, and its methods against one another."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import discrete_laws, gaussians, input_laws, problems, two_layer_sizes
from theory import Discrete, Gaussian, Independent, Rademacher, TeacherStudent, Uniform
from theory.degrees import variance_degree
from theory.enumeration import variance
from theory.large_batch import large_batch_law, large_batch_loss, leading_coefficient, statistic_covariance
from theory.variance_poly import loss_polynomial, variance_polynomial

QUADRATIC = (F(1, 3), 1, F(1, 2))


def network(sizes, law, activation=(0, 1), seed=0, **options):
    """Small rational weights and rates."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    shapes = list(zip(sizes[1:], sizes, strict=False))
    student, teacher = ([[[F(int(n), 4) for n in row] for row in rng.integers(-4, 5, s)] for s in shapes] for _ in range(2))
    return TeacherStudent(student, teacher, law, [F(1, 10), F(1, 20), F(1, 7), F(1, 9)], activation, **options)


def coefficient(polynomial, power):
    return polynomial.coefficients[power] if power <= polynomial.degree else F(0)


def interpolated_leading_coefficient(values):
    """c_1 of the polynomial in 1/b without constant term that takes `values` at b = 1, ..., len(values): Lagrange, in rationals."""
    nodes = [F(1, b) for b in range(1, len(values) + 1)]
    total = F(0)
    for i, x in enumerate(nodes):
        # derivative at 0 of x -> prod (x - nodes) x / ..., the basis polynomial that also vanishes at 0
        weight = 1 / x
        for j, y in enumerate(nodes):
            if j != i:
                weight *= -y / (x - y)
        total += values[i] * weight
    return total


@given(problems(st.just((1, 1, 1)), laws=lambda p: discrete_laws(p, 2), steps=1), st.integers(1, 2))
def test_two_atoms_one_step_against_enumeration(problem, layer):
    degree = variance_degree(1)
    values = [variance(problem, 1, layer, batch_size=b) for b in range(1, degree + 1)]
    assert leading_coefficient(problem, 1, layer) == interpolated_leading_coefficient(values)


@given(problems(st.sampled_from([(2, 1), (1, 2), (2, 2, 1), (1, 1, 1, 1)]), laws=lambda p: discrete_laws(p, 3), steps=0))
def test_at_initialisation_it_is_the_variance_of_one_sample(problem):
    for layer in range(1, problem.depth + 1):
        assert leading_coefficient(problem, 0, layer) == variance(problem, 0, layer, batch_size=1)


@given(problems(two_layer_sizes(2), laws=input_laws, steps=1), st.integers(1, 2))
def test_both_coefficients_are_those_of_the_polynomial(problem, layer):
    law, loss = large_batch_law(problem, [0, 1], layer, method="rationals"), large_batch_loss(problem, [0, 1], order=2)
    for i, t in enumerate(law.steps):
        v, e = variance_polynomial(problem, t, layer), loss_polynomial(problem, t)
        assert (law.beta1[i], law.beta2[i]) == (coefficient(v, 1), coefficient(v, 2))
        assert (loss.limit[i], loss.beta1[i], loss.beta2[i]) == tuple(coefficient(e, power) for power in range(3))
    assert law.method == "rationals" and not law.standard_error.any() and not law.beta2_standard_error.any()


@pytest.mark.parametrize(
    ("sizes", "law", "activation", "step"),
    [
        ((1, 1, 1), Gaussian(1), (0, 1), 3),
        ((2, 3, 1), Gaussian(cov=[[2, 1], [1, 1]]), (0, 1), 2),
        ((2, 2, 1), Gaussian(mean=[F(1, 2), 1], cov=[[1, 0], [0, 0]]), (0, 1), 1),
        ((1, 1, 1), Gaussian(mean=[2], cov=[[F(1, 3)]]), QUADRATIC, 1),
        ((2, 2, 1), Discrete([(0, 1), (2, 1), (1, -1)], [F(1, 2), F(1, 3), F(1, 6)]), (0, 1), 2),
        ((1, 1, 1), Independent(1, [1, F(1, 2), 1, 1, 2, 3, 10]), (0, 1), 0),
        ((2, 1, 1, 1), Uniform(2), (0, 1), 1),
        ((2, 2, 2, 2, 1), Gaussian(2), (0, 1), 0),
        ((2, 3), Uniform(2, 0, 1), (0, 1), 3),
        ((1, 2, 1), Discrete([0, 1, F(-3, 2)]), QUADRATIC, 1),
        ((1, 1, 1), Gaussian(1), QUADRATIC, 1),
        ((2, 1, 1, 1), Rademacher(2), (0, 1, 0, F(1, 6)), 1),
    ],
    ids=str,
)
def test_every_kind_of_network(sizes, law, activation, step):
    problem = network(sizes, law, activation)
    loss, polynomial = large_batch_loss(problem, [step], order=2), loss_polynomial(problem, step)
    exact = [coefficient(polynomial, power) for power in range(3)]
    assert [loss.limit[0], loss.beta1[0], loss.beta2[0]] == exact
    doubles = large_batch_loss(problem, [step], order=2, method="directions")
    scale = float(sum(map(abs, polynomial.coefficients))) or 1.0
    assert np.allclose([doubles.limit[0], doubles.beta1[0], doubles.beta2[0]], np.array(exact, dtype=float), rtol=0, atol=1e-11 * scale)
    for layer in range(1, problem.depth + 1):
        v = variance_polynomial(problem, step, layer)
        found = large_batch_law(problem, [step], layer, method="rationals", order=2)
        assert (found.beta1[0], found.beta2[0]) == (coefficient(v, 1), coefficient(v, 2))
        doubles = large_batch_law(problem, [step], layer, method="directions")
        scale = float(sum(map(abs, v.coefficients))) or 1.0
        assert abs(doubles.beta1[0] - float(found.beta1[0])) <= 1e-12 * scale
        assert doubles.beta2 is None or abs(doubles.beta2[0] - float(found.beta2[0])) <= 1e-11 * scale


@given(problems(st.just((2, 2, 1)), laws=gaussians, steps=1), st.integers(0, 1), st.integers(1, 2))
def test_doubles_follow_the_rationals(problem, step, layer):
    as_floats = TeacherStudent(
        [w.astype(float) for w in problem.student],
        [w.astype(float) for w in problem.teacher],
        problem.inputs,
        [float(a) for a in problem.rates_before(1)],
    )
    exact = leading_coefficient(problem, step, layer)
    # products of 2 * 3^t entries with relative rounding 1e-15: cancellation is relative to the largest term, not to the sum
    scale = max(1.0, *(float(abs(x)) for w in problem.student + problem.teacher for x in w.ravel())) ** (2 * 3**step)
    assert abs(leading_coefficient(as_floats, step, layer) - float(exact)) <= 1e-9 * max(abs(float(exact)), scale)


def test_standard_gaussian_closed_form():
    # Sigma = I: beta_1(0) = (p + 1) ||W_2^T D||^2 for layer 1 and ||D W_1^T||^2 + ||D||^2 ||W_1||^2 for layer 2
    generator = np.random.default_rng(np.random.SeedSequence(1))
    student = [generator.normal(size=(24, 16)) / 4, generator.normal(size=(8, 24)) / 5]
    teacher = [generator.normal(size=(24, 16)) / 4, generator.normal(size=(8, 24)) / 5]
    problem = TeacherStudent(student, teacher, Gaussian(16), learning_rates=0.1)
    residual = student[1] @ student[0] - teacher[1] @ teacher[0]
    first = 17 * np.linalg.norm(student[1].T @ residual) ** 2
    second = np.linalg.norm(residual @ student[0].T) ** 2 + np.linalg.norm(residual) ** 2 * np.linalg.norm(student[0]) ** 2
    assert leading_coefficient(problem, 0, 1) == pytest.approx(first, rel=1e-12)
    assert leading_coefficient(problem, 0, 2) == pytest.approx(second, rel=1e-12)


def test_vectorised_covariance_is_the_moment_table():
    law = Gaussian(cov=[[2, F(1, 2), 0], [F(1, 2), 1, -1], [0, -1, 3]])
    assert np.allclose(statistic_covariance(law, exact=True).astype(float), statistic_covariance(law, exact=False), rtol=1e-15, atol=0)


def test_signs_have_no_noise_in_one_dimension():
    problem = TeacherStudent([[[2]], [[3]]], [[[1]], [[1]]], Rademacher(1), learning_rates=F(1, 10))
    law = large_batch_law(problem, steps=2, layer=1)
    assert list(law.beta1) == list(law.beta2) == [0, 0, 0] and law.steps == (0, 1, 2)
