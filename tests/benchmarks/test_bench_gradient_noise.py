"""gradient_noise on a 784-1024-512-10 network and 5,000 examples, beside what a researcher would write: the same statistics, on one core.

    pytest tests/benchmarks/test_bench_gradient_noise.py --benchmark-enable --benchmark-only

The alternatives give tr Cov and ||grad||^2 and no error of either; gradient_noise finds out how the model behaves, and goes through the
examples a second time for its interval.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from empirics import gradient_noise

ROUNDS = 3
Data = tuple[Tensor, Tensor]
Moments = tuple[float, float]
LOSS = nn.CrossEntropyLoss()


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 10))


def examples(n: int) -> Data:
    torch.manual_seed(1)
    return torch.rand(n, 784) * 2 - 1, torch.randint(10, (n,))


def moments(squares: Tensor, sums: list[Tensor], n: int) -> Moments:
    """tr Cov and ||grad||^2, unbiased, from sum ||g_i||^2 and sum g_i."""
    mean = sum(float((s / n).square().sum()) for s in sums)
    covariance = (float(squares) - n * mean) / (n - 1)
    return covariance, mean - covariance / n


def autograd_loop(model: nn.Module, data: Data) -> Moments:
    """One example after the other."""
    parameters = list(model.parameters())
    sums, squares = [torch.zeros_like(p) for p in parameters], torch.zeros(())
    for i in range(len(data[0])):
        gradient = torch.autograd.grad(LOSS(model(data[0][i : i + 1]), data[1][i : i + 1]), parameters)
        for s, g in zip(sums, gradient, strict=True):
            s += g
            squares += g.square().sum()
    return moments(squares, sums, len(data[0]))


def vmapped(model: nn.Module, data: Data, together: int) -> Moments:
    """torch.func.vmap(grad), in chunks."""
    weights = {name: p.detach() for name, p in model.named_parameters()}

    def loss(weights: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return LOSS(torch.func.functional_call(model, weights, (x[None],)), y[None])

    gradients = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))
    sums, squares = [torch.zeros_like(w) for w in weights.values()], torch.zeros(())
    for x, y in zip(data[0].split(together), data[1].split(together), strict=True):
        for s, g in zip(sums, gradients(weights, x, y).values(), strict=True):
            s += g.sum(0)
            squares += g.square().sum()
    return moments(squares, sums, len(data[0]))


def ours(model: nn.Module, data: Data) -> Moments:
    noise = gradient_noise(model, LOSS, data, batch_sizes=[64])
    return float(noise.total_trace_covariance), float(noise.total_gradient_squared_norm)


def fastest_chunk(model: nn.Module, data: Data) -> int:
    """Of vmap, by trying."""

    def seconds(together: int) -> float:
        start = time.perf_counter()
        vmapped(model, (data[0][:256], data[1][:256]), together)
        return time.perf_counter() - start

    return min((4, 16, 64, 128), key=seconds)


@pytest.mark.parametrize("rival, target", [("a loop of autograd", "5x"), ("torch.func.vmap(grad)", "2x")])
@pytest.mark.benchmark(group="tr Cov and ||grad||^2 of 5,000 examples, 784-1024-512-10, float32")
def test_gradient_noise_beside_a_rival(benchmark: Any, rival: str, target: str) -> None:
    model, data = network(), examples(5000 if benchmark.enabled else 64)
    together = fastest_chunk(model, data) if benchmark.enabled else 8
    theirs = {"a loop of autograd": autograd_loop, "torch.func.vmap(grad)": lambda m, d: vmapped(m, d, together)}[rival]
    times: dict[str, list[float]] = {"ours": [], rival: []}
    for _ in range(ROUNDS if benchmark.enabled else 1):  # in turns: the machine may be busy now and then
        found = []
        for name, compute in (("ours", ours), (rival, theirs)):
            start = time.perf_counter()
            found.append(compute(model, data))
            times[name].append(time.perf_counter() - start)
        (mine, square), (other, same) = found
        assert mine == pytest.approx(other, rel=1e-3) and square == pytest.approx(same, abs=1e-3 * mine / len(data[0]))
    benchmark.pedantic(lambda: ours(model, data), rounds=1)
    benchmark.extra_info["target"] = target
    benchmark.extra_info[f"times faster than {rival}"] = round(median(times[rival]) / median(times["ours"]), 1)
    if rival != "a loop of autograd":
        benchmark.extra_info["examples together in vmap"] = together
