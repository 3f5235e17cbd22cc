"""Every route to the same polynomial: engines, the recursion, brute force, quadrature, the large-batch law and simulation."""

from fractions import Fraction as F

import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from empirics import compare_dataset, simulate
from tests.strategies import discrete_laws, gaussians, input_laws, problems, two_layer_sizes
from theory import Gaussian, Rademacher, TeacherStudent, Uniform, enumeration, recursion
from theory.large_batch import leading_coefficient
from theory.references import quadrature
from theory.trace_forms import W, constant, g, teacher, tr
from theory.variance_poly import expectation, loss_polynomial, mean_gradient, second_moment_polynomial, variance_polynomial

pytestmark = pytest.mark.theorems("A.7", "3.3")

layers = st.integers(1, 2)


@given(problems(two_layer_sizes(2), laws=lambda p: discrete_laws(p, 2), steps=1), st.integers(0, 1), layers)
def test_frequencies_wishart_and_enumeration_agree(problem, step, layer):
    v = variance_polynomial(problem, step, layer, engine="frequencies")
    assert v.coefficients == variance_polynomial(problem, step, layer, engine="wishart").coefficients
    for b in (1, 2, 5):
        assert v(b) == enumeration.variance(problem, step, layer, batch_size=b)


@given(problems(two_layer_sizes(2), laws=gaussians, steps=1), st.integers(0, 1), layers)
def test_wishart_and_trace_words_agree(problem, step, layer):
    for quantity in (variance_polynomial, second_moment_polynomial):
        one, other = (quantity(problem, step, layer, engine=engine) for engine in ("wishart", "trace_words"))
        assert one.coefficients == other.coefficients
    means = [mean_gradient(problem, step, layer, engine=engine) for engine in ("wishart", "trace_words")]
    assert [v.coefficients for v in means[0].ravel()] == [v.coefficients for v in means[1].ravel()]
    losses = [loss_polynomial(problem, step, engine=engine) for engine in ("wishart", "trace_words")]
    assert losses[0].coefficients == losses[1].coefficients


@given(problems(st.just((1, 1, 1)), laws=gaussians, steps=2), st.integers(0, 2), layers, st.integers(1, 9))
def test_wishart_and_quadrature_agree(problem, step, layer, b):
    exact = variance_polynomial(problem, step, layer, engine="wishart")(b)
    ball = quadrature.variance(problem, step, layer, batch_size=b)
    assert (ball - arb(fmpq(exact.numerator, exact.denominator))).contains(0) and ball.rad() <= 1e-20 * (1 + abs(ball))


@given(problems(two_layer_sizes(2), laws=input_laws, steps=1), st.integers(0, 1), layers)
def test_leading_coefficient_is_the_large_batch_law(problem, step, layer):
    v = variance_polynomial(problem, step, layer)
    assert (*v.coefficients, F(0))[1] == leading_coefficient(problem, step, layer)


@given(problems(two_layer_sizes(2), laws=input_laws, steps=1), st.integers(0, 1), layers)
def test_trace_forms_are_the_named_quantities(problem, step, layer):
    second = second_moment_polynomial(problem, step, layer)
    assert expectation(problem, tr(g(step, layer).T @ g(step, layer))).coefficients == second.coefficients
    mean = mean_gradient(problem, step, layer)
    squares = sum((v * v for v in mean.ravel()), second - second)
    assert (second - squares).coefficients == variance_polynomial(problem, step, layer).coefficients


@settings(max_examples=8)  # the recursion takes about a second for the mixed form
@given(problems(two_layer_sizes(2), laws=input_laws, steps=1), st.integers(0, 1), layers)
def test_the_recursion_gives_the_engines_polynomials(problem, step, layer):
    second = tr(g(step, layer).T @ g(step, layer))
    assert recursion.expectation(second, problem).coefficients == second_moment_polynomial(problem, step, layer).coefficients
    mixed = tr(g(step, 1).T @ W(step, 1)) * tr(teacher(2) @ g(step, 2).T) - F(1, 2) * tr(W(step, 2) @ W(0, 1) @ g(0, 1).T @ W(0, 2).T)
    assert recursion.expectation(mixed, problem).coefficients == expectation(problem, mixed).coefficients


def chains(step):
    """Words that are not their own mirror images: a transpose in the wrong place shows."""
    b = constant("B", [[1, 2], [F(-1, 3), 0]])
    g1, g2, w1, w2 = g(step, 1), g(step, 2), W(step, 1), W(step, 2)
    short = tr(b @ g1.T @ g1) + tr(b @ g1.T @ w1) * tr(w2 @ w1 @ b @ w1.T @ teacher(2).T)
    if step:
        return short
    return short + tr(b @ w1.T @ g1 @ b @ g1.T @ g1) + tr(b @ g1.T @ w1 @ b @ g1.T @ g1) * 2 + tr(w2 @ w1 @ b @ w1.T @ g2.T)


@settings(max_examples=15)
@given(problems(st.sampled_from([(2, 1, 1), (2, 2, 2)]), laws=gaussians, steps=1), st.integers(0, 1))
def test_gaussian_engines_agree_on_chiral_words(problem, step):
    results = [expectation(problem, chains(step), engine=engine).coefficients for engine in ("wishart", "trace_words")]
    assert results[0] == results[1]
    if step == 0:
        assert recursion.expectation(chains(0), problem).coefficients == results[0]


@pytest.mark.parametrize("name", ["A", "C", "D", "M", "U", "V", "S", "K"])
def test_a_constant_may_have_any_name(name):
    problem = TeacherStudent([[[1, 2], [0, 1]], [[1, -1], [2, 1]]], [[[0, 1], [1, 1]], [[1, 0], [1, 1]]], Gaussian(2), F(1, 5))
    values = [[1, F(1, 2)], [-2, 3]]
    form = tr(g(1, 1) @ constant(name, values) @ g(1, 1).T) * tr(constant(name, [[0, 1], [2, 0]]) @ W(1, 1))
    reference = tr(g(1, 1) @ constant("X", values) @ g(1, 1).T) * tr(constant("Y", [[0, 1], [2, 0]]) @ W(1, 1))
    expected = expectation(problem, reference, engine="wishart").coefficients
    for engine in ("wishart", "trace_words"):
        assert expectation(problem, form, engine=engine).coefficients == expected


@settings(max_examples=15)
@given(problems(st.just((2, 2, 1)), laws=lambda p: discrete_laws(p, 2), steps=1), st.integers(0, 1), st.integers(1, 4))
def test_engines_with_atoms_agree_on_chiral_words(problem, step, b):
    results = [expectation(problem, chains(step), engine=engine) for engine in ("wishart", "frequencies")]
    assert results[0].coefficients == results[1].coefficients
    assert results[0](b) == enumeration.expectation(problem, chains(step), batch_size=b)


@pytest.mark.theorems("A.7", "3.4")
def test_simulation_within_its_standard_error():
    # 16 comparisons: |z| <= 4.5 has probability above 1 - 2e-4 for all of them together
    problems_ = [
        TeacherStudent([[[1, F(1, 2)], [0, -1]], [[F(1, 2), 1]]], [[[0, 1], [1, 0]], [[1, 1]]], law, learning_rates=F(1, 10))
        for law in (Gaussian(2), Gaussian(cov=[[1, F(1, 2)], [F(1, 2), 1]]), Rademacher(2), Uniform(2))
    ]
    for problem in problems_:
        result = simulate(problem, batch_sizes=[2, 8], steps=2, replicas=20_000, seed=1, estimator="naive")
        comparison = compare_dataset(result, {(1, layer): variance_polynomial(problem, 1, layer) for layer in (1, 2)})
        assert (result.var_gradient_se.sel(step=1) < 0.1 * result.var_gradient.sel(step=1)).all()  # otherwise it says nothing
        assert abs(comparison.z).max() <= 4.5
