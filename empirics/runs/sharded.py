"""What a run is to its store, its workers, its progress and its cost: work in shards, each of which gives the same bits wherever it runs.

`simulate` runs replicas of a `theory.TeacherStudent` (replicas.py), `measure` runs of a user's model (empirics/models/measuring). All else
in this folder asks for no more than what stands here.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import xarray as xr

#: Arrays of doubles by name, each with the names of its dimensions.
Variables = Mapping[str, tuple[tuple[str, ...], np.ndarray]]


@dataclass(frozen=True)
class Shard:
    """One piece of work: `replicas` runs at one batch size, from the streams of (seed, batch_size, index)."""

    batch_size: int
    index: int
    replicas: int


class Result(Protocol):
    """What a shard gives, and who has computed it."""

    @property
    def shard(self) -> Shard: ...

    @property
    def versions(self) -> str: ...

    def variables(self) -> Variables:
        """All of it, as a file holds it."""
        ...

    def first(self, count: int) -> Self:
        """Of as many recorded steps only."""
        ...


class Collecting(Protocol):
    """Takes the results of all shards, in their order."""

    def add(self, result: Any) -> None: ...

    def dataset(self) -> xr.Dataset: ...


class Sharded(ABC):
    """Everything that decides the numbers of a run, how the work is cut into shards, and what one of them takes.

    Attributes:
        batch_sizes, replicas: as many runs at every batch size.
        steps: of a run, counted from 0; `every` so many of them are looked at.
        device: "cpu", "cuda" or "cuda:N".
        rule: by which the run is cut and drawn: cuts.py.
        runs_are: what its replicas are called.
    """

    batch_sizes: tuple[int, ...]
    replicas: int
    steps: int
    every: int
    device: str
    rule: int
    runs_are: ClassVar[str] = "replicas"

    @property
    @abstractmethod
    def rates(self) -> np.ndarray:
        """One number for each step but the last, a rate or a factor of it, and a last one that nobody uses: runs of other lengths that
        agree in these, as far as both go, begin alike."""

    @abstractmethod
    def cut(self, batch_size: int) -> tuple[int, int, int]:
        """How many shards, of how many replicas, and how many are left for the last one."""

    @abstractmethod
    def identity(self, rates: Sequence[float] | None = None) -> dict[str, Any]:
        """All that decides the numbers of a shard, as JSON; `rates`: those of the same run with another number of steps."""

    @abstractmethod
    def request(self) -> dict[str, Any]:
        """What was asked for, as JSON."""

    @abstractmethod
    def arrays(self) -> dict[str, np.ndarray]:
        """What a store keeps beside the shards; nothing is read from it."""

    @abstractmethod
    def run(self, shard: Shard, ran: Callable[[int], object]) -> Result:
        """Run a shard, and tell `ran` how many replica-steps of it have been run."""

    @abstractmethod
    def restored(self, shard: Shard, arrays: Mapping[str, np.ndarray], versions: str, steps: int) -> Result:
        """The result of a shard of a run of `steps` steps from its arrays; KeyError for one that lacks, ValueError for other shapes."""

    @abstractmethod
    def collector(self) -> Collecting:
        """An empty one."""

    @property
    @abstractmethod
    def step_seconds(self) -> dict[int, float]:
        """Of one replica's step on one worker, at every batch size, roughly; `trial` is better."""

    @abstractmethod
    def trial(self, batch_size: int, seconds: float) -> float:
        """Seconds of a step of a replica, from a trial that takes about as long as is said, and one step at least."""

    @abstractmethod
    def bounds(self) -> tuple[float, float]:
        """Seconds of the whole run on one worker that are far too few and far too many, without running anything."""

    @abstractmethod
    def memory_bytes(self, workers: int) -> int:
        """Of all processes together."""

    @abstractmethod
    def device_bytes(self) -> int:
        """Of a GPU's memory, for one worker."""

    @abstractmethod
    def store_bytes(self) -> int:
        """Of all shards."""

    @property
    def core_seconds(self) -> float:
        """Of the whole run on one worker, roughly."""
        return sum(self.step_seconds.values()) * self.replicas * self.steps

    @property
    def recorded(self) -> range:
        """The steps that are looked at."""
        return range(0, self.steps, self.every)

    def shards(self) -> list[Shard]:
        """All the work. The last shard of a batch size takes the remainder, so that none has fewer than two replicas."""
        cuts = [(b, *self.cut(b)) for b in self.batch_sizes]
        return [Shard(b, i, full if i < count - 1 else last) for b, count, full, last in cuts for i in range(count)]

    @property
    def shard_count(self) -> int:
        """len(shards()), by counting."""
        return sum(self.cut(b)[0] for b in self.batch_sizes)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the identity."""
        return fingerprint(self.identity())


def fingerprint(identity: dict[str, Any]) -> str:
    """SHA-256 of what decides the numbers of a run."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
