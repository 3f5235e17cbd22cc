"""The engine of small input dimensions against every ordered batch, chi-square moments, quadrature, and what must not change."""

from __future__ import annotations

import time
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.instances import PINNED, drawn, scalar
from tests.oracles import CHI_SQUARE, ORDERED_BATCHES
from tests.strategies import discrete_laws, fractions, gaussians, input_laws, learning_rates, problems, two_layer_sizes
from theory import Discrete, Gaussian, Independent, InverseBatchPolynomial, Rademacher, TeacherStudent, Uniform
from theory.budget import CannotError
from theory.claims.support.second_route import compare
from theory.degrees import loss_degree, loss_variance_degree, mean_gradient_degree, variance_degree
from theory.engines.base import Quantity, can
from theory.engines.wishart import Wishart
from theory.references import quadrature

ENGINE = Wishart()


def polynomial(problem, kind, step, layer=None):
    return ENGINE.compute(problem, Quantity(kind, step, layer))


def by_hand(problem, kind, step, layer, b):
    return ORDERED_BATCHES.value(problem, Quantity(kind, step, layer), b)


# -- against the obvious -------------------------------------------------------------------------------------------------------------


@given(problems(two_layer_sizes(2), laws=lambda p: discrete_laws(p, 2), steps=1), st.integers(0, 1), st.integers(1, 3))
def test_two_layers_on_every_batch(problem, step, b):
    for layer in (1, 2):
        assert polynomial(problem, "second_moment", step, layer)(b) == by_hand(problem, "second_moment", step, layer, b)
        assert [v(b) for v in polynomial(problem, "mean", step, layer).ravel()] == by_hand(problem, "mean", step, layer, b).ravel().tolist()
    for kind in ("loss", "loss_variance"):
        assert polynomial(problem, kind, step)(b) == by_hand(problem, kind, step, None, b)


@given(problems(st.tuples(*[st.integers(1, 2)] * 2), laws=lambda p: discrete_laws(p, 2), steps=2), st.integers(0, 2), st.integers(1, 2))
def test_one_layer_on_every_batch(problem, step, b):
    assert polynomial(problem, "variance", step, 1)(b) == by_hand(problem, "variance", step, 1, b)
    for kind in ("loss", "loss_variance"):
        assert polynomial(problem, kind, step)(b) == by_hand(problem, kind, step, None, b)
    assert all(v.degree == 0 for v in polynomial(problem, "mean", step, 1).ravel())


@settings(max_examples=10)
@given(problems(st.just((1, 1, 1)), laws=lambda p: discrete_laws(p, 2), steps=2), st.integers(1, 2), st.integers(1, 2))
def test_two_steps_on_every_batch(problem, layer, b):
    assert polynomial(problem, "variance", 2, layer)(b) == by_hand(problem, "variance", 2, layer, b)


def test_two_steps_in_the_plane():
    problem = drawn(3, (2, 2, 1), Discrete([(1, F(1, 2)), (-1, 2)], [F(1, 3), F(2, 3)]), [F(1, 5), F(1, 3)])
    for layer in (1, 2):
        found = polynomial(problem, "variance", 2, layer)
        assert found(2) == by_hand(problem, "variance", 2, layer, 2)
        assert found.degree == 23


@given(*[fractions] * 4, *[learning_rates] * 2, st.integers(0, 2), st.integers(1, 2))
def test_scalar_gaussian_by_chi_square(w1, w2, target, sigma, rate_0, rate_1, step, layer):
    problem = scalar(Gaussian(cov=[[abs(sigma)]]), [rate_0, rate_1], (w1, w2), target)
    for kind in CHI_SQUARE.kinds:
        assert np.array_equal(polynomial(problem, kind, step, layer), CHI_SQUARE.polynomial(problem, Quantity(kind, step, layer)))


def test_scalar_gaussian_at_three_steps_by_quadrature():
    problem = scalar(Gaussian(1))
    found = polynomial(problem, "variance", 3, 1)
    assert [f"{float(found(b)):.2g}" for b in (1, 2, 4)] == ["1.4e+20", "0.26", "0.13"]
    for b in (1, 4, 100):
        compared = compare([F(found(b))], [quadrature.variance(problem, 3, 1, batch_size=b, bits=256)])
        assert compared.agrees and compared.tolerance < 1e-20


def test_pinned():
    v = polynomial(PINNED["two atoms"], "variance", 1, 1)
    assert v.degree == 6 and v.coefficients[0] == 0


# -- degrees -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", [Gaussian(1), Uniform(1, 0, 1), Discrete([1, 2, -1])], ids=repr)
@pytest.mark.parametrize("step", range(4))
def test_the_sharp_degrees_are_attained(law, step):
    problem = scalar(law)
    for layer in (1, 2):
        assert polynomial(problem, "variance", step, layer).degree == variance_degree(step)
        assert polynomial(problem, "mean", step, layer)[0, 0].degree == mean_gradient_degree(step)
    assert polynomial(problem, "loss", step).degree == loss_degree(step)
    assert polynomial(problem, "loss_variance", step).degree == loss_variance_degree(step)


@pytest.mark.parametrize(("sizes", "step"), [((2, 2, 1), 1), ((2, 1, 2), 2), ((3, 2, 2), 1), ((4, 1, 1), 1)], ids=str)
def test_the_sharp_degrees_are_attained_in_more_dimensions(sizes, step):
    problem = drawn(1, sizes, Gaussian(sizes[0]))
    for layer in (1, 2):
        assert polynomial(problem, "variance", step, layer).degree == variance_degree(step)


# -- what must not change ------------------------------------------------------------------------------------------------------------


@given(problems(st.tuples(st.integers(1, 2), st.just(2), st.integers(1, 2)), laws=gaussians, steps=1), st.integers(1, 2))
def test_rotating_the_hidden_units(problem, layer):
    turn = np.array([[F(3, 5), F(4, 5)], [F(-4, 5), F(3, 5)]], dtype=object)
    w1, w2 = problem.student
    turned = TeacherStudent([turn @ w1, w2 @ turn.T], problem.teacher, problem.inputs, problem.learning_rates)
    assert polynomial(turned, "variance", 1, layer) == polynomial(problem, "variance", 1, layer)
    means = polynomial(turned, "mean", 1, layer), polynomial(problem, "mean", 1, layer)
    for b in (1, 3):
        new, old = ([[F(v(b)) for v in row] for row in m] for m in means)
        rotated = turn @ np.array(old, dtype=object) if layer == 1 else np.array(old, dtype=object) @ turn.T
        assert new == rotated.tolist()


@given(problems(two_layer_sizes(2), laws=input_laws, steps=1), st.integers(1, 2), st.integers(1, 3))
def test_hidden_units_that_are_not_there(problem, layer, extra):
    """Units with zero weights, whose gradients vanish for ever: wider than p + p_2, so the reduction is at work."""
    p, _, q = problem.sizes

    def padded(layers):
        return [np.vstack([layers[0], np.full((extra, p), F(0))]), np.hstack([layers[1], np.full((q, extra), F(0))])]

    wide = TeacherStudent(padded(problem.student), padded(problem.teacher), problem.inputs, problem.learning_rates)
    assert polynomial(wide, "variance", 1, layer) == polynomial(problem, "variance", 1, layer)
    assert polynomial(wide, "mean", 1, layer).shape == wide.student[layer - 1].shape


@given(problems(two_layer_sizes(2), laws=gaussians, steps=1), st.integers(1, 2))
def test_scaling_by_powers_of_two(problem, layer):
    """Inputs times 2 and rates over 4 are the same weights; the gradient is multiplied by 4."""
    sigma = problem.inputs.second_moment * F(4)
    rates = [F(alpha) / 4 for alpha in problem.learning_rates]
    scaled = TeacherStudent(problem.student, problem.teacher, Gaussian(cov=sigma), rates)
    assert polynomial(scaled, "variance", 1, layer) == 16 * polynomial(problem, "variance", 1, layer)
    assert polynomial(scaled, "loss", 1) == 4 * polynomial(problem, "loss", 1)


def test_a_gaussian_known_by_its_moments_alone():
    table = Independent(1, [1, 0, 1, 0, 3, 0, 15, 0, 105, 0, 945, 0, 10395])
    for layer in (1, 2):
        assert polynomial(scalar(table), "variance", 1, layer) == polynomial(scalar(Gaussian(1)), "variance", 1, layer)


def test_signs_make_no_noise_in_one_dimension():
    assert polynomial(scalar(Rademacher(1)), "variance", 2, 1) == InverseBatchPolynomial([0])


def test_no_weights_and_no_learning():
    zero = TeacherStudent([[[0, 0]], [[0]]], [[[1, 2]], [[1]]], Gaussian(2), 1)
    assert polynomial(zero, "variance", 2, 1) == InverseBatchPolynomial([0])
    assert polynomial(zero, "loss", 2) == InverseBatchPolynomial([F(5, 2)])
    still = drawn(5, (2, 2, 2), Gaussian(cov=[[1, 1], [1, 2]]), F(0))
    assert polynomial(still, "variance", 2, 2) == polynomial(still, "variance", 0, 2)


def test_floats_are_the_binary_rationals_that_they_are():
    law = Gaussian(1)
    binary = scalar(law, F(0.1), (F(0.5), F(-0.7)), F(0.75))
    assert polynomial(scalar(law, 0.1, (0.5, -0.7), 0.75), "variance", 1, 1) == polynomial(binary, "variance", 1, 1)


# -- what it refuses -----------------------------------------------------------------------------------------------------------------


def test_what_it_cannot_do_it_says():
    quantity = Quantity("variance", 1, 1)
    deep = TeacherStudent([[[1]]] * 3, [[[2]]] * 3, Gaussian(1), 1)
    curved = TeacherStudent([[[1]]] * 2, [[[2]]] * 2, Gaussian(1), 1, activation=(0, 1, 1))
    short = scalar(Independent(1, [1, 0, 1, 0, 3, 0, 15]))
    for problem, reason in ((deep, "has 3"), (curved, "identity"), (short, "moments must reach order 12")):
        assert reason in ENGINE.unsupported_reason(problem, quantity)
        with pytest.raises(CannotError, match=reason):
            ENGINE.compute(problem, quantity)
    assert can(ENGINE, short, Quantity("mean", 1, 1)) and can(ENGINE, short, Quantity("variance", 0, 1))


@pytest.fixture(scope="module")
def large():
    student = [np.full((256, 64), F(1)), np.full((128, 256), F(1))]
    return TeacherStudent(student, student, Gaussian(64), lambda t: F(1, 10))


@pytest.mark.parametrize("step", [0, 3, 10, 50, 10**6])
def test_a_prediction_takes_no_time(large, step):
    long_run = scalar(Discrete([1, 2]), lambda t: F(1, 10))
    started = time.process_time()
    for problem in (large, long_run):
        for kind, layer in (("variance", 1), ("mean", 2), ("loss", None)):
            quantity = Quantity(kind, step, layer)
            assert ENGINE.unsupported_reason(problem, quantity) is None
            cost = ENGINE.cost(problem, quantity)
            assert cost.seconds > 0 and cost.bytes > 0
            if step >= 10 or (step == 3 and problem is large):
                assert cost.seconds > 600
    assert time.process_time() - started < 2
