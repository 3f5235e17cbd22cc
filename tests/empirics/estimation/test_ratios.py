"""Fieller's interval: the ratios that a t-test does not reject, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from empirics.estimation.ratios import positive_ratio, ratio_interval


@pytest.mark.parametrize("numerator", [6.0, 0.5, -0.2, -4.0])
@pytest.mark.parametrize("denominator", [2.0, 0.5, -0.1, -3.0])
@pytest.mark.parametrize("correlation", [0.0, 0.9, -0.9])
def test_it_is_what_the_t_test_does_not_reject(numerator, denominator, correlation):
    v = np.array([[1.0, correlation * 0.5], [correlation * 0.5, 0.25]])
    low, high = ratio_interval(np.array([numerator]), np.array([denominator]), v[:, :, None], 2.0)
    grid = np.concatenate([[0.0], np.geomspace(1e-4, 1e7, 20001)])
    kept = grid[np.abs(numerator - grid * denominator) <= 2 * np.sqrt(v[0, 0] - 2 * grid * v[0, 1] + grid**2 * v[1, 1])]
    if not len(kept):
        assert np.isnan(low).all() and np.isnan(high).all()
        return
    assert low[0] == pytest.approx(kept[0], rel=2e-3, abs=1e-4)
    assert high[0] == (np.inf if kept[-1] == grid[-1] else pytest.approx(kept[-1], rel=2e-3, abs=1e-4))


def test_it_holds_the_true_ratio_as_often_as_it_says():
    """Means of 12 pairs, correlated, the denominator two standard errors from 0: 4,000 intervals at 90 %, gate of four standard errors."""
    generator, n, level = np.random.default_rng(5), 12, 0.9
    x, y = generator.normal(size=(2, n, 4000))
    pairs = np.stack([8.0 + 5.0 * x, 1.0 + 1.2 * x + 1.2 * y])
    mean = pairs.mean(axis=1)
    away = pairs - mean[:, None]
    covariance = np.einsum("ani,bni->abi", away, away) / (n - 1) / n
    low, high = ratio_interval(*mean, covariance, stats.t.isf((1 - level) / 2, n - 1))
    held = ((low <= 8.0) & (high >= 8.0)).mean()
    assert np.isinf(high).mean() > 0.1 and abs(held - level) < 4 * np.sqrt(level * (1 - level) / 4000)


def test_nothing_varies():
    low, high = ratio_interval(np.array([6.0, 0.0, 0.0]), np.array([2.0, 2.0, 0.0]), np.zeros((2, 2, 3)), 2.0)
    assert low.tolist() == [3.0, 0.0, 0.0] and high.tolist() == [3.0, 0.0, np.inf]


def test_nothing_is_known():
    low, high = ratio_interval(np.array([6.0]), np.array([2.0]), np.full((2, 2, 1), np.nan), np.nan)
    assert np.isnan(low).all() and np.isnan(high).all()


def test_estimates_below_zero():
    assert positive_ratio(np.array([6.0, -1.0]), np.array([2.0, 2.0])).tolist() == [3.0, 0.0]
    assert np.isnan(positive_ratio(np.array([1.0, -1.0, 0.0]), np.array([-1.0, -1.0, 0.0]))).all()


def test_narrow_intervals_are_no_rounding():
    """Relative errors of 1e-9: by the difference of products of means nothing would be left of the width."""
    low, high = ratio_interval(np.array([3.0]), np.array([1.0]), np.array([[9e-18, 0], [0, 1e-18]])[:, :, None], 2.0)
    assert high[0] - low[0] == pytest.approx(2 * 2 * 3 * np.sqrt(2) * 1e-9, rel=1e-4)
