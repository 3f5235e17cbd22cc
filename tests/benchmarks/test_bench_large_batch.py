"""The large-batch law at the paper's size: random probes beside all directions, and the noise scale along gradient descent."""

from __future__ import annotations

import numpy as np
import pytest

from tests.theory.large_batch.test_probes import paper_size
from theory.large_batch import large_batch_law, large_batch_loss, noise_scale, predicted_cost


@pytest.mark.benchmark(group="sizes 64-256-128, t = 1, ..., 50, beta_1 to 1 %")
def test_fifty_steps_by_probes(benchmark):
    problem = paper_size()
    benchmark.extra_info["target"] = "60 s on two cores"
    benchmark.extra_info["predicted"] = str(predicted_cost(problem, 50, method="probes"))
    law = benchmark.pedantic(large_batch_law, args=(problem, range(1, 51), 1), kwargs={"method": "probes"}, rounds=1)
    assert (law.standard_error <= 0.01 * law.beta1).all()


@pytest.mark.benchmark(group="sizes 64-256-128, t = 0, 1, beta_1")
@pytest.mark.parametrize("method", ["directions", "probes"])
def test_one_step(benchmark, method):
    problem = paper_size()
    benchmark.extra_info["predicted"] = str(predicted_cost(problem, 1, method=method))
    law = benchmark.pedantic(large_batch_law, args=(problem, [0, 1], 1), kwargs={"method": method, "order": 1}, rounds=1)
    assert (law.beta1 > 0).all()


@pytest.mark.benchmark(group="sizes 64-256-128, the loss at t = 1, 10 to 10 %")
def test_the_loss(benchmark):
    law = benchmark.pedantic(large_batch_loss, args=(paper_size(), [1, 10]), kwargs={"method": "probes", "relative_error": 0.1}, rounds=1)
    assert (law.standard_error <= 0.1 * np.abs(law.beta1)).all()


@pytest.mark.benchmark(group="sizes 64-256-128, the noise scale at t = 0, ..., 200")
def test_the_noise_scale(benchmark):
    found = benchmark.pedantic(noise_scale, args=(paper_size(), 200), rounds=1)
    assert found.noise_scale.shape == (201,) and (found.noise_scale > 0).all()
