"""Bounds on how far a smooth network's run is from a polynomial one's: beside the distance itself in balls, beside formulas by hand."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import fields, replace
from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given

from tests.instances import SMOOTH
from tests.theory.approximation.test_double_runs import gentle, largest_reach, runs
from theory import Discrete, Gaussian, Rademacher, TeacherStudent
from theory.activations import custom
from theory.approximation import DomainError, Gaps, every_path_bound, gradient_gap_bound, polynomial_within
from theory.arithmetic.norms import vector_norms
from theory.budget import Budget, UnaffordableError
from theory.chebyshev import approximate
from theory.references.ball_runs import KINDS, distances

NEAR = 1e-12  # relative: hundreds of roundings, all upwards, and spectral norms within some units
NOTHING = 1e-300  # what rounding zeros up leaves
STRAIGHT = 0.02  # relative departure from doubling when errors of 1e-6 are doubled: their square is some 1e-4 of them
CONSTANTS = 5e-6  # relative: C_S and C_D are certified within 1e-6, and three of them are multiplied
ROOMY = F(6)  # radius for gentle problems: three steps of an a-priori envelope stay below

TWICE = custom(lambda x: 2 * np.tanh(x), lambda x: 2 - 2 * np.tanh(x) ** 2, lipschitz=2.0, derivative_lipschitz=8 / 27**0.5)
PROBLEM = SMOOTH["two units"]
X = np.array([[[1.0], [-1.0]], [[1.0], [1.0]]])
P = approximate("tanh", 3, 15)


def assert_above(bounds, truth):
    """No bound is proved too small; the balls are narrower than 2^-70."""
    for kind in KINDS:
        table = getattr(bounds, kind)
        assert np.isfinite(table).all()
        for (t, k), bound in np.ndenumerate(table):
            assert not truth[kind][t][k] > float(bound), (kind, t, k)


def tables(bounds):
    return [getattr(bounds, field.name) for field in fields(Gaps)]


@given(runs(widest=2))
def test_bounds_along_a_run_are_above_the_distances_in_balls(case):
    problem, x = case
    polynomial = approximate(problem.activation, F(int(16 * largest_reach(problem, x)) + 2, 8), 24)
    try:
        bounds = gradient_gap_bound(problem, polynomial, x)
    except DomainError:  # one case beside 40 in the ci profile: twice the largest |h| is too little for gaps that grow
        assume(False)
    assert_above(bounds, distances(problem, problem.activation, polynomial, x))
    assert bounds.envelope == "run" and bounds.is_certified and bounds.reach.max() <= polynomial.radius


@given(runs(gentle, rates=(F(1, 8), F(1, 10), 0.1), widest=2, longest=3))
def test_bounds_for_every_path_are_above_those_along_a_run(case):
    problem, x = case
    polynomial = approximate(problem.activation, ROOMY, 32)
    try:
        bounds = gradient_gap_bound(problem, polynomial, x, "a_priori", vector_norms(x).max())
    except DomainError:  # none beside 40 in the ci profile
        assume(False)
    assert_above(bounds, distances(problem, problem.activation, polynomial, x))
    along = gradient_gap_bound(problem, polynomial, x)
    for wide, narrow in zip(tables(bounds), tables(along), strict=True):
        assert (narrow <= wide * (1 + NEAR) + NOTHING).all()
    every = every_path_bound(problem, polynomial, len(x), input_radius=vector_norms(x).max())
    assert every.observed is None and (every.gradient == bounds.gradient).all()


def test_every_constant_by_hand():
    """Sizes 1-2-1, sigma = 2 tanh, R = 4, three steps; ||W_1|| = 0.6, ||W_2|| = 0.5, ||W*_1|| = 0.3, ||W*_2|| = 0.4."""
    sigma, e0, e1, c, lipschitz, rates = TWICE, 0.001, 0.01, 2.0, 8 / 27**0.5, [0.25, 0.125, 0.0]
    polynomial = replace(approximate(sigma, 4, 9), value_error=e0, derivative_error=e1)
    problem = TeacherStudent([[[0.36], [0.48]], [[0.5, 0]]], [[[0], [0.3]], [[0, 0.4]]], Gaussian(1), rates[:2], sigma)
    xs = [1.0, -0.5]
    root, weights, teacher = math.sqrt(2), [np.array([0.36, 0.48]), np.array([0.5, 0.0])], (0.3, 0.4)
    target = teacher[1] * root * e0  # e*_h(1) = 0
    e_w = [0.0, 0.0]  # along the run
    prior, e_p = [0.6, 0.5], [0.0, 0.0]  # a priori, ||x|| <= 1
    star = min(root * 8, c * teacher[0])  # C_S = C_D R, sigma(0) = 0
    run_bounds = gradient_gap_bound(problem, polynomial, [[[x] for x in xs]] * 3)
    every = gradient_gap_bound(problem, polynomial, [[[x] for x in xs]] * 3, "a_priori", 1)

    def one_step(e, w, x, z, d1, d2):
        h1 = e[0] * x
        z1 = c * h1 + root * e0
        h2 = e[1] * z + (w[1] + e[1]) * z1
        slope = lipschitz * h1 + e1
        delta2 = h2 + target
        delta1 = slope * w[1] * d2 + (c + e1) * (e[1] * d2 + (w[1] + e[1]) * delta2)
        return [[h1, h2], [z1, h2], [slope, 0.0], [delta1, delta2], [delta1 * x, delta2 * z + (d2 + delta2) * z1]]

    for t, a in enumerate(rates):
        w = [float(np.linalg.norm(v)) for v in weights]
        rows, gradient = [], [0.0, 0.0]
        for x in xs:
            z = 2 * np.tanh(weights[0] * x)
            d2 = weights[1] @ z - teacher[1] * 2 * math.tanh(teacher[0] * x)
            d1 = (2 - z * z / 2) * weights[1] * d2
            gradient = [gradient[0] + d1 * x / 2, gradient[1] + d2 * z / 2]
            rows.append(one_step(e_w, w, abs(x), np.linalg.norm(z), np.linalg.norm(d1), abs(d2)))
        expected = [np.max(column, axis=0) for column in zip(*(row[:4] for row in rows), strict=True)]
        expected = [e_w, *expected, np.mean([row[4] for row in rows], axis=0)]
        for table, values in zip(tables(run_bounds), expected, strict=True):
            assert table[t].tolist() == pytest.approx(np.asarray(values).tolist(), rel=NEAR, abs=NOTHING)
        e_w = [e + a * g for e, g in zip(e_w, expected[5], strict=True)]
        weights = [v - a * g for v, g in zip(weights, gradient, strict=True)]

        zeta = min(root * 8, c * prior[0])
        d2 = prior[1] * zeta + teacher[1] * star
        d1 = c * prior[1] * d2
        expected = [e_p, *one_step(e_p, prior, 1.0, zeta, d1, d2)]
        for table, values in zip(tables(every), expected, strict=True):
            assert table[t].tolist() == pytest.approx(values, rel=NEAR, abs=NOTHING)
        assert every.reach[t, 0] == pytest.approx(prior[0] + expected[1][0], rel=NEAR)
        e_p = [e + a * g for e, g in zip(e_p, expected[5], strict=True)]
        prior = [prior[0] + a * d1, prior[1] + a * d2 * zeta]


@pytest.mark.parametrize(
    "name, weight, zeta",
    [
        ("tanh", 2.5, math.sqrt(2) * math.tanh(3)),  # sqrt(p) C_S
        ("softplus", 0.1, math.sqrt(2) * math.log(2) + 0.1 / (1 + math.exp(-3))),  # sqrt(p) |sigma(0)| + C_D w
    ],
)
def test_either_bound_on_activations(name, weight, zeta):
    """1-2-1, student = teacher, w_2 = 1/2, |x| = 1: Delta_2 = zeta, ||g_2|| <= zeta^2, w_2(1) = 1/2 + zeta^2 / 8."""
    layers = [[[weight], [0]], [[0.5, 0]]]
    every = every_path_bound(TeacherStudent(layers, layers, Rademacher(1), F(1, 8), name), approximate(name, 3, 15), 2)
    assert every.gradient_norm[0, 1] == pytest.approx(zeta**2, rel=CONSTANTS)
    assert every.weight_norm[1, 1] == pytest.approx(0.5 + zeta**2 / 8, rel=CONSTANTS)


@pytest.mark.parametrize("envelope", ["run", "a_priori"])
def test_small_errors_make_proportional_bounds(envelope):
    small = [replace(P, value_error=s * 1e-6, derivative_error=s * 1e-6) for s in (1, 2)]
    once, twice = (gradient_gap_bound(PROBLEM, p, X, envelope) for p in small)
    for one, two in zip(tables(once), tables(twice), strict=True):
        seen = one > NOTHING
        assert np.allclose(two[seen], 2 * one[seen], rtol=STRAIGHT)
    assert (once.gradient > 0).all()


@pytest.mark.parametrize("envelope", ["run", "a_priori"])
@pytest.mark.parametrize("error", ["value_error", "derivative_error"])
def test_a_larger_error_makes_larger_bounds(envelope, error):
    before = gradient_gap_bound(PROBLEM, P, X, envelope)
    after = gradient_gap_bound(PROBLEM, replace(P, **{error: 2 * getattr(P, error)}), X, envelope)
    assert (after.gradient[:, 0] > before.gradient[:, 0]).all()
    assert all((b >= a).all() for a, b in zip(tables(before), tables(after), strict=True))


def test_what_was_observed_is_what_the_balls_say():
    """To some roundings of numbers about 1."""
    observed, truth = gradient_gap_bound(PROBLEM, P, X).observed, distances(PROBLEM, PROBLEM.activation, P, X)
    for kind in KINDS:
        assert np.allclose(getattr(observed, kind), [[float(ball) for ball in row] for row in truth[kind]], rtol=0, atol=1e-14)


def test_one_layer_has_no_gap():
    problem = TeacherStudent([[[F(1, 3)]]], [[[1]]], Rademacher(1), F(1, 10), "tanh")
    assert gradient_gap_bound(problem, P, X).gradient.max() < NOTHING


def network(inner, teacher_inner=F(1, 2), rate=F(1, 10), inputs=None, activation="tanh"):
    return TeacherStudent([[[1]], [[inner]], [[1]]], [[[1]], [[teacher_inner]], [[1]]], inputs or Gaussian(1), rate, activation)


WITHIN = {
    "signs": (PROBLEM, 2, F(1, 100)),
    "three atoms, three layers": (network(F(1, 2), inputs=Discrete([F(-1, 2), F(1, 3), 1]), activation="sigmoid"), 2, F(1, 1000)),
    "elu": (replace(PROBLEM, activation="elu", inputs=Discrete([F(-1, 2), 1])), 2, F(1, 4)),
}


@pytest.mark.parametrize("name", WITHIN)
def test_the_polynomial_keeps_its_promise_on_every_path(name):
    """All paths of one and two samples a step, in balls; and no much lower degree would have been proved to do."""
    problem, steps, tolerance = WITHIN[name]
    polynomial = polynomial_within(problem, steps, tolerance)
    atoms = [[float(x) for x in atom] for atom in problem.inputs.support()[0]]
    for b in (1, 2):
        for path in product(atoms, repeat=b * steps):
            truth = distances(problem, problem.activation, polynomial, np.array(path).reshape(steps, b, -1))
            assert all(ball < float(tolerance) for row in truth["gradient"] for ball in row)
    coarser = approximate(problem.activation, polynomial.radius, polynomial.degree * 2 // 3)
    with suppress(DomainError):  # or so coarse that the P-run might leave [-R, R]
        assert every_path_bound(problem, coarser, steps).gradient.max() > tolerance


def test_runs_of_too_many_samples_are_refused_with_the_figure():
    problem = TeacherStudent([[[1]], [[1]]], [[[1]], [[1]]], Rademacher(1), 0.1, "tanh")
    x = np.zeros((1, 20_000, 1))
    with pytest.raises(UnaffordableError, match="the bounds along these batches would cost"):
        gradient_gap_bound(problem, approximate("tanh", 3, 5), x, budget=Budget(bytes=1e6))
    with pytest.raises(TypeError, match="budget must be a Budget"):
        gradient_gap_bound(problem, approximate("tanh", 3, 5), x, budget=60)
