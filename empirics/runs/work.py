"""One shard, from its seed to the moments of its blocks. The same shard gives the same bits wherever it runs."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import torch

from empirics.engines.activations import is_piecewise_linear
from empirics.engines.base import Engine
from empirics.estimation.block_statistics import FOLDS, Moments, block_statistics, controls, diverged, size_of
from empirics.runs.plan import Plan
from empirics.runs.process_state import arithmetic
from empirics.runs.sharded import Shard, Variables
from empirics.sampling.batches import Draws, Source, make_source
from empirics.sampling.streams import Streams, streams


@dataclass
class ShardResult:
    """What a shard gives: moments over its blocks, and how many of its replicas have diverged, and have met ties, by each recorded step.

    `ties` is NaN where an older version has not counted them.
    """

    shard: Shard
    moments: Moments
    diverged: np.ndarray
    ties: np.ndarray
    versions: str

    def variables(self) -> Variables:
        """All of it, as a file holds it."""
        arrays = {field.name: getattr(self.moments, field.name) for field in fields(Moments)}
        arrays |= {"diverged": self.diverged, "ties": self.ties}
        return {name: (dims, arrays[name]) for name, dims in _DIMS.items()}

    def first(self, count: int) -> ShardResult:
        """Of as many recorded steps only."""
        return replace(self, moments=self.moments.first(count), diverged=self.diverged[:count], ties=self.ties[:count])


_DIMS = {
    "count": ("fold",),
    "mean": ("step", "fold", "value"),
    "yy": ("step", "fold", "statistic"),
    "yc": ("step", "fold", "statistic", "control"),
    "cc": ("step", "fold", "control", "control_"),
    "diverged": ("step",),
    "ties": ("step",),
}


def restored(plan: Plan, shard: Shard, arrays: Mapping[str, np.ndarray], versions: str, steps: int) -> ShardResult:
    """From what a file holds. KeyError for an array that is not there, ValueError for other shapes than those of `steps` steps."""
    lost = arrays["diverged"]
    ties = arrays.get("ties", np.full_like(lost, np.nan))  # earlier versions have not looked for them
    moments = Moments(**{field.name: arrays[field.name] for field in fields(Moments)})
    recorded = len(range(0, steps, plan.every))
    expected = Moments.zeros(recorded, *size_of(plan.problem.depth, plan.estimator))
    same = all(getattr(moments, field.name).shape == getattr(expected, field.name).shape for field in fields(Moments))
    if not same or {lost.shape, ties.shape} != {(recorded,)}:
        raise ValueError("arrays of other shapes than the run's")
    return ShardResult(shard, moments, lost, ties, versions)


def run_shard(plan: Plan, shard: Shard, ran: Callable[[int], object] = lambda replica_steps: None) -> ShardResult:
    """Run every group of the shard in turn, and tell `ran` how many replica-steps of it have been run.

    Memory: one group, and moments of size (recorded steps) x (statistics).
    """
    n, m = size_of(plan.problem.depth, plan.estimator)
    moments = Moments.zeros(len(plan.recorded), n, m)
    lost, tied = np.zeros(len(plan.recorded)), np.zeros(len(plan.recorded))
    first = behind = 0
    with arithmetic(), np.errstate(all="ignore"):  # `diverged` tells of what overflows
        engines: dict[tuple[int, int], Engine] = {}
        for number, (blocks, size) in enumerate(plan.groups(shard)):
            if number == 0 or plan.rule > 1:
                key = (shard.batch_size, shard.index, *(number,) * (number > 0))
                source_streams = streams(plan.seed, key, torch.device(plan.device))
            if (blocks, size) not in engines:
                engines.clear()  # buffers of one group at a time
                engines[blocks, size] = plan.make_engine(shard.batch_size, blocks, size)
            engine = engines[blocks, size]
            folds = (np.arange(first, first + blocks) + shard.index) % FOLDS
            first += blocks
            run_group(plan, engine, source_for(engine, source_streams).draw, folds, moments, lost, tied, partial(_count_on, ran, behind))
            behind += engine.setting.replicas * plan.steps
    return ShardResult(shard, moments, lost, tied, versions())


def _count_on(ran: Callable[[int], object], behind: int, replica_steps: int) -> None:
    ran(behind + replica_steps)


def source_for(engine: Engine, streams: Streams) -> Source:
    """Batches such as the engine wants."""
    setting = engine.setting
    draws = Draws(setting.replicas, streams, setting.device, setting.dtype, is_piecewise_linear(setting.problem))
    return make_source(setting.law, setting.batch_size, draws, setting.sampling, engine.samples)


def run_group(
    plan: Plan,
    engine: Engine,
    draw: Callable[[], torch.Tensor],
    folds: np.ndarray,
    moments: Moments,
    lost: np.ndarray,
    tied: np.ndarray,
    ran: Callable[[int], object],
) -> None:
    """All steps of one group, its blocks taken into `moments`, its diverged replicas into `lost`, those with ties into `tied`."""
    setting = engine.setting
    n, m = size_of(plan.problem.depth, plan.estimator)
    carried = np.zeros((setting.blocks, m))
    gone = np.zeros((setting.blocks, setting.block_size), dtype=bool)
    of_group = Moments.zeros(len(plan.recorded), n, m)
    rates = plan.rates.astype(plan.dtype)  # infinite where single precision ends: the run diverges
    engine.restart()
    start = 0
    for t in range(plan.steps):
        is_recorded = t % plan.every == 0
        slot = t // plan.every - start if is_recorded else None
        engine.step(draw(), float(rates[t]), slot)
        if slot is None or (slot + 1 < setting.chunk and t + plan.every < plan.steps):
            continue
        observed = engine.digest(slot + 1)
        gone_now = np.logical_or.accumulate(np.concatenate([gone[None], diverged(observed)]), axis=0)[1:]
        values = block_statistics(observed, plan.estimator)
        if m:
            added = controls(observed, plan.rates[start : start + slot + 1], plan.eps)
            sums = np.cumsum(np.concatenate([carried[None], added]), axis=0)
            values, carried = np.concatenate([values, sums[:-1]], axis=-1), sums[-1]
        values[gone_now.any(axis=-1)] = np.nan
        lost[start : start + slot + 1] += gone_now.sum(axis=(1, 2))
        if observed.ties is not None:
            tied[start : start + slot + 1] += observed.ties.sum(axis=(1, 2))
        of_group.put(start, Moments.of_blocks(values, folds, n))
        gone = gone_now[-1]
        start += slot + 1
        ran(setting.replicas * (t + 1))
    moments.merge(of_group)


def versions() -> str:
    """What computes here."""
    try:
        own = version("batchlaw")
    except PackageNotFoundError:
        own = "not installed"
    return f"batchlaw {own}, Python {platform.python_version()}, numpy {np.__version__}, torch {torch.__version__}"
