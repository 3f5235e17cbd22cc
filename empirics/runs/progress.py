"""Where a run stands: what is finished, and what is under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from empirics.runs.sharded import Shard, Sharded

#: Between what is told of shards under way.
SECONDS = 0.5


@dataclass(frozen=True)
class Progress:
    """Counted in replica-steps (one step of one replica; of measurements, one epoch or step of one run).

    Attributes:
        done: of finished shards.
        total: of the whole run.
        resumed: those of `done` that were found in the store.
        running: of shards under way, which a kill would lose.
    """

    done: int
    total: int
    resumed: int
    running: int = 0


class Account:
    """Tells a callback at the start and after every shard, and now and then of shards under way."""

    def __init__(self, plan: Sharded, found: Iterable[Shard], tell: Callable[[Progress], object]) -> None:
        self.steps, self.tell = plan.steps, tell
        self.resumed = self.done = sum(shard.replicas for shard in found) * plan.steps
        self.total = plan.replicas * len(plan.batch_sizes) * plan.steps
        self.running: dict[Shard, int] = {}
        self.over: set[Shard] = set()
        self._tell()

    def ran(self, shard: Shard, replica_steps: int) -> None:
        """So much of a shard has been run; what comes in late is left out."""
        if shard in self.over:
            return
        self.running[shard] = replica_steps
        if time.monotonic() - self.last >= SECONDS:
            self._tell()

    def finished(self, shard: Shard) -> None:
        self.over.add(shard)
        self.running.pop(shard, None)
        self.done += shard.replicas * self.steps
        self._tell()

    def _tell(self) -> None:
        self.last = time.monotonic()
        self.tell(Progress(self.done, self.total, self.resumed, sum(self.running.values())))
