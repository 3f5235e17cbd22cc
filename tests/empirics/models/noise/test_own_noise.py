"""Noise of the model's own: the law in b with dropout over all batches and all masks, and what is measured against it."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
import torch
from torch import nn

from empirics import gradient_noise

UNITS = 3
X = torch.tensor([[1.0, 0.5], [-1.0, 2.0], [0.5, -1.5]], dtype=torch.float64)
Y = torch.tensor([[1.0], [-1.0], [0.5]], dtype=torch.float64)
SQUARES = nn.MSELoss()


def net() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(2, UNITS), nn.Tanh(), nn.Dropout(0.5), nn.Linear(UNITS, 1)).double()


def gradients() -> np.ndarray:
    """Of every example under every mask, all parameters in a row: (examples, masks, p)."""
    model, found = net(), []
    for i in range(len(X)):
        for mask in product((0.0, 2.0), repeat=UNITS):
            model.zero_grad()
            hidden = model[1](model[0](X[i : i + 1])) * torch.tensor(mask, dtype=torch.float64)
            SQUARES(model[3](hidden), Y[i : i + 1]).backward()
            found.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]).numpy().copy())
    return np.array(found).reshape(len(X), 2**UNITS, -1)


G = gradients()
MEANS = G.mean(1)
VAR_X, VAR_MASK = ((MEANS - MEANS.mean(0)) ** 2).sum(1).mean(), ((G - MEANS[:, None]) ** 2).sum(2).mean()


@pytest.mark.parametrize("b", [1, 2])
@pytest.mark.parametrize("replacement", [False, True])
def test_the_law_with_masks_over_all_batches_and_masks(b, replacement):
    """(1/b) [ (N - b)/(N - 1) Var_x + E Var_mask ], with replacement without the factor: exact sums."""
    n = len(X)
    batches = product(range(n), repeat=b) if replacement else combinations(range(n), b)
    means = np.array([
        sum(G[i, m] for i, m in zip(batch, masks, strict=True)) / b for batch in batches for masks in product(range(2**UNITS), repeat=b)
    ])  # fmt: skip
    variance = ((means - means.mean(0)) ** 2).sum(1).mean()
    factor = 1.0 if replacement else (n - b) / (n - 1)
    assert variance == pytest.approx((factor * VAR_X + VAR_MASK) / b, rel=1e-12)


def z_scores(noise, expected: dict[str, float]) -> np.ndarray:
    return np.array([(float(noise[name]) - value) / float(noise[f"{name}_se"]) for name, value in expected.items()])


COPIES = 300


@pytest.mark.parametrize("method, batches", [("per_example", 256), ("resampling", 400)])
def test_what_is_measured_is_the_law(method, batches):
    """300 copies of the three examples have their Var_x; ten seeds, the mean of each z within four standard errors of zero."""
    n = len(X) * COPIES
    data = X.repeat(COPIES, 1), Y.repeat(COPIES, 1)
    scores = []
    for seed in range(10 if method == "per_example" else 3):
        noise = gradient_noise(
            net(), SQUARES, data, batch_sizes=[8], seed=seed, method=method, batches=batches, convention="population"
        ).squeeze()
        law = ((n - 8) / (n - 1) * VAR_X + VAR_MASK) / 8
        square = (MEANS.mean(0) ** 2).sum()
        expected = {"total_trace_covariance": VAR_X + VAR_MASK, "total_var_gradient": law, "total_gradient_squared_norm": square}
        scores.append(z_scores(noise, expected))
        assert noise.attrs["model_draws_noise"] == "True" and noise.attrs["method"] == method
        within = 0.15 if method == "per_example" else 0.3
        assert float(noise.total_trace_covariance_data) == pytest.approx(VAR_X, rel=within)
        assert float(noise.total_trace_covariance_model) == pytest.approx(VAR_MASK, rel=within)
        if method == "per_example":
            assert float(noise.noise_scale_low) < (VAR_X + VAR_MASK) / square < float(noise.noise_scale_high)
    assert np.abs(np.mean(scores, axis=0)).max() < 4 / len(scores) ** 0.5, scores


def test_eval_mode_has_none():
    noise = gradient_noise(net().eval(), SQUARES, (X, Y), batch_sizes=[1, 3])
    assert noise.attrs["model_draws_noise"] == "False" and (noise.trace_covariance_model == 0).all() and noise.attrs["mode"] == "eval"
    assert float(noise.total_var_gradient.sel(batch_size=3)) == pytest.approx(0, abs=1e-15)
    assert float(gradient_noise(net(), SQUARES, (X, Y), batch_sizes=[3]).total_var_gradient[0]) > 0  # masks are left at b = N


@pytest.mark.parametrize("method", ["per_example", "resampling"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("convention", ["sample", "population"])
def test_noise_that_no_draw_has_shown_is_not_known_to_be_none(method, dtype, convention):
    """A unit in ten million is dropped: what the data add is known as ever, and that the model adds nothing is not."""
    rare = net().to(dtype)
    rare[2].p = 1e-7
    data, sizes = (X.to(dtype), Y.to(dtype)), {"batch_sizes": [2, 3], "convention": convention}
    noise = gradient_noise(rare, SQUARES, data, **sizes, method=method)
    rare[2].p = 0.0
    without = gradient_noise(rare, SQUARES, data, **sizes, method=method)
    assert "no draw made a difference" in noise.attrs["model_draws_noise"] and without.attrs["model_draws_noise"] == "False"
    for name in ("total_trace_covariance", "total_var_gradient"):
        np.testing.assert_allclose(noise[name], without[name], rtol=1e-4, atol=1e-6)
        assert np.isnan(noise[f"{name}_se"]).all()
    at = {} if method == "per_example" else {"batch_size": 2}
    assert np.isfinite(noise.total_gradient_squared_norm_se.sel(at)) and np.isnan(noise.noise_scale_low.sel(at))
