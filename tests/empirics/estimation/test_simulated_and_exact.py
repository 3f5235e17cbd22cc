"""Simulated beside exact: every estimator and kind of problem, in standard errors, corrected (Holm) for all comparisons of this file."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest

from empirics import DataSet, compare, compare_dataset, simulate
from tests.instances import network
from tests.oracles.sequences import exact_statistics, independent_paths
from theory import Discrete, Gaussian, Rademacher, Uniform, enumeration, variance_poly

ALL = 400  # an upper bound for the comparisons of this file
LEVEL = 1e-3
#: Differences of nearly equal numbers: their rounding is relative to the second moment.
ROUNDING = 1e-9
SMALL = (F(1, 20), F(1, 40))
TWO = Discrete([(1, 0), (F(1, 2), -1)], [F(3, 4), F(1, 4)])
LAWS = {
    "gaussian": Gaussian(2), "covariance": Gaussian(cov=[[1, F(1, 2)], [F(1, 2), F(3, 4)]]),
    "singular": Gaussian(cov=[[1, F(1, 2)], [F(1, 2), F(1, 4)]]),
    "rademacher": Rademacher(2), "uniform": Uniform(2), "bounds": Uniform(2, F(-1, 2), 1), "discrete": TWO,
}  # fmt: skip
CLOSED = {name: ("naive", "rao_blackwell", "controlled") if name != "bounds" else ("naive",) for name in LAWS}


def polynomials(problem, steps):
    """Exact polynomials in 1/b of every variable, by step and layer."""
    places = [(t, k) for t in range(steps) for k in range(1, problem.depth + 1)]
    variance = {place: variance_poly.variance_polynomial(problem, *place) for place in places}
    second = {place: variance_poly.second_moment_polynomial(problem, *place) for place in places}
    return {
        "var_gradient": variance, "second_moment": second,
        "mean_norm_squared": {place: lambda b, place=place: second[place](b) - variance[place](b) for place in places},
    }  # fmt: skip


def check_all(result, problem, steps):
    for variable, exact in polynomials(problem, steps).items():
        found = compare_dataset(result, exact, variable, comparisons=ALL, rounding=ROUNDING)
        assert found.agrees(LEVEL), (variable, found.z)
    sizes = result.batch_size.values.tolist()
    loss = [[float(variance_poly.loss_polynomial(problem, t)(b)) for b in sizes] for t in range(steps)]
    found = compare(result.loss, result.loss_se, loss, comparisons=ALL, rounding=ROUNDING)
    assert found.agrees(LEVEL), found.z


@pytest.mark.parametrize(("law", "estimator"), [(law, e) for law, those in CLOSED.items() for e in those])
def test_two_linear_layers(law, estimator):
    problem = network((2, 3, 1), LAWS[law], SMALL, seed=3)
    result = simulate(problem, batch_sizes=[1, 2, 8], steps=2, replicas=8000, seed=11, estimator=estimator)
    assert result.attrs["engine"] == "two_linear"
    check_all(result, problem, 2)


@pytest.mark.parametrize(("law", "sizes", "activation"), [
    ("rademacher", (2, 2, 1), (0, 1, F(1, 4))), ("discrete", (2, 2, 1), (0, 1, F(1, 4))),
    ("discrete", (2, 2, 2, 1), (0, 1)), ("rademacher", (2, 1), (0, 1)),
    ("gaussian", (2, 2, 1), (0, 1)),
], ids=str)  # fmt: skip
def test_other_networks(law, sizes, activation):
    problem = network(sizes, LAWS[law], SMALL, activation, seed=3)
    result = simulate(problem, batch_sizes=[1, 4], steps=2, replicas=6000, seed=12, engine="networks")
    check_all(result, problem, 2)


def test_gaussian_inputs_and_a_quadratic_activation():
    """No exact engine takes these; Gauss-Hermite nodes as atoms do for p = b = 1, g_1 having the degree 20 in x_0."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    stand_in = Discrete(nodes.tolist(), (weights / weights.sum()).tolist())
    one, two = (network((1, 1, 1), law, SMALL, (0, 1, F(1, 4)), seed=2) for law in (Gaussian(1), stand_in))
    result = simulate(one, batch_sizes=[1], steps=2, replicas=20_000, seed=17).squeeze("batch_size")
    for t in (0, 1):
        truth = exact_statistics(two, independent_paths(stand_in.probabilities, 1, t + 1), t)
        for name, exact in truth.items():
            found = compare(result[name].sel(step=t) + 1, result[f"{name}_se"].sel(step=t), exact + 1, comparisons=ALL)
            assert found.agrees(LEVEL), (name, t, found.z)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
@pytest.mark.parametrize("estimator", ["naive", "controlled"])
def test_activations_that_are_no_polynomials(activation, estimator):
    problem = network((2, 3, 1), TWO, SMALL, activation, seed=3)
    result = simulate(problem, batch_sizes=[1, 3], steps=2, replicas=6000, seed=13, estimator=estimator)

    def exact(t, k):
        variance = enumeration.variance if activation == "relu" else enumeration.variance_ball
        return lambda b: float(variance(problem, t, k, batch_size=b))

    found = compare_dataset(result, {(t, k): exact(t, k) for t in (0, 1) for k in (1, 2)}, comparisons=ALL, rounding=ROUNDING)
    assert found.agrees(LEVEL), found.z


@pytest.mark.parametrize("engine", ["two_linear", "networks"])
@pytest.mark.parametrize("estimator", ["naive", "rao_blackwell", "controlled"])
def test_the_variance_of_the_full_gradient(engine, estimator):
    problem = network((2, 2, 1), TWO, (F(1, 4), F(1, 8)), seed=1)
    result = simulate(problem, batch_sizes=[1, 2], steps=3, replicas=6000, seed=14, estimator=estimator, engine=engine)
    for b in (1, 2):
        for t in (1, 2):
            truth = exact_statistics(problem, independent_paths(TWO.probabilities, b, t + 1), t)
            here = result.sel(step=t, batch_size=b)
            for name in ("var_full_gradient", "var_gradient", "loss"):
                found = compare(here[name], here[f"{name}_se"], truth[name], comparisons=ALL, rounding=ROUNDING)
                assert found.agrees(LEVEL), (name, t, b, found.z)


def test_at_the_start_the_full_gradient_does_not_vary():
    result = simulate(network((5, 7, 3), Gaussian(5)), batch_sizes=[1, 8], steps=1, replicas=100)
    assert np.abs(result.var_full_gradient).max() <= 1e-13 * result.second_moment.max()


@pytest.mark.parametrize("sampling", ["without_replacement", "epochs"])
@pytest.mark.parametrize("engine", ["two_linear", "networks", "autograd"])
def test_data_sets(sampling, engine):
    data = DataSet([[1.0, 0.5], [0.0, -1.0], [1.5, 1.0], [-1.0, 0.25]])
    problem = network((2, 2, 1), data, (F(1, 4), F(1, 8)), seed=1)
    replicas = 6000 if engine != "autograd" else 400
    result = simulate(problem, batch_sizes=[2], steps=2, replicas=replicas, seed=15, sampling=sampling, engine=engine).squeeze("batch_size")
    pairs = [(i, j) for i in range(4) for j in range(i)]
    if sampling == "epochs":
        paths = [(F(1, 6), [pair, tuple({0, 1, 2, 3} - set(pair))]) for pair in pairs]
    else:
        paths = [(F(1, 36), [one, two]) for one in pairs for two in pairs]
    for t in (0, 1):
        for name, exact in exact_statistics(problem, paths, t).items():
            found = compare(result[name].sel(step=t) + 1, result[f"{name}_se"].sel(step=t), exact + 1, comparisons=ALL, rounding=ROUNDING)
            assert found.agrees(LEVEL), (name, t, found.z)


def test_the_full_gradients_variance_without_a_population():
    """A quadratic activation and Gaussian inputs: no population, ||grad L||^2 from pairs of samples; at w_0 it does not vary."""
    problem = network((2, 2, 1), Gaussian(2), SMALL, (0, 1, F(1, 4)), seed=3)
    result = simulate(problem, batch_sizes=[1, 4], steps=1, replicas=8000, seed=16)
    found = compare(result.var_full_gradient + 1, result.var_full_gradient_se, 1.0, comparisons=ALL)
    assert found.agrees(LEVEL) and (result.var_full_gradient_se > 1e-3).all()


def test_looking_at_every_third_step_changes_nothing():
    problem = network((2, 3, 1), Rademacher(2), F(1, 20), seed=3)
    options = {"batch_sizes": [1, 4], "steps": 9, "replicas": 64, "estimator": "rao_blackwell", "seed": 2}
    every = simulate(problem, **options)
    third = simulate(problem, **options, every=3)
    assert third.step.values.tolist() == [0, 3, 6]
    for name in ("var_gradient", "var_gradient_se", "loss", "var_full_gradient"):
        assert third[name].values == pytest.approx(every[name].sel(step=[0, 3, 6]).values, rel=1e-9, abs=1e-14)


def test_long_runs_are_digested_in_chunks():
    """150 steps are more than an engine keeps: the estimators share their draws, and the controls are carried over."""
    problem = network((2, 3, 1), Rademacher(2), F(1, 200), seed=3)
    runs = {
        e: simulate(problem, batch_sizes=[2], steps=150, replicas=2000, estimator=e, seed=4)
        for e in ("naive", "rao_blackwell", "controlled")
    }
    assert np.isfinite(runs["controlled"].var_gradient).all()
    for other in ("naive", "rao_blackwell"):
        both = np.hypot(runs["controlled"].var_gradient_se, runs[other].var_gradient_se)
        z = ((runs["controlled"].var_gradient - runs[other].var_gradient) / both).sel(step=slice(1, None))
        assert np.abs(z).max() < 5
    assert (runs["controlled"].var_full_gradient_se < runs["rao_blackwell"].var_full_gradient_se).sel(step=slice(2, 100)).mean() > 0.8


@pytest.mark.parametrize("estimator", ["naive", "rao_blackwell", "controlled"])
def test_standard_errors_are_honest(estimator):
    """200 seeds of a cheap problem: z has variance 1 within 5 standard errors (of 0.1), and the law N(0, 1) by its p-value."""
    three = Discrete([(1, 0), (F(1, 2), -1), (-1, F(3, 4))], [F(1, 2), F(1, 4), F(1, 4)])  # of two atoms, controls leave no noise at all
    problem = network((2, 2, 1), three, SMALL, seed=3)
    steps, names = (1, 2), ("var_gradient", "var_full_gradient", "second_moment", "mean_norm_squared", "loss")
    truth = [exact_statistics(problem, independent_paths(three.probabilities, 2, t + 1), t) for t in steps]
    z = {name: [] for name in names}
    for seed in range(200):
        result = simulate(problem, batch_sizes=[2], steps=3, replicas=400, seed=seed, estimator=estimator).squeeze("batch_size")
        for name in names:
            exact = np.array([t[name] for t in truth])
            here = result.sel(step=list(steps))
            z[name].append(compare(here[name], here[f"{name}_se"], exact).z)
    for name in names:
        scores = np.array(z[name]).reshape(200, -1)
        for column in scores.T:
            assert np.square(column).mean() < 1.5, (name, np.square(column).mean())
            assert abs(column.mean()) < 4.5 / np.sqrt(200), (name, column.mean())
            if estimator == "controlled":  # cautious by design: no more gain is believed than 400 replicas show
                continue
            assert np.square(column).mean() > 0.5, (name, np.square(column).mean())
            assert compare(column, 1.0, 0.0).set_p_value > 1e-5


@pytest.mark.parametrize("replicas", [280, 400, 1000])
@pytest.mark.parametrize("kind", ["a rare atom", "one Gaussian sample"])
def test_controls_hide_nothing_that_is_rare(kind, replicas):
    """What controls leave over is constant until a rare batch is met: standard errors must know that they cannot know."""
    rare = Discrete([(1, 0), (F(1, 2), -1), (4, 3)], [F(7, 10), F(1, 4), F(1, 20)])
    problem = network((2, 2, 1), rare if kind == "a rare atom" else Gaussian(2), (F(1, 20), F(1, 40)), seed=3)
    b = 2 if kind == "a rare atom" else 1
    z = []
    for seed in range(60):
        at = simulate(problem, batch_sizes=[b], steps=2, replicas=replicas, seed=seed, estimator="controlled").sel(step=1, batch_size=b)
        exact = [float(variance_poly.variance_polynomial(problem, 1, k)(b)) for k in (1, 2)]
        second = [float(variance_poly.second_moment_polynomial(problem, 1, k)(b)) for k in (1, 2)]
        loss = float(variance_poly.loss_polynomial(problem, 1)(b))
        z.append([
            *compare(at.var_gradient, at.var_gradient_se, exact).z, *compare(at.second_moment, at.second_moment_se, second).z,
            compare(at.loss, at.loss_se, loss).z,
        ])  # fmt: skip
    scores = np.array(z)
    assert (np.square(scores).mean(0) < 2).all() and ((np.abs(scores) > 3).mean(0) <= 0.05).all()


def test_more_precise_estimators_are_more_precise():
    problem = network((2, 3, 1), Gaussian(2), F(1, 50), seed=3)
    errors = [
        simulate(problem, batch_sizes=[4], steps=6, replicas=4000, seed=1, estimator=e) for e in ("naive", "rao_blackwell", "controlled")
    ]
    naive, rao, controlled = (r.var_gradient_se.isel(step=5).values for r in errors)
    assert (rao < naive / 2).all() and (controlled < rao / 1.5).all()
