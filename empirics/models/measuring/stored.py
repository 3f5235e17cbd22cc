"""A measurement as its store holds it: enough to make the result, and nothing that could be run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import xarray as xr

from empirics.models.measuring.record import RECORDED, BlockResult, Record
from empirics.models.measuring.results import Estimates
from empirics.runs.execution import stored_result
from empirics.runs.run_file import read_run
from empirics.runs.sharded import Shard
from empirics.runs.store import as_path


@dataclass(frozen=True, eq=False)
class StoredMeasurement(Record):
    """A record, with the estimates that are made of its blocks."""

    def collector(self) -> Estimates:
        """Of all blocks."""
        return Estimates(self)

    def run(self, shard: Shard, ran: Callable[[int], object]) -> BlockResult:
        """It has no model."""
        raise TypeError("a stored measurement has no model to run")

    @property
    def step_seconds(self) -> dict[int, float]:
        """Nothing is run."""
        return dict.fromkeys(self.batch_sizes, 0.0)

    def trial(self, batch_size: int, seconds: float) -> float:
        """Nothing is run."""
        return 0.0

    def bounds(self) -> tuple[float, float]:
        """Nothing is run."""
        return 0.0, 0.0

    def memory_bytes(self, workers: int) -> int:
        """Of the results."""
        return self.store_bytes()

    def device_bytes(self) -> int:
        """Nothing is run."""
        return 0


def load_measurement(store: str | os.PathLike[str]) -> xr.Dataset:
    """The result that a store holds of the last measurement that was asked of it, without running anything, and without the model.

    Args:
        store: the directory that was given to `measure`.

    Returns the Dataset that `measure` returned, to the bit. Raises ValueError for a directory that is not there, is no store of a
    measurement, or lacks shards; CorruptShardError. Cost: reading every shard once, some milliseconds each.
    """
    path = as_path(store)
    if not path.is_dir():
        raise ValueError(f"store must be a directory, but there is none at {path}")
    request: dict[str, Any] = read_run(path).request
    if set(request) != set(RECORDED):
        raise ValueError(f"store must be one of empirics.measure, but {path} holds another run")
    tuples = {name: tuple(request[name]) for name in ("batch_sizes", "layers", "evaluated")}
    return stored_result(path, StoredMeasurement(**request | tuples))
