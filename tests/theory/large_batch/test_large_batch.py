"""beta_1 by tangents along the path of gradient descent against brute force and against differentiation-free formulas."""

from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import discrete_laws, gaussians, problems
from theory import Discrete, Gaussian, Rademacher, TeacherStudent
from theory.budget import Budget, CannotError, UnaffordableError
from theory.degrees import variance_degree
from theory.enumeration import variance
from theory.large_batch import leading_coefficient, statistic_covariance


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


def test_standard_gaussian_closed_form_at_full_size():
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
    assert [leading_coefficient(problem, t, 1) for t in range(3)] == [0, 0, 0]


def test_refusals():
    deep = TeacherStudent([[[1]], [[1]]], [[[1]], [[1]]], Discrete([1, 2]), learning_rates=1, activation=(0, 1, 1))
    with pytest.raises(CannotError, match="linear"):
        leading_coefficient(deep, 0, 1)
    wide = TeacherStudent([np.ones((64, 64))] * 2, [np.zeros((64, 64))] * 2, Gaussian(64), learning_rates=0.1)
    with pytest.raises(UnaffordableError, match="would cost"):
        leading_coefficient(wide, 1, 1, budget=Budget(seconds=0.1))
