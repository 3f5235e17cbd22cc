"""Trace forms in the ring of the batches' entries, against the other quantities and against every ordered batch."""

from __future__ import annotations

from fractions import Fraction as F

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.instances import PINNED
from tests.oracles.ordered_batches import expectation, matmul, rows, transposed
from tests.strategies import discrete_laws, input_laws, problems, two_layer_sizes
from theory import Gaussian, TeacherStudent
from theory.engines.base import Quantity
from theory.engines.wishart import Wishart
from theory.trace_forms import W, constant, g, teacher, tr

ENGINE = Wishart()


def expected(problem, form):
    return ENGINE.compute(problem, Quantity("trace_form", form.step, None, form))


@given(problems(two_layer_sizes(2), laws=input_laws, steps=1), st.integers(0, 1), st.integers(1, 2))
def test_norm_and_mean_of_the_gradient(problem, step, layer):
    form = tr(g(step, layer).T @ g(step, layer))
    assert expected(problem, form) == ENGINE.compute(problem, Quantity("second_moment", step, layer))
    assert (expected(problem, g(step, layer)) == ENGINE.compute(problem, Quantity("mean", step, layer))).all()


@settings(max_examples=15)
@given(problems(two_layer_sizes(2), laws=lambda p: discrete_laws(p, 2), steps=1), st.integers(1, 2))
def test_a_form_of_many_letters_on_every_batch(problem, b):
    form = 3 * tr(g(1, 1).T @ W(1, 2).T @ teacher(2) @ g(1, 1)) - tr(W(1, 1) @ W(0, 1).T) + 2

    def value(weights, gradients):
        first = matmul(transposed(weights[1]), rows(problem.teacher[1]))
        inner = matmul(transposed(gradients[0]), matmul(first, gradients[0]))
        other = matmul(weights[0], transposed(rows(problem.student[0])))
        return 3 * sum(inner[i][i] for i in range(len(inner))) - sum(other[i][i] for i in range(len(other))) + 2

    assert expected(problem, form)(b) == expectation(problem, 1, b, value)


def test_one_layer_and_constants():
    problem = TeacherStudent([[[1, 2]]], [[[0, 1]]], Gaussian(2), F(1, 2))
    form = tr(g(1, 1) @ constant("B", [[2, 0], [0, 0]]) @ g(1, 1).T)
    whole = tr(g(1, 1) @ g(1, 1).T)
    assert expected(problem, whole) == ENGINE.compute(problem, Quantity("second_moment", 1, 1))
    assert 0 < expected(problem, form)(3) < 2 * expected(problem, whole)(3)
    assert expected(problem, constant("C", [[F(1, 3)]]))[0, 0].coefficients == (F(1, 3),)


def test_gradients_of_single_samples_are_refused():
    problem = PINNED["two atoms"]
    form = tr(g(0, 1, sample=1))
    assert "single samples" in ENGINE.unsupported_reason(problem, Quantity("trace_form", 0, None, form))
    assert ENGINE.cost(problem, Quantity("trace_form", 1, None, tr(g(1, 1).T @ g(1, 1)))).seconds < 1
