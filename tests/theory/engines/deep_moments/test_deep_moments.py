"""Joint moments of sample polynomials against brute force, the definition expanded, quadrature, and the other engines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction as F
from itertools import pairwise
from time import perf_counter

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from empirics import DataSet
from tests.strategies import discrete_laws, fractions, gaussians, gaussians_with_means, input_laws, problems, two_layer_sizes
from tests.theory.engines.deep_moments.plain_samples import PlainRun
from theory import Discrete, Gaussian, Independent, Rademacher, TeacherStudent, Uniform, enumeration
from theory.budget import CannotError, UnaffordableError
from theory.degrees import loss_degree, loss_variance_degree, mean_gradient_degree, variance_degree
from theory.engines.base import Quantity, can
from theory.engines.deep_moments import DeepMoments, linear_start, many_inputs
from theory.engines.deep_moments.batch_averages import BatchAverages
from theory.engines.deep_moments.cost import averages_bound
from theory.engines.deep_moments.sample_polynomials import LawMoments, SampleNetwork, rationals
from theory.engines.frequencies import Frequencies
from theory.engines.trace_words import TraceWords
from theory.engines.wishart import Wishart
from theory.exact import to_fraction
from theory.large_batch import leading_coefficient
from theory.trace_forms import W, constant, g, teacher, tr
from theory.variance_poly import loss_polynomial, loss_variance_polynomial, variance_polynomial

ENGINE = DeepMoments()
activations = st.lists(fractions, min_size=2, max_size=3).filter(lambda c: any(c[1:])).map(tuple)
few_weights = st.sampled_from([(1, 1, 1), (1, 2, 1), (2, 1, 1), (1, 1, 2), (1, 1, 1, 1), (1, 1), (2, 2)])
deep_networks = problems(few_weights, laws=lambda p: discrete_laws(p, max_atoms=2), activation=activations)


def computed(problem, kind, step, layer=None, expression=None):
    return ENGINE.compute(problem, Quantity(kind, step, layer, expression))


def coefficients(result):
    return [v.coefficients for v in result.ravel()] if isinstance(result, np.ndarray) else result.coefficients


def without_zeros(sizes, law, activation=(0, 1), rates=(F(1, 5), F(1, 4), F(1, 3))):
    """A pinned problem without coincidences."""
    numbers = iter([F(1), F(-2), F(3, 2), F(1, 2), F(2), F(-1), F(1, 3), F(3), F(-1, 2), F(2, 3), F(-3, 2), F(5, 2)] * 9)
    student, target = ([[[next(numbers) for _ in range(m)] for _ in range(n)] for m, n in pairwise(sizes)] for _ in range(2))
    return TeacherStudent(student, target, law, rates, activation)


SQUARE, CUBE = (0, 1, F(1, 2)), (F(1, 3), 1, 0, F(1, 5))


@settings(max_examples=40)
@given(deep_networks, st.integers(0, 1), st.integers(1, 3))
def test_against_enumeration(problem, step, b):
    h, d = problem.depth, problem.activation_degree
    for layer in range(1, h + 1):
        variance = computed(problem, "variance", step, layer)
        assert variance(b) == enumeration.variance(problem, step, layer, batch_size=b)
        assert variance.degree <= variance_degree(step, depth=h, activation_degree=d) and variance.coefficients[0] == 0
    second, mean = enumeration.moments(problem, step, h, batch_size=b)
    assert computed(problem, "second_moment", step, h)(b) == second
    found = computed(problem, "mean", step, h)
    assert found.shape == mean.shape and [v(b) for v in found.ravel()] == mean.ravel().tolist()
    assert all(v.degree <= mean_gradient_degree(step, depth=h, activation_degree=d) for v in found.ravel())
    loss, spread = computed(problem, "loss", step), computed(problem, "loss_variance", step)
    assert loss(b) == enumeration.loss(problem, step, batch_size=b)
    assert loss.degree <= loss_degree(step, depth=h, activation_degree=d)
    assert spread(b) == enumeration.loss_variance(problem, step, batch_size=b) and not spread.coefficients[0]
    assert spread.degree <= loss_variance_degree(step, depth=h, activation_degree=d)


@settings(max_examples=10)
@given(problems(st.sampled_from([(1, 1, 1), (1, 1, 1, 1)]), laws=lambda p: discrete_laws(p, max_atoms=2)), st.integers(1, 3))
def test_two_steps_against_enumeration(problem, b):
    assert computed(problem, "variance", 2, 1)(b) == enumeration.variance(problem, 2, 1, batch_size=b)
    assert computed(problem, "loss", 2)(b) == enumeration.loss(problem, 2, batch_size=b)


@pytest.mark.parametrize(
    "sizes, activation, step", [((2, 2, 1), SQUARE, 1), ((1, 2, 1), CUBE, 1), ((1, 1, 1, 1), SQUARE, 1), ((1, 1, 1), SQUARE, 2)]
)
def test_every_coefficient_agrees_with_frequencies(sizes, activation, step):
    law = Discrete([tuple(range(1, sizes[0] + 1)), tuple(2 - i * i for i in range(sizes[0]))], [F(1, 3), F(2, 3)])
    problem = without_zeros(sizes, law, activation)
    for kind, layer in (
        ("variance", 1),
        ("variance", 2),
        ("second_moment", problem.depth),
        ("mean", 1),
        ("loss", None),
        ("loss_variance", None),
    ):
        quantity = Quantity(kind, step, layer)
        assert coefficients(ENGINE.compute(problem, quantity)) == coefficients(Frequencies().compute(problem, quantity))
    variance = computed(problem, "variance", step, 1)
    assert variance.degree == variance_degree(step, depth=problem.depth, activation_degree=problem.activation_degree)


@settings(max_examples=15)
@given(problems(two_layer_sizes(), laws=input_laws, steps=1), st.integers(0, 1))
def test_two_linear_layers_against_polynomials_in_the_batches_entries(problem, step):
    for kind, layer in (("variance", 1), ("variance", 2), ("second_moment", 2), ("mean", 1), ("loss", None), ("loss_variance", None)):
        quantity = Quantity(kind, step, layer)
        assert coefficients(ENGINE.compute(problem, quantity)) == coefficients(Wishart().compute(problem, quantity))


@pytest.mark.parametrize(
    "sizes, law, activation, step, b",
    [
        ((1, 1, 1), Gaussian(1), SQUARE, 1, 2),
        ((1, 1, 1), Gaussian(cov=[[F(2, 3)]]), CUBE, 1, 1),
        ((1, 2, 1), Uniform(1, 0, 1), SQUARE, 1, 1),
        ((1, 1, 1, 1), Gaussian(1), (0, 1), 1, 2),
        ((1, 1, 1, 1), Gaussian(1), SQUARE, 0, 3),
        ((2, 1, 1), Gaussian(cov=[[1, F(1, 2)], [F(1, 2), 2]]), SQUARE, 1, 1),
        ((1, 1, 1), Gaussian(mean=[F(1, 3)], cov=[[F(2, 3)]]), SQUARE, 1, 2),
        ((2, 1, 1), Gaussian(mean=[1, 0], cov=[[0, 0], [0, 1]]), (0, 1), 1, 2),
        ((2, 2, 2), Uniform(2), SQUARE, 0, 2),
        ((1, 1, 1), Gaussian(1), (0, 1), 2, 1),
    ],
)
def test_laws_that_are_not_finite_against_the_definition_expanded(sizes, law, activation, step, b):
    problem = without_zeros(sizes, law, activation)
    run = PlainRun(problem, step, b)
    for layer in range(1, problem.depth + 1):
        assert computed(problem, "variance", step, layer)(b) == run.variance(layer)
        assert [v(b) for v in computed(problem, "mean", step, layer).ravel()] == run.mean(layer)
    mean, spread = run.loss_mean_and_variance()
    assert computed(problem, "loss", step)(b) == mean and computed(problem, "loss_variance", step)(b) == spread


@pytest.mark.parametrize("activation, b", [(SQUARE, 1), (SQUARE, 2), (CUBE, 1)])
def test_one_step_of_a_scalar_network_against_gauss_hermite_products(activation, b):
    problem = without_zeros((1, 1, 1), Gaussian(1), activation)
    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    weights = weights / weights.sum()
    sigma = np.polynomial.Polynomial([float(c) for c in activation])
    slope = sigma.deriv()
    (w1, w2), (v1, v2) = ([float(w[0, 0]) for w in layers] for layers in (problem.student, problem.teacher))

    def gradients(w1, w2, x):
        residual = w2 * sigma(w1 * x) - v2 * sigma(v1 * x)
        return residual * w2 * slope(w1 * x) * x, residual * sigma(w1 * x)

    grids = np.meshgrid(*[nodes] * b, indexing="ij")
    paths = np.ones_like(grids[0])
    for axis in np.meshgrid(*[weights] * b, indexing="ij"):
        paths = paths * axis
    alpha = float(problem.learning_rate(0))
    moved = [w - alpha * sum(gradients(w1, w2, x)[k] for x in grids) / b for k, w in enumerate((w1, w2))]
    for k in (0, 1):
        at_nodes = np.stack([gradients(*moved, y)[k] for y in nodes])
        mean, square = (np.tensordot(weights, values, 1) for values in (at_nodes, at_nodes**2))
        second = (paths * (mean**2 + (square - mean**2) / b)).sum()
        variance = second - (paths * mean).sum() ** 2
        assert float(computed(problem, "variance", 1, k + 1)(b)) == pytest.approx(variance, rel=1e-7)


@pytest.mark.parametrize("law", [Gaussian(2), Gaussian(cov=[[1, 2], [2, 4]]), Uniform(2), Rademacher(2)], ids=repr)
def test_the_leading_coefficient_of_three_linear_layers_is_the_large_batch_law(law):
    problem = without_zeros((2, 2, 1, 2), law)
    for layer in (1, 2, 3):
        variance = variance_polynomial(problem, 1, layer, engine="deep_moments")
        assert (*variance.coefficients, 0)[1] == leading_coefficient(problem, 1, layer)
        assert variance.degree <= variance.degree_bound == variance_degree(1, depth=3)


def test_degrees_are_attained_for_gaussian_inputs():
    for sizes, activation in (((1, 1, 1), SQUARE), ((1, 1, 1), CUBE), ((1, 2, 1), SQUARE), ((1, 1, 1, 1), (0, 1)), ((2, 2, 2, 1), (0, 1))):
        problem = without_zeros(sizes, Gaussian(sizes[0]), activation)
        variance = variance_polynomial(problem, 1, 1, engine="deep_moments")
        assert variance.degree == variance.degree_bound
        network = {"depth": problem.depth, "activation_degree": problem.activation_degree}
        assert loss_polynomial(problem, 1, engine="deep_moments").degree == loss_degree(1, **network)
        assert loss_variance_polynomial(problem, 1, engine="deep_moments").degree == loss_variance_degree(1, **network)


# -- t = 0 ---------------------------------------------------------------------------------------------------------------------------------

three_linear_layers = problems(
    st.tuples(*[st.integers(1, 3)] * 4),
    laws=lambda p: st.one_of(input_laws(p), st.just(Independent(p, [1, 1, 2, 6, 24]))),
)


@given(three_linear_layers, st.integers(1, 3))
def test_matrices_and_sample_polynomials_agree_on_linear_networks_at_the_start(problem, layer):
    for kind in ("variance", "second_moment", "mean", "loss", "loss_variance"):
        quantity = Quantity(kind, 0, None if kind.startswith("loss") else layer)
        if linear_start.applies(problem, quantity):
            with pytest.MonkeyPatch.context() as patch:
                expected = coefficients(ENGINE.compute(problem, quantity))
                patch.setattr(linear_start, "applies", lambda *_: False)
                assert coefficients(ENGINE.compute(problem, quantity)) == expected


def test_two_layers_at_the_start_are_those_of_trace_words():
    problem = without_zeros((3, 2, 4), Gaussian(cov=[[2, 1, 0], [1, 1, 0], [0, 0, 3]]))
    for layer in (1, 2):
        assert (
            computed(problem, "variance", 0, layer).coefficients
            == TraceWords().compute(problem, Quantity("variance", 0, layer)).coefficients
        )


@pytest.mark.parametrize("law", [Gaussian(64), Uniform(64, 0, 1)], ids=repr)
def test_linear_networks_of_any_size_have_a_variance_at_the_start(law):
    generator = np.random.default_rng(0)
    problem = TeacherStudent(*[[generator.normal(size=(64, 64)) / 8 for _ in range(3)] for _ in range(2)], law, 0.1)
    started = perf_counter()
    variance = variance_polynomial(problem, 0, 2)
    assert perf_counter() - started < 5
    assert variance.is_exact and variance.degree == 1
    x = law.sample(generator, 20_000)
    w, v = ([np.asarray(m) for m in layers] for layers in (problem.student, problem.teacher))
    delta = (x @ (w[2] @ w[1] @ w[0] - v[2] @ v[1] @ v[0]).T) @ w[2]
    norms = (delta**2).sum(axis=1) * ((x @ w[0].T) ** 2).sum(axis=1)
    total = norms.mean() - ((delta.T @ (x @ w[0].T) / len(x)) ** 2).sum()
    assert float(variance(1)) == pytest.approx(total, rel=0.05)


def test_a_data_set_with_many_points_and_a_quadratic_activation():
    points = DataSet(np.random.default_rng(3).normal(size=40))
    problem = without_zeros((1, 1, 1), points, SQUARE)
    variance = variance_polynomial(problem, 1, 1)
    assert variance(1) == enumeration.variance(problem, 1, 1, batch_size=1)


def check_that_few_inputs_do(problem):
    for kind in ("variance", "second_moment", "mean", "loss", "loss_variance"):
        for layer in (1, 2) if not kind.startswith("loss") else (None,):
            quantity = Quantity(kind, 0, layer)
            assert many_inputs.applies(problem, quantity)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(linear_start, "applies", lambda *_: False)
                few = coefficients(ENGINE.compute(problem, quantity))
                patch.setattr(many_inputs, "applies", lambda *_: False)
                assert coefficients(ENGINE.compute(problem, quantity)) == few


@settings(max_examples=40)
@given(problems(st.sampled_from([(3, 1, 1), (3, 1, 2), (3, 1, 1, 2), (5, 2, 1)]), gaussians, activations))
def test_many_gaussian_inputs_are_seen_through_few(problem):
    check_that_few_inputs_do(problem)


@settings(max_examples=10)
@given(problems(st.sampled_from([(4, 1, 1), (4, 1, 2)]), lambda p: gaussians_with_means(p).filter(lambda x: x.mean.any()), activations))
def test_the_mean_of_many_inputs_is_seen_as_a_constant(problem):
    check_that_few_inputs_do(problem)


def test_sixty_four_gaussian_inputs_and_a_quadratic_activation():
    generator = np.random.default_rng(0)
    shapes = [(3, 64), (2, 3)]
    problem = TeacherStudent(*[[generator.normal(size=s) / 8 for s in shapes] for _ in range(2)], Gaussian(64), 0.1, SQUARE)
    variance = variance_polynomial(problem, 0, 1)
    assert variance.is_exact and variance.degree == 1
    x = generator.normal(size=(200_000, 64))
    (w1, w2), (v1, v2) = problem.student, problem.teacher
    h, k = x @ w1.T, x @ v1.T
    delta = ((h + h**2 / 2) @ w2.T - (k + k**2 / 2) @ v2.T) @ w2 * (1 + h)
    total = ((delta**2).sum(axis=1) * (x**2).sum(axis=1)).mean() - ((delta.T @ x / len(x)) ** 2).sum()
    assert float(variance(1)) == pytest.approx(total, rel=0.1)


# -- trace forms ---------------------------------------------------------------------------------------------------------------------------


@settings(max_examples=10)
@given(
    problems(st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 1, 1, 1)]), laws=lambda p: discrete_laws(p, 2), activation=activations),
    st.integers(1, 2),
)
def test_trace_forms_against_enumeration(problem, b):
    a = constant("A", np.arange(problem.student[0].size).reshape(problem.student[0].shape))
    form = (
        tr(g(1, 1).T @ W(1, 1) @ W(0, 1).T @ g(0, 1))
        - F(1, 3) * tr(g(0, 2) @ g(0, 2).T) * tr(W(1, 2) @ teacher(2).T)
        + tr(a @ g(1, 1).T) * tr(W(0, 1).T @ teacher(1))
    )
    assert computed(problem, "trace_form", 1, None, form)(b) == enumeration.expectation(problem, form, batch_size=b)
    without_gradient = tr(W(1, 1) @ W(1, 1).T) + tr(a @ W(0, 1).T)
    assert computed(problem, "trace_form", 1, None, without_gradient)(b) == enumeration.expectation(problem, without_gradient, batch_size=b)


def test_trace_forms_are_the_named_quantities():
    problem = without_zeros((1, 2, 1), Gaussian(1), SQUARE)
    for step in (0, 1):
        form = tr(g(step, 2).T @ g(step, 2))
        assert computed(problem, "trace_form", step, None, form) == computed(problem, "second_moment", step, 2)
    matrix = computed(problem, "trace_form", 1, None, g(1, 2) * tr(teacher(1).T @ teacher(1)))
    scale = sum(F(x) ** 2 for x in problem.teacher[0].ravel())
    assert [v(3) for v in matrix.ravel()] == [scale * v(3) for v in computed(problem, "mean", 1, 2).ravel()]


# -- the pieces ----------------------------------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(problems(st.sampled_from([(1, 1, 1), (2, 2, 1), (2, 1, 2), (1, 2, 1, 1), (3, 1)]), activation=activations))
def test_a_batch_is_its_mean_and_centred_averages_in_bounded_number(problem):
    weights, moments = rationals(problem.student), LawMoments(problem.inputs)
    batch = BatchAverages.of(SampleNetwork(problem, 0), weights, moments)
    assert len(batch.samples) == len(batch.directions) <= averages_bound(problem)
    assert [to_fraction(x) for x in batch.mean[0].ravel()] == [v(1) for v in computed(problem, "mean", 0, 1).ravel()]
    table, r = batch.table(moments, 2), len(batch.samples)
    units = [tuple(int(i == j) for j in range(r)) for i in range(r)]
    assert not any(table[u] for u in units)
    total = fmpq(0)  # E||g - E g||^2 = sum_ij <B_i, B_j> E[u_i u_j]
    for left, one in zip(batch.directions, units, strict=True):
        for right, other in zip(batch.directions, units, strict=True):
            total += (left[0] * right[0]).sum() * table[tuple(map(sum, zip(one, other, strict=True)))](1)
    assert to_fraction(total) == computed(problem, "variance", 0, 1)(1)


@pytest.mark.parametrize(
    ("sizes", "law", "activation", "count", "bound"),
    [
        ((2, 2, 2), Rademacher(2), (0, 1), 1, 1),  # x_1^2 = 1: of x x^T one entry is left
        ((3, 4, 4), Rademacher(3), (0, 1), 3, 3),
        ((1, 2, 2), Rademacher(1), (0, 1), 0, 0),
        ((2, 3, 3), Rademacher(2), SQUARE, 3, 3),  # all functions of four atoms, constants aside
        ((4, 2, 1, 3), Gaussian(4), (0, 1), 5, 6),  # through one unit, in the teacher, too
    ],
)
def test_what_a_law_makes_constant_and_what_a_narrow_layer_keeps_are_no_averages(sizes, law, activation, count, bound):
    problem = without_zeros(sizes, law, activation)
    batch = BatchAverages.of(SampleNetwork(problem, 0), rationals(problem.student), LawMoments(problem.inputs))
    assert (len(batch.samples), averages_bound(problem)) == (count, bound)


def test_doubles_are_the_rationals_that_they_are():
    problem = TeacherStudent([[[0.1]], [[0.3]]], [[[1.0]], [[0.7]]], Gaussian(1), 0.1, (0, 1, 0.5))
    exact = TeacherStudent([[[F(0.1)]], [[F(0.3)]]], [[[1]], [[F(0.7)]]], Gaussian(1), F(0.1), (0, 1, F(1, 2)))
    assert computed(problem, "variance", 1, 1).is_exact
    assert computed(problem, "variance", 1, 1) == computed(exact, "variance", 1, 1)


def test_threads_get_what_one_thread_gets():
    jobs = [without_zeros((1, 2, 1), Gaussian(cov=[[F(k, 3)]]), SQUARE) for k in range(1, 7)]
    alone = [computed(p, "variance", 1, 2) for p in jobs]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda p: computed(p, "variance", 1, 2), jobs)) == alone


# -- what is refused -----------------------------------------------------------------------------------------------------------------------


def test_it_refuses_what_it_cannot_do():
    problem = without_zeros((1, 2, 1), Gaussian(1), SQUARE)
    tanh = replace(problem, activation="tanh")
    assert "polynomial" in ENGINE.unsupported_reason(tanh, Quantity("variance", 1, 1))
    single = tr(g(1, 1, sample=1).T @ g(1, 1))
    assert "single samples" in ENGINE.unsupported_reason(problem, Quantity("trace_form", 1, None, single))
    with pytest.raises(CannotError, match="deep_moments cannot compute"):
        ENGINE.compute(tanh, Quantity("variance", 1, 1))


@pytest.mark.parametrize(
    "kind, step, order", [("variance", 0, 8), ("mean", 0, 4), ("loss", 0, 4), ("variance", 1, 40), ("mean", 1, 20), ("loss", 1, 24),
     ("loss_variance", 0, 4), ("loss_variance", 1, 48)],
)  # fmt: skip
def test_moment_tables_may_end_where_no_moment_is_asked_for(kind, step, order):
    moments = [F(0) if k % 2 else F(3 ** (k // 2), k + 1) for k in range(order + 1)]
    problem = without_zeros((1, 2, 1), Independent(1, moments), SQUARE)
    quantity = Quantity(kind, step, None if kind.startswith("loss") else 2)
    assert coefficients(ENGINE.compute(problem, quantity)) == coefficients(ENGINE.compute(replace(problem, inputs=Uniform(1)), quantity))
    short = replace(problem, inputs=Independent(1, moments[:-1]))
    assert f"reach order {order}" in ENGINE.unsupported_reason(short, quantity)
    assert not can(ENGINE, short, quantity)


@pytest.mark.parametrize(
    "sizes, law, activation, step",
    [((1, 2, 1), Gaussian(1), CUBE, 2), ((4, 4, 1), Gaussian(4), SQUARE, 1), ((1, 1, 1), Gaussian(1), SQUARE, 10**15),
     ((1, 1, 1), Gaussian(1), [0] * 50 + [1], 1), ((1,) * 60, Gaussian(1), SQUARE, 0), ((200, 3, 3), Uniform(200), SQUARE, 0)],
)  # fmt: skip
def test_what_is_beyond_reach_is_refused_at_once_with_a_figure(sizes, law, activation, step):
    problem = (
        without_zeros(sizes, law, activation, F(1, 5))
        if sum(sizes) < 50
        else TeacherStudent(*[[np.ones((n, m)) for m, n in pairwise(sizes)] for _ in range(2)], law, F(1, 5), activation)
    )
    started = perf_counter()
    with pytest.raises(UnaffordableError, match="deep_moments would cost") as refused:
        variance_polynomial(problem, step, 1, engine="deep_moments")
    assert perf_counter() - started < 1
    assert refused.value.alternatives
