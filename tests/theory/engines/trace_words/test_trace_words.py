"""Trace words against SGD written out in the entries of S, scalar chi-square moments, closed forms and symmetries."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.instances import PINNED
from tests.oracles import ENTRYWISE
from tests.oracles.entrywise import symbolic_run
from tests.strategies import gaussians, learning_rates, matrices, problems
from theory.arithmetic.matrices import ExactMatrix
from theory.budget import Budget
from theory.engines.base import FLOAT_SECONDS, Quantity
from theory.engines.trace_words import TraceWords
from theory.engines.trace_words import cost as trace_word_costs
from theory.gaussian_moments.word_expectations import Expectations
from theory.inputs import Discrete, Gaussian
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent
from theory.trace_forms import TraceForm, W, constant, g, teacher, tr

ENGINE: Any = TraceWords()
EXACT: Any = TraceWords("exact")
BALLS: Any = TraceWords("balls")
KINDS = ("second_moment", "variance", "mean")


def agree(problem: TeacherStudent, quantity: Quantity) -> None:
    found, expected = ENGINE.compute(problem, quantity), ENTRYWISE.polynomial(problem, quantity)
    if quantity.kind == "mean":
        assert isinstance(found, np.ndarray)
        assert found.shape == problem.student[(quantity.layer or 1) - 1].shape
        assert (found == expected).all()
    else:
        assert isinstance(found, InverseBatchPolynomial)
        assert found.is_exact
        assert found == expected


def every_quantity(step: int, depth: int) -> list[Quantity]:
    layers = range(1, depth + 1)
    return [*(Quantity(kind, step, k) for kind in KINDS for k in layers), Quantity("loss", step), Quantity("loss_variance", step)]


@given(problems(st.sampled_from([(1, 1, 1), (1, 2, 3), (1, 3, 1)]), gaussians), st.integers(0, 1))
def test_one_input(problem, step):
    for quantity in every_quantity(step, 2):
        agree(problem, quantity)


@settings(max_examples=8)
@given(problems(st.sampled_from([(2, 1, 1), (2, 2, 1), (2, 1, 2)]), gaussians), st.integers(1, 2))
def test_two_inputs(problem, layer):
    for quantity in (Quantity("variance", 1, layer), Quantity("mean", 1, layer), Quantity("loss", 1)):
        agree(problem, quantity)


@pytest.mark.parametrize("layer", [1, 2])
def test_two_inputs_two_outputs_singular_covariance(layer):
    problem = PINNED["singular covariance"]
    for kind in KINDS:
        agree(problem, Quantity(kind, 1, layer))


@given(problems(st.sampled_from([(1, 1), (1, 2), (2, 1)]), gaussians), st.integers(0, 2))
def test_one_layer(problem, step):
    for quantity in every_quantity(step, 1):
        agree(problem, quantity)


# -- facts that need no oracle ----------------------------------------------------------------------------------------


def gaussian_problem(p: int, p1: int, p2: int, seed: int, *, cov: Any = None, rate: Any = F(1, 10)) -> TeacherStudent:
    """Float weights of variance 1/fan_in."""
    generator = np.random.default_rng(seed)
    layers = [generator.standard_normal((a, c)) / c**0.5 for a, c in ((p1, p), (p2, p1), (p1, p), (p2, p1))]
    return TeacherStudent(layers[:2], layers[2:], Gaussian(p) if cov is None else Gaussian(cov=cov), rate)


@given(st.data(), st.integers(2, 4))
def test_first_step_in_closed_form(data, p):
    """Sigma = I: E||g_1||^2 = (1 + (p+1)/b) ||W_2^T D||^2 and E||g_2||^2 = tr(D [B + (B + tr(B) I)/b] D^T), B = W_1^T W_1."""
    problem = data.draw(problems(st.just((p, 2, 3)), lambda p: st.just(Gaussian(p))))
    w1, w2 = problem.student
    residual = w2 @ w1 - problem.teacher[1] @ problem.teacher[0]
    a = ((w2.T @ residual) ** 2).sum()
    gram = w1.T @ w1
    first, second = (ENGINE.compute(problem, Quantity("second_moment", 0, k)) for k in (1, 2))
    assert first == InverseBatchPolynomial([a, (p + 1) * a])
    base = (residual @ gram @ residual.T).trace()
    assert second == InverseBatchPolynomial([base, base + np.trace(gram) * (residual**2).sum()])


@given(st.data())
def test_loss_at_the_start_is_constant(data):
    problem = data.draw(problems(st.just((3, 2, 2)), gaussians))
    loss = ENGINE.compute(problem, Quantity("loss", 0))
    residual = problem.student[1] @ problem.student[0] - problem.teacher[1] @ problem.teacher[0]
    assert loss == InverseBatchPolynomial([F((residual @ problem.inputs.second_moment @ residual.T).trace()) / 2])


@settings(max_examples=5)
@given(problems(st.just((2, 2, 2)), gaussians), st.integers(1, 2))
def test_hidden_units_may_be_rotated(problem, layer):
    """W_1 -> Q W_1, W_2 -> W_2 Q^T with orthogonal Q leaves every norm as it is."""
    q = np.array([[F(3, 5), F(4, 5)], [F(-4, 5), F(3, 5)]], dtype=object)
    turned = TeacherStudent([q @ problem.student[0], problem.student[1] @ q.T], problem.teacher, problem.inputs, problem.learning_rates)
    for kind in ("variance", "second_moment"):
        quantity = Quantity(kind, 1, layer)
        assert ENGINE.compute(turned, quantity) == ENGINE.compute(problem, quantity)


@pytest.mark.parametrize("arithmetic", ["exact", "balls"])
def test_powers_of_two_scale_exactly(arithmetic):
    """x -> 2 x, alpha -> alpha / 4: g -> 4 g, so var -> 16 var, to the last bit and with the radii scaled too."""
    engine: Any = TraceWords(arithmetic)
    cov = np.diag([1.0, 0.5, 2.0, 1.0]) + 0.25
    for layer in (1, 2):
        quantity = Quantity("variance", 1, layer)
        small = engine.compute(gaussian_problem(4, 3, 2, 5, cov=cov, rate=F(1, 8)), quantity)
        large = engine.compute(gaussian_problem(4, 3, 2, 5, cov=4 * cov, rate=F(1, 32)), quantity)
        assert [16 * c for c in small.coefficients] == list(large.coefficients)
        assert [16 * r for r in small.radii] == pytest.approx(list(large.radii), rel=1e-12)


def test_tiny_and_huge_weights_neither_overflow_nor_vanish():
    for size in (2.0**-200, 2.0**120):
        base = gaussian_problem(3, 2, 2, 1)
        scaled = TeacherStudent([w * size for w in base.student], [w * size for w in base.teacher], base.inputs, 0)
        small = TeacherStudent(base.student, base.teacher, base.inputs, 0)
        quantity = Quantity("variance", 0, 1)
        found, expected = (BALLS.compute(x, quantity).coefficients[1] for x in (scaled, small))
        assert found == expected * size**6


@pytest.mark.parametrize("cov", [None, "full"])
@pytest.mark.parametrize("sizes", [(3, 2, 2), (12, 20, 7), (9, 4, 11)])
def test_radii_contain_the_exact_value(sizes, cov):
    c = np.random.default_rng(0).standard_normal((sizes[0], sizes[0])) / 2
    p, p1, p2 = sizes
    problem = gaussian_problem(p, p1, p2, 2, cov=None if cov is None else c @ c.T)
    for quantity in every_quantity(1, 2):
        exact = np.atleast_1d(EXACT.compute(problem, quantity)).ravel()
        balls = np.atleast_1d(BALLS.compute(problem, quantity)).ravel()
        for x, y in zip(exact, balls, strict=True):
            assert x.is_exact
            assert len(y.coefficients) >= len(x.coefficients)
            values = [*x.coefficients, *[F(0)] * (len(y.coefficients) - len(x.coefficients))]
            for value, center, radius in zip(values, y.coefficients, y.radii, strict=True):
                assert abs(value - F(center)) <= F(radius)
            if quantity.kind != "mean":
                assert all(r <= 1e-8 * abs(c) for c, r in zip(y.coefficients, y.radii, strict=True) if r)


def test_a_network_of_the_paper_exactly_and_in_balls():
    """64-256-128, both layers, t = 1: radii of ten digits or better that contain the exact value."""
    problem = gaussian_problem(64, 256, 128, 1)
    for layer in (1, 2):
        quantity = Quantity("variance", 1, layer)
        balls = TraceWords("balls").compute(problem, quantity)
        assert not balls.is_exact
        assert (balls.coefficients[0], balls.radii[0], balls.degree) == (0, 0, 6)
        assert all(r <= 1e-10 * abs(c) for c, r in zip(balls.coefficients, balls.radii, strict=True))
        if layer == 1:
            exact = EXACT.compute(problem, quantity)
            for x, y, r in zip(exact.coefficients, balls.coefficients, balls.radii, strict=True):
                assert abs(x - F(y)) <= F(r)


# -- trace forms ------------------------------------------------------------------------------------------------------


def expectation(problem: TeacherStudent, form: TraceForm) -> Any:
    return ENGINE.compute(problem, Quantity("trace_form", form.step, None, form))


@settings(max_examples=5)
@given(problems(st.just((2, 1, 2)), gaussians))
def test_trace_forms_of_gradients(problem):
    for k in (1, 2):
        square = expectation(problem, tr(g(1, k).T @ g(1, k)))
        assert square == ENGINE.compute(problem, Quantity("second_moment", 1, k))
        mean = expectation(problem, g(1, k))
        assert (mean == ENGINE.compute(problem, Quantity("mean", 1, k))).all()
    residual = W(1, 2) @ W(1, 1) - teacher(2) @ teacher(1)
    sigma = constant("Sigma", problem.inputs.second_moment)
    loss = expectation(problem, tr(residual @ sigma @ residual.T) * F(1, 2))
    assert loss == ENGINE.compute(problem, Quantity("loss", 1))


@settings(max_examples=5)
@given(problems(st.just((2, 1, 1)), gaussians))
def test_trace_forms_entry_by_entry(problem):
    """Products of traces, gradients of both steps in one word, and an open word beside a trace."""
    run = symbolic_run(problem, 1)
    (w1, _), (g1, g2), (h1, _) = run.weights[1], run.gradients[0], run.gradients[1]
    form = tr(g(0, 1).T @ g(1, 1)) * tr(g(0, 2) @ W(1, 1) @ W(0, 1).T)
    value = (g1.T @ h1).trace() * (g2 @ w1 @ run.weights[0][0].T).trace()
    assert expectation(problem, form) == run.expect(value)
    opened = tr(g(0, 1).T @ g(0, 1)) * (W(1, 1).T @ g(0, 2))
    expected = [run.expect((g1.T @ g1).trace() * x) for x in (w1.T @ g2).ravel()]
    assert expectation(problem, opened).ravel().tolist() == expected


def test_forms_without_randomness():
    problem = gaussian_problem(2, 2, 2, 0)
    w = problem.student[0]
    value = expectation(problem, tr(W(0, 1).T @ W(0, 1)))
    assert value == InverseBatchPolynomial([sum(F(x) ** 2 for x in w.ravel())])
    assert [v.coefficients[0] for v in expectation(problem, W(0, 1)).ravel()] == [F(x) for x in w.ravel()]


# -- refusals, costs, arithmetic --------------------------------------------------------------------------------------


def test_reasons_against():
    one = [[1]]
    linear = TeacherStudent([one, one], [one, one], Gaussian(1), 1)
    assert ENGINE.unsupported_reason(linear, Quantity("variance", 1, 1)) is None
    cases = [
        (TeacherStudent([one, one], [one, one], Discrete([1, 2]), 1), 0, "must be Gaussian"),
        (TeacherStudent([one, one], [one, one], Gaussian(1), 1, (0, 1, 1)), 0, "must be linear"),
        (TeacherStudent([one] * 3, [one] * 3, Gaussian(1), 1), 2, "need t <= 1, but t = 2"),
        (linear, 2, "need t <= 1, but t = 2"),
    ]
    for problem, step, reason in cases:
        assert reason in (ENGINE.unsupported_reason(problem, Quantity("variance", step, 1)) or "")
        with pytest.raises(ValueError, match=reason):
            ENGINE.compute(problem, Quantity("variance", step, 1))
    form = tr(g(0, 1, sample=1))
    assert "single samples" in (ENGINE.unsupported_reason(linear, Quantity("trace_form", 0, None, form)) or "")
    assert ENGINE.unsupported_reason(TeacherStudent([one], [one], Gaussian(1), 1), Quantity("variance", 5, 1)) is None
    with pytest.raises(ValueError, match="arithmetic must be one of auto, exact, balls, but was 'float'"):
        TraceWords("float")


def test_costs_are_instant_and_grow():
    start = time.perf_counter()
    problem = gaussian_problem(512, 1024, 512, 0)
    built = time.perf_counter()
    quantity = Quantity("variance", 1, 1)
    assert ENGINE.cost(problem, quantity).seconds > 0.5
    form = tr(g(1, 1).T @ g(1, 1))
    huge = form * form * form * form * form
    assert ENGINE.cost(problem, Quantity("trace_form", 1, None, huge)).seconds > 1e10
    one_layer = TeacherStudent([[[1]]], [[[0]]], Gaussian(1), F(1, 2))
    assert ENGINE.cost(one_layer, Quantity("variance", 400, 1)).seconds > 1e10
    assert time.perf_counter() - built < 1.0, f"building took {built - start:.1f} s, predicting must not"


def test_counts_are_those_that_costs_are_predicted_from(monkeypatch):
    """Matrix products and closed chains of an actual run never exceed the table, and come within a quarter of it."""
    counted = {"products": 0, "inners": 0}
    multiply, close = ExactMatrix.__matmul__, ExactMatrix.inner

    def counting_multiply(self, other):
        counted["products"] += 1
        return multiply(self, other)

    def counting_inner(self, other):
        counted["inners"] += 1
        return close(self, other)

    monkeypatch.setattr(ExactMatrix, "__matmul__", counting_multiply)
    monkeypatch.setattr(ExactMatrix, "inner", counting_inner)
    for cov in (None, [[2, 1], [1, 1]]):
        problem = gaussian_problem(2, 3, 2, 0, cov=cov)
        for kind in ("variance", "second_moment", "loss"):
            totals = []
            for layer in (1, 2):
                counted.update(products=0, inners=0)
                EXACT.compute(problem, Quantity(kind, 1, layer))
                totals.append(dict(counted))
            table = trace_word_costs.counts_of(problem, Quantity(kind, 1, 1))
            for name, predicted in (("products", table.products), ("inners", table.inners)):
                largest = max(total[name] for total in totals)
                assert 0.75 * largest <= predicted + 30 and predicted <= 1.34 * largest + 30, (kind, cov, name, largest)


def test_exact_where_affordable_balls_elsewhere():
    quantity = Quantity("variance", 0, 1)
    assert ENGINE.compute(gaussian_problem(4, 4, 4, 0), quantity).is_exact
    assert not ENGINE.compute(gaussian_problem(160, 256, 128, 0), Quantity("variance", 1, 1)).is_exact
    rational = TeacherStudent([[[1, 2]] * 2, [[1, 1]]], [[[1, 0]] * 2, [[0, 1]]], Gaussian(2), F(1, 3))
    assert ENGINE.compute(rational, Quantity("variance", 1, 1)).is_exact
    assert not ENGINE.compute(rational, Quantity("variance", 1, 1, budget=Budget(seconds=1e-9))).is_exact


def test_the_budget_decides_between_exact_arithmetic_and_balls():
    def taken(network, seconds, size):
        return ENGINE.cost(network, Quantity("variance", 1, 1, budget=Budget(seconds, size)))

    floats = gaussian_problem(100, 100, 100, 0)
    student, teachers = ([np.vectorize(F, otypes=[object])(w) for w in side] for side in (floats.student, floats.teacher))
    rationals = replace(floats, student=student, teacher=teachers)
    for network in (floats, rationals):
        exact, balls = (costs(network, Quantity("variance", 1, 1)) for costs in (trace_word_costs.exact_cost, trace_word_costs.float_cost))
        assert exact.seconds > FLOAT_SECONDS > balls.seconds
        assert taken(network, 0.99 * exact.seconds, math.inf) == taken(network, math.inf, 0.99 * exact.bytes) == balls
        assert taken(network, 1.01 * exact.seconds, 1.01 * exact.bytes) == (exact if network is rationals else balls)


@given(learning_rates, matrices(2, 2))
def test_a_step_of_length_zero_changes_nothing(rate, w):
    problem = TeacherStudent([w, [[1, 2]]], [w, [[0, 1]]], Gaussian(2), (0, rate))
    for layer in (1, 2):
        assert ENGINE.compute(problem, Quantity("variance", 1, layer)) == ENGINE.compute(problem, Quantity("variance", 0, layer))


def test_what_was_computed_for_one_word_serves_the_next():
    from theory.engines.trace_words.gradient_words import GradientWords

    words = GradientWords(gaussian_problem(3, 2, 2, 0), ExactMatrix)
    expectations = Expectations(words.alphabet)
    norm = words.squared_norm(1, 1)
    first = expectations.scalar(norm)
    states = expectations.recursion.states
    assert expectations.scalar(norm) == first
    assert expectations.recursion.states == states
    assert first[0] != 0
