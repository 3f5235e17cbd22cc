"""The front of the recursion: both representations agree, with each other and with independent values; costs and refusals."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from functools import reduce

import numpy as np
import pytest
from flint import fmpq, fmpq_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.mixed_products import mixed_products, two_atom_problems
from tests.strategies import fractions, gaussians, input_laws, matrices
from tests.theory.recursion.views import graphs_as_kronecker_forms, words_as_trace_forms
from theory import Discrete, Gaussian, Rademacher, TeacherStudent
from theory.budget import Budget, UnaffordableError
from theory.exact import to_fmpq, to_fraction
from theory.recursion import (
    KroneckerForm,
    conditional_expectation,
    degree_bound,
    expectation,
    initial_values,
    literal_expectation,
    predicted_cost,
    printed_degree_bound,
    remove_gradient_layer,
    unroll,
)
from theory.recursion.closed import gaussian_sum, graph_sum
from theory.recursion.codes import Alphabet
from theory.trace_forms import W, constant, g, teacher, tr


def norm(t: int, k: int):
    return tr(g(t, k).T @ g(t, k))


def entries(result) -> list:
    return [v.coefficients for v in np.ravel(np.asarray(result, dtype=object))]


@given(mixed_products(("unroll", "now", "past", "weight", "teacher", "constant"), rows=2, length=2, gradients=2))
@settings(max_examples=25)
def test_literal_equals_closed(instance):
    assume(predicted_cost(instance.form, instance.problem, method="literal").seconds < 1)
    assume(predicted_cost(instance.form, instance.problem).seconds < 2)
    assert entries(literal_expectation(instance.form, instance.problem)) == entries(expectation(instance.form, instance.problem))


def _wishart_problem(law) -> TeacherStudent:
    """W_1 = W_2 = I and W* = 0, so that g_{0,1} = g_{0,2} = S."""
    p = law.dimension
    eye, zero = np.eye(p, dtype=int).tolist(), np.zeros((p, p), dtype=int).tolist()
    return TeacherStudent([eye, eye], [zero, zero], law, learning_rates=1)


@given(st.data(), st.integers(1, 2), st.integers(1, 4))
@settings(max_examples=20)
def test_words_in_one_moment_matrix(data, p, degree):
    """tr(S A_1 S A_2 ...) and S A_1 S ...: pairings against moment tensors."""
    problem = _wishart_problem(data.draw(gaussians(p)))
    word = reduce(lambda a, b: a @ b, (g(0, 1) @ constant(f"A{i}", data.draw(matrices(p, p))) for i in range(degree)))
    for form in (tr(word), word, tr(word) * g(0, 2)):
        assert entries(expectation(form, problem, method="words")) == entries(expectation(form, problem, method="graphs"))


@given(gaussians(2), matrices(2, 2))
def test_the_second_moment_of_a_wishart_matrix(law, b):
    """E[S B S] = Sigma B Sigma + (1/b) (Sigma B^T Sigma + tr(Sigma B) Sigma)."""
    sigma, middle = law.second_moment, np.array(b, dtype=object)
    result = expectation(g(0, 1) @ constant("B", b) @ g(0, 1), _wishart_problem(law))
    constant_part = sigma @ middle @ sigma
    slope = sigma @ middle.T @ sigma + (sigma @ middle).trace() * sigma
    for index, v in np.ndenumerate(result):
        coefficients = [*v.coefficients, 0]
        assert coefficients[:2] == [constant_part[index], slope[index]]


@given(*[fractions] * 3, fractions.map(abs), st.integers(1, 2))
@settings(max_examples=20)
def test_scalar_gaussian_against_chi_square_moments(w_1, w_2, teacher_product, rate, k):
    """p = 1: S_0 = s with E s^k = prod_{j<k} (1 + 2 j eps), and E S_1^2 = 1 + 2 eps."""
    problem = TeacherStudent([[[w_1]], [[w_2]]], [[[teacher_product]], [[1]]], Gaussian(1), learning_rates=rate)
    residual = w_1 * w_2 - teacher_product
    # w_1 and w_2 after one step, as polynomials in s: coefficient lists
    after = [fmpq_poly([to_fmpq(w), to_fmpq(-rate * residual * other)]) for w, other in ((w_1, w_2), (w_2, w_1))]
    square = ((after[0] * after[1] - to_fmpq(teacher_product)) * after[2 - k]) ** 2  # layer 1 has the factor w_2
    expected, moment = fmpq_poly([]), fmpq_poly([1])
    for j, c in enumerate(square.coeffs()):
        expected += c * moment
        moment *= fmpq_poly([1, 2 * j])
    expected *= fmpq_poly([1, 2])
    v = expectation(norm(1, k), problem)
    assert v.coefficients == (tuple(to_fraction(c) for c in expected.coeffs()) or (0,))


@given(two_atom_problems(largest=2), st.data())
@settings(max_examples=10)
def test_a_graph_is_a_view_of_the_kronecker_form(problem, data):
    form = data.draw(st.sampled_from((norm(0, 1), g(1, 1), norm(0, 1) * g(0, 2), tr(W(1, 2) @ W(1, 2).T), W(1, 1) @ g(0, 1).T)))
    alphabet = Alphabet(problem)
    views = graphs_as_kronecker_forms(graph_sum(form, alphabet), alphabet)
    values = {s: view.evaluate(initial_values(problem), problem) for s, view in views.items()}
    _same_polynomials(values, expectation(form, problem))


@given(gaussians(2), st.data())
@settings(max_examples=10)
def test_words_are_trace_forms_again(law, data):
    problem = TeacherStudent([data.draw(matrices(1, 2)), [[2]]], [[[1, 1]], [[1]]], law, learning_rates=F(1, 3))
    form = data.draw(st.sampled_from((norm(0, 1), g(1, 1), norm(0, 1) * g(0, 2), W(1, 1) @ g(0, 1).T)))
    alphabet = Alphabet(problem)
    views = words_as_trace_forms(gaussian_sum(form, alphabet), alphabet)
    assert all(letter.step in (0, None) for view in views.values() for letter in view.letters)
    values = {s: view.evaluate(initial_values(problem)) for s, view in views.items()}
    _same_polynomials(values, expectation(form, problem))


def _same_polynomials(values, result):
    for index, v in np.ndenumerate(np.asarray(result, dtype=object)):
        for s in range(max([*values, v.degree]) + 1):
            value = values.get(s, fmpq(0))
            entry = value[index] if isinstance(value, np.ndarray) else value
            assert to_fraction(entry) == (v.coefficients[s] if s <= v.degree else 0)


@given(mixed_products(("now", "weight", "teacher", "constant"), steps=0, rows=2, length=2, gradients=2))
@settings(max_examples=25)
def test_kronecker_forms_become_trace_forms_and_back(instance):
    form, problem = instance.form, instance.problem
    traces = form.to_trace_form(problem)
    back = KroneckerForm.from_trace_form(traces)

    # g(0, k) has no value at step 0: any matrix of its shape will do
    def lookup(letter):
        return initial_values(problem)(letter) if letter.kind != "g" else initial_values(problem)(W(0, letter.layer).terms[0].open[0]) * 3

    left, middle, right = form.evaluate(lookup, problem), traces.evaluate(lookup), back.evaluate(lookup, problem)
    assert np.array_equal(left, middle)
    assert np.array_equal(left, right)


def test_gradients_of_special_laws():
    # atoms +-x: S is constant, so nothing is random and the polynomial is a number
    problem = TeacherStudent([[[1, 2]], [[3]]], [[[0, 1]], [[1]]], Discrete([(1, 1), (-1, -1)]), learning_rates=F(1, 7))
    assert expectation(norm(1, 1), problem).degree == 0
    signs = TeacherStudent([[[1]], [[3]]], [[[1]], [[1]]], Rademacher(1), learning_rates=F(1, 7))
    assert expectation(norm(1, 2), signs).degree == 0


@given(input_laws(2), st.data())
@settings(max_examples=10)
def test_the_mean_gradient_at_the_start_is_the_population_gradient(law, data):
    w_1, w_2 = data.draw(matrices(2, 2)), data.draw(matrices(1, 2))
    problem = TeacherStudent([w_1, w_2], [[[1, 0], [0, 1]], [[1, 1]]], law, learning_rates=1)
    residual = problem.student[1] @ problem.student[0] - problem.teacher[1] @ problem.teacher[0]
    expected = problem.student[1].T @ residual @ law.second_moment
    assert np.array_equal(np.vectorize(lambda v: v(1), otypes=[object])(expectation(g(0, 1), problem)), expected)


def test_numbers_of_terms_of_the_closed_representation():
    """E||g_1||^2, the residual kept as a letter: 1,713 products of traces, 873 graphs."""
    problem = TeacherStudent([[[1, 2]], [[3]]], [[[0, 1]], [[1]]], Gaussian(2), learning_rates=F(1, 2))
    assert len(gaussian_sum(norm(1, 1), Alphabet(problem))) == 1713
    assert len(graph_sum(norm(1, 1), Alphabet(problem))) == 873


def test_floats_are_the_binary_rationals_that_they_are():
    problem = TeacherStudent([[[0.5]], [[1]]], [[[0]], [[0]]], Gaussian(1), learning_rates=0.1)
    exact = TeacherStudent([[[F(1, 2)]], [[1]]], [[[0]], [[0]]], Gaussian(1), learning_rates=F(0.1))
    assert expectation(norm(1, 1), problem).coefficients == expectation(norm(1, 1), exact).coefficients


PROBLEM = TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], Discrete([1, 2]), learning_rates=F(1, 4))


def test_scalar_constants_and_linearity():
    a, b = norm(1, 1), tr(W(1, 1) @ g(0, 1).T)
    five = expectation(tr(W(0, 1)) * 0 + 5, PROBLEM)
    assert five.coefficients == (5,)
    combined = expectation(3 * a - b + 5, PROBLEM)
    assert combined.coefficients == (3 * expectation(a, PROBLEM) - expectation(b, PROBLEM) + five).coefficients


@pytest.mark.parametrize("compute", [expectation, literal_expectation])
@pytest.mark.parametrize("t", [2, 3, 50])
def test_unaffordable_requests_are_refused_before_any_work(monkeypatch, compute, t):
    def work(*_):
        raise AssertionError("work was started")

    for name in ("gaussian_sum", "graph_sum", "to_initial_weights"):
        monkeypatch.setattr(f"theory.recursion.expectations.{name}", work)
    with pytest.raises(UnaffordableError, match=r"would cost .* the budget is 600 s") as refusal:
        compute(norm(t, 1), PROBLEM)
    assert refusal.value.cost is not None
    assert refusal.value.cost.seconds > 600


def test_a_budget_is_kept():
    assert expectation(norm(1, 1), PROBLEM, budget=Budget(seconds=60)).degree == 6
    with pytest.raises(UnaffordableError):
        expectation(norm(1, 1), PROBLEM, budget=Budget(seconds=1e-6))


def test_predicted_terms_are_an_upper_bound():
    for form in (norm(0, 1), norm(1, 1), norm(1, 2), g(1, 1), W(1, 1) @ g(0, 1).T, norm(0, 1) * norm(0, 2)):
        for law, method in ((Gaussian(1), "words"), (Discrete([1, 2]), "graphs")):
            problem = replace(PROBLEM, inputs=law)
            alphabet = Alphabet(problem)
            made = len(gaussian_sum(form, alphabet) if method == "words" else graph_sum(form, alphabet))
            predicted = int(predicted_cost(form, problem, method=method).basis.split()[0].replace(",", ""))
            assert made <= predicted


@pytest.mark.parametrize(
    "form, problem, options, error, message",
    [
        (norm(0, 1), "no problem", {}, TypeError, "problem must be a TeacherStudent"),
        ("no form", PROBLEM, {}, TypeError, "form must be a trace form"),
        (g(0, 1, sample=1), PROBLEM, {}, ValueError, "gradients of single samples"),
        (g(0, 3), PROBLEM, {}, ValueError, "layer must be in 1..2"),
        (norm(0, 1), PROBLEM, {"method": "magic"}, ValueError, "method must be one of words, graphs"),
        (norm(0, 1), PROBLEM, {"method": "words"}, ValueError, "method 'words' is for centred Gaussian inputs"),
        (norm(0, 1), TeacherStudent([[[1]]], [[[0]]], Discrete([1]), 1), {}, ValueError, "two linear layers"),
        (norm(0, 1), TeacherStudent([[[1]], [[1]]], [[[0]], [[0]]], Discrete([1]), 1, (0, 1, 1)), {}, ValueError, "is not linear"),
        (W(2, 1), TeacherStudent([[[1]], [[1]]], [[[0]], [[0]]], Discrete([1]), [1]), {}, ValueError, "reach alpha_1"),
    ],
)
def test_bad_input(form, problem, options, error, message):
    with pytest.raises(error, match=message):
        expectation(form, problem, **options)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: KroneckerForm([]), "at least one term"),
        (lambda: KroneckerForm.from_rows([W(0, 1) + W(0, 2)]), "rows\\[0\\] must be a product of letters"),
        (lambda: KroneckerForm.from_rows([2 * W(0, 1)]), "must have no coefficient"),
        (lambda: KroneckerForm.from_rows([W(0, 1)], constant=[[1, 2]]).to_trace_form(PROBLEM), "C must have shape \\(1, 1\\)"),
        (lambda: KroneckerForm.from_rows([W(0, 1)]).to_trace_form(_wide()), "square Kronecker product"),
    ],
)
def test_bad_kronecker_forms(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def _wide() -> TeacherStudent:
    return TeacherStudent([[[1, 2]], [[1]]], [[[1, 2]], [[1]]], Discrete([(1, 2)]), learning_rates=1)


def test_degree_bounds_of_sums_take_the_largest():
    form = norm(0, 1) + norm(1, 1) + tr(teacher(1).T @ W(2, 1))
    assert (degree_bound(form), printed_degree_bound(form)) == (6, 8)
    assert (degree_bound(W(2, 1)), printed_degree_bound(W(2, 1))) == (2, 4)


@pytest.mark.parametrize("n", [20, 2000])
def test_one_step_of_many_letters_is_refused_at_once(n):
    gradients = KroneckerForm.from_rows([g(0, 1, 1).T @ g(0, 1, 2)] * n)
    weights = KroneckerForm.from_rows([W(1, 1).T @ W(1, 1)] * n)
    for ask in (
        lambda: conditional_expectation(gradients, PROBLEM, 0),
        lambda: remove_gradient_layer(gradients, PROBLEM, 0),
        lambda: unroll(weights, PROBLEM, 1),
    ):
        with pytest.raises(UnaffordableError, match=r"form .*would cost .*or a larger budget$"):
            ask()
