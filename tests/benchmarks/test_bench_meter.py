"""What GradientNoiseMeter adds to a step of training, on one core: the same step with and without it, in turns.

    pytest tests/benchmarks/test_bench_meter.py --benchmark-enable --benchmark-only

Norms are as fast as memory is read, so that what they add depends on how many examples every weight is used for.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from empirics import GradientNoiseMeter

ROUNDS = 40
Step = Callable[[GradientNoiseMeter | None], float]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@contextmanager
def memory_kept() -> Iterator[None]:
    """Whether glibc gives the memory of a gradient back, to fault it in again at every step, hangs on what else lies there, and takes more
    time than all norms: with the meter or without it, it is to keep what it has."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        yield
        return
    trim, mapped = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
    for option in (trim, mapped):
        mallopt(option, 1 << 30)
    try:
        yield
    finally:
        for option in (trim, mapped):
            mallopt(option, 1 << 17)


def perceptron() -> tuple[nn.Module, Callable[[int], Tensor]]:
    """That of the paper's figures 2 and 3."""
    model = nn.Sequential(nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 10))
    return model, lambda size: torch.randn(size, 784)


def transformer() -> tuple[nn.Module, Callable[[int], Tensor]]:
    """Four layers of 256 units, sequences of 64."""
    layer = nn.TransformerEncoderLayer(256, 4, 1024, dropout=0.0, batch_first=True)
    model = nn.Sequential(nn.TransformerEncoder(layer, 4), nn.Flatten(), nn.Linear(64 * 256, 2))
    return model, lambda size: torch.randn(size, 64, 256)


#: Model, examples and number of micro-batches, and how many steps are as many looks.
CASES = {
    "perceptron, 4 x 64": (perceptron, 64, 4, 1),
    "perceptron, 4 x 64, every other step": (perceptron, 64, 4, 2),
    "perceptron, 2 x 32": (perceptron, 32, 2, 1),
    "transformer, 2 x 8": (transformer, 8, 2, 1),
}


@pytest.mark.parametrize("make, size, count, every", CASES.values(), ids=CASES)
@pytest.mark.benchmark(group="a step of training with GradientNoiseMeter")
def test_what_the_meter_adds(benchmark: Any, make: Callable[[], Any], size: int, count: int, every: int) -> None:
    torch.manual_seed(0)
    model, draw = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)  # as much work as any other, and no run diverges
    batches = [draw(size) for _ in range(count)]

    def step(meter: GradientNoiseMeter | None) -> float:
        start = time.thread_time()
        for x in batches:
            (model(x).square().mean() / count).backward()
        if meter is not None:
            meter.step()
        optimizer.step()
        optimizer.zero_grad()
        return time.thread_time() - start

    def with_meter() -> float:
        meter = GradientNoiseMeter(model, micro_batch=size, accumulation="mean", every=every)
        for _ in range(every):
            step(meter)  # the first look does not know how many micro-batches there are
        seconds = sum(step(meter) for _ in range(every)) / every
        meter.remove()
        assert meter.result.attrs["batch_size"] == size * count
        return seconds

    rounds = ROUNDS if benchmark.enabled else 1
    step(None)
    with memory_kept():
        pairs = [(with_meter(), step(None)) for _ in range(rounds)]
    benchmark.pedantic(with_meter, rounds=rounds)
    added = median(mine for mine, _ in pairs) / median(plain for _, plain in pairs) - 1
    benchmark.extra_info["target"] = "at most 5 % of a step"
    benchmark.extra_info["added to a step"] = f"{added:.1%} (of the fastest: {min(a for a, _ in pairs) / min(b for _, b in pairs) - 1:.1%})"
