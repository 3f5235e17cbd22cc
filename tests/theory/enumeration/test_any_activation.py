"""Any activation by enumeration: rationals where they stay, balls elsewhere, beside definitions, finite differences and simulation."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from empirics import compare, simulate
from tests.instances import SMOOTH
from tests.strategies import discrete_laws, problems
from theory import Discrete, TeacherStudent, enumeration, large_batch, recursion, variance_poly
from theory.activations import custom
from theory.backpropagation import batch_gradient, exact_sigma, forward
from theory.budget import CannotError
from theory.chebyshev import approximate
from theory.engines.frequencies import Frequencies
from theory.exact import to_fmpq
from theory.trace_forms import g, tr

NAMES = ("sigmoid", "tanh", "softplus", "gelu", "silu", "elu", "relu", "leaky_relu(1/5)")
GATE = 5.0  # standard errors; 16 comparisons of fixed seeds, so that a false alarm has a chance of some 10^-5
REPLICAS = 40_000
NARROW = 1e-60  # of the balls at 256 bits

sizes = st.sampled_from([(1, 1), (1, 2, 1), (2, 1, 1), (1, 1, 1, 1)])
networks = problems(sizes, laws=lambda p: discrete_laws(p, 2), steps=1)


@given(networks, st.integers(0, 1), st.integers(1, 3))
def test_balls_of_a_polynomial_network_hold_the_rational_variance(problem, step, b):
    for layer in {1, problem.depth}:
        ball = enumeration.variance_ball(problem, step, layer, batch_size=b)
        assert (ball - to_arb(enumeration.variance(problem, step, layer, batch_size=b))).contains(0) and ball.rad() < NARROW


@given(networks, st.sampled_from(NAMES), st.integers(1, 3))
def test_counts_and_ordered_batches_agree(problem, name, b):
    """Grouped by counts, and straight from the definition."""
    network = replace(problem, activation=name)
    if name in ("relu", "leaky_relu(1/5)"):
        assert enumeration.variance(network, 1, 1, batch_size=b) == enumeration.variance(network, 1, 1, batch_size=b, literal=True)
        return
    grouped, literal = (enumeration.variance_ball(network, 1, 1, batch_size=b, literal=way) for way in (False, True))
    assert (grouped - literal).contains(0) and max(grouped.rad(), literal.rad()) < NARROW


@given(networks, st.sampled_from(NAMES[:5]))
def test_the_gradient_is_the_derivative_of_the_loss(problem, name):
    """Central differences in 400 bits, off by the square of their step."""
    sigma, step = exact_sigma(replace(problem, activation=name).activation), arb(2) ** -60
    with ctx.workprec(400):
        student, teacher = ([balls(w) for w in side] for side in (problem.student, problem.teacher))
        x = balls(np.array([problem.inputs.atoms[0]], dtype=object))

        def loss(weights):
            error = forward(weights, sigma, x)[1][-1] - forward(teacher, sigma, x)[1][-1]
            return (error * error).sum() / 2

        for k, gradient in enumerate(batch_gradient(student, teacher, sigma, x)):
            for i, j in np.ndindex(gradient.shape):
                moved = [[w.copy() for w in student] for _ in range(2)]
                moved[0][k][i, j] = moved[0][k][i, j] + step
                moved[1][k][i, j] = moved[1][k][i, j] - step
                difference = (loss(moved[0]) - loss(moved[1])) / (2 * step)
                assert abs(difference - gradient[i, j]) < arb(2) ** -90


@pytest.mark.parametrize("name", NAMES)
def test_simulation_agrees_with_enumeration(name):
    law = Discrete([(1, F(1, 2)), (-1, 1)], [F(1, 3), F(2, 3)])
    student = [[[1, F(1, 2)], [F(-1, 3), 1]], [[1, -1]]]
    problem = TeacherStudent(student, [[[0, 1], [1, 0]], [[1, F(1, 2)]]], law, F(1, 2), name)
    exact = np.array([float(enumeration.variance_ball(problem, 1, layer, batch_size=3)) for layer in (1, 2)])
    result = simulate(problem, batch_sizes=[3], steps=2, replicas=REPLICAS, seed=1, estimator="naive").sel(step=1, batch_size=3)
    assert np.abs(compare(result.var_gradient, result.var_gradient_se, exact).z).max() < GATE
    assert (GATE * result.var_gradient_se < 0.2 * exact).all()  # otherwise the comparison says nothing


def test_exact_engines_refuse_and_say_what_to_do():
    problem = replace(SMOOTH["scalar"], activation="sigmoid")
    advice = r"activation must be a polynomial.*chebyshev\.approximate\('sigmoid'"
    for compute in (
        lambda: variance_poly.variance_polynomial(problem, 1, 1),
        lambda: variance_poly.second_moment_polynomial(problem, 1, 1, engine="frequencies"),
        lambda: variance_poly.mean_gradient(problem, 1, 1),
        lambda: variance_poly.loss_polynomial(problem, 1),
        lambda: variance_poly.expectation(problem, tr(g(0, 1))),
        lambda: variance_poly.predicted_cost(problem, 1, 1),
    ):
        with pytest.raises(CannotError, match=advice):
            compute()
    assert "must be a polynomial" in str(Frequencies().unsupported_reason(problem, None))
    with pytest.raises(ValueError, match="not linear"):
        recursion.expectation(tr(g(0, 1)), problem)
    with pytest.raises(CannotError, match="large-batch law needs a polynomial as activation"):
        large_batch.leading_coefficient(problem, 1, 1)
    with pytest.raises(ValueError, match="polynomial, relu or leaky_relu"):
        enumeration.variance(problem, 1, 1, batch_size=2)


def test_a_polynomial_in_its_place_is_taken():
    problem = replace(SMOOTH["scalar"], activation="sigmoid")
    polynomial = replace(problem, activation=approximate("sigmoid", 2, 9).coefficients)
    v = variance_poly.variance_polynomial(polynomial, 1, 1)
    assert v(3) == enumeration.variance(polynomial, 1, 1, batch_size=3)
    assert abs(float(v(3)) - float(enumeration.variance_ball(problem, 1, 1, batch_size=3))) < 1e-4


def test_what_cannot_be_enumerated_is_named():
    problem = replace(SMOOTH["scalar"], activation=custom(np.sin, np.cos, lipschitz=1, derivative_lipschitz=1))
    with pytest.raises(ValueError, match="activation must be a polynomial or a named one"):
        enumeration.variance_ball(problem, 1, 1, batch_size=2)
    with pytest.raises(ValueError, match="activation must be a polynomial, relu or leaky_relu"):
        enumeration.loss(problem, 1, batch_size=2)


def to_arb(number):
    with ctx.workprec(300):
        return arb(to_fmpq(number))


def balls(matrix):
    return np.array([[arb(to_fmpq(x)) for x in row] for row in matrix.tolist()], dtype=object)
