"""A step of training the paper's XLNet, and the same with the squared norms of its examples' gradients, on one core.

    pytest tests/benchmarks/test_bench_xlnet.py --benchmark-enable --benchmark-only

Both make the same step; the second also has, for each of 108 parameters, what the variance of a mini-batch's gradient is estimated from.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch

from empirics.experiments.yelp import network
from empirics.experiments.yelp.generated import generated
from empirics.experiments.yelp.tokenization import encode, train_tokenizer
from empirics.experiments.yelp.training import adamw
from empirics.models.per_example.example_gradients import PerExample
from empirics.models.user_model import UserModel

ROUNDS = 5
BATCH = 8


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.benchmark(group="A step of XLNet, batch 8")
def test_variance_statistics_beside_a_step_of_training(benchmark: Any) -> None:
    size = "full" if benchmark.enabled else "tiny"
    reviews, numbers = generated(64), network.SIZES[size]
    data = encode(train_tokenizer(reviews.texts, numbers.pieces), reviews.texts, numbers.length), torch.tensor(reviews.labels)
    model = network.build_model(size)
    user = UserModel(model, network.loss, data)
    per_example, optimizer, batch = PerExample(user), adamw(list(model.parameters())), user.batch(range(BATCH))
    assert set(per_example.ways.values()) == {"closed form"}

    def step() -> None:
        optimizer.zero_grad()
        user.loss_of(batch).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    def step_with_statistics() -> np.ndarray:
        found = per_example(batch)
        for name, p in user.parameters.items():
            p.grad = found.gradient[name]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return found.squared_norms()

    times: dict[str, list[float]] = {"step": [], "with statistics": []}
    for _ in range(ROUNDS if benchmark.enabled else 1):  # in turns: the machine may be busy now and then
        for name, work in (("step", step), ("with statistics", step_with_statistics)):
            start = time.process_time()
            work()
            times[name].append(time.process_time() - start)
    squares = benchmark.pedantic(step_with_statistics, rounds=1)
    assert squares.shape == (BATCH, len(user.parameters)) and (squares.sum(axis=1) > 0).all()
    benchmark.extra_info["target"] = "at most 1.5x"
    benchmark.extra_info["times a step"] = round(median(times["with statistics"]) / median(times["step"]), 2)
