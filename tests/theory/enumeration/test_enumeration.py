"""The brute-force truth, checked against its definition: exact derivatives, ordered batches, sums written out by hand."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
from flint import Ordering, fmpq, fmpq_mpoly_ctx
from hypothesis import given
from hypothesis import strategies as st

from tests.instances import PINNED
from tests.strategies import discrete_laws, fractions, problems, two_layer_sizes
from theory import Discrete, TeacherStudent, enumeration
from theory.backpropagation import batch_gradient, exact_sigma
from theory.enumeration.batches import multinomial
from theory.exact import to_fmpq, to_fraction
from theory.trace_forms import W, g, teacher, tr

activations = st.lists(fractions, min_size=2, max_size=3).filter(lambda c: any(c[1:])).map(tuple)
any_sizes = st.lists(st.integers(1, 2), min_size=2, max_size=4).map(tuple)
networks = problems(any_sizes, laws=discrete_laws, activation=activations)
linear = problems(two_layer_sizes(), laws=discrete_laws)


def rational(matrix):
    return np.array([[to_fmpq(x) for x in row] for row in matrix.tolist()], dtype=object)


@given(networks)
def test_the_gradient_is_the_derivative_of_the_loss(problem):
    """The loss as a polynomial in every weight, differentiated by the rules of polynomials."""
    names = [f"w{k}_{i}_{j}" for k, w in enumerate(problem.student) for i, j in np.ndindex(w.shape)]
    ring = fmpq_mpoly_ctx.get(names, Ordering.degrevlex)
    generators = iter(ring.gens())
    symbols = [np.empty(w.shape, dtype=object) for w in problem.student]
    for w in symbols:
        for place in np.ndindex(w.shape):
            w[place] = next(generators)
    sigma = [to_fmpq(c) for c in problem.activation]
    x = np.array([[to_fmpq(v)] for v in problem.inputs.atoms[0]], dtype=object)

    def output(weights):
        z = x
        for k, w in enumerate(weights):
            h = w @ z
            z = sum((c * h**i for i, c in enumerate(sigma) if i), 0 * h + sigma[0]) if k + 1 < len(weights) else h
        return z

    error = output(symbols) - output([rational(w) for w in problem.teacher])
    loss = (error * error).sum() / 2 + ring.constant(0)
    here = [to_fmpq(v) for w in problem.student for v in w.ravel().tolist()]
    expected = iter([loss.derivative(i)(*here) for i in range(len(names))])
    student, target = [tuple(rational(w) for w in side) for side in (problem.student, problem.teacher)]
    for gradient in batch_gradient(student, target, exact_sigma(sigma), x.T):
        for entry in gradient.ravel():
            assert entry == next(expected)


@given(networks, st.integers(1, 3))
def test_counting_agrees_with_walking_through_every_ordered_batch(problem, b):
    layer = problem.depth
    assert enumeration.variance(problem, 1, layer, batch_size=b) == enumeration.variance(problem, 1, layer, batch_size=b, literal=True)
    assert enumeration.loss(problem, 1, batch_size=b) == enumeration.loss(problem, 1, batch_size=b, literal=True)


@given(networks, st.integers(1, 5))
def test_the_first_variance_is_that_of_one_sample_over_b(problem, b):
    """var(g_0) = ( E||grad||^2 - ||E grad||^2 ) / b, with the sums over atoms written out."""
    student, target = [tuple(rational(w) for w in side) for side in (problem.student, problem.teacher)]
    sigma = exact_sigma(problem.activation)
    for k in range(problem.depth):
        square, mean = fmpq(0), rational(problem.student[k]) * 0
        for atom, p in zip(problem.inputs.atoms, problem.inputs.probabilities, strict=True):
            x = np.array([[to_fmpq(v) for v in atom]], dtype=object)
            gradient = batch_gradient(student, target, sigma, x)[k]
            square, mean = square + to_fmpq(p) * (gradient * gradient).sum(), mean + to_fmpq(p) * gradient
        assert enumeration.variance(problem, 0, k + 1, batch_size=b) == to_fraction((square - (mean * mean).sum()) / b)


@given(linear, st.integers(1, 3))
def test_paths_that_are_not_merged_give_the_same_moments(problem, b):
    for layer in (1, 2):
        second, mean = enumeration.moments(problem, 1, layer, batch_size=b)
        assert second == enumeration.expectation(problem, tr(g(1, layer).T @ g(1, layer)), batch_size=b)
        assert (mean == enumeration.expectation(problem, lambda path: path.gradients[1][layer - 1], 1, batch_size=b)).all()  # noqa: B023
        assert (mean == enumeration.mean_gradient(problem, 1, layer, batch_size=b)).all()


@given(linear)
def test_samples_of_a_batch_average_to_its_gradient(problem):
    apart = tr((g(1, 1) - g(1, 1, 1) * F(1, 2) - g(1, 1, 2) * F(1, 2)).T @ (g(1, 1) - W(1, 1)) @ teacher(1).T @ teacher(1))
    assert enumeration.expectation(problem, apart, batch_size=2, literal=True) == 0


def test_the_loss_by_hand():
    """w = 3, w* = 1, x in {1, 2}: 1/2 (2x)^2 is 2 or 8; one step of rate 1/4 at x = 1 gives w = 5/2, at x = 2 gives 1."""
    problem = TeacherStudent([[[3]]], [[[1]]], Discrete([1, 2], [F(2, 3), F(1, 3)]), F(1, 4))
    assert enumeration.loss(problem, 0, batch_size=7) == F(2, 3) * 2 + F(1, 3) * 8
    mean_square = F(2, 3) * F(3, 2) ** 2 + F(1, 3) * 0
    assert enumeration.loss(problem, 1, batch_size=1) == mean_square * F(1, 2) * (F(2, 3) * 1 + F(1, 3) * 4)


def test_one_atom_has_no_noise():
    problem = TeacherStudent([[[1, 2]], [[3]]], [[[0, 1]], [[1]]], Discrete([(1, 5)]), F(1, 10))
    assert enumeration.variance(problem, 2, 1, batch_size=4) == 0
    assert enumeration.cost(problem, 2, batch_size=4) == 1


def test_interpolation_finds_the_polynomial_and_refuses_a_degree_that_is_too_low():
    problem = PINNED["two atoms"]
    found = enumeration.interpolated_polynomial(problem, 1, 1, degree=6)
    assert found.degree == 6
    assert found.coefficients[0] == 0
    assert found(20) == enumeration.variance(problem, 1, 1, batch_size=20)
    assert enumeration.interpolated_polynomial(problem, 1, None, degree=3, kind="loss").degree == 3
    with pytest.raises(ArithmeticError, match="degree 5 in 1/b is too low"):
        enumeration.interpolated_polynomial(problem, 1, 1, degree=5)


def test_batches_are_listed_one_at_a_time():
    law = tuple(fmpq(1, n) for n in (2, 3, 6))
    chances = {}
    for counts, chance in multinomial(5, law):
        assert sum(c for _, c in counts) == 5
        assert all(c for _, c in counts)
        chances[tuple(counts)] = chance
    assert len(chances) == 21 and sum(chances.values()) == 1
    assert chances[(0, 2), (1, 2), (2, 1)] == fmpq(30) * fmpq(1, 4) * fmpq(1, 9) * fmpq(1, 6)
    first, _ = next(multinomial(1000, law))  # half a million batches
    assert first == [(0, 1), (1, 1), (2, 998)]
