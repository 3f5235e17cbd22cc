"""Deviations in doubles against exact polynomials: every coefficient within its radius, and the radii small."""

from __future__ import annotations

import math
from fractions import Fraction as F
from itertools import product
from math import comb

import numpy as np
import pytest
from flint import fmpq, fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.instances import PINNED, network
from tests.strategies import fractions, gaussians, gaussians_with_means
from theory import Discrete, Gaussian, TeacherStudent, variance_poly
from theory.budget import Budget, CannotError, RangeError, UnaffordableError
from theory.engines.base import Quantity
from theory.engines.deep_moments import DeepMoments
from theory.engines.deviations import Deviations
from theory.engines.deviations.averages import Averages
from theory.engines.deviations.expansions import Expansion
from theory.engines.deviations.moments import deviation_moments
from theory.engines.deviations.monomials import exponents, numbers_of_products
from theory.engines.deviations.nodes import lattice
from theory.engines.wishart import Wishart
from theory.engines.wishart.batch_moments import batch_moments
from theory.references import quadrature

ENGINE = Deviations()
PLANE = [[[1, F(1, 2)], [F(-1, 3), F(1, 2)]], [[1, F(1, 2)]]]
PLANE_TEACHER = [[[F(1, 4), 1], [1, 0]], [[1, 1]]]
#: orthonormal rows, and rational
TURN = np.array([[F(2, 3), F(-1, 3), F(2, 3)], [F(2, 3), F(2, 3), F(-1, 3)]], dtype=object)


def check(found, exact, tight):
    """Every coefficient within its radius; the polynomial at b = 4 known to `tight` of its value."""
    for ours, theirs in zip(np.ravel(np.array(found, dtype=object)), np.ravel(np.array(exact, dtype=object)), strict=True):
        for s in range(max(len(ours.coefficients), len(theirs.coefficients))):
            c, r = (ours.coefficients[s], ours.radii[s]) if s < len(ours.coefficients) else (0, 0)
            assert abs(F(c) - (theirs.coefficients[s] if s < len(theirs.coefficients) else 0)) <= F(r)
        assert ours.error(4) <= tight * float(abs(theirs(4)) + F(1, 1000))


def every(step):
    return [Quantity(kind, step, k) for kind in ("variance", "second_moment", "mean") for k in (1, 2)] + [Quantity("loss", step)]


@given(st.one_of(gaussians(1), gaussians_with_means(1)), st.lists(fractions, min_size=4, max_size=4))
def test_scalar_networks(law, numbers):
    a, b, c, rate = numbers
    problem = TeacherStudent([[[a]], [[b]]], [[[c]], [[1]]], law, abs(rate) / 8)
    for quantity in every(2):
        check(ENGINE.compute(problem, quantity), Wishart().compute(problem, quantity), math.inf)  # some diverge, with wide radii


@pytest.mark.parametrize(
    "law",
    [Gaussian(2), Gaussian(mean=[1, 0], cov=[[0, 0], [0, 1]]), Gaussian(mean=[F(1, 2), -1], cov=[[1, F(1, 3)], [F(1, 3), F(1, 2)]])],
    ids=str,
)
def test_two_inputs(law):
    problem = TeacherStudent(PLANE, PLANE_TEACHER, law, F(1, 20))
    for quantity in (Quantity("variance", 2, 1), Quantity("variance", 2, 2), Quantity("mean", 2, 2), Quantity("loss", 2)):
        check(ENGINE.compute(problem, quantity), Wishart().compute(problem, quantity), 1e-9)


def test_three_inputs_in_a_plane_are_two():
    flat = TeacherStudent(PLANE, PLANE_TEACHER, Gaussian(2), F(1, 20))
    (w, v), (a, b) = PLANE, PLANE_TEACHER
    turned = [[(np.array(m, dtype=object) @ TURN).tolist(), n] for m, n in ((w, v), (a, b))]
    problem = TeacherStudent(*turned, Gaussian(cov=(TURN.T @ TURN).tolist()), F(1, 20))
    check(ENGINE.compute(problem, Quantity("loss", 2)), Wishart().compute(flat, Quantity("loss", 2)), 1e-9)


def test_three_layers():
    problem = network((1, 1, 1, 1), Gaussian(1), F(1, 20), seed=2)
    for quantity in (Quantity("variance", 2, 1), Quantity("variance", 2, 2), Quantity("mean", 2, 3), Quantity("loss", 2)):
        check(ENGINE.compute(problem, quantity), DeepMoments().compute(problem, quantity), 1e-6)


def test_three_steps():
    quantity = Quantity("variance", 3, 2)
    found = ENGINE.compute(PINNED["scalar"], quantity)
    check(found, Wishart().compute(PINNED["scalar"], quantity), 1e-7)
    assert found.degree == 76
    ball = quadrature.variance(PINNED["scalar"], 3, 2, batch_size=64)
    assert abs(found(64) - float(ball.mid())) <= found.error(64) + 1e-20 <= 1e-8 * found(64)


@settings(max_examples=10)
@given(st.integers(1, 2).flatmap(lambda p: st.one_of(gaussians(p), gaussians_with_means(p))))
def test_moments_of_deviations_are_those_of_the_batch_about_their_mean(law):
    degree, p, sigma = 4, law.dimension, law.second_moment
    pairs = [(i, j) for i in range(p) for j in range(i, p)]
    table, raw = deviation_moments(law, degree), batch_moments(law, degree)
    for a, row in zip(exponents(len(pairs), degree).tolist(), table, strict=True):
        total = fmpq_poly([])
        for chosen in product(*(range(x + 1) for x in a)):
            weight = F(1)
            for x, y, pair in zip(a, chosen, pairs, strict=True):
                weight *= comb(x, y) * (-sigma[pair]) ** (x - y)
            total += raw[chosen] * fmpq(weight.numerator, weight.denominator)
        exact = [F(int(c.p), int(c.q)) for c in total.coeffs()]
        assert [float(c) for c in exact] + [0.0] * (len(row) - len(exact)) == row.tolist()
        assert not any(exact[: (sum(a) + 1) // 2]), "a monomial of degree k starts with eps^{ceil(k/2)}"


@given(st.integers(1, 3), st.integers(0, 3), st.integers(0, 2))
def test_products_of_monomials_by_number(variables, left, right):
    table, all_of_them = numbers_of_products(variables, left, right), exponents(variables, left + right)
    for i, j in np.ndindex(table.shape):
        assert (all_of_them[table[i, j]] == exponents(variables, left)[i] + exponents(variables, right)[j]).all()


@pytest.mark.parametrize(("variables", "degree", "doublings"), [(1, 9, 0), (1, 9, -2), (3, 4, 1), (6, 3, -1)])
def test_values_at_the_points_determine_a_polynomial(variables, degree, doublings):
    points, inverse = lattice(variables, degree, doublings)
    coefficients = np.random.default_rng(0).integers(-9, 10, size=len(points))
    powers = (points[:, None, :] ** exponents(variables, degree)[None]).prod(axis=2)
    assert np.allclose(inverse @ (powers @ coefficients), coefficients, atol=1e-4)


@pytest.mark.parametrize("law", [Gaussian(mean=[1, -2], cov=[[1, 0], [0, 1]]), Gaussian(cov=[[1, F(-1, 2)], [F(-1, 2), 1]])], ids=str)
def test_radii_of_averages_hold_whatever_the_coefficients_are_within_theirs(law):
    """Radii of a third, at whose ends the averages are as far away as they can be: signs of all kinds, moments that are negative."""
    averages, rng = Averages(law, [1, 1]), np.random.default_rng(0)
    c, form = rng.normal(size=(4, 4, 2)), np.array([[1.0, -0.5], [-0.5, 2.0]])
    r = np.abs(rng.normal(size=c.shape)) / 3
    for of, told in ((lambda x, y: averages.squares(x, y, form), "squares"), (averages.means, "means")):
        known = of(c, r)
        sharpest = np.zeros_like(known.radii)
        for _ in range(300):
            away = np.abs(of(c + r * rng.choice([-1.0, 1.0], size=c.shape), np.zeros_like(c)).coefficients - known.coefficients)
            assert (away <= known.radii).all(), told
            sharpest = np.maximum(sharpest, away)
        assert (sharpest >= 0.2 * known.radii)[known.radii > 1e-9].any(), "a bound, and not far from the least"


def test_radii_of_expansions_are_bounds():
    """Products and differences that cancel, against the same in rationals."""
    numbers = np.random.default_rng(1).normal(size=(4, 2, 2))
    x, y, z, w = (Expansion.constant(m, 1) + Expansion.deviating(np.array([[0.1]])) * fmpq(1, 3) for m in numbers[:, :1, :1])
    found = (x @ y @ z - y @ z @ x) + (x @ w).outer(y) - w @ y @ x.T
    exact = [fmpq_poly([_exact(m[0, 0]) + _exact(0.1) / 3, fmpq(1, 3)]) for m in numbers]
    a, b, c, d = exact
    value = (a * b * c - b * c * a) + a * d * b - d * b * a
    for k, (ours, radius) in enumerate(zip(found.values.ravel(), found.radii.ravel(), strict=True)):
        assert abs(_exact(ours) - value[k]) <= _exact(radius) and radius < 1e-13


def _exact(number):
    return fmpq(*float(number).as_integer_ratio())


@pytest.mark.parametrize(
    ("problem", "quantity", "reason"),
    [
        (PINNED["scalar"], Quantity("variance", 1, 1), r"is for t >= 2, but t = 1"),
        (PINNED["coin"], Quantity("variance", 2, 1), "the inputs must be Gaussian"),
        (TeacherStudent([[[1]]], [[[0]]], Gaussian(1), 1), Quantity("variance", 2, 1), "two or more layers"),
        (TeacherStudent([[[1]], [[1]]], [[[0]], [[1]]], Gaussian(1), 1, (0, 1, 1)), Quantity("variance", 2, 1), "two or more layers"),
        (PINNED["scalar"], Quantity("loss_variance", 2), "computes variance, second_moment, mean, loss, not loss_variance"),
        (TeacherStudent([[[1]], [[1]]], [[[0]], [[1]]], Discrete([1, 2]), 1), Quantity("variance", 2, 1), "Gaussian"),
    ],
)
def test_what_it_cannot_do(problem, quantity, reason):
    with pytest.raises(CannotError, match=reason):
        ENGINE.compute(problem, quantity)


def test_it_is_asked_where_no_exact_engine_fits():
    for p, step, doubles in ((1, 3, False), (2, 2, False), (3, 2, True)):
        chosen, cost = variance_poly.predicted_cost(network((p, 3, 2), Gaussian(p), seed=1), step, 1)
        assert (chosen == "deviations") == doubles and Budget().allows(cost)
    with pytest.raises(UnaffordableError, match=r"would cost .* monomials of the first batch"):
        variance_poly.variance_polynomial(network((4, 3, 2), Gaussian(4), seed=1), 2, 1)
    with pytest.raises(UnaffordableError, match="beyond order 300, which no double holds"):
        variance_poly.mean_gradient(network((1, 1, 1), Gaussian(1), seed=1), 4, 1, engine="deviations")
    with pytest.raises(UnaffordableError, match="3\\^100"):
        variance_poly.variance_polynomial(network((1, 2, 1), Gaussian(1), seed=1), 100, 1, engine="deviations")


def test_numbers_beyond_doubles_are_refused():
    with pytest.raises(RangeError, match="too large for doubles"):
        ENGINE.compute(TeacherStudent([[[10**60]], [[1]]], [[[0]], [[1]]], Gaussian(1), 1), Quantity("variance", 2, 1))
    tiny = ENGINE.compute(TeacherStudent([[[F(1, 10**80)]], [[F(1, 10**80)]]], [[[1]], [[1]]], Gaussian(1), 1), Quantity("variance", 2, 1))
    assert all(0 < r < 1e-100 for r in tiny.radii[2:])  # what underflows is within its radius
