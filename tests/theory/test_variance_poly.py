"""The front door: symmetries hold exactly, and what cannot be had is refused at once."""

from fractions import Fraction as F
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import discrete_laws, input_laws, problems, two_layer_sizes
from theory import Discrete, Gaussian, Independent, TeacherStudent, variance_poly
from theory.budget import Budget, CannotError, UnaffordableError
from theory.degrees import loss_degree, mean_gradient_degree, variance_degree
from theory.trace_forms import W, g, tr
from theory.variance_poly import expectation, loss_polynomial, mean_gradient, variance_polynomial

layers = st.integers(1, 2)


# -- facts that need no second computation ------------------------------------------------------------------------------------------------


@given(problems(two_layer_sizes(2), laws=input_laws, steps=1), st.integers(0, 1), layers)
def test_no_constant_term_and_the_degree_bounds(problem, step, layer):
    v = variance_polynomial(problem, step, layer)
    assert v.coefficients[0] == 0 and v.degree <= v.degree_bound == variance_degree(step)
    assert all(entry.degree <= entry.degree_bound == mean_gradient_degree(step) for entry in mean_gradient(problem, step, layer).ravel())
    loss = loss_polynomial(problem, step)
    assert loss.degree <= loss.degree_bound == loss_degree(step)
    assert step > 0 or loss.degree == 0


@given(problems(st.just((2, 2, 1)), laws=input_laws, steps=1), st.integers(0, 1), layers)
def test_rotation_of_hidden_units(problem, step, layer):
    q = np.array([[F(3, 5), F(4, 5)], [F(-4, 5), F(3, 5)]], dtype=object)
    turned = TeacherStudent(
        [q @ problem.student[0], problem.student[1] @ q.T], problem.teacher, problem.inputs, problem.learning_rates
    )
    assert variance_polynomial(problem, step, layer).coefficients == variance_polynomial(turned, step, layer).coefficients


@given(problems(st.just((1, 2, 1)), laws=lambda p: discrete_laws(p, 3), steps=1), st.integers(-3, 3), layers)
def test_scaling_of_the_inputs(problem, power, layer):
    # x -> c x with alpha -> alpha / c^2 leaves the weights alone and multiplies every gradient by c^2
    c = F(2) ** power
    atoms, probabilities = problem.inputs.support()
    inputs = Discrete([[c * x for x in atom] for atom in atoms], probabilities)
    scaled = TeacherStudent(problem.student, problem.teacher, inputs, [a / c**2 for a in problem.learning_rates])
    assert (variance_polynomial(problem, 1, layer) * c**4).coefficients == variance_polynomial(scaled, 1, layer).coefficients


def test_scaling_of_floats_by_powers_of_two_is_exact():
    generator = np.random.default_rng(np.random.SeedSequence(3))
    student = [generator.normal(size=(12, 9)), generator.normal(size=(7, 12))]
    teacher = [generator.normal(size=(12, 9)), generator.normal(size=(7, 12))]
    one = variance_polynomial(TeacherStudent(student, teacher, Gaussian(cov=np.eye(9)), learning_rates=0.25), 1, 1)
    four = variance_polynomial(TeacherStudent(student, teacher, Gaussian(cov=4 * np.eye(9)), learning_rates=0.0625), 1, 1)
    assert [16 * c for c in one.coefficients] == list(four.coefficients)


@given(problems(st.just((1, 1, 1)), laws=lambda p: discrete_laws(p, 3), steps=1), layers, st.randoms(use_true_random=False))
def test_relabelling_of_the_atoms(problem, layer, random):
    pairs = list(zip(*problem.inputs.support(), strict=True))
    random.shuffle(pairs)
    shuffled = TeacherStudent(
        problem.student, problem.teacher, Discrete([a for a, _ in pairs], [q for _, q in pairs]), problem.learning_rates
    )
    assert variance_polynomial(problem, 1, layer).coefficients == variance_polynomial(shuffled, 1, layer).coefficients


@given(problems(two_layer_sizes(1), laws=input_laws, steps=2), layers)
def test_it_vanishes_for_large_batches_like_beta_1(problem, layer):
    v = variance_polynomial(problem, 2, layer)
    beta_1 = (*v.coefficients, F(0))[1]
    rest = sum(abs(c) for c in v.coefficients[2:])
    for b in (10**6, 10**12):
        assert abs(v(b) * b - beta_1) <= rest / b


def test_floats_are_the_rationals_that_they_are():
    floats = TeacherStudent([[[0.1]], [[0.7]]], [[[0.3]], [[1.0]]], Gaussian(1), learning_rates=0.1)
    exact = TeacherStudent([[[F(0.1)]], [[F(0.7)]]], [[[F(0.3)]], [[1]]], Gaussian(1), learning_rates=F(0.1))
    for step in range(3):
        v = variance_polynomial(floats, step, 1)
        assert v.is_exact and v.coefficients == variance_polynomial(exact, step, 1).coefficients


def test_degrees_are_attained():
    scalar = TeacherStudent([[[F(1, 2)]], [[F(-2, 3)]]], [[[F(3, 4)]], [[1]]], Gaussian(1), learning_rates=F(1, 10))
    for layer in (1, 2):
        assert [variance_polynomial(scalar, t, layer).degree for t in range(4)] == [1, 6, 23, 76]


# -- refusals -----------------------------------------------------------------------------------------------------------------------------


def scalar(**changes):
    arguments = {"student": [[[1]], [[2]]], "teacher": [[[0]], [[0]]], "inputs": Gaussian(1), "learning_rates": [F(1, 4)]}
    return TeacherStudent(**(arguments | changes))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: variance_polynomial(scalar(), -1, 1), ValueError, "step must be at least 0"),
        (lambda: variance_polynomial(scalar(), 1.5, 1), TypeError, "step must be an integer"),
        (lambda: variance_polynomial(scalar(), 2, 1), ValueError, "learning_rates must reach alpha_1"),
        (lambda: variance_polynomial(scalar(), 1, 0), ValueError, "layer must be at least 1"),
        (lambda: variance_polynomial(scalar(), 1, 3), ValueError, r"layer must be in 1\.\.2"),
        (lambda: variance_polynomial(scalar(), 1, None), TypeError, "layer must be an integer"),
        (lambda: variance_polynomial(3, 1, 1), TypeError, "problem must be a TeacherStudent"),
        (lambda: variance_polynomial(scalar(), 1, 1, engine="magic"), ValueError, "engine must be one of .*wishart.*, but was 'magic'"),
        (lambda: variance_polynomial(scalar(), 1, 1, engine="frequencies"), CannotError, "finite support"),
        (lambda: variance_polynomial(scalar(activation=(0, 1, 1)), 1, 1), CannotError, "no engine can"),
        (lambda: expectation(scalar(), "tr(g)"), TypeError, "expression must be a trace form"),
        (lambda: expectation(scalar(), tr(g(1, 3))), ValueError, "layer"),
        (lambda: variance_polynomial(scalar(inputs=Independent(1, [1, 0, 1])), 1, 1), ValueError, "moments must reach order"),
        (lambda: Budget(seconds=0), ValueError, "budget.seconds must be positive"),
    ],
)
def test_bad_requests_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("step", [2, 3, 50])
def test_what_cannot_be_afforded_is_refused_before_any_work(step):
    generator = np.random.default_rng(np.random.SeedSequence(0))
    weights = [generator.normal(size=(256, 64)), generator.normal(size=(128, 256))]
    problem = TeacherStudent(weights, weights, Gaussian(64), learning_rates=0.01)
    with pytest.raises(UnaffordableError, match=r"(?s)would cost about .*step 1 fits.*large-batch.*simulation") as refusal:
        variance_polynomial(problem, step, 1)
    assert refusal.value.cost.seconds > 600 or refusal.value.cost.bytes > 8e9


def test_a_budget_is_kept():
    with pytest.raises(UnaffordableError, match="the budget is 1e-06 s"):
        variance_polynomial(scalar(learning_rates=F(1, 4)), 3, 1, budget=Budget(seconds=1e-6))


def test_predicted_cost_grows_with_the_step():
    problem = scalar(learning_rates=F(1, 4))
    costs = [variance_poly.predicted_cost(problem, t, 1)[1].seconds for t in range(5)]
    assert all(a < b for a, b in pairwise(costs))


def test_weights_of_the_first_step_are_not_random():
    problem = scalar()
    assert expectation(problem, tr(W(0, 1))).coefficients == (1,)
