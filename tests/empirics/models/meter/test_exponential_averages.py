"""Exponential averages against the plain sums over all values."""

from __future__ import annotations

import json

import numpy as np
import pytest

from empirics.models.meter.exponential_averages import ExponentialAverages

PAIRS = np.random.default_rng(0).normal(size=(30, 2, 3)) + np.array([[5.0], [1.0]])


@pytest.mark.parametrize("decay", [1.0, 0.99, 0.5])
@pytest.mark.parametrize("count", [2, 3, 30])
def test_means_and_covariance(decay, count):
    averages = ExponentialAverages(3, decay)
    for pair in PAIRS[:count]:
        averages.update(pair)
    weights = decay ** np.arange(count - 1, -1, -1.0)
    share = weights / weights.sum()
    mean = np.tensordot(share, PAIRS[:count], axes=1)
    np.testing.assert_allclose(averages.mean, mean, rtol=1e-12)
    away = PAIRS[:count] - mean
    of_values = np.einsum("n,nai,nbi->abi", share, away, away) / (1 - (share**2).sum())
    np.testing.assert_allclose(averages.covariance_of_mean, of_values * (share**2).sum(), rtol=1e-10)
    assert averages.effective_count == pytest.approx(1 / (share**2).sum(), rel=1e-12)


def test_the_covariance_of_the_mean_is_unbiased():
    """Of independent values with variances 1 and 4 and covariance 1: over 20,000 series, within five standard errors."""
    generator = np.random.default_rng(1)
    averages, decay = ExponentialAverages(20_000, 0.8), 0.8
    for _ in range(12):
        x, y = generator.normal(size=(2, 20_000))
        averages.update(np.stack([x, x + np.sqrt(3) * y]))
    share = decay ** np.arange(12.0)
    of_mean = (share**2).sum() / share.sum() ** 2
    for (a, b), truth in (((0, 0), 1.0), ((1, 1), 4.0), ((0, 1), 1.0)):
        values = averages.covariance_of_mean[a, b]
        assert abs(values.mean() - truth * of_mean) < 5 * values.std() / np.sqrt(values.size)


def test_bias_correction_and_a_single_value():
    averages = ExponentialAverages(3, 0.99)
    assert averages.effective_count == 0
    averages.update(PAIRS[0])
    assert np.array_equal(averages.mean, PAIRS[0]) and np.isnan(averages.covariance_of_mean).all() and averages.effective_count == 1


def test_the_window():
    averages = ExponentialAverages(1, 0.9)
    for _ in range(1000):
        averages.update(np.zeros((2, 1)))
    assert averages.effective_count == pytest.approx(1.9 / 0.1)


def test_goes_on_from_its_state():
    whole, first, second = (ExponentialAverages(3, 0.9) for _ in range(3))
    for i, pair in enumerate(PAIRS):
        whole.update(pair)
        (first if i < 11 else second).update(pair)
        if i == 10:
            second.restore(json.loads(json.dumps(first.state())))
    assert np.array_equal(whole.mean, second.mean) and np.array_equal(whole.covariance_of_mean, second.covariance_of_mean)
