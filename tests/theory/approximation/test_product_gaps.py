"""Theorem A.10's bounds on mixed products, beside the products themselves in balls, dense and literal."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from functools import reduce
from math import prod, sqrt

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from tests.theory.approximation.test_double_runs import matrices
from theory import Rademacher, TeacherStudent
from theory.approximation import every_path_bound, gradient_gap_bound, product_gap_bound, telescoped
from theory.approximation.gap_bounds import spectral_of
from theory.chebyshev import approximate
from theory.exact import to_fmpq
from theory.recursion.kronecker_forms import KroneckerForm
from theory.references import ball_runs
from theory.trace_forms import TraceForm, W, constant, g, identity, teacher, tr
from theory.trace_forms.letters import CONSTANT, TEACHER, WEIGHT

BITS = 256
NEAR = 1e-12  # relative: hundreds of roundings, all upwards
NOTHING = 1e-300  # what rounding zero up leaves

STUDENT = [[[1, F(-1, 3)], [F(1, 2), 0], [F(2, 5), 1]], [[1, F(1, 2), F(-1, 3)], [0, F(2, 3), 1]], [[F(3, 2), -1]]]
PROBLEM = TeacherStudent(
    STUDENT,
    [[[0, F(1, 3)], [1, F(1, 2)], [F(1, 5), 0]], [[F(1, 2), 0, F(1, 3)], [1, F(-1, 2), 0]], [[F(1, 2), 1]]],
    Rademacher(2),
    [F(1, 10), F(1, 7)],
    "tanh",
)
X = np.array([[[1, 1], [1, -1]], [[-1, 1], [1, 1]], [[1, -1], [-1, -1]]])
P = approximate("tanh", 4, 21)  # errors of some 1e-4: gaps that are seen
BOUNDS = gradient_gap_bound(PROBLEM, P, X)
with ctx.workprec(BITS):
    RUNS = [ball_runs.run(PROBLEM, f, X) for f in (ball_runs.of_activation(PROBLEM.activation), ball_runs.of_polynomial(P))]


def balls(matrix):
    return np.array([[arb(to_fmpq(x)) for x in row] for row in matrix.tolist()], dtype=object)


def matrix_of(letter, steps):
    if letter.transposed:
        return matrix_of(letter.symbol, steps).T
    if letter.kind in (CONSTANT, TEACHER):
        return balls(letter.matrix if letter.kind == CONSTANT else PROBLEM.teacher[letter.layer - 1])
    step = steps[letter.step]
    return (step.weight if letter.kind == WEIGHT else step.gradient)[letter.layer - 1]


def value(form, steps):
    """The sum of coefficient * tr( C (x)_h R_h ) * R_0, with the Kronecker product formed."""
    total = 0
    for term in form.terms:
        rows = [reduce(np.matmul, [matrix_of(letter, steps) for letter in word]) for word in term.rows]
        dense = reduce(np.kron, rows, np.array([[arb(1)]], dtype=object))
        inner = dense if term.constant is None else np.array([[arb(x) for x in row] for row in term.constant], dtype=object) @ dense
        outer = 1 if term.open is None else reduce(np.matmul, [matrix_of(letter, steps) for letter in term.open])
        total = total + inner.trace() * arb(to_fmpq(term.coefficient)) * outer
    return np.atleast_2d(np.asarray(total, dtype=object))


def assert_above(form):
    """The bound is no less than the distance of the two values, whose ball is far narrower than any gap here."""
    dense = KroneckerForm.from_trace_form(form) if isinstance(form, TraceForm) else form
    bound = product_gap_bound(form, PROBLEM, BOUNDS)
    with ctx.workprec(BITS):
        difference = value(dense, RUNS[0]) - value(dense, RUNS[1])
        distance = sum((x * x for x in difference.ravel().tolist()), arb(0)).nonnegative_part().sqrt()
        assert distance.is_finite() and not distance > bound
    return distance, bound


A = constant("A", [[1, -2], [F(1, 3), 1]])
TRACE_FORMS = {
    "squared norm": tr(g(2, 1).T @ g(2, 1)),
    "weights and gradient": tr(W(1, 1) @ g(1, 1).T),
    "output layer": tr(g(2, 3) @ W(1, 3).T),
    "teacher": tr(W(2, 2) @ W(2, 1) @ teacher(1).T @ teacher(2).T),
    "constant": tr(A @ g(1, 1).T @ W(0, 1)),
    "sum": tr(g(1, 1).T @ g(1, 1)) - 2 * tr(W(2, 1).T @ W(2, 1)) * tr(g(0, 2) @ W(1, 2).T) + F(1, 3) * tr(identity(2)),
    "open word": 3 * tr(g(1, 3) @ W(1, 3).T) * g(2, 2),
    "sum of open words": W(2, 1) @ A - 2 * tr(g(2, 3) @ teacher(3).T) * g(0, 1),
    "through all layers": W(2, 3) @ W(2, 2) @ W(2, 1),
}
ROWS = np.arange(36).reshape(6, 6) - 17
KRONECKER_FORMS = {
    "one row": KroneckerForm.from_rows([W(1, 1) @ g(1, 1).T], np.arange(9).reshape(3, 3)),
    "a row that is not square": KroneckerForm.from_rows([g(1, 1)], [[1, 2, 0], [-1, F(1, 2), 3]]),
    "two rows": KroneckerForm.from_rows([W(2, 1), g(2, 2)], ROWS, open_row=g(1, 3).T @ teacher(3), coefficient=F(-1, 2)),
    "a square product of rows that are not": KroneckerForm.from_rows([W(2, 1), g(2, 2)]),
    "transposes": KroneckerForm.from_rows([g(2, 1).T @ W(1, 2).T, g(1, 3).T], np.ones((2, 4)), open_row=A @ W(0, 1).T),
}


@pytest.mark.parametrize("form", [*TRACE_FORMS.values(), *KRONECKER_FORMS.values()], ids=[*TRACE_FORMS, *KRONECKER_FORMS])
def test_the_bound_is_above_the_distance_in_balls(form):
    distance, bound = assert_above(form)
    assert distance > 0 and bound > 0  # there is something to bound


@st.composite
def words(draw):
    """A walk along the layers: down through layer k is W or g or the teacher's, up its transpose; A at width 2."""
    place, result = draw(st.integers(0, PROBLEM.depth)), None
    for _ in range(draw(st.integers(1, 4))):
        k = draw(st.sampled_from([k for k in (place, place + 1) if 1 <= k <= PROBLEM.depth]))
        kind, step = draw(st.sampled_from([W, g, teacher])), draw(st.integers(0, 2))
        letter = kind(k) if kind is teacher else kind(step, k)
        letter, place = (letter, k - 1) if k == place else (letter.T, k)
        if PROBLEM.sizes[place] == 2 and draw(st.booleans()):
            letter = letter @ A
        result = letter if result is None else result @ letter
    return result


@given(st.data())
def test_drawn_kronecker_forms(data):
    rows = data.draw(st.lists(words(), min_size=1, max_size=2))
    shapes = [row.shape(PROBLEM) for row in rows]
    c = data.draw(matrices(prod(n for _, n in shapes), prod(n for n, _ in shapes), st.integers(-2, 2)))
    assert_above(KroneckerForm.from_rows(rows, c, open_row=data.draw(st.none() | words()), coefficient=data.draw(st.integers(-3, 3))))


def test_the_factors_by_hand():
    """|c| ||C||_F sqrt(n_1 n_2) sqrt(n_0) for rows of smallest dimensions 2 and 1 and a row 0 of 2; |c| n_1 n_2 without C."""
    a = [BOUNDS.weight_norm[1, 0], BOUNDS.gradient_norm[2, 2], BOUNDS.gradient_norm[1, 1]]
    e = [BOUNDS.weight[1, 0], BOUNDS.gradient[2, 2], BOUNDS.gradient[1, 1]]
    c = [[1, 0, 0], [0, -2, 0], [0, 0, 2], [0, 0, 0]]  # columns 2 x 2 by rows 3 x 1; its Frobenius norm is 3
    form = KroneckerForm.from_rows([W(1, 1), g(2, 3)], c, open_row=g(1, 2), coefficient=-3)
    size = 3 * 3 * sqrt(2 * 1) * sqrt(2)
    assert product_gap_bound(form, PROBLEM, BOUNDS) == pytest.approx(size * telescoped(a, e), rel=NEAR)
    lengthened = -2 * W(1, 1) @ constant("of norm 5", [[3, 0], [0, -5]]) @ W(0, 1).T @ teacher(2).T @ teacher(3).T
    others = [5.0, spectral_of(PROBLEM.student[0]), spectral_of(PROBLEM.teacher[1]), sqrt(5) / 2]
    assert product_gap_bound(lengthened, PROBLEM, BOUNDS) == pytest.approx(2 * e[0] * prod(others), rel=NEAR)
    traces = -3 * tr(W(1, 1) @ W(1, 1).T) * tr(g(2, 3) @ g(2, 3).T)
    expected = 3 * 2 * telescoped([a[0], a[0], a[1], a[1]], [e[0], e[0], e[1], e[1]])
    assert product_gap_bound(traces, PROBLEM, BOUNDS) == pytest.approx(expected, rel=NEAR)


@given(st.lists(st.tuples(st.fractions(0, 8, max_denominator=9), st.fractions(0, 2, max_denominator=9)), max_size=6))
def test_telescoping_is_the_product_of_the_sums_less_the_product(pairs):
    """sum_j prod_{i<j} a_i e_j prod_{i>j} (a_i + e_i) = prod (a_i + e_i) - prod a_i."""
    exact = prod((a + e for a, e in pairs), start=F(1)) - prod((a for a, _ in pairs), start=F(1))
    bound = F(telescoped([a for a, _ in pairs], [e for _, e in pairs]))
    # numbers such as 1/3 are rounded first, perhaps down: `up` allows for it
    assert exact <= bound <= exact * (1 + F(NEAR)) + F(NOTHING)


def test_what_does_not_depend_on_the_run_has_no_gap():
    for form in (tr(teacher(1).T @ teacher(1)), 5 * teacher(2) @ teacher(1), tr(A), tr(W(0, 1).T @ W(0, 1)), TraceForm.number(7)):
        assert product_gap_bound(form, PROBLEM, BOUNDS) < NOTHING
    assert telescoped([], []) == 0


FOREVER = replace(PROBLEM, learning_rates=1)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: product_gap_bound(tr(W(3, 1).T @ W(3, 1)), FOREVER, BOUNDS), r"steps 0\.\.2 of the bounds, but has a letter of step 3"),
        (
            lambda: product_gap_bound(tr(g(0, 1, 1).T @ g(0, 1)), PROBLEM, BOUNDS),
            r"gradients of single samples, but has g\(0, 1, sample=1\)",
        ),
        (lambda: product_gap_bound(tr(W(0, 1) @ g(0, 1)), PROBLEM, BOUNDS), "must chain"),
        (lambda: product_gap_bound(tr(W(0, 1)) * tr(W(0, 1).T), PROBLEM, BOUNDS), "a trace must be of a square matrix"),
        (lambda: product_gap_bound(KroneckerForm.from_rows([g(0, 1)], [[1]]), PROBLEM, BOUNDS), "C must have shape"),
        (lambda: product_gap_bound(tr(g(0, 4).T @ g(0, 4)), PROBLEM, BOUNDS), r"layer must be in 1\.\.3"),
        (lambda: product_gap_bound("tr(W)", PROBLEM, BOUNDS), "form must be a trace form or a Kronecker form"),
        (lambda: product_gap_bound(tr(A), PROBLEM, BOUNDS.observed), "bounds must be those of gradient_gap_bound"),
        (lambda: telescoped([1, 2], [1]), "gaps must have one entry for each of the 2 norms"),
        (lambda: telescoped([1, -2], [1, 1]), "must not be negative"),
        (lambda: telescoped([1, float("nan")], [1, 1]), r"norms\[1\] must be finite"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_overflow_is_an_error_and_no_number():
    with pytest.raises(ArithmeticError, match="range of double precision"):
        telescoped([1e200] * 3, [0, 0, 0])


def test_bounds_of_another_network_are_not_taken():
    """Of the same depth, but wider."""
    wider = TeacherStudent([[[1], [1]], [[1, 1]]], [[[1], [0]], [[1, 1]]], Rademacher(1), 1, "tanh")
    narrow = TeacherStudent([[[1]], [[1]]], [[[1]], [[1]]], Rademacher(1), 1, "tanh")
    bounds = every_path_bound(wider, approximate("tanh", 4, 15), 1)
    with pytest.raises(ValueError, match=r"bounds must be those of this problem, of sizes \(1, 1, 1\)"):
        product_gap_bound(tr(g(0, 1)), narrow, bounds)


def test_a_tiny_coefficient_meets_a_large_constant():
    problem = TeacherStudent([[[1]], [[1]]], [[[2]], [[-1]]], Rademacher(1), 1, "tanh")
    polynomial, x = approximate("tanh", 3, 9), np.ones((1, 1, 1))
    bounds = gradient_gap_bound(problem, polynomial, x)
    plain = product_gap_bound(KroneckerForm.from_rows([g(0, 1)], constant=[[1]]), problem, bounds)
    scaled = KroneckerForm.from_rows([g(0, 1)], constant=[[10**200]], coefficient=F(1, 10**400))
    assert product_gap_bound(scaled, problem, bounds) == pytest.approx(plain * 1e-200, rel=1e-9)
    with pytest.raises(ArithmeticError, match="range of double precision"):
        product_gap_bound(tr(g(0, 1)) * 10**400, problem, bounds)
