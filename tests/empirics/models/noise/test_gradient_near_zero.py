"""The standard error of ||grad||^2 where the gradient is 0 or nearly so: the products of pairs are all that varies there."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from empirics import gradient_noise
from empirics.models.examples import Batch
from empirics.models.noise.example_sums import ExampleSums
from empirics.models.noise.laws import Estimate, Laws
from empirics.models.noise.moments import OF_PAIRS, moments
from empirics.models.per_example.example_gradients import ExampleGradients, PerExample
from empirics.models.user_model import UserModel
from tests.empirics.models.networks import NETWORKS, N, make, plain_gradients
from tests.empirics.models.noise.test_moments import sums

SPREADS = {
    "one entry": np.ones(1),
    "two entries": np.ones(2),
    "a large and many small": np.sqrt(np.r_[1.0, np.full(20, 0.005)]),
    "twenty": np.ones(20),
}
EXPECTED = 0.95


@pytest.mark.parametrize("mean", [0, 1, F(-2, 3)])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_variance_has_a_linear_part_and_one_of_pairs(mean, n):
    """Over every sequence of n draws from four gradients in the plane, in rationals: (4/n) mu' Sigma mu + 2/(n (n - 1)) tr Sigma^2."""
    atoms = [(F(x) + mean, F(y)) for x, y in ((1, 2), (-3, 0), (0, -1), (2, -1))]
    mu = [sum(a[k] for a in atoms) / 4 for k in range(2)]
    assert mu == [mean, 0]
    sigma = [[sum((a[j] - mu[j]) * (a[k] - mu[k]) for a in atoms) / 4 for k in range(2)] for j in range(2)]
    found = []
    for drawn in product(atoms, repeat=n):
        total, squares = [sum(a[k] for a in drawn) for k in range(2)], sum(a[0] ** 2 + a[1] ** 2 for a in drawn)
        found.append((total[0] ** 2 + total[1] ** 2 - squares) / (n * (n - 1)))
    average = sum(found) / len(found)
    linear = F(4, n) * sum(mu[j] * sigma[j][k] * mu[k] for j in range(2) for k in range(2))
    of_pairs = F(2, n * (n - 1)) * sum(sigma[j][k] ** 2 for j in range(2) for k in range(2))
    assert average == mean**2 and sum(u**2 for u in found) / len(found) - average**2 == linear + of_pairs


def test_pairs_enter_the_data_with_the_other_sign():
    """A product of two different units more, t in <g_1, g'_2> and <g'_1, g_2> each, is 2 t in Q: by the definition of the moments."""
    n, t = 7, 3.0
    before, after = (moments(np.array(5.0), np.array(4.0), np.array(q), n) for q in (1.0, 1.0 + 2 * t))
    assert after - before == pytest.approx(2 * t / (n * (n - 1)) * OF_PAIRS)


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("own", [0.0, 1.0])
def test_the_part_of_pairs_is_known_from_neighbours(spread, own):
    """On average over 400 samples of 40, at any mean: 2/(n (n - 1)) E C^2, and E C^2 by hand for independent coordinates."""
    generator, s, n = np.random.default_rng(3), SPREADS[spread], 40
    found = []
    for _ in range(400):
        x = 2.0 + s * generator.normal(size=(n, len(s)))
        g, h = (x + own * s * generator.normal(size=x.shape) for _ in range(2)) if own else (x, x)
        found.append(sums(g, h).of_pairs()[0])
    expected = 2 / (n * (n - 1)) * (s**4).sum() * ((1 + own) ** 2 + 1) / 2
    assert np.mean(found) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("gradient", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("own", [0.0, 1.0])
def test_the_interval_holds_the_squared_norm(spread, gradient, own):
    """400 samples of 100, from a gradient of exactly 0 to one that is plain: 95 % but for four standard errors of 400, and 2 % for n = 100.

    No sample has less than the part of pairs, which is why none excludes all noise scales where the gradient is 0.
    """
    generator, s, n = np.random.default_rng(4), SPREADS[spread], 100
    laws, held, empty, variances, values = Laws(n, "sample", False), 0, 0, [], []
    for _ in range(400):
        x = np.r_[gradient, np.zeros(len(s) - 1)] + s * generator.normal(size=(n, len(s)))
        g, h = (x + own * s * generator.normal(size=x.shape) for _ in range(2)) if own else (x, x)
        found = sums(g, h)
        estimate = Estimate(found.moments(), found.covariance(), n - 1)
        value, error = estimate.linear(laws.squared_norm)
        held += bool(abs(value[0] - gradient**2) <= 1.984 * error[0])
        empty += bool(np.isnan(estimate.ratio(laws.trace_covariance, laws.squared_norm, EXPECTED)[2][0]))
        assert error[0] ** 2 >= found.of_pairs()[0] * (1 - 1e-9)
        variances.append(error[0] ** 2)
        values.append(value[0])
    assert held / 400 > EXPECTED - 0.02 - 4 * (EXPECTED * (1 - EXPECTED) / 400) ** 0.5, held / 400
    assert gradient > 0 or held / 400 > 0.98, held / 400
    assert empty <= 4
    assert 0.75 < np.mean(variances) / np.var(values) < 3.2  # never far too small, and of use


def test_without_a_spread_there_is_no_error():
    g = np.full((5, 3), 2.0)
    found = sums(g, g)
    assert found.of_pairs() == pytest.approx([0.0], abs=1e-28) and found.covariance()[0] == pytest.approx(np.zeros((3, 3)), abs=1e-25)


@pytest.mark.parametrize("name", NETWORKS)
def test_neighbours_of_every_network_are_those_of_a_loop(name):
    """Seven examples in chunks of 3, 3 and 1."""
    model, loss, data = make(name)
    gradients = [g.reshape(len(g), -1).double() for g in plain_gradients(model, loss, data).values()]
    user = UserModel(model, loss, data)
    found = ExampleSums(PerExample(user), np.arange(N), 3, 1, 0)(with_meetings=True)[0].neighbours
    expected = np.stack([(g[:-1] * g[1:]).sum(1).numpy() for g in gradients], axis=1)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


class Recorded(PerExample):
    """Keeps the gradients that it has given, (n, p)."""

    def __init__(self, user: UserModel) -> None:
        self.given: list[np.ndarray] = []
        super().__init__(user)

    def __call__(self, batch: Batch, with_gradient: bool = True, is_checked: bool = False) -> ExampleGradients:
        got = super().__call__(batch, with_gradient, is_checked)
        self.given.append(torch.cat([factor.explicit().flatten(1) for factor in got.factors.values()], dim=1).numpy())
        return got


def test_neighbours_with_dropout_meet_in_the_other_draw():
    model = nn.Sequential(nn.Linear(3, 5), nn.Dropout(0.5), nn.Linear(5, 2)).double()
    generator = torch.Generator().manual_seed(0)
    data = tuple(torch.randn(N, k, generator=generator, dtype=torch.float64) for k in (3, 2))
    recorded = Recorded(UserModel(model, nn.MSELoss(), data))
    found = ExampleSums(recorded, np.arange(N), N, 2, 0)(with_meetings=True)[0].neighbours
    g, h = (each.astype(np.float64) for each in recorded.given[-2:])
    assert np.abs(g - h).max() > 0
    assert found.sum(1) == pytest.approx(((g[:-1] * h[1:]).sum(1) + (h[:-1] * g[1:]).sum(1)) / 2, rel=1e-9, abs=1e-12)


def test_a_bias_whose_gradient_is_zero():
    """Residuals of mean exactly 0: ||grad||^2 is estimated as -tr Cov / n, with an error of sqrt(2) tr Cov / n in the one entry."""
    generator = np.random.default_rng(0)
    n, x = 200, torch.tensor(generator.normal(size=(200, 3)))
    residuals = generator.normal(size=n)
    y = torch.tensor(residuals - residuals.mean())[:, None]
    model = nn.Linear(3, 1).double()
    nn.init.zeros_(model.weight), nn.init.zeros_(model.bias)
    noise = gradient_noise(model, nn.MSELoss(), (x, y), batch_sizes=[1])
    bias = noise.sel(layer="bias")
    assert float(bias.gradient_squared_norm) == pytest.approx(-float(bias.trace_covariance) / n)
    assert float(bias.gradient_squared_norm_se) == pytest.approx(2**0.5 * float(bias.trace_covariance) / n, rel=0.3)
    assert float(bias.layer_noise_scale_low) >= 0 and float(bias.layer_noise_scale_high) == np.inf
    assert float(noise.total_gradient_squared_norm_se) >= float(bias.gradient_squared_norm_se)
