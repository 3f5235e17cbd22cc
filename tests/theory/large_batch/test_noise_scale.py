"""The gradient noise scale along gradient descent, against brute force on single samples and against the paper's closed form."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from tests.theory.large_batch.test_large_batch import QUADRATIC, network
from theory import Discrete, Gaussian, Independent, Uniform, enumeration
from theory.large_batch import NoiseScale, noise_scale
from theory.variance_poly import mean_gradient, variance_polynomial

LAWS = {
    "gaussian": Gaussian(2),
    "correlated": Gaussian(cov=[[2, 1], [1, 1]]),
    "with a mean": Gaussian(mean=[1, F(-1, 2)], cov=[[2, 1], [1, 1]]),
    "uniform": Uniform(2),
    "uniform, with a variance of 1/3": Uniform(2, -1, 1),
    "not centred": Uniform(2, -1, 3),
    "table": Independent(2, [1, 0, 1, 1, 3]),
    "atoms": Discrete([(0, 1), (2, 1), (1, -1)], [F(1, 2), F(1, 3), F(1, 6)]),
}


def descended(problem, step):
    """The problem that starts where full-gradient descent is at a step: its mean gradients are those of the polynomials at t = 0."""
    for s in range(step):
        here = replace(problem, learning_rates=0)
        gradients = [np.vectorize(lambda x: F(x(1)))(mean_gradient(here, 0, k)) for k in range(1, problem.depth + 1)]
        problem = replace(problem, student=[w - problem.learning_rate(s) * g for w, g in zip(problem.student, gradients, strict=True)])
    return replace(problem, learning_rates=0)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())
@pytest.mark.parametrize("step", [0, 2])
def test_it_is_that_of_the_first_step_from_where_gradient_descent_is(law, step):
    problem = network((2, 3, 1), law, seed=8)
    there = descended(problem, step)
    for layer in (1, 2):
        found = noise_scale(problem, [step], layer)
        trace = F(variance_polynomial(there, 0, layer)(1))
        square = sum(F(x(1)) ** 2 for x in mean_gradient(there, 0, layer).ravel())
        assert (found.covariance_trace[0], found.squared_gradient[0], found.noise_scale[0]) == (trace, square, trace / square)
    both = noise_scale(problem, [step])
    assert both.covariance_trace[0] == sum(noise_scale(problem, [step], k).covariance_trace[0] for k in (1, 2))
    floats = replace(problem, student=[w.astype(float) for w in problem.student])
    assert noise_scale(floats, [step]).noise_scale[0] == pytest.approx(float(both.noise_scale[0]), rel=1e-10)


def test_a_quadratic_network_sample_by_sample():
    problem = network((2, 2, 1), LAWS["atoms"], QUADRATIC, seed=9)
    found = noise_scale(problem, [0], 1)
    assert found.covariance_trace[0] == enumeration.variance(problem, 0, 1, batch_size=1)


def test_isotropic_inputs_and_no_gradient_at_all():
    assert (noise_scale(network((3, 2, 2), Gaussian(3)), 2, 1).noise_scale == 4).all()  # p + 1 for the first layer, at every step
    problem = network((2, 3, 1), Gaussian(2))
    assert list(noise_scale(replace(problem, teacher=problem.student), [0]).noise_scale) == [0]
    assert NoiseScale((0,), np.array([2.0]), np.array([0.0])).noise_scale[0] == np.inf
