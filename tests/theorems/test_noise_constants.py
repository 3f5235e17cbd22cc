"""Section 5: the noise given the weights, against what expectations given w_0 say of it."""

from fractions import Fraction as F

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import problems, two_layer_sizes
from theory import Discrete, Gaussian, TeacherStudent
from theory.claims import noise_constants as claim

ID = "section 5"
pytestmark = pytest.mark.theorems(ID)


@given(problems(two_layer_sizes(2), lambda p: st.just(Gaussian(p)), steps=1))
@settings(max_examples=25)
def test_the_first_layer_of_any_network(ledger, problem):
    ledger.record(ID, claim.check(claim.FirstLayer(repr(problem.inputs), problem)))


def test_the_three_weights_that_are_reached():
    # W_1 = (1, 1), W_2 = 1, gap (1, 0), x = (1, s): w_1 = ((0, 1 - s), -s), s the mean of two signs
    reached = {drawn: claim.at_reached(claim.averages().problem, drawn, 2) for drawn in ((0, 1), (0, 0), (1, 1))}
    assert reached == {(0, 1): (1, 0), (0, 0): (1, F(1, 2)), (1, 1): (5, F(1, 2))}


def test_noise_proportional_to_the_squared_gradient_does_not_refute():
    # one coordinate: M = 0 and one M_V serve every w
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), F(1, 8))
    assert claim.check_printed(claim.Averages("one coordinate", problem, 2)).holds is True


def test_a_wrong_side_is_seen(monkeypatch):
    honest = claim.mean_gradient
    monkeypatch.setattr(claim, "mean_gradient", lambda *a: honest(*a) * 2)
    assert claim.check(claim.isotropic()).holds is False and claim.check_printed(claim.averages()).holds is None
    monkeypatch.undo()
    monkeypatch.setattr(claim, "saddle", lambda r: TeacherStudent([[[r, 0]], [[1]]], [[[0, 1]], [[1]]], Discrete([(1, 1), (1, -1)]), 1))
    assert claim.check(claim.saddles()).holds is False


@pytest.mark.parametrize("size", [1, 10])
def test_a_saddle_of_a_teacher_of_rank_two(size):
    # W* = 2 e_1 e_1^T + e_2 e_2^T without its first term: var(g_2) = 2^2 ||W_1||^2 at b = 1, and no gradient
    student = [[[0, size, 0], [0, 0, 0]], [[0, 0], [F(1, size), 0]]]
    problem = TeacherStudent(student, [[[2, 0, 0], [0, 1, 0]], [[1, 0], [0, 1]]], Gaussian(3), learning_rates=1)
    assert not any(x(1) for k in (1, 2) for x in claim.mean_gradient(problem, 0, k).ravel())
    assert [claim.variance_polynomial(problem, 0, k)(1) for k in (1, 2)] == [0, 4 * size**2]
