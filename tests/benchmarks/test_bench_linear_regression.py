"""Linear regression at every step: recursions in balls beside SGD runs, exact polynomials, and the limit."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.cost_grid import regression
from theory import SGD


@pytest.mark.parametrize("sgd", [SGD(), SGD(momentum=0.9)], ids=["plain", "momentum"])
@pytest.mark.benchmark(group="500 samples, p = 7, every t up to 2,000")
def test_every_step(benchmark, is_measured, sgd):
    benchmark.extra_info["target"] = "5 s"
    r, steps = regression(500, 7, sgd), 2000 if is_measured else 20
    benchmark.extra_info["predicted"] = str(r.trajectory_cost(steps))
    found = benchmark.pedantic(r.trajectory, args=(steps, 4), rounds=1)
    assert np.isfinite(found.variance).all() and len(found.variance) == steps + 1


@pytest.mark.benchmark(group="500 samples, p = 7, every t up to 2,000")
def test_a_thousand_runs(benchmark, is_measured):
    """What a standard error of 3 % takes, at one batch size."""
    count = 1000 if is_measured else 10
    generator = np.random.default_rng(0)
    x = np.random.default_rng(np.random.SeedSequence(500)).normal(size=(500, 8))
    y, x = x.sum(axis=1), x[:, :7]

    def runs():
        w = np.zeros((count, 7))
        for _ in range(2 * count):
            batch = generator.permuted(np.tile(np.arange(500), (count, 1)), axis=1)[:, :4]
            residual = np.einsum("rbp,rp->rb", x[batch], w) - y[batch]
            w -= 0.01 * np.einsum("rb,rbp->rp", residual, x[batch]) / 4
        return w

    mean = benchmark.pedantic(runs, rounds=1).mean(0)
    assert np.isfinite(mean).all()


@pytest.mark.benchmark(group="500 samples, p = 7, exactly")
@pytest.mark.parametrize("what", ["polynomial at t = 8", "limit"])
def test_exactly(benchmark, what):
    r = regression(500, 7, SGD())
    found = benchmark.pedantic(lambda: r.stationary(4) if what == "limit" else r.variance_polynomial(8), rounds=1)
    assert found is not None
