"""From block values to estimates: one pass or many, honest errors, controls that neither bias nor cost where they cannot help."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirics import compare
from empirics.estimation import standard_errors
from empirics.estimation.block_statistics import FOLDS, Moments
from empirics.estimation.standard_errors import BLOCKS_PER_CONTROL, TRUST, estimate, uses_controls

N, M = 3, 2
LEAST = FOLDS * (BLOCKS_PER_CONTROL * M + 2)


def drawn(steps, blocks, seed, coupling=1.0):
    """Skewed y with mean (1, 2, 3) and controls of mean 0, of very different size, that carry much of y."""
    generator = np.random.default_rng(seed)
    c = (generator.exponential(size=(steps, blocks, M)) - 1) * [1.0, 1e-3]
    noise = generator.exponential(size=(steps, blocks, N)) - 1
    y = np.array([1.0, 2.0, 3.0]) + noise + coupling * (c[..., :1] * [2.0, 1.0, 0.0] + c[..., 1:] * [0.0, 1e3, 2e3] + c[..., :1] ** 2 - 1)
    return np.concatenate([y, c], axis=-1)


def moments_of(values, folds=None, n=N):
    return Moments.of_blocks(values, np.arange(values.shape[1]) % FOLDS if folds is None else folds, n)


@given(st.integers(1, 30), st.lists(st.integers(0, 30), max_size=5), st.integers(0, 1), st.integers(0, 99))
def test_blocks_in_pieces_are_blocks_in_one_pass(blocks, cuts, first, seed):
    values, folds = drawn(4, blocks, seed), (np.arange(blocks) + first) % FOLDS
    edges = sorted({0, blocks, *(min(c, blocks) for c in cuts)})
    pieces = Moments.zeros(4, N, M)
    for i, j in pairwise(edges):
        pieces.merge(moments_of(values[:, i:j], folds[i:j]))
    whole = moments_of(values, folds)
    for field in fields(Moments):
        one, two = getattr(pieces, field.name), getattr(whole, field.name)
        assert np.abs(one - two).max(initial=0) <= 1e-12 * np.abs(two).max(initial=1)


@given(st.integers(2, 40), st.integers(0, 99))
def test_without_controls_it_is_the_mean_and_its_standard_error(blocks, seed):
    values = drawn(3, blocks, seed)[..., :N]
    mean, error = estimate(moments_of(values))
    assert mean == pytest.approx(values.mean(1), rel=1e-12, abs=1e-12)
    assert error == pytest.approx(values.std(1, ddof=1) / np.sqrt(blocks), rel=1e-12)


def test_moments_are_sums_over_deviations():
    values = drawn(2, 9, 0)
    found, mine = moments_of(values), values[:, 1::2] - values[:, 1::2].mean(1, keepdims=True)
    y, c = mine[..., :N], mine[..., N:]
    assert found.count.tolist() == [5, 4]
    assert found.yy[:, 1] == pytest.approx((y * y).sum(1))
    assert found.yc[:, 1] == pytest.approx(np.einsum("tbn,tbm->tnm", y, c))
    assert found.cc[:, 1] == pytest.approx(np.einsum("tbm,tbk->tmk", c, c))


def test_a_single_block_has_no_standard_error():
    values = drawn(2, 1, 0)
    mean, error = estimate(moments_of(values))
    assert (mean == values[:, 0, :N]).all() and np.isnan(error).all()


@pytest.mark.parametrize("blocks", [LEAST - 1, LEAST])
def test_few_blocks_are_not_fitted(blocks):
    values = drawn(1, blocks, 0)
    moments = moments_of(values)
    assert uses_controls(moments) == (blocks == LEAST)
    mean, _ = estimate(moments)
    assert (np.abs(mean - values[..., :N].mean(1)).max() < 1e-12) == (blocks < LEAST)


@pytest.fixture
def no_floor(monkeypatch):
    """Standard errors as they are estimated."""
    monkeypatch.setattr(standard_errors, "TRUST", 0)


@pytest.mark.parametrize("blocks", [LEAST, 60])
def test_controls_of_mean_zero_leave_the_estimate_unbiased_and_sharpen_it(blocks, no_floor):
    """30,000 repetitions; with coefficients fitted to the blocks that they correct, the bias would be about 20 standard errors."""
    values = drawn(30_000, blocks, 1)
    plain, plain_error = estimate(moments_of(values[..., :N]))
    mean, error = estimate(moments_of(values))
    found = compare(mean.mean(0), mean.std(0) / np.sqrt(len(mean)), [1.0, 2.0, 3.0], comparisons=12)
    assert found.agrees(1e-4), found.z
    honest = (error**2).mean(0) / mean.var(0)
    assert np.abs(honest - 1).max() < 0.2
    if blocks == 60:
        assert (mean.var(0) < 0.8 * plain.var(0)).all() and ((error**2).mean(0) < 0.8 * (plain_error**2).mean(0)).all()


def fitted_to_themselves(values):
    """What cross-fitting avoids."""
    y, c = values[..., :N], values[..., N:]
    dy, dc = y - y.mean(1, keepdims=True), c - c.mean(1, keepdims=True)
    beta = np.linalg.solve(np.einsum("tbm,tbk->tmk", dc, dc), np.einsum("tbm,tbn->tmn", dc, dy))
    return y.mean(1) - np.einsum("tmn,tm->tn", beta, c.mean(1))


def test_the_check_above_can_fail():
    values = drawn(30_000, LEAST, 1)
    biased = fitted_to_themselves(values)
    found = compare(biased.mean(0), biased.std(0) / np.sqrt(len(biased)), [1.0, 2.0, 3.0], comparisons=12)
    assert not found.agrees(1e-4)


def test_errors_with_controls_are_those_of_the_residuals(no_floor):
    values = drawn(1, 60, 5)
    y, c = values[0, :, :N], values[0, :, N:]
    expected = 0
    for fold in range(FOLDS):
        mine, other = (np.arange(60) % FOLDS == f for f in (fold, 1 - fold))
        dy, dc = y[other] - y[other].mean(0), c[other] - c[other].mean(0)
        beta = np.linalg.lstsq(dc, dy, rcond=None)[0]
        expected += (y[mine] - c[mine] @ beta).var(0, ddof=1) / mine.sum() / 4
    assert estimate(moments_of(values))[1][0] == pytest.approx(np.sqrt(expected), rel=1e-9)


def test_controls_that_explain_all_are_not_believed():
    """Blocks do not show what they have not met."""
    values = drawn(1, 80, 6)
    values[..., :N] = 1 + values[..., N:] @ np.arange(M * N).reshape(M, N)
    mean, error = estimate(moments_of(values))
    plain = estimate(moments_of(values[..., :N]))[1]
    assert mean == pytest.approx(np.ones((1, N)), rel=1e-9)
    assert error == pytest.approx(plain * np.sqrt(TRUST * M / 40), rel=1e-9)


def test_the_scale_of_controls_and_copies_of_them_do_not_matter(no_floor):
    values = drawn(5, 80, 2)
    scaled = np.concatenate([values[..., :N], values[..., N:] * [2.0**-300, 2.0**200]], axis=-1)
    copied = np.concatenate([values, values[..., N:]], axis=-1)
    zero = np.concatenate([values, np.zeros((5, 80, 1))], axis=-1)
    for other in (scaled, copied, zero):
        for one, two in zip(estimate(moments_of(values)), estimate(moments_of(other)), strict=True):
            assert one == pytest.approx(two, rel=1e-6)


def test_controls_that_do_not_vary_change_nothing():
    """As at step 0, where every control is an empty sum."""
    values = drawn(1, 40, 3)
    values[..., N:] = 0
    mean, error = estimate(moments_of(values))
    assert mean == pytest.approx(values[..., :N].mean(1), rel=1e-12) and np.isfinite(error).all()


@pytest.mark.parametrize("controls", [0, M])
def test_a_block_that_diverged_makes_its_steps_nan_and_no_others(controls):
    values = drawn(4, 60, 4)[..., : N + controls]
    clean = estimate(moments_of(values))
    values[2:, 17] = np.nan
    for found, before in zip(estimate(moments_of(values)), clean, strict=True):
        assert np.isnan(found[2:]).all() and (found[:2] == before[:2]).all()


def test_nan_survives_merging():
    values = drawn(3, 8, 5)
    values[1, 3] = np.nan
    whole = Moments.zeros(3, N, M)
    for i in range(8):
        whole.merge(moments_of(values[:, i : i + 1], np.array([i % 2])))
    mean, _ = estimate(whole)
    assert np.isnan(mean[1]).all() and np.isfinite(mean[[0, 2]]).all()
