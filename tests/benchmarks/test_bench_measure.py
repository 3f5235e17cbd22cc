"""`measure` beside a plain loop, 784-1024-512-10 in float32 on one core, in one run.

    pytest tests/benchmarks/test_bench_measure.py --benchmark-enable --benchmark-only

The plain loop is what a researcher would write: a DataLoader, backward(), torch.optim.SGD. Its statistics are var(g) of one run, once an
epoch at fixed weights, in one of two ways: from the gradients of the mini-batches of an epoch, each in memory, their sum and the sum of
their squares, an estimate; or from the gradients of all examples, one backward pass each, which is what ours are: exact given the weights.
Both loops are timed in turn, in seconds of the processor. And what people wait for: several runs on all cores, where `measure` has one
process for each, and plain loops follow one another with torch's own threads, in seconds of the clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from empirics import measure
from empirics.models.measuring.blocks import course, observer
from empirics.models.measuring.measurement import Measurement
from empirics.models.measuring.observation import Look
from empirics.models.measuring.request import make_measurement
from empirics.models.measuring.training import Run
from empirics.runs.process_state import arithmetic

EXAMPLES, SOME, ROUNDS = 1024, 64, 7
SGD = partial(torch.optim.SGD, lr=3e-3)
DATA = torch.randn(EXAMPLES, 784, generator=torch.Generator().manual_seed(0)), torch.arange(EXAMPLES) % 10


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 10))


class PlainLoop:
    """An epoch of training, after one of statistics."""

    def __init__(self, b: int) -> None:
        self.model, self.loss, self.b = network(), nn.CrossEntropyLoss(), b
        self.optimizer = SGD(self.model.parameters())
        self.batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*DATA), batch_size=b, shuffle=True, drop_last=True)

    def train(self) -> None:
        for x, y in self.batches:
            self.optimizer.zero_grad()
            self.loss(self.model(x), y).backward()
            self.optimizer.step()

    def look(self, exact: bool) -> float:
        """var(g) at these weights."""
        return self.by_examples() if exact else self.by_batches()

    def by_examples(self) -> float:
        """(1/b) (N - b) / (N - 1) (mean ||g_i||^2 - ||mean g_i||^2), from SOME of the examples; the time of all is as much longer."""
        sums, squares = [torch.zeros_like(p) for p in self.model.parameters()], 0.0
        for i in range(SOME):
            self.optimizer.zero_grad()
            self.loss(self.model(DATA[0][i : i + 1]), DATA[1][i : i + 1]).backward()
            for total, p in zip(sums, self.model.parameters(), strict=True):
                assert p.grad is not None
                total += p.grad
                squares += float(p.grad.square().sum())
        variance = squares / SOME - sum(float((x / SOME).square().sum()) for x in sums)
        return variance * (EXAMPLES - self.b) / (EXAMPLES - 1) / self.b

    def by_batches(self) -> float:
        """From the mini-batches of an epoch."""
        sums, squares, count = [torch.zeros_like(p) for p in self.model.parameters()], 0.0, 0
        for x, y in self.batches:
            self.optimizer.zero_grad()
            self.loss(self.model(x), y).backward()
            for total, p in zip(sums, self.model.parameters(), strict=True):
                assert p.grad is not None
                total += p.grad
                squares += float(p.grad.square().sum())
            count += 1
        return squares / count - sum(float((x / count).square().sum()) for x in sums)


class Ours:
    """The same by the parts of `measure`."""

    def __init__(self, b: int) -> None:
        self.measurement: Measurement = make_measurement(
            network(), nn.CrossEntropyLoss(), DATA, optimizer=SGD, batch_sizes=[b], runs=2, epochs=1000, device="cpu"
        )
        self.run = Run(self.measurement.bench, course(self.measurement, b), 0)
        self.see = observer(self.measurement, self.run)

    def train(self) -> None:
        with arithmetic():
            self.run.advance(self.run.taken + self.run.order.steps_per_epoch)

    def look(self) -> float:
        """var(g) given these weights."""
        kept: list[Look] = []
        with arithmetic():
            self.see(np.random.SeedSequence(0), False, kept.append)
        return float(kept[0].conditional.sum())


def seconds(function: Callable[[], object]) -> float:
    """Of the processor."""
    start = time.process_time()
    function()
    return time.process_time() - start


def clock(function: Callable[[], object]) -> float:
    """Seconds of the clock."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def products_alone(b: int) -> Callable[[], None]:
    """An epoch's matrix products with nothing around them, the update in the last of each layer: no loop in torch is faster than these."""
    x, weights = torch.randn(b, 784), [p.detach() for p in network().parameters() if p.ndim == 2]

    def epoch() -> None:
        for _ in range(EXAMPLES // b):
            inputs = [x]
            for w in weights:
                inputs.append(inputs[-1] @ w.T)
            e = inputs.pop() * 0
            for k in reversed(range(len(weights))):
                below = e @ weights[k] if k else e
                weights[k].addmm_(e.T, inputs[k], alpha=-1)
                e = below

    return epoch


STATISTICS = {"none": 1.3, "of batches": 1.7, "of examples": 1.7}


@pytest.mark.parametrize("statistics", STATISTICS)
@pytest.mark.parametrize("b", [64, 16])
@pytest.mark.benchmark(group="an epoch of a model of one's own, beside a plain loop")
def test_an_epoch(benchmark: Any, b: int, statistics: str) -> None:
    ours, plain = Ours(b), PlainLoop(b)
    exact, rounds = statistics == "of examples", ROUNDS if benchmark.enabled else 1

    def mine() -> None:
        if statistics != "none":
            ours.look()
        ours.train()

    floor = products_alone(b)
    times: list[tuple[float, float, float]] = []
    for _ in range(rounds):
        with arithmetic():
            one = seconds(mine)
        looked = 0.0 if statistics == "none" else seconds(lambda: plain.look(exact)) * (EXAMPLES / SOME if exact else 1)
        times.append((one, looked + seconds(plain.train), seconds(floor)))
    one, other, least = (median(each) for each in zip(*times, strict=True))
    benchmark.pedantic(mine, rounds=rounds)
    benchmark.extra_info["target"] = f"{STATISTICS[statistics] if b == 64 else 1.7}x"
    benchmark.extra_info["milliseconds of an epoch (ours, plain loop)"] = f"{1e3 * one:.0f}, {1e3 * other:.0f}"
    if statistics == "none":
        benchmark.extra_info["milliseconds of its matrix products alone"] = f"{1e3 * least:.0f}: at most {other / least:.2f} times faster"
    benchmark.extra_info["times faster than a plain loop"] = round(other / one, 2)


@pytest.mark.parametrize("b, target", [(64, 1.3), (16, 1.7)])
@pytest.mark.benchmark(group="runs of a model of one's own on all cores, beside plain loops one after the other")
def test_several_runs(benchmark: Any, b: int, target: float) -> None:
    """Looks at the start and at the end, as few as there can be; what starting the processes takes is taken off, by runs of one epoch."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    epochs = 60 if benchmark.enabled else 2
    torch.set_num_threads(cores)

    def ours(count: int) -> None:
        measure(
            network(), nn.CrossEntropyLoss(), DATA, optimizer=SGD, batch_sizes=[b], runs=2 * cores, epochs=count, every=count,
            workers=cores, device="cpu",
        )  # fmt: skip

    def plain(count: int) -> None:
        for _ in range(2 * cores):
            loop = PlainLoop(b)
            for _ in range(count):
                loop.train()

    ours(1)  # what is read from disk once
    rounds = [[clock(partial(f, count)) for f in (ours, plain) for count in (1, epochs)] for _ in range(3 if benchmark.enabled else 1)]
    pairs = [(mine - start, other - begun) for start, mine, begun, other in rounds]
    ratios = sorted(other / mine for mine, other in pairs)
    benchmark.pedantic(lambda: None, rounds=1)
    benchmark.extra_info["target"] = f"{target}x"
    figures = "; ".join(f"{mine:.1f}, {other:.1f}" for mine, other in pairs)
    benchmark.extra_info["seconds (ours, plain loops)"] = f"{figures}: {2 * cores} runs of {epochs - 1} epochs on {cores} cores"
    benchmark.extra_info["times faster than plain loops"] = f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def test_both_compute_the_same() -> None:
    """The plain loop's estimates have the noise of 64 batches, or of 64 examples."""
    ours, plain = Ours(16), PlainLoop(16)
    assert plain.look(exact=False) == pytest.approx(ours.look(), rel=0.3)
    assert plain.look(exact=True) == pytest.approx(ours.look(), rel=0.3)
