"""Few replicas: intervals and comparisons at the dataset's own degrees of freedom, for light and heavy tails, over many seeds."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
import xarray as xr

from empirics import compare, compare_dataset, interval, simulate
from empirics.estimation.degrees_of_freedom import LEAST, PER_BLOCK, PER_SAMPLE, concentration, degrees_of_freedom
from tests.instances import network
from tests.thorough import THOROUGH
from theory import Discrete, Gaussian, Rademacher, TeacherStudent, Uniform, variance_poly

RATES = (F(1, 20), F(1, 40))
#: One atom in fifty: longer than the others, of their length, and the only one at which there is a gradient that varies.
RARE = {
    "long": Discrete([(1, 0), (F(1, 2), -1), (4, 3)], [F(7, 10), F(28, 100), F(1, 50)]),
    "alike": Discrete([(1, 0), (F(1, 2), -1), (1, 1)], [F(7, 10), F(28, 100), F(1, 50)]),
    "alone": Discrete([(1, 0), (0, 1)], [F(49, 50), F(1, 50)]),
}
LAWS = {
    "gaussian": (Gaussian(2), 1), "one gaussian": (Gaussian(1), 1), "gaussians": (Gaussian(1), 8), "signs": (Rademacher(2), 1),
    "uniform": (Uniform(2), 4), "long": (RARE["long"], 2), "alike": (RARE["alike"], 2), "alone": (RARE["alone"], 1),
}  # fmt: skip
SEEDS = 300 if THOROUGH else 50


def problem_of(law):
    inputs, b = LAWS[law]
    return network((inputs.dimension, 2, 1), inputs, RATES, seed=3), b


def alarms(law, replicas, estimator, seeds):
    """Whether `compare_dataset` raises one, at 1e-3, and which |z| are beyond 3 sigma's quantile: by seed and variable; None: no errors."""
    problem, b = problem_of(law)
    exact = {}
    for t in (0, 1, 2):
        for k in (1, 2):
            variance, second = variance_poly.variance_polynomial(problem, t, k), variance_poly.second_moment_polynomial(problem, t, k)
            exact[t, k] = {"var_gradient": variance, "second_moment": second}
    found = []
    for seed in range(seeds):
        run = simulate(problem, batch_sizes=[b], steps=3, replicas=replicas, seed=seed, estimator=estimator, device="cpu")
        if np.isnan(run.var_gradient_df).any():
            assert np.isnan(run.var_gradient_se).any()
            return None
        for name in ("var_gradient", "second_moment"):
            each = [compare_dataset(run, {place: v[name]}, name) for place, v in exact.items()]
            found.append([[float(c.p.min()) < 1e-3, float(c.p.min()) < 2.7e-3] for c in each])
    return np.array(found)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["naive", "controlled"])
@pytest.mark.parametrize("law", LAWS)
def test_false_alarms_are_as_rare_as_they_say(law, estimator):
    """A few in a thousand at 1e-3, 1.5 % at most at three sigma, at every number of replicas at which there is a standard error.

    For every statistic of 300 seeds; of 50 seeds, for all statistics together.
    """
    for replicas in (8, 32, 52, 104, 200):
        found = alarms(law, replicas, estimator, SEEDS)
        if found is None:
            continue
        of_each = found[..., 1].mean(axis=0)
        assert (of_each if THOROUGH else of_each.mean()).max() <= 0.015, (replicas, of_each)
        assert found[..., 0].mean() <= 0.004, (replicas, found[..., 0].mean())


@pytest.mark.parametrize(("law", "least"), [("signs", 52), ("uniform", 52), ("gaussian", 200), ("one gaussian", 250), ("alone", 850)])
def test_from_how_many_replicas_there_is_a_standard_error(law, least):
    """Twelve blocks more than one, and eighteen samples that count: about one in `concentration`."""
    problem, b = problem_of(law)
    assert np.isnan(degrees_of_freedom((least * 0.9) // 4, least * 0.9 * b, concentration(problem)))
    assert degrees_of_freedom((least * 1.15) // 4, least * 1.15 * b, concentration(problem)) >= LEAST


def test_concentration_is_that_of_the_noise_at_w_0():
    """x = 0 or 1, w_2 w_1 x - 0: c is 0 but for the rare atom, whatever its size; scales do not matter."""
    for size in (F(1), F(1, 1000), F(10) ** 60):
        problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[0]]], Discrete([0, size], [F(99, 100), F(1, 100)]), F(1))
        # c = (1 - q)^2 g^2 at the rare atom and q^2 g^2 at the other one
        q = 0.01
        c, chances = np.array([q**2, (1 - q) ** 2]), np.array([1 - q, q])
        assert concentration(problem) == pytest.approx(chances @ c**2 / (chances @ c) ** 2, rel=0.01)
    assert concentration(network((1, 3, 1), Rademacher(1), seed=1)) == 1.0


def test_concentration_of_a_gaussian_coordinate():
    """c = (x^2 - 1)^2: E (x^2 - 1)^4 / 4 = 15."""
    assert concentration(network((1, 1, 1), Gaussian(1), seed=2)) == pytest.approx(15, rel=0.2)


def test_without_noise_nothing_is_rare():
    problem = TeacherStudent([[[1]], [[1]]], [[[1]], [[1]]], Gaussian(1), F(1))
    assert concentration(problem) == 1.0


def test_intervals_are_students():
    values = xr.Dataset({"x": ("step", [1.0, 2.0, 3.0]), "x_se": ("step", [0.5, 1.0, np.nan]), "x_df": ("step", [4.0, np.inf, np.nan])})
    found = interval(values, "x", 0.95)
    assert found.upper.values[:2] == pytest.approx([1 + 0.5 * 2.776445, 2 + 1.959964], rel=1e-6)
    assert found.lower.values[:2] == pytest.approx([1 - 0.5 * 2.776445, 2 - 1.959964], rel=1e-6) and np.isnan(found.lower[2])


@pytest.mark.parametrize(("variable", "level", "message"), [
    ("y", 0.9, "variable must be"), (3, 0.9, "variable must be"), ("x", 1, "level must be"), ("x", 0, "level must be"),
    ("x", True, "level must be"), ("x", float("nan"), "level must be"), ("x", "0.9", "level must be"),
])  # fmt: skip
def test_what_is_no_interval_is_named(variable, level, message):
    values = xr.Dataset({"x": ("step", [1.0]), "x_se": ("step", [0.5]), "x_df": ("step", [4.0])})
    with pytest.raises((TypeError, ValueError), match=message):
        interval(values, variable, level)


def test_comparisons_with_few_degrees_of_freedom():
    """The quantiles of Student's t in the tables: 8.610 at 4, 5.959 at 6, both at 1e-3, and the far tail keeps its digits."""
    assert compare([8.610, 5.959], 1.0, 0.0, degrees_of_freedom=[4, 6]).p == pytest.approx(1e-3, rel=1e-3)
    # two degrees: P(|t| > z) = 1 - z / (2 + z^2)^(1/2), 1 / z^2 far out
    assert compare(1e7, 1.0, 0.0, degrees_of_freedom=2).p == pytest.approx(1e-14, rel=1e-6)
    for bad in (0, -1.0, np.nan, [3.0, np.nan]):
        with pytest.raises(ValueError, match="degrees_of_freedom must be positive"):
            compare([1.0, 1.0], 1.0, 0.0, degrees_of_freedom=bad)
    with pytest.raises(ValueError, match="must have one shape"):
        compare(np.ones((2, 3)), np.ones((2, 3)), 0.0, degrees_of_freedom=np.ones(2))


def test_a_quarter_of_the_blocks_or_a_sixth_of_the_samples():
    assert degrees_of_freedom(101, 1e9, 1.0) == 100 / PER_BLOCK and degrees_of_freedom(1e9, 600, 10) == 60 / PER_SAMPLE
    assert np.isnan(degrees_of_freedom(4 * LEAST, 1e9, 1.0)) and degrees_of_freedom(4 * LEAST + 1, 1e9, 1.0) == LEAST
