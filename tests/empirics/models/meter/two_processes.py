"""Training loops in two processes with DistributedDataParallel: functions of the rank that return what came out."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint

from empirics import GradientNoiseMeter
from tests.empirics.models.meter.loops import Batch, assert_found, cut, data, mean_loss, network, told_by_pairs

PROCESSES = 2


class Scaler:
    def get_scale(self) -> float:
        return 512.0


class Checkpointed(nn.Module):
    """Both layers in segments of their own."""

    def __init__(self, reentrant: bool) -> None:
        super().__init__()
        self.first, self.second, self.reentrant = network()[:2], network()[2:], reentrant

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = checkpoint(self.first, x.requires_grad_(), use_reentrant=self.reentrant)
        return checkpoint(self.second, hidden, use_reentrant=self.reentrant)


class OneSided(nn.Module):
    """A parameter that takes part in the second process alone."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.extra = network(), nn.Linear(3, 2).double()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden: torch.Tensor = self.inner(x)
        return hidden + self.extra(x) if distributed.get_rank() else hidden


def all_batches(count: int, step: int) -> list[Batch]:
    """Those of the first process, then those of the second."""
    return cut(data(2 * PROCESSES * count, seed=step), 2)


def one_step(parallel: DistributedDataParallel, mine: list[Batch], accumulation: str, synced: str = "last", scale: float = 1.0) -> None:
    for i, (inputs, targets) in enumerate(mine):
        is_reduced = synced == "always" or (synced == "last" and i == len(mine) - 1)
        with nullcontext() if is_reduced else parallel.no_sync():
            (scale * mean_loss(parallel(inputs), targets) / (len(mine) if accumulation == "mean" else 1)).backward()


def agrees(
    rank: int,
    count: int,
    accumulation: str,
    model: Callable[[], nn.Module] = network,
    clipped: bool = False,
    scale: float = 1.0,
    fused: bool = False,
    around: bool = True,
    synced: str = "last",
    **options: Any,
) -> dict[str, Any]:
    """Three steps of training; every step's estimates are those of all micro-batches of both processes."""
    made = model()
    parallel = DistributedDataParallel(made, **options)
    meter = GradientNoiseMeter(
        parallel if around else made, micro_batch=2, accumulation=accumulation, decay=1.0, scaler=Scaler() if scale != 1 else None
    )
    optimizer = torch.optim.AdamW(made.parameters(), lr=0.01, fused=fused)
    found = []
    for step in range(3):
        batches = all_batches(count, step)
        found.append(told_by_pairs(made, batches))
        one_step(parallel, batches[rank * count : (rank + 1) * count], accumulation, synced, scale)
        if scale != 1:
            torch._foreach_div_([p.grad for p in made.parameters() if p.grad is not None], scale)
        if clipped:
            nn.utils.clip_grad_norm_(made.parameters(), 1e-2)
        meter.step()
        optimizer.step()
        optimizer.zero_grad()
    assert_found(meter.result, *(np.mean(values, axis=0) for values in zip(*found, strict=True)))
    assert meter.result.attrs["processes"] == PROCESSES and meter.result.attrs["batch_size"] == 2 * PROCESSES * count
    return {str(name): np.asarray(values).tolist() for name, values in meter.result.variables.items()}


def refuses(rank: int, spoil: Callable[[int, DistributedDataParallel, GradientNoiseMeter], None]) -> dict[str, Any]:
    """What the meter says of a spoilt step; the step after it is found as ever."""
    made = network()
    parallel = DistributedDataParallel(made)
    meter = GradientNoiseMeter(parallel, micro_batch=2, accumulation="mean")
    spoil(rank, parallel, meter)
    try:
        meter.step()
    except ValueError as error:
        said = str(error)
    else:
        said = "nothing"
    parallel.zero_grad()
    with torch.no_grad():
        for ours, fresh in zip(made.parameters(), network().parameters(), strict=True):
            ours.copy_(fresh)
    batches = all_batches(2, 7)
    truth = told_by_pairs(made, batches)
    one_step(parallel, batches[2 * rank : 2 * rank + 2], "mean")
    meter.step()
    assert_found(meter.result, *truth)
    return {"said": said}


def says(rank: int, made: nn.Module, **options: Any) -> dict[str, Any]:
    """What the meter says of one step."""
    parallel = DistributedDataParallel(made, **options)
    meter = GradientNoiseMeter(parallel, micro_batch=2, accumulation="mean")
    one_step(parallel, all_batches(1, 0)[rank : rank + 1], "mean")
    try:
        meter.step()
    except ValueError as error:
        return {"said": str(error)}
    return {"said": "nothing"}


def is_not_reduced(rank: int, parallel: DistributedDataParallel, meter: GradientNoiseMeter) -> None:
    one_step(parallel, all_batches(2, 0)[2 * rank : 2 * rank + 2], "mean", synced="never")


def has_one_more(rank: int, parallel: DistributedDataParallel, meter: GradientNoiseMeter) -> None:
    one_step(parallel, all_batches(3, 0)[: 2 + rank], "mean")


def moves(rank: int, parallel: DistributedDataParallel, meter: GradientNoiseMeter) -> None:
    one_step(parallel, all_batches(2, 0)[2 * rank : 2 * rank + 2], "mean")
    if rank:
        with torch.no_grad():
            next(parallel.parameters()).mul_(1.5)


SCENARIOS: dict[str, Callable[[int], dict[str, Any]]] = {
    "one each": lambda rank: agrees(rank, 1, "mean"),
    "four each, reduced once": lambda rank: agrees(rank, 4, "mean", fused=True),
    "four each, reduced always": lambda rank: agrees(rank, 4, "sum", synced="always", around=False),
    "clipped": lambda rank: agrees(rank, 1, "sum", clipped=True, gradient_as_bucket_view=True),
    "scaled, unscaled, clipped": lambda rank: agrees(rank, 4, "mean", clipped=True, scale=512.0, bucket_cap_mb=1e-5),
    "bucket views": lambda rank: agrees(rank, 4, "mean", gradient_as_bucket_view=True, fused=True),
    "checkpointed": lambda rank: agrees(rank, 2, "mean", lambda: Checkpointed(False)),
    "static graph": lambda rank: agrees(rank, 1, "sum", static_graph=True, clipped=True),
    "not reduced": lambda rank: refuses(rank, is_not_reduced),
    "one-sided": lambda rank: says(rank, OneSided(), find_unused_parameters=True),
    "checkpointed, reentrant": lambda rank: says(rank, Checkpointed(True), static_graph=True),
    "one more": lambda rank: refuses(rank, has_one_more),
    "moved in the second process": lambda rank: refuses(rank, moves),
}


def work(rank: int, directory: str) -> None:
    """All scenarios, one after the other; their results, or tracebacks, in a file."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{directory}/meeting", rank=rank, world_size=PROCESSES)
    found = {}
    for name, scenario in SCENARIOS.items():
        try:
            found[name] = scenario(rank)
        except Exception:
            found[name] = {"failed": traceback.format_exc()}
        distributed.barrier()
    Path(directory, f"{rank}.json").write_text(json.dumps(found), encoding="utf-8")
    distributed.destroy_process_group()
