"""Where there is no bound: outside the domain, when a run diverges, and for bad input. An error then, never a number."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from tests.instances import SMOOTH
from theory import Gaussian, Rademacher, TeacherStudent
from theory.activations import custom
from theory.approximation import DomainError, every_path_bound, gradient_gap_bound, polynomial_within
from theory.budget import UnaffordableError
from theory.chebyshev import ActivationPolynomial, approximate
from theory.references.ball_runs import distances

TANH = custom(np.tanh, lambda x: 1 - np.tanh(x) ** 2, lipschitz=1.0, derivative_lipschitz=4 / 27**0.5)
PROBLEM = SMOOTH["two units"]
X = np.array([[[1.0], [-1.0]], [[1.0], [1.0]]])
P = approximate("tanh", 3, 15)


def network(inner, teacher_inner=F(1, 2), rate=F(1, 10), inputs=None, activation="tanh"):
    return TeacherStudent([[[1]], [[inner]], [[1]]], [[[1]], [[teacher_inner]], [[1]]], inputs or Gaussian(1), rate, activation)


OUTSIDE = {  # name: (problem, network, step, layer)
    "student, layer 1": (TeacherStudent([[[4]], [[1]]], [[[1]], [[1]]], Gaussian(1), 1, "tanh"), "student", 0, 1),
    "student, layer 2": (network(5), "student", 0, 2),
    "student, later": (TeacherStudent([[[1]], [[1]]], [[[-1]], [[30]]], Gaussian(1), 1, "tanh"), "student", 1, 1),
    "teacher, layer 1": (TeacherStudent([[[1]], [[1]]], [[[4]], [[1]]], Gaussian(1), 1, "tanh"), "teacher", 0, 1),
    "teacher, layer 2": (network(F(1, 2), 5), "teacher", 0, 2),
}


@pytest.mark.parametrize("envelope", ["run", "a_priori"])
@pytest.mark.parametrize("name", OUTSIDE)
def test_outside_the_domain_there_is_no_number(name, envelope):
    problem, whose, step, layer = OUTSIDE[name]
    with pytest.raises(DomainError, match=f"the {whose}'s pre-activations in layer {layer} at step {step}") as outside:
        gradient_gap_bound(problem, P, X, envelope, None if envelope == "run" else 1)
    error = outside.value
    assert (error.network, error.step, error.layer, error.radius) == (whose, step, layer, 3)
    assert error.reach > 3


@pytest.mark.parametrize("whose", ["student", "teacher"])
def test_only_the_other_network_might_leave_the_domain(whose):
    """|h| <= 1 all along the S-run, but P is so far off in this case that the P-run might reach beyond 3."""
    layers = {"student": [[[1]], [[0]], [[1]]], "teacher": [[[1]], [[0]], [[1]]]} | {whose: [[[1]], [[1]], [[1]]]}
    problem = TeacherStudent(**layers, inputs=Gaussian(1), learning_rates=F(1, 10), activation="tanh")
    for envelope, radius in (("run", None), ("a_priori", 1)):
        with pytest.raises(DomainError) as outside:
            gradient_gap_bound(problem, replace(P, value_error=3.0), X[:1], envelope, radius)
        assert (outside.value.layer, outside.value.step, outside.value.network) == (2, 0, whose)


@pytest.mark.parametrize("rate", [5, 100, 1e150, 1e300])
def test_a_run_that_diverges_leaves_the_domain(rate):
    problem = TeacherStudent([[[1]], [[1]]], [[[2]], [[-1]]], Gaussian(1), rate, "tanh")
    for envelope in ("run", "a_priori"):
        with pytest.raises(DomainError), np.errstate(all="ignore"):
            gradient_gap_bound(problem, P, np.ones((50, 2, 1)), envelope, None if envelope == "run" else 1)


def test_overflow_of_the_last_layer_alone():
    """W_1 = W_2 = 0 and a rate of 1e200: h_1 stays 0 for a step more, then there are no numbers left, and NaN is outside every domain."""
    problem = TeacherStudent([[[0]], [[0]]], [[[1]], [[1]]], Gaussian(1), 1e200, "tanh")
    with np.errstate(all="ignore"):
        with pytest.raises(ArithmeticError, match="range of double precision"):
            gradient_gap_bound(problem, P, np.ones((2, 1, 1)))
        with pytest.raises(DomainError, match="at step 2 may reach nan"):
            gradient_gap_bound(problem, P, np.ones((3, 1, 1)))


def test_a_users_activation_is_not_certified():
    problem = replace(PROBLEM, activation=TANH)
    sampled = gradient_gap_bound(problem, approximate(TANH, 3, 15), X)
    assert not sampled.is_certified
    assert not gradient_gap_bound(PROBLEM, approximate("tanh", 3, 15, certify=False), X).is_certified
    assert np.allclose(sampled.gradient, gradient_gap_bound(PROBLEM, P, X).gradient, rtol=0.01)  # errors are certified within 0.4 %


RUN = PROBLEM, P, X
PRIOR = (*RUN, "a_priori")
NORMAL = network(F(1, 2))
BAD = [
    (lambda: gradient_gap_bound(PROBLEM, P, np.full((1, 2, 1), np.nan)), r"batches\[0, 0, 0\] = nan"),
    (lambda: gradient_gap_bound(PROBLEM, P, [[[1.0], [math.inf]]]), r"batches\[0, 1, 0\] = inf"),
    (lambda: gradient_gap_bound(PROBLEM, P, X[0]), r"shape \(steps, b, 1\)"),
    (lambda: gradient_gap_bound(PROBLEM, P, X[:0]), "at least 1"),
    (lambda: gradient_gap_bound(PROBLEM, P, np.ones((2, 3, 2))), r"had \(2, 3, 2\)"),
    (lambda: gradient_gap_bound(PROBLEM, P, "x"), "batches must be an array of numbers"),
    (lambda: gradient_gap_bound(PROBLEM, P, np.ones((4, 1, 1))), "learning_rates must reach alpha_2"),
    (lambda: gradient_gap_bound(PROBLEM, approximate("sigmoid", 3, 9), X), "made for sigmoid"),
    (lambda: gradient_gap_bound(PROBLEM, (0, 1), X), "polynomial must be an ActivationPolynomial"),
    (lambda: gradient_gap_bound(replace(PROBLEM, activation=(0, 1)), P, X), "a polynomial is exact as it is"),
    (lambda: gradient_gap_bound(replace(PROBLEM, activation="relu"), P, X), "derivative of relu jumps"),
    (lambda: gradient_gap_bound(None, P, X), "problem must be a TeacherStudent"),
    (lambda: gradient_gap_bound(*RUN, "path"), "envelope must be one of run, a_priori, but was 'path'"),
    (lambda: gradient_gap_bound(*RUN, "run", 1), "input_radius must be left out"),
    (lambda: gradient_gap_bound(*PRIOR, 0.9), "one sample has norm 1"),
    (lambda: gradient_gap_bound(*PRIOR, -1), "input_radius must not be negative"),
    (lambda: gradient_gap_bound(NORMAL, P, X, "a_priori"), "inputs must be bounded"),
    (lambda: every_path_bound(NORMAL, P, 2), "inputs must be bounded"),
    (lambda: every_path_bound(PROBLEM, P, 0), "steps must be at least 1"),
    (lambda: polynomial_within(PROBLEM, 2, 0), "tolerance must be positive"),
    (lambda: polynomial_within(PROBLEM, 2, -1), "tolerance must be positive"),
    (lambda: polynomial_within(PROBLEM, 2, F(1, 10**18)), "tolerance must be within reach of degree 200"),
    (lambda: polynomial_within(NORMAL, 2, 1), "inputs must be bounded"),
    (lambda: polynomial_within(replace(PROBLEM, activation="relu"), 2, 1), "derivative of relu jumps"),
]


@pytest.mark.parametrize("call, message", BAD, ids=[message for _, message in BAD])
def test_bad_input_is_named(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_unbounded_inputs_have_bounds_on_a_ball():
    assert np.isfinite(gradient_gap_bound(NORMAL, P, X, "a_priori", 1).gradient).all()
    assert np.isfinite(every_path_bound(NORMAL, P, 2, input_radius=1).gradient).all()


def test_numbers_beyond_the_doubles_are_named():
    for name in ("learning_rates", "student", "teacher"):
        numbers = {"student": [[[1]], [[1]]], "teacher": [[[1]], [[1]]], "learning_rates": F(1, 10)} | (
            {name: F(10**400)} if name == "learning_rates" else {name: [[[10**400]], [[1]]]}
        )
        problem = TeacherStudent(inputs=Gaussian(1), activation="tanh", **numbers)
        with pytest.raises(ValueError, match=f"^{name} must be within the range of doubles"):
            gradient_gap_bound(problem, P, np.ones((2, 1, 1)))


@pytest.mark.parametrize("batches", [np.ones((2, 1, 1)) * 1j, np.full((2, 1, 1), "1")])
def test_only_real_numbers_are_samples(batches):
    problem = TeacherStudent([[[1]], [[1]]], [[[2]], [[-1]]], Gaussian(1), F(1, 10), "tanh")
    with pytest.raises(TypeError, match=r"^batches"):
        gradient_gap_bound(problem, P, batches)


def test_a_tiny_sample_is_not_inside_a_radius_of_zero():
    """Its square underflows; its norm does not."""
    problem = TeacherStudent([[[1]], [[1]]], [[[2]], [[-1]]], Gaussian(1), F(1, 10), "tanh")
    with pytest.raises(ValueError, match=r"^batches must have"):
        gradient_gap_bound(problem, P, np.full((1, 1, 1), 1e-200), "a_priori", 0)


def test_one_layer_that_diverges_is_an_arithmetic_error():
    problem = TeacherStudent([[[1]]], [[[2]]], Gaussian(1), 1e100, "tanh")
    with pytest.raises(ArithmeticError, match="range of double precision"):
        gradient_gap_bound(problem, P, np.ones((6, 1, 1)))


def test_a_learning_rate_below_the_doubles_is_rounded_up():
    """alpha = 10^-330, a target of 10^100: the weights move by some 10^-154 after all."""
    problem = TeacherStudent([[[1]], [[1]]], [[[1]], [[10**100]]], Rademacher(1), F(1, 10**330), "tanh")
    polynomial, x = approximate("tanh", 2, 9), np.ones((2, 1, 1))
    for envelope in ("run", "a_priori"):
        bounds = gradient_gap_bound(problem, polynomial, x, envelope)
        truth = distances(problem, problem.activation, polynomial, x)["weight"]
        seen = [ball for row in truth for ball in row]
        assert all(not ball > bound for ball, bound in zip(seen, bounds.weight.ravel().tolist(), strict=True))


def test_tiny_factors_before_huge_ones_do_not_underflow():
    radius = 2.0**-60
    polynomial = ActivationPolynomial.of("sigmoid", [0.5, radius * (1 + 2**-52) / 4], radius)
    problem = TeacherStudent([[[0]], [[1e-310]]], [[[0]], [[1e100]]], Rademacher(1), 0, "sigmoid")
    for envelope in ("run", "a_priori"):
        bounds = gradient_gap_bound(problem, polynomial, np.ones((1, 1, 1)), envelope)
        assert bounds.gradient[0, 0] > 2.8e-227


def test_too_many_steps_are_refused_at_once():
    with pytest.raises(UnaffordableError, match="the bounds at all steps would cost"):
        every_path_bound(PROBLEM, P, 10**8)
