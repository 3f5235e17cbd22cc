"""Everything that decides the numbers of a measurement, the objects by their digests: enough to read a store, without a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch

from empirics.runs.sharded import Shard, Sharded, Variables

#: What is kept of every look at a block, by layer: of each of its runs, and of all of them together (observation.py, blocks.py).
OF_RUNS = ("conditional", "squares", "full_squares")
OF_BLOCK = ("spread", "full_spread")
#: Of a shard's file, beside its arrays.
HEADER_BYTES = 16_384


@dataclass(frozen=True)
class BlockResult:
    """What was seen of a block of runs, arrays whose second dimension, or first where there is none of runs, is that of the looks."""

    shard: Shard
    arrays: Variables
    versions: str

    def variables(self) -> Variables:
        """The arrays."""
        return self.arrays

    def first(self, count: int) -> BlockResult:
        """Of as many looks only."""
        return replace(self, arrays={name: (dims, _first(dims, array, count)) for name, (dims, array) in self.arrays.items()})


def _first(dims: tuple[str, ...], array: np.ndarray, count: int) -> np.ndarray:
    return array[:count] if dims[0] == "look" else array[:, :count]


@dataclass(frozen=True, eq=False)
class Record(Sharded):
    """A measurement as its store names it.

    Attributes:
        unit: "epoch" or "step", which `steps`, `every` and `evaluate_every` count.
        looks_per_epoch: steps of an epoch over which variances are averaged.
        block_runs: runs of a block, the last one of a batch size takes the remainder; a block is a shard.
        layers: names of the parameters that are measured; `parameters` is how many numbers they are.
        evaluated: names of the losses and errors: "loss", "error", "validation_loss", ...
        examples: N of the data set; `together` of them go through the model at a time.
        epsilon: the unit in the last place of the parameters.
        parts: digests and names of model, loss, data sets, optimizer, schedule, clip and error.
    """

    runs_are: ClassVar[str] = "runs"

    batch_sizes: tuple[int, ...]
    replicas: int
    unit: str
    steps: int
    every: int
    evaluate_every: int
    looks_per_epoch: int
    seed: int
    device: str
    sampling: str
    estimator: str
    draws: int
    block_runs: int
    layers: tuple[str, ...]
    parameters: int
    evaluated: tuple[str, ...]
    examples: int
    together: int
    epsilon: float
    parts: Mapping[str, str] = field(default_factory=dict)
    rule: int = 2  # as that of replicas: every run has streams of its own, so that a longer one begins as a shorter one does

    @cached_property
    def rates(self) -> np.ndarray:
        """Factors of the optimizer's own rates, all 1: a schedule, which changes them, is part of the identity with its length."""
        return np.array([1.0] * (self.steps - 1) + [0.0])

    def cut(self, batch_size: int) -> tuple[int, int, int]:
        """Blocks of `block_runs` runs."""
        count = max(1, self.replicas // self.block_runs)
        return count, self.block_runs, self.replicas - self.block_runs * (count - 1)

    def request(self) -> dict[str, Any]:
        """All fields."""
        found = {name: getattr(self, name) for name in RECORDED}
        return found | {name: list(found[name]) for name in ("batch_sizes", "layers", "evaluated")} | {"parts": dict(self.parts)}

    def identity(self, rates: Sequence[float] | None = None) -> dict[str, Any]:
        """All fields but batch sizes and the number of runs, which only add shards."""
        found = {name: value for name, value in self.request().items() if name not in ("batch_sizes", "replicas", "parts")}
        steps = self.steps if rates is None else len(rates) + 1
        told = {"kind": "measurement", "steps": steps, "device": torch.device(self.device).type}
        lasting = {"schedule_for": self.steps} if self.parts.get("schedule") else {}
        return found | told | lasting | {f"{name}_is": text for name, text in self.parts.items()}

    def arrays(self) -> dict[str, np.ndarray]:
        """None: weights and data are named by their digests."""
        return {}

    def empty(self, runs: int, steps: int | None = None) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
        """Arrays of NaN for a block of so many runs."""
        looks = len(range(0, self.steps if steps is None else steps, self.every))
        sizes = {"run": runs, "look": looks, "layer": len(self.layers)}
        dims: dict[str, tuple[str, ...]] = dict.fromkeys(OF_RUNS, ("run", "look", "layer")) | dict.fromkeys(OF_BLOCK, ("look", "layer"))
        dims |= dict.fromkeys((*self.evaluated, "diverged"), ("run", "look"))
        return {name: (each, np.full([sizes[dim] for dim in each], np.nan)) for name, each in dims.items()}

    def restored(self, shard: Shard, arrays: Mapping[str, np.ndarray], versions: str, steps: int) -> BlockResult:
        """The block with these arrays."""
        expected = self.empty(shard.replicas, steps)
        found = {name: (dims, arrays[name]) for name, (dims, _) in expected.items()}
        if any(found[name][1].shape != array.shape for name, (_, array) in expected.items()):
            raise ValueError("arrays of other shapes than the run's")
        return BlockResult(shard, found, versions)

    def store_bytes(self) -> int:
        """Of the arrays of all blocks, and of their headers."""
        numbers = len(self.layers) * (len(OF_RUNS) + len(OF_BLOCK)) + len(self.evaluated) + 1
        return len(self.batch_sizes) * self.replicas * len(self.recorded) * 8 * numbers + self.shard_count * HEADER_BYTES


#: Names of the fields of a record; a subclass has others beside them.
RECORDED = tuple(each.name for each in fields(Record))
