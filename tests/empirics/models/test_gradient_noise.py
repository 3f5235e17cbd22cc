"""Gradient noise against every batch of a small data set, against a plain loop, against theory, and against BackPACK's variance."""

from __future__ import annotations

from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
import torch
from backpack import backpack, extend
from backpack.extensions import Variance
from torch import nn

from empirics import gradient_noise
from tests.empirics.models.all_batches import variance_at
from tests.empirics.models.networks import CROSS_ENTROPY, NETWORKS, SQUARES, N, make, plain_gradients
from theory import Discrete, TeacherStudent, variance_poly
from theory.linear_regression import LinearRegression

SMALL = ["in place", "convolutions", "transformer", "sparse", "unrolled"]


def flat(gradients: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    return {name: g.reshape(len(g), -1).double().numpy() for name, g in gradients.items()}


@pytest.mark.parametrize("replacement", [False, True])
def test_the_law_in_b_is_that_of_all_batches(replacement):
    """Every subset of 7 examples, or every sequence of up to 4 of 4."""
    model, loss, data = make("in place")
    data = tuple(z[: 4 if replacement else N] for z in data)
    sizes = range(1, 5) if replacement else range(1, N + 1)
    noise = gradient_noise(model, loss, data, batch_sizes=sizes, replacement=replacement)
    for b in sizes:
        expected = variance_at(model, loss, data, b, replacement)
        found = noise.var_gradient.sel(batch_size=b)
        assert list(noise.layer.values) == list(expected)
        assert found.values == pytest.approx(list(expected.values()), rel=1e-11, abs=1e-15)
        assert float(noise.total_var_gradient.sel(batch_size=b)) == pytest.approx(sum(expected.values()), rel=1e-11, abs=1e-15)
    assert (noise.total_var_gradient_se < 1e-13 * noise.total_trace_covariance).all()  # the examples are all there are


@pytest.mark.parametrize("name", SMALL)
def test_one_batch_size_of_each_network_over_all_batches(name):
    model, loss, data = make(name)
    noise = gradient_noise(model, loss, data, batch_sizes=[3])
    expected = variance_at(model, loss, data, 3)
    assert noise.var_gradient.sel(batch_size=3).values == pytest.approx([expected[layer] for layer in noise.layer.values], rel=1e-10)


@pytest.mark.parametrize("name", NETWORKS)
def test_moments_of_every_network_are_those_of_a_loop(name):
    model, loss, data = make(name)
    gradients = flat(plain_gradients(model, loss, data))
    sample = gradient_noise(model, loss, data, batch_sizes=[2])
    population = gradient_noise(model, loss, data, batch_sizes=[2], convention="population")
    assert sample.attrs["method"] == "per_example" and list(sample.layer.values) == list(gradients)
    for layer, g in gradients.items():
        covariance, mean = np.trace(np.atleast_2d(np.cov(g.T))), (g.mean(0) ** 2).sum()
        at, of_all = sample.sel(layer=layer), population.sel(layer=layer)
        assert float(at.trace_covariance) == pytest.approx(covariance, rel=1e-9, abs=1e-14)
        assert float(of_all.trace_covariance) == pytest.approx(covariance * (N - 1) / N, rel=1e-9, abs=1e-14)
        assert float(at.gradient_squared_norm) == pytest.approx(mean - covariance / N, rel=1e-8, abs=1e-13)
        assert float(of_all.gradient_squared_norm) == pytest.approx(mean, rel=1e-9, abs=1e-14)
    total = np.concatenate(list(gradients.values()), axis=1)
    assert float(population.total_gradient_squared_norm) == pytest.approx((total.mean(0) ** 2).sum(), rel=1e-10)
    ratio = np.cov(total.T).trace() * (N - 1) / N / (total.mean(0) ** 2).sum()
    for name in ("noise_scale", "noise_scale_low", "noise_scale_high"):
        assert float(population[name]) == pytest.approx(ratio, rel=1e-9)
    losses = [loss(model(data[0][i : i + 1]), data[1][i : i + 1]).item() for i in range(N)]
    assert float(sample.loss) == pytest.approx(np.mean(losses), rel=1e-12)


@pytest.mark.parametrize("convention", ["sample", "population"])
@pytest.mark.parametrize("replacement", [False, True])
def test_at_the_critical_batch_size_noise_and_gradient_are_equal(convention, replacement):
    model, loss, data = make("linear")
    noise = gradient_noise(model, loss, data, batch_sizes=[1, 2], convention=convention, replacement=replacement)
    b = float(noise.critical_batch_size)
    v = noise.total_var_gradient.values
    # the law is v(b) = p/b + q: two batch sizes give both
    p, q = 2 * (v[0] - v[1]), 2 * v[1] - v[0]
    assert p / b + q == pytest.approx(float(noise.total_gradient_squared_norm), rel=1e-9)
    if replacement and convention == "population":
        assert b == pytest.approx(float(noise.noise_scale))


@pytest.mark.parametrize("p, h, q", [(2, 3, 2), (1, 1, 1), (3, 2, 1)])
def test_two_linear_layers_at_the_start_are_those_of_theory(p, h, q):
    """With replacement on N points: theory's polynomial for equally likely atoms, exact rationals; every b."""
    generator = np.random.default_rng(p)
    points = generator.integers(-3, 4, (6, p))
    student, teacher = ([generator.integers(-2, 3, shape) for shape in ((h, p), (q, h))] for _ in range(2))
    problem = TeacherStudent(student, teacher, Discrete(points), learning_rates=1)
    model = nn.Sequential(nn.Linear(p, h, bias=False), nn.Linear(h, q, bias=False)).double()
    for layer, w in zip(model, student, strict=True):
        layer.weight.data = torch.tensor(w, dtype=torch.float64)
    x = torch.tensor(points, dtype=torch.float64)
    y = x @ torch.tensor(teacher[1] @ teacher[0], dtype=torch.float64).T
    sizes = [1, 2, 5, 1000]
    noise = gradient_noise(
        model,
        lambda out, target: 0.5 * (out - target).square().sum(1).mean(),
        (x, y),
        batch_sizes=sizes,
        replacement=True,
        convention="population",
    )
    for k in (1, 2):
        v = variance_poly.variance_polynomial(problem, 0, k)
        assert noise.var_gradient.isel(layer=k - 1).values == pytest.approx([float(v(b)) for b in sizes], rel=1e-13, abs=1e-13)
        squares = variance_poly.second_moment_polynomial(problem, 0, k)
        expected = float(squares.coefficients[0])
        assert float(noise.gradient_squared_norm.isel(layer=k - 1)) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_linear_regression_without_replacement_is_that_of_theory():
    x, y = [[1, 1], [2, 1], [4, 1], [0, 3]], [1, 3, 2, 5]
    v = LinearRegression(x, y, w0=[F(1, 2), -1], learning_rates=1).variance_polynomial(step=0)
    model = nn.Linear(2, 1, bias=False).double()
    model.weight.data = torch.tensor([[0.5, -1.0]], dtype=torch.float64)
    data = torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)[:, None]
    noise = gradient_noise(model, lambda out, target: 0.5 * (out - target).square().mean(), data, batch_sizes=[1, 2, 3, 4])
    assert noise.total_var_gradient.values == pytest.approx([float(v(b)) for b in (1, 2, 3, 4)], rel=1e-13, abs=1e-13)


def of_backpack(model: Any, data: Any) -> list[float]:
    model, loss = extend(model), extend(nn.CrossEntropyLoss())
    value = loss(model(data[0]), data[1])
    with backpack(Variance()):
        value.backward()
    # the population variance of g_i / n under a mean loss
    n = len(data[0])
    return [float(p.variance.sum()) * n**2 * n / (n - 1) for p in model.parameters()]


@pytest.mark.parametrize("dtype, rtol", [(torch.float64, 1e-11), (torch.float32, 2e-5)])
@pytest.mark.parametrize("name", ["in place", "convolutions"])
def test_it_is_the_variance_of_backpack(name, dtype, rtol):
    torch.manual_seed(0)
    n = 50
    if name == "in place":
        model, x = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)), torch.randn(n, 6)
    else:
        layers = nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 3, 3, stride=2), nn.Flatten(), nn.Linear(12, 3)
        model, x = nn.Sequential(*layers), torch.randn(n, 2, 6, 6)
    model, data = model.to(dtype), (x.to(dtype), torch.randint(3, (n,)))
    noise = gradient_noise(model, CROSS_ENTROPY, data, batch_sizes=[1])
    assert noise.trace_covariance.values == pytest.approx(of_backpack(model, data), rel=rtol)


def test_a_sample_of_the_examples_is_right_on_average_and_knows_its_error():
    """100 samples of 20 of 60 examples: means against all 60, and the spread against the standard errors."""
    torch.manual_seed(0)
    model, data = nn.Linear(4, 2).double(), (torch.randn(60, 4).double(), torch.randn(60, 2).double())
    whole = gradient_noise(model, SQUARES, data, batch_sizes=[4], convention="population")
    names = ["total_trace_covariance", "total_gradient_squared_norm", "total_var_gradient"]
    found, errors = ([] for _ in range(2))
    for seed in range(100):
        part = gradient_noise(model, SQUARES, data, batch_sizes=[4], convention="population", examples=20, seed=seed)
        found.append([float(part[name].squeeze()) for name in names])
        errors.append([float(part[f"{name}_se"].squeeze()) for name in names])
    found, errors = np.array(found), np.array(errors)
    expected = [float(whole[name].squeeze()) for name in names]
    z = (found.mean(0) - expected) / (found.std(0, ddof=1) / 100**0.5)
    assert np.abs(z).max() < 4, z
    ratio = (errors**2).mean(0) ** 0.5 / found.std(0, ddof=1)
    assert (ratio > 0.8).all() and (ratio < 1.4).all(), ratio
    assert float(part.attrs["examples_measured"]) == 20 and (found[0] != found[1]).all()


def test_adams_geometry_is_that_of_its_step():
    model, loss, data = make("in place", torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.99), eps=1e-3)
    for _ in range(3):
        optimizer.zero_grad()
        loss(model(data[0]), data[1]).backward()
        optimizer.step()
    gradients = flat(plain_gradients(model, loss, data))
    noise = gradient_noise(model, loss, data, batch_sizes=[2], preconditioner=optimizer, convention="population")
    roots = {}
    for name, p in model.named_parameters():
        state = optimizer.state[p]
        roots[name] = (state["exp_avg_sq"] / (1 - 0.99**3)).sqrt() + 1e-3
        scaled = gradients[name] / roots[name].flatten().numpy() ** 0.5
        assert float(noise.trace_covariance.sel(layer=name)) == pytest.approx(np.cov(scaled.T).trace() * (N - 1) / N, rel=1e-4)
    by_name = gradient_noise(model, loss, data, batch_sizes=[2], preconditioner=roots, convention="population")
    assert by_name.noise_scale.values == pytest.approx(noise.noise_scale.values, rel=1e-5)
    assert noise.attrs["gradients"] == "P^-1/2 g, by the preconditioner"


def test_nothing_is_changed_and_the_seed_decides():
    model = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Dropout(0.3), nn.Linear(5, 3))
    data = torch.randn(12, 3), torch.randint(3, (12,))
    before, state = {k: v.clone() for k, v in model.state_dict().items()}, torch.get_rng_state()
    one, two, other = (gradient_noise(model, CROSS_ENTROPY, data, batch_sizes=[4], batches=16, seed=s) for s in (1, 1, 2))
    assert one.identical(two) and not one.equals(other)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items()) and torch.equal(state, torch.get_rng_state())
    assert all(p.grad is None for p in model.parameters()) and model.training


def test_tied_frozen_and_unused_parameters_are_told_of():
    model, loss, data = make("transformer")
    model.spare = nn.Parameter(torch.ones(2, dtype=torch.float64))
    model.positions.requires_grad_(False)
    noise = gradient_noise(model, loss, data, batch_sizes=[2])
    assert noise.attrs["tied"] == "table.weight = decoder.weight" and noise.attrs["without_gradient"] == "spare"
    assert noise.attrs["frozen"] == "positions" and "positions" not in noise.layer and float(noise.trace_covariance.sel(layer="spare")) == 0
    one = gradient_noise(model, loss, data, batch_sizes=[2], parameters=["decoder.weight"])
    assert list(one.layer.values) == ["table.weight"]
    assert float(one.total_trace_covariance) == pytest.approx(float(noise.trace_covariance.sel(layer="table.weight")), rel=1e-12)


def test_chunks_do_not_matter(monkeypatch):
    from empirics.models import gradient_noise as front

    model, loss, data = make("convolutions")
    whole = gradient_noise(model, loss, data, batch_sizes=[2])
    monkeypatch.setattr(front, "CHUNK_BYTES", 1.0)
    single = gradient_noise(model, loss, data, batch_sizes=[2])
    for name in whole.data_vars:
        assert single[name].values == pytest.approx(whole[name].values, rel=1e-9, nan_ok=True), name


def test_what_is_kept_for_the_second_pass_is_what_would_be_computed_again(monkeypatch):
    from empirics.models import gradient_noise as front

    model, loss, data = make("convolutions")
    model.add_module("noise", nn.Dropout(0.2))
    kept = gradient_noise(model, loss, data, batch_sizes=[2])
    monkeypatch.setattr(front, "KEPT_BYTES", 0.0)
    again = gradient_noise(model, loss, data, batch_sizes=[2])
    for name in kept.data_vars:
        assert again[name].values == pytest.approx(kept[name].values, rel=1e-9, nan_ok=True), name


def test_little_noise_in_large_gradients_has_the_error_of_single_precision():
    """tr Cov is 1e-10 of the mean squared norm: in single precision nothing is left of it, and the standard error says so."""
    torch.manual_seed(0)
    model, data = torch.nn.Linear(3, 1), (100 + 1e-3 * torch.randn(200, 3), torch.zeros(200, 1))
    asked = {"batch_sizes": [2], "convention": "population"}
    single = gradient_noise(model, torch.nn.MSELoss(), data, **asked)
    double = gradient_noise(model.double(), torch.nn.MSELoss(), tuple(x.double() for x in data), **asked)
    for name in ("total_trace_covariance", "total_var_gradient"):
        exact, error = double[name].item(), single[f"{name}_se"].item()
        assert 0.1 * exact < abs(single[name].item() - exact) < 2 * error
        assert 0 < double[f"{name}_se"].item() < 1e-3 * exact
