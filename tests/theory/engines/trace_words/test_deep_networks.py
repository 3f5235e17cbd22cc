"""Three layers and more: against joint moments of samples, quadrature, the large-batch law, simulation, and gradient descent."""

from __future__ import annotations

import time
from fractions import Fraction as F
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from empirics import compare, simulate
from tests.instances import network
from theory.arithmetic.balls import ends
from theory.budget import UnaffordableError
from theory.degrees import loss_degree, mean_gradient_degree, variance_degree
from theory.engines.base import Quantity
from theory.engines.deep_moments import DeepMoments
from theory.engines.trace_words import TraceWords
from theory.engines.trace_words.cost import Levels, counts_of
from theory.gaussian_moments.word_levels import LevelRecursion
from theory.inputs import Gaussian
from theory.large_batch import leading_coefficient
from theory.problem import TeacherStudent
from theory.references import quadrature
from theory.trace_forms import W, g, tr
from theory.variance_poly import loss_polynomial, variance_polynomial

EXACT: Any = TraceWords("exact")
BALLS: Any = TraceWords("balls")
SAMPLES: Any = DeepMoments()
SKEW = [[2, 1], [1, 1]]
SINGULAR = [[1, 2], [2, 4]]


def coefficients(value: Any) -> list[Any]:
    return [polynomial.coefficients for polynomial in np.atleast_1d(value).ravel()]


@pytest.mark.parametrize(
    "sizes, law, layer",
    [
        ((1, 2, 2, 1), Gaussian(1), 1),
        ((2, 2, 2, 1), Gaussian(2), 2),
        ((2, 3, 1, 2), Gaussian(cov=SKEW), 3),
        ((2, 1, 3, 2), Gaussian(cov=SINGULAR), 1),
    ],
)
def test_the_variance_of_three_layers(sizes, law, layer):
    problem, quantity = network(sizes, law, F(1, 5), seed=3), Quantity("variance", 1, layer)
    found = EXACT.compute(problem, quantity)
    assert found.coefficients == SAMPLES.compute(problem, quantity).coefficients
    assert found.degree == variance_degree(1, depth=3) == 10 and found.coefficients[0] == 0
    for exact, middle, radius in zip(found.coefficients, *within(BALLS.compute(problem, quantity)), strict=True):
        assert abs(exact - middle) <= radius


def within(polynomial: Any) -> tuple[list[F], list[F]]:
    assert not polynomial.is_exact
    return [F(c) for c in polynomial.coefficients], [F(r) for r in polynomial.radii]


@pytest.mark.parametrize(
    "sizes, law", [((2, 2, 2, 1), Gaussian(cov=SKEW)), ((2, 1, 2, 2, 2), Gaussian(2)), ((1, 1, 1, 1, 1, 1), Gaussian(1))]
)
def test_means_and_the_loss_of_any_depth(sizes, law):
    """At most 6 S in three layers, 8 in four, 10 in five: by chains and level by level."""
    problem, depth = network(sizes, law, F(1, 5), seed=3), len(sizes) - 1
    for quantity in (Quantity("mean", 1, 1), Quantity("mean", 1, depth - 1), Quantity("loss", 1)):
        found = EXACT.compute(problem, quantity)
        assert coefficients(found) == coefficients(SAMPLES.compute(problem, quantity))
        bound = loss_degree if quantity.kind == "loss" else mean_gradient_degree
        assert max(v.degree for v in np.atleast_1d(found).ravel()) == bound(1, depth=depth)
        for exact, balls in zip(np.atleast_1d(found).ravel(), np.atleast_1d(BALLS.compute(problem, quantity)).ravel(), strict=True):
            middles, radii = within(balls)
            values = [*exact.coefficients, *[F(0)] * (len(middles) - len(exact.coefficients))]
            assert all(abs(x - y) <= r <= F(1, 10**8) for x, y, r in zip(values, middles, radii, strict=True))


def test_the_loss_of_three_layers_varies():
    """Twelve S; in balls, around the exact value."""
    problem, quantity = network((2, 2, 1, 1), Gaussian(2), F(1, 5), seed=3), Quantity("loss_variance", 1)
    exact = SAMPLES.compute(problem, quantity).coefficients
    for x, y, radius in zip(exact, *within(BALLS.compute(problem, quantity)), strict=True):
        assert abs(x - y) <= radius <= F(1, 10**8)


@pytest.mark.parametrize("kind", ["variance", "second_moment", "mean", "loss"])
def test_every_depth_at_the_start(kind):
    problem = network((3, 2, 4, 1, 2, 2), Gaussian(cov=np.eye(3, dtype=int) + 1), F(1, 5), seed=5)
    for layer in [None] if kind == "loss" else range(1, 6):
        quantity = Quantity(kind, 0, layer)
        assert coefficients(EXACT.compute(problem, quantity)) == coefficients(SAMPLES.compute(problem, quantity))


def test_trace_forms_of_three_layers():
    """Gradients of both steps in one trace, beside weights in another: seven S."""
    problem = network((2, 1, 2, 1), Gaussian(cov=SKEW), F(1, 5), seed=6)
    mixed = tr(g(0, 1) @ g(1, 1).T) * tr(W(1, 2).T @ W(0, 2))
    quantity = Quantity("trace_form", 1, None, mixed)
    assert EXACT.compute(problem, quantity).coefficients == SAMPLES.compute(problem, quantity).coefficients


def test_one_input_by_quadrature():
    problem = network((1, 3, 2, 2), Gaussian(1), F(1, 6), seed=7)
    found = EXACT.compute(problem, Quantity("variance", 1, 2))
    for b in (1, F(7, 2), 40):
        low, high = ends(quadrature.variance(problem, 1, 2, batch_size=b))
        assert low <= found(b) <= high and high - low < found(b) * F(1, 10**20)


def floats(sizes: tuple[int, ...], rate: float, seed: int = 0, cov: Any = None) -> TeacherStudent:
    """Weights of variance 1/fan_in."""
    generator = np.random.default_rng(seed)

    def layers() -> list[np.ndarray]:
        return [generator.standard_normal((n, m)) / m**0.5 for m, n in pairwise(sizes)]

    return TeacherStudent(layers(), layers(), Gaussian(sizes[0]) if cov is None else Gaussian(cov=cov), rate)


@pytest.mark.parametrize("cov", [None, np.eye(8) + 0.25])
def test_the_leading_coefficient_is_that_of_large_batches(cov):
    problem = floats((8, 6, 5, 4), 0.125, cov=cov)
    for layer in (1, 3) if cov is None else (2,):
        v = BALLS.compute(problem, Quantity("variance", 1, layer))
        assert v.coefficients[0] == v.radii[0] == 0
        assert v.coefficients[1] == pytest.approx(leading_coefficient(problem, 1, layer), rel=1e-10)
        assert all(r <= 1e-6 * abs(c) for c, r in zip(v.coefficients, v.radii, strict=True) if r)


def test_without_noise_it_is_gradient_descent():
    """The constant terms of E g_1 and E loss(w_1)."""
    problem = floats((9, 7, 6, 4), 0.25, seed=1)
    student, target = [w.copy() for w in problem.student], np.linalg.multi_dot(problem.teacher[::-1])

    def gradient(k: int) -> np.ndarray:
        behind = np.linalg.multi_dot([np.eye(4), *student[:k:-1], np.eye(student[k].shape[0])])
        before = np.linalg.multi_dot([np.eye(student[k].shape[1]), *student[:k][::-1], np.eye(9)])
        return behind.T @ (np.linalg.multi_dot(student[::-1]) - target) @ before.T

    student = [w - 0.25 * gradient(k) for k, w in enumerate(student)]
    loss = BALLS.compute(problem, Quantity("loss", 1))
    assert loss.coefficients[0] == pytest.approx(0.5 * np.sum((np.linalg.multi_dot(student[::-1]) - target) ** 2), rel=1e-12)
    for k in (1, 2, 3):
        mean = np.vectorize(lambda v: v.coefficients[0])(BALLS.compute(problem, Quantity("mean", 1, k)))
        assert np.allclose(mean, gradient(k - 1), rtol=1e-11, atol=1e-12)


def test_a_simulation_of_a_network_of_some_size():
    """16-8-8-4, 10,000 replicas, in standard errors with Holm's correction for all four comparisons."""
    problem = floats((16, 8, 8, 4), 0.0625, seed=2)
    result = simulate(problem, batch_sizes=[4, 16], steps=2, replicas=10_000, seed=3).sel(step=1)
    v, loss, at = variance_polynomial(problem, 1, 2), loss_polynomial(problem, 1), result.sel(layer=2)
    found = compare(at.var_gradient, at.var_gradient_se, [float(v(b)) for b in (4, 16)], comparisons=4)
    assert found.agrees(1e-3), found.z
    assert (at.var_gradient_se < 0.03 * at.var_gradient).all()
    assert compare(result.loss, result.loss_se, [float(loss(b)) for b in (4, 16)], comparisons=4).agrees(1e-3)


@pytest.mark.parametrize(
    "sizes, kind", [((2, 1, 1), "loss_variance"), ((1, 1, 1, 1), "second_moment"), ((2, 1, 1, 1, 1), "loss"), ((2, 1, 1, 1, 1, 1), "mean")]
)
def test_costs_are_predicted_from_the_pairings_that_are_walked(monkeypatch, sizes, kind):
    """Within a factor of two and a half, by the number of S alone: eight, ten, eight and nine."""
    counted = []

    def count(recursion: LevelRecursion) -> None:
        expand(recursion)
        states = [words for level in recursion.levels for words in level.open.values()]
        counted.append(sum(len(terms.rows) for words in states for terms in words.moves.values()))

    expand = LevelRecursion._expand
    monkeypatch.setattr(LevelRecursion, "_expand", count)
    problem, quantity = network(sizes, Gaussian(sizes[0]), F(1, 5), seed=3), Quantity(kind, 1, None if "loss" in kind else 2)
    EXACT.compute(problem, quantity)
    predicted = counts_of(problem, quantity)
    assert isinstance(predicted, Levels) and max(counted) / 2.5 < predicted.moves < 2.5 * max(counted)


def test_what_is_too_deep_is_refused_at_once():
    start = time.perf_counter()
    problem = floats((16, 8, 8, 8, 8, 4), 0.1)
    with pytest.raises(UnaffordableError, match=r"var\(g\) at t = 1.* pairings in words of up to 18 S.*large_batch"):
        variance_polynomial(problem, 1, 1)
    with pytest.raises(UnaffordableError, match="a smaller step"):
        variance_polynomial(floats((2,) * 41, 0.1), 1, 1, engine="trace_words")
    assert time.perf_counter() - start < 1
    assert "need t <= 1, but t = 2" in (EXACT.unsupported_reason(problem, Quantity("variance", 2, 1)) or "")
