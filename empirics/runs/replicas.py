"""Replicas of SGD of a `theory.TeacherStudent`, as a run in shards: the plan with what runs, collects and prices it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from empirics.runs import replica_cost
from empirics.runs.plan import Plan
from empirics.runs.results import Collector
from empirics.runs.sharded import Shard
from empirics.runs.work import ShardResult, restored, run_shard


@dataclass(frozen=True, eq=False)
class Replicas(Plan):
    """What `simulate` runs."""

    def run(self, shard: Shard, ran: Callable[[int], object]) -> ShardResult:
        """Every group of the shard in turn."""
        return run_shard(self, shard, ran)

    def restored(self, shard: Shard, arrays: Mapping[str, np.ndarray], versions: str, steps: int) -> ShardResult:
        """The moments of a shard from its arrays."""
        return restored(self, shard, arrays, versions, steps)

    def collector(self) -> Collector:
        """Of the moments of all shards."""
        return Collector(self)

    def trial(self, batch_size: int, seconds: float) -> float:
        """A few steps of the widest group."""
        return replica_cost.trial(self, batch_size, seconds)

    def bounds(self) -> tuple[float, float]:
        """By counting."""
        return replica_cost.bounds(self)

    def memory_bytes(self, workers: int) -> int:
        """Buffers of one group and the moments of a shard, in every process; the moments of all batch sizes, shards and steps once."""
        return replica_cost.memory_bytes(self, workers)

    def device_bytes(self) -> int:
        """Of the replicas that run in lockstep."""
        return replica_cost.device_bytes(self)

    def store_bytes(self) -> int:
        """Of the moments of all shards."""
        return replica_cost.store_bytes(self)
