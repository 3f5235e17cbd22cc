"""TeacherStudent: what it takes, what it refuses, and that exactness survives."""

from fractions import Fraction as F

import numpy as np
import pytest
from flint import fmpq, fmpq_mat

from theory import Discrete, Gaussian, TeacherStudent
from theory.activations import activation
from theory.budget import UnaffordableError

W1, W2 = [[1, 0], [F(1, 2), 2], [0, 1]], [[1, 2, 3]]


def make(**changes):
    arguments = {"student": [W1, W2], "teacher": [W1, W2], "inputs": Gaussian(2), "learning_rates": F(1, 10)} | changes
    return TeacherStudent(**arguments)


def test_shapes_and_names():
    problem = make()
    assert problem.depth == 2 and problem.sizes == (2, 3, 1) and problem.is_linear and problem.activation_degree == 1
    assert problem.student[0][1, 0] == F(1, 2) and isinstance(problem.student[0][0, 0], F)


@pytest.mark.parametrize(
    "weights",
    [np.array([[1, 2]]), [[fmpq(1), fmpq(2)]], fmpq_mat(1, 2, [1, 2]), ((1, 2),), np.array([[F(1), F(2)]], dtype=object)],
    ids=["int array", "fmpq", "fmpq_mat", "tuples", "object array"],
)
def test_exact_entries_stay_exact(weights):
    problem = make(student=[weights], teacher=[[[0, 0]]])
    assert problem.student[0].tolist() == [[F(1), F(2)]] and problem.is_exact(3)


def test_one_float_makes_the_problem_inexact():
    assert not make(student=[[[0.5, 1]]], teacher=[[[0, 0]]]).is_exact(0)
    assert not make(learning_rates=[F(1), 0.5]).is_exact(2)
    assert make(learning_rates=[F(1), 0.5]).is_exact(1)  # alpha_1 does not enter w_1
    assert not make(inputs=Gaussian(cov=[[1.0, 0], [0, 1]])).is_exact(0)


def test_mixed_entries_lose_nothing():
    problem = make(student=[[[F(1, 3), 0.5]]], teacher=[[[10**400, 0.1]]])
    assert problem.student[0].tolist() == [[F(1, 3), F(1, 2)]] and problem.teacher[0][0, 1] == F(0.1) and problem.is_exact(0)


def test_learning_rates_three_ways():
    for rates in ([F(1, 10), F(1, 20)], lambda t: F(1, 10 * (t + 1))):
        assert make(learning_rates=rates).rates_before(2) == (F(1, 10), F(1, 20))
    assert make(learning_rates=0).rates_before(2) == (0, 0)
    assert make(learning_rates=np.array(0.5)).rates_before(1) == (0.5,)


def test_an_activation_may_have_a_name():
    problem = make(activation="sigmoid")
    assert str(problem.activation) == "sigmoid" and problem.activation == activation("sigmoid")
    assert not problem.is_polynomial and not problem.is_linear and not problem.is_exact(0)
    assert make(activation="leaky_relu(1/5)").is_exact(0) and make(activation=activation("relu")).is_exact(0)
    for refused in ("polynomial", "activation_degree"):
        with pytest.raises(ValueError, match=r"activation must be a polynomial for exact polynomials.*chebyshev\.approximate\('sigmoid'"):
            getattr(problem, refused)


def test_it_is_frozen():
    problem = make()
    with pytest.raises(AttributeError):
        problem.student = []
    with pytest.raises(ValueError, match="read-only"):
        problem.student[0][0, 0] = F(5)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"student": [W1, [[1, 2]]]}, ValueError, r"student\[1\] must have 3 columns, the rows of student\[0\]"),
        ({"teacher": [W1, [[1, 2]]]}, ValueError, r"teacher\[1\] must have 3 columns"),
        ({"teacher": [[[1, 0]], [[1]]]}, ValueError, "teacher must have the shapes of student"),
        ({"teacher": [W1]}, ValueError, "teacher must have the shapes of student"),
        ({"inputs": Gaussian(3)}, ValueError, r"student\[0\] must have one column for each of the 3 input coordinates"),
        ({"inputs": 3}, TypeError, "inputs must be an input law"),
        ({"student": []}, ValueError, "student must have at least one layer"),
        ({"student": 3}, TypeError, "student must be a sequence of matrices"),
        ({"student": [[[NAN, 1]], [[1]]]}, ValueError, r"student\[0\]\[0, 0\] must be finite, but was nan"),
        ({"student": [np.array([[1.0, INF]]), [[1]]]}, ValueError, r"student\[0\]\[0, 1\] must be finite, but was .*inf"),
        ({"student": [[[1, "two"]], [[1]]]}, ValueError, r"student\[0\]\[0, 1\] must be a number such as 3, 1/10 or 0.1, but was 'two'"),
        ({"student": [[[1, None]], [[1]]]}, TypeError, r"student\[0\]\[0, 1\] must be an int, Fraction, fmpq or float"),
        ({"student": [[[1, 1j]], [[1]]]}, TypeError, r"student\[0\]\[0, 1\]"),
        ({"student": [[[1, True]], [[1]]]}, TypeError, "truth value"),
        ({"student": [[[1, 2], [3]], [[1, 1]]]}, ValueError, r"student\[0\] must be a matrix"),
        ({"student": [[1, 2], [[1]]]}, ValueError, r"student\[0\] must be a matrix"),
        ({"student": [[[]], [[1]]]}, ValueError, r"student\[0\] must be a matrix with at least one row"),
        ({"learning_rates": [F(-1)]}, ValueError, r"learning_rates\[0\] must not be negative"),
        ({"learning_rates": NAN}, ValueError, "learning_rates must be finite"),
        ({"learning_rates": "fast"}, ValueError, "learning_rates must be a number"),
        ({"learning_rates": {0: 1}}, TypeError, "learning_rates must be a sequence"),
        ({"activation": ()}, ValueError, "activation must be a polynomial of degree at least 1"),
        ({"activation": (1, 0)}, ValueError, "activation must be a polynomial of degree at least 1"),
        ({"activation": (0, INF)}, ValueError, r"activation\[1\] must be finite"),
        ({"activation": 2}, TypeError, "activation must be the coefficients"),
        ({"activation": "sigmoyd"}, ValueError, "activation must be one of sigmoid, tanh, .*'sigmoyd'"),
        ({"activation": b"tanh"}, TypeError, "activation must be the coefficients"),
    ],
)
def test_bad_input_is_named(changes, error, message):
    with pytest.raises(error, match=message):
        make(**changes)


def test_steps_and_layers():
    problem = make(learning_rates=[F(1, 2)])
    assert problem.check_step(1) == 1 and problem.check_layer(2) == 2
    with pytest.raises(ValueError, match=r"learning_rates\(0\) must not be negative"):
        make(learning_rates=lambda t: -1).rates_before(1)


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (-1, ValueError, "step must be at least 0"),
        (1.0, TypeError, "step must be an integer"),
        (2, ValueError, "learning_rates must reach alpha_1"),
    ],
)
def test_bad_steps(step, error, message):
    with pytest.raises(error, match=message):
        make(learning_rates=[F(1, 2)]).check_step(step)


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        (0, ValueError, "layer must be at least 1"),
        (3, ValueError, r"layer must be in 1\.\.2"),
        ("1", TypeError, "layer must be an integer"),
    ],
)
def test_bad_layers(layer, error, message):
    with pytest.raises(error, match=message):
        make().check_layer(layer)


def test_a_singular_float_covariance_is_a_covariance():
    c = np.array([[1.0, 0.3], [0.2, 0.06]])
    Gaussian(cov=(c @ c.T + (c @ c.T).T) / 2)


def test_discrete_inputs_of_the_wrong_dimension():
    with pytest.raises(ValueError, match="one column for each of the 1 input coordinates"):
        make(inputs=Discrete([1, 2]))


def test_rates_of_far_steps_are_refused_before_they_are_listed():
    problem = TeacherStudent([[[1]]], [[[0]]], Gaussian(1), learning_rates=F(1, 2))
    for step in (10**9, 10**5000):
        with pytest.raises(UnaffordableError, match="step must be smaller"):
            problem.is_exact(step)
    with pytest.raises(TypeError, match="step must be an integer"):
        problem.is_exact([1])


@pytest.mark.parametrize("step", [[], "0", 1.5, -1])
def test_a_learning_rate_is_that_of_a_step(step):
    problem = TeacherStudent([[[1]]], [[[1]]], Gaussian(1), [1, 2])
    with pytest.raises((TypeError, ValueError), match="step must be"):
        problem.learning_rate(step)
