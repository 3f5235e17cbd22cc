"""Runs that overflow: their fraction is reported, step by step; from the first one on estimates are NaN, and at no other batch size."""

from __future__ import annotations

import warnings
from fractions import Fraction as F

import numpy as np
import pytest

from empirics import compare, simulate
from empirics.engines.base import Observed
from empirics.estimation.block_statistics import diverged
from tests.instances import network
from theory import Discrete, Gaussian

ESTIMATORS = ["naive", "rao_blackwell", "controlled"]
#: x = 8 is rare, and once drawn the run explodes; x = 1/8 never does.
RARE = Discrete([F(1, 8), 8], [F(15, 16), F(1, 16)])
VARIABLES = ("var_gradient", "var_full_gradient", "second_moment", "mean_norm_squared", "loss")


def explosive(engine="auto", **options):
    problem = network((1, 2, 1), RARE, F(1, 2), seed=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return simulate(problem, batch_sizes=[1, 2], steps=14, replicas=200, engine=engine, **options)


@pytest.mark.parametrize("engine", ["two_linear", "networks"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_fraction_grows_and_estimates_are_nan_from_the_first(estimator, engine):
    result = explosive(engine, estimator=estimator)
    lost = result.diverged.values
    assert (np.diff(lost, axis=0) >= 0).all() and (lost[0] == 0).all() and (lost[-1] > 0).all() and (lost[-1] <= 1).all()
    assert np.abs(lost * 200 - np.round(lost * 200)).max() < 1e-9
    for name in VARIABLES:
        for suffix in ("", "_se"):
            values = np.isnan(result[name + suffix].values.reshape(*lost.shape, -1))
            assert values[lost > 0].all(), name + suffix
            if not suffix and estimator != "controlled":
                assert not values[lost == 0].any(), name


@pytest.mark.parametrize("engine", ["two_linear", "networks"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_fraction_is_right(estimator, engine):
    """x = 0 moves nothing; one step at x = 1 throws the weights to 1e200, whose loss overflows: lost at t are 1 - 2^-t of the runs."""
    problem = network((1, 2, 1), Discrete([0, 1]), 1e200, seed=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lost = simulate(problem, batch_sizes=[1], steps=8, replicas=2000, engine=engine, estimator=estimator, seed=1).diverged.values[:, 0]
    expected = 1 - 0.5 ** np.arange(8)
    assert lost[0] == 0 and (np.abs(lost - expected) <= 5 * np.sqrt(expected * (1 - expected) / 2000)).all()


def test_controls_give_nan_only_where_runs_have_diverged():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = simulate(
            network((2, 3, 1), Gaussian(2), 2, seed=3), batch_sizes=[1, 2, 4, 8], steps=9, replicas=200, estimator="controlled"
        )
    assert result.diverged[-1].all() and not np.isnan(result.var_gradient.values[result.diverged.values == 0]).any()


def test_a_run_that_diverges_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulate(network((1, 2, 1), RARE, F(1, 2), seed=3), batch_sizes=[1, 2], steps=14, replicas=200, estimator="rao_blackwell")


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("name", ["loss", "full_squares", "squares"])
def test_any_number_that_is_not_finite_counts(name, bad):
    """Two steps, one block of three replicas, two layers."""
    values = {"loss": np.ones((2, 1, 3)), "full_squares": np.ones((2, 1, 3, 2)), "squares": np.ones((2, 1, 3, 2))}
    assert not diverged(Observed(full_pairs=np.ones((2, 1, 2)), **values)).any()
    values[name][(1, 0, 2) if name == "loss" else (1, 0, 2, 1)] = bad
    assert diverged(Observed(full_pairs=np.ones((2, 1, 2)), **values)).tolist() == [[[False] * 3], [[False, False, True]]]


def test_diverged_estimates_are_no_agreement():
    result = explosive(estimator="naive").isel(step=-1)
    with pytest.raises(ValueError, match="estimate must be finite"):
        compare(result.var_gradient, result.var_gradient_se, 1.0)


def test_other_batch_sizes_are_untouched():
    problem = network((2, 3, 1), Gaussian(2), F(3, 5), seed=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        both = simulate(problem, batch_sizes=[1, 4000], steps=25, replicas=100)
        alone = simulate(problem, batch_sizes=[4000], steps=25, replicas=100)
    assert both.diverged.sel(batch_size=1)[-1] > 0 and both.diverged.sel(batch_size=4000)[-1] == 0
    large = both.sel(batch_size=4000)
    for name in VARIABLES:
        assert np.isfinite(large[name]).all() and (large[name] == alone[name].sel(batch_size=4000)).all()


def test_looking_seldom_finds_what_was_lost_between():
    every, fourth = explosive(estimator="naive"), explosive(estimator="naive", every=4)
    assert (fourth.diverged.values == every.diverged.sel(step=fourth.step).values).all() and fourth.diverged[-1, 0] > 0


def test_what_is_lost_stays_lost_over_chunks():
    problem = network((1, 2, 1), RARE, F(1, 2), seed=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = simulate(problem, batch_sizes=[1], steps=140, replicas=40, estimator="naive")
    lost = result.diverged.values[:, 0]
    assert (np.diff(lost) >= 0).all() and lost[-1] > lost[10] > 0
