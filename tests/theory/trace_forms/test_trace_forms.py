"""Letters and trace forms: algebra against numbers, degrees by symbols, shapes, and what is refused."""

from __future__ import annotations

import operator
import os
import pickle
import subprocess
import sys
from fractions import Fraction as F

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from theory import Discrete, TeacherStudent
from theory.trace_forms import TraceForm, W, constant, g, identity, teacher, tr
from theory.trace_forms.letters import (
    Letter,
    constant_letter,
    gradient_letter,
    gradients,
    identity_letter,
    teachers,
    unit_letter,
    weight_letter,
    weights,
)

PROBLEM = TeacherStudent(
    student=[[[1, 2, 0], [F(1, 2), -1, 3]], [[2, -3]]],
    teacher=[[[0, 1, 1], [1, 0, 2]], [[1, 1]]],
    inputs=Discrete([(1, 2, 3), (0, 1, -1)]),
    learning_rates=[F(1, 2), F(1, 3)],
)


def numbers(letter: Letter) -> np.ndarray:
    """Some exact matrix of the right shape for every letter."""
    if letter.kind == "constant":
        return np.array([[fmpq(x.numerator, x.denominator) for x in row] for row in letter.matrix], dtype=object)
    rows, columns = letter.shape(PROBLEM)
    seed = 3 * (letter.step or 0) + 7 * (letter.layer or 0) + len(letter.kind) + 11 * (letter.sample or 0)
    return np.array([[fmpq((seed + 5 * i + 3 * j) % 7 - 3, 1 + (i + j) % 2) for j in range(columns)] for i in range(rows)], dtype=object)


def value(form: TraceForm):
    return form.evaluate(numbers)


@st.composite
def square_forms(draw: st.DrawFn) -> TraceForm:
    """A p by p form: a sum of products W_s^T ... g_s with a coefficient."""

    def factor() -> TraceForm:
        s, t = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        left = draw(st.sampled_from((W(s, 1), g(s, 1), teacher(1))))
        return left.T @ draw(st.sampled_from((W(t, 1), g(t, 1, 2), teacher(1))))

    form = factor() * draw(st.integers(-2, 2))
    for _ in range(draw(st.integers(0, 2))):
        form = form + factor() * tr(factor())
    return form


@given(square_forms(), square_forms(), st.fractions(-2, 2, max_denominator=3))
def test_forms_compute_like_matrices(a, b, c):
    x, y = value(a), value(b)
    assert np.array_equal(value(a + b), x + y)
    assert np.array_equal(value(a - b), x - y)
    assert np.array_equal(value(-a), -x)
    assert np.array_equal(value(a @ b), x @ y)
    assert np.array_equal(value(a.T), x.T)
    assert np.array_equal(value(c * a), x * fmpq(c.numerator, c.denominator))
    assert value(tr(a)) == x.trace()
    assert value(tr(a) * tr(b)) == x.trace() * y.trace()
    assert np.array_equal(value(tr(a) * b), y * x.trace())
    assert value(2 - tr(a)) == 2 - x.trace()
    assert a.T.T.terms == a.terms


@given(square_forms())
def test_substitution_is_evaluation_of_the_images(a):
    def image(letter: Letter) -> TraceForm:
        single = TraceForm.number(1) * _form(letter)
        return single if letter.kind != "W" else _form(letter) - 2 * g(letter.step, letter.layer)

    def expected(letter: Letter) -> np.ndarray:
        return numbers(letter) if letter.kind != "W" else numbers(letter) - 2 * numbers(gradient_letter(letter.step, letter.layer))

    assert np.array_equal(value(a.substitute(image)), a.evaluate(expected))


def _form(letter: Letter) -> TraceForm:
    makers = {"W": lambda x: W(x.step, x.layer), "g": lambda x: g(x.step, x.layer, x.sample), "teacher": lambda x: teacher(x.layer)}
    return makers[letter.kind](letter)


def test_evaluation_in_another_ring():
    # words as strings: a ring that does not commute and has no numbers
    class Word(str):
        __slots__ = ()

        def __matmul__(self, other):
            return Word(f"{self}.{other}")

        def __mul__(self, other):
            return Word(f"{other}*{self}")

        @property
        def T(self):
            return Word(f"{self}'")

        def trace(self):
            return Word(f"<{self}>")

    form = 3 * tr(g(1, 1).T @ W(1, 1))
    assert form.evaluate(lambda x: Word(str(x)), str) == "3*<g(1, 1)'.W(1, 1)>"


def test_step_degree_and_letters():
    form = tr(g(1, 1).T @ W(1, 1) @ W(1, 1).T @ g(1, 1)) * tr(teacher(2).T @ teacher(2)) + 5
    assert (form.step, form.depth, form.is_scalar) == (1, 2, True)
    assert [form.degree(x) for x in (g(1, 1), W(1, 1), W(0, 1), [g(1, 1), W(1, 1)])] == [2, 2, 0, 4]
    assert (form.degree(weights(1)), form.degree(gradients(1)), form.degree(teachers())) == (2, 2, 2)
    assert identity(2).step == 0


def test_constants_are_letters_by_name():
    matrix = [[1, 2], [3, 4]]
    form = tr(constant("A", matrix) @ constant("B", matrix))
    assert form.degree(constant("A", matrix)) == 1
    assert constant_letter("A", matrix) == constant_letter("A", matrix) != constant_letter("B", matrix)
    assert np.array_equal(constant_letter("A", [[0.5, 0.1]]).T.matrix, [[F(1, 2)], [F(0.1)]])
    assert value(form) == 29
    assert np.array_equal(unit_letter(2, 0, 1, 3).matrix, [[0, 1, 0], [0, 0, 0]])
    assert np.array_equal(identity_letter(2).matrix, np.eye(2, dtype=int))


def test_shapes():
    assert (W(1, 1) @ g(0, 1).T).shape(PROBLEM) == (2, 2)
    assert tr(W(1, 1) @ g(0, 1).T).shape(PROBLEM) is None
    assert (tr(W(0, 2) @ W(0, 2).T) * W(0, 2)).shape(PROBLEM) == (1, 2)


@pytest.mark.parametrize(
    "form, message",
    [
        (W(0, 1) @ W(0, 2), "an open word must chain, but W\\(0, 1\\) has shape \\(2, 3\\)"),
        (tr(W(0, 1)), "a trace must be of a square matrix, but W\\(0, 1\\) is 2 by 3"),
        (W(0, 1) + W(0, 2), "one shape"),
        (W(0, 3), "layer must be in 1..2"),
        (W(3, 1), "learning_rates must reach alpha_2"),
    ],
)
def test_what_does_not_fit_a_problem(form, message):
    with pytest.raises(ValueError, match=message):
        form.shape(PROBLEM)


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: W(-1, 1), ValueError, "step must be at least 0"),
        (lambda: W(1.0, 1), TypeError, "step must be an integer"),
        (lambda: g(True, 1), TypeError, "step must be an integer"),
        (lambda: g(0, 0), ValueError, "layer must be at least 1"),
        (lambda: g(0, 1, 0), ValueError, "sample must be at least 1"),
        (lambda: constant("", [[1]]), TypeError, "name must be"),
        (lambda: constant("A", [1, 2]), ValueError, "A must be a matrix"),
        (lambda: constant("A", [[float("nan")]]), ValueError, "must be finite"),
        (lambda: W(0, 1) + tr(W(0, 1)), ValueError, "cannot be added"),
        (lambda: W(0, 1) * W(0, 1), ValueError, "must be scalar"),
        (lambda: W(0, 1) + 1, ValueError, "cannot be added"),
        (lambda: tr(tr(W(0, 1))), ValueError, "needs a matrix-valued form"),
        (lambda: tr(W(0, 1)).T, ValueError, "needs a matrix-valued form"),
        (lambda: tr(3), TypeError, "tr takes a trace form"),
        (lambda: W(0, 1) * "2", TypeError, "coefficient must be"),
        (lambda: operator.matmul(W(0, 1), 2), TypeError, "unsupported operand"),
        (lambda: TraceForm([]), ValueError, "at least one term"),
        (lambda: W(0, 1).degree(W(0, 1) @ W(0, 1)), ValueError, "single letters"),
        (lambda: weight_letter(0, 1).matrix, ValueError, "only constants carry a matrix"),
    ],
)
def test_bad_input(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_how_it_looks():
    form = tr(g(1, 1).T @ W(1, 1)) * F(-3, 2) + 2 * tr(teacher(1).T @ g(0, 1, sample=2)) - 1
    assert repr(form) == "-3/2 * tr(g(1, 1).T @ W(1, 1)) + 2 * tr(teacher(1).T @ g(0, 1, sample=2)) - 1"
    assert form.latex() == (r"-\frac{3}{2}\,\mathrm{tr}(g_{1,1}^{T}\,W_{1,1}) + 2\,\mathrm{tr}(W_{1}^{*T}\,g_{0,1,2}) - 1")
    assert repr(W(0, 1) - W(0, 1)) == "0 * W(0, 1)"
    assert sum([W(0, 1), W(0, 1)]).terms == (2 * W(0, 1)).terms


@pytest.mark.parametrize("seed", ["1", "2"])
def test_letters_are_the_same_in_another_process(seed):
    """Strings have other hashes there: the cached hash of a letter must not travel."""
    form = tr(g(1, 2).T @ W(1, 1)) * constant("C", [[F(1, 3)]])
    assert {letter: hash(letter) for letter in form.letters}
    read = (
        "import pickle, sys; from fractions import Fraction as F; from theory.trace_forms import W, constant, g, tr; "
        "found = pickle.load(sys.stdin.buffer); form = tr(g(1, 2).T @ W(1, 1)) * constant('C', [[F(1, 3)]]); "
        "print(found.terms == form.terms, found.letters == form.letters)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", read]
    out = subprocess.run(command, input=pickle.dumps(form), capture_output=True, env=environment, check=True).stdout
    assert out.decode().split() == ["True", "True"]


@pytest.mark.parametrize(
    ("form", "found"),
    [
        (tr(g(1, 1).T @ g(1, 1)), [6, 2]), (W(2, 1), [3, 1, 0]), (tr(W(0, 1)), [0]), (g(2, 2), [9, 3, 1]), (teacher(1), [0]),
        (g(1, 1) + W(1, 1), [3, 1]), (tr(g(1, 1, 1).T @ W(2, 1) @ constant("C", [[1]])), [6, 2, 0]),
    ],
)  # fmt: skip
def test_degrees_in_the_batches_of_two_linear_layers(form, found):
    assert form.batch_degrees(3) == found
