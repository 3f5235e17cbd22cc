"""A store: a directory in which a run's finished shards survive.

    run.json                                    what the run is, its fingerprint, what was asked for last, and a digest of all that
    problem.npz                                 weights of student and teacher, and the points of a data set; measurements have none
    b00004-s00017-n32-t200-<digest>.nc          one shard: shard_files.py

A run of more steps, the same in all else, is the same store's: its shards stand beside those of fewer steps, and serve these too.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from empirics.runs.process_state import beside
from empirics.runs.run_file import RunFile, read_run
from empirics.runs.shard_files import (
    CorruptShardError,
    ShardFile,
    is_shard_name,
    read_shard,
    shard_files,
    steps_of,
    write_file,
    write_shard,
)
from empirics.runs.sharded import Result, Shard, Sharded, fingerprint
from theory.exact import shown

_PROBLEM = "problem.npz"
Run = TypeVar("Run", bound=Sharded)


class Store(Generic[Run]):
    """The directory `path`, for one run. ValueError when it belongs to another run or holds other files, or cannot be written.

    `plan`: that of the run as this store keeps it, which is cut as it was when the store was made.
    """

    def __init__(self, path: str | os.PathLike[str], plan: Run, read_only: bool = False) -> None:
        self.path = as_path(path)
        if not read_only:
            self._check_place()
        self.run: RunFile | None = None
        if (self.path / "run.json").exists():
            self.run = read_run(self.path)
            plan = replace(plan, rule=self.run.rule)  # type: ignore[type-var]  # plans are dataclasses
            self._check_identity(plan, self.run)
        else:
            self._refuse_strangers()
        self.plan = plan
        self.fingerprints = (self.run.fingerprints if self.run else {}) | {plan.steps: plan.fingerprint}

    def _refuse_strangers(self) -> None:
        """Without run.json: shards may be there, each of which says whose it is, and what a start that was cut off has left."""
        names = [entry.name for entry in self.path.iterdir()] if self.path.is_dir() else []
        strangers = [name for name in names if not (name.startswith(".") or name == _PROBLEM or is_shard_name(name))]
        if strangers:
            raise ValueError(f"store must be a new or empty directory, or a run's, but {self.path} holds {sorted(strangers)[0]!r}")

    def begin(self) -> None:
        """Say on the disk what the run is."""
        plan, known, arrays = self.plan, self.path / "run.json", self._problem()
        try:
            intact = arrays is None or (self.path / _PROBLEM).read_bytes() == arrays
        except OSError:
            intact = False
        if arrays is not None and not intact:
            self._write(_PROBLEM, arrays)
        # the longest run that was asked for, which knows all learning rates
        rates = plan.rates[:-1].tolist()
        if self.run is not None and len(self.run.learning_rates) > len(rates):
            rates = self.run.learning_rates
        content = RunFile(plan.identity(rates), plan.request(), rates, self.fingerprints).content()
        if not known.exists() or known.read_bytes() != content:
            self._write("run.json", content)

    def _problem(self) -> bytes | None:
        """Of problem.npz, where the run has one: the same bytes for the same problem."""
        arrays = self.plan.arrays()
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        return buffer.getvalue() if arrays else None

    def files(self) -> list[tuple[int, ShardFile]]:
        """Those that hold what this run wants to know, its steps or more, the fewest first; and how many they hold."""
        found = [(file.steps or self._unsaid_steps(), file) for file in (shard_files(self.path) if self.path.is_dir() else ())]
        return sorted((pair for pair in found if pair[0] >= self.plan.steps and pair[0] in self.fingerprints), key=lambda pair: pair[0])

    def _unsaid_steps(self) -> int:
        """Of shards whose names do not say it: of a store that has never been asked for another number."""
        return min(self.run.fingerprints) if self.run else self.plan.steps

    def names(self) -> dict[Shard, Path]:
        """The shards that are there, by their names alone."""
        return {file.shard: file.path for _, file in reversed(self.files())}

    def sound(self, shards: Iterable[Shard], repair: bool) -> dict[Shard, Path]:
        """Those of `shards` that are there, every one of them read. A corrupt one is removed with `repair`, a CorruptShardError without."""
        wanted, found = set(shards), dict[Shard, tuple[int, Path]]()
        for steps, file in self.files():
            length, other = found.get(file.shard, (steps, None))
            if file.shard not in wanted or length != steps:
                continue
            try:
                self.read(file.shard, file.path)
                if other:
                    raise CorruptShardError(file.path, f"holds the same shard as {other.name}")
                found[file.shard] = steps, file.path
            except CorruptShardError:
                if not repair:
                    raise
                _remove(file.path)
        return {shard: path for shard, (_, path) in found.items()}

    def read(self, shard: Shard, path: Path) -> Result:
        """A shard, checked, and as many of its steps as the run has. CorruptShardError for changed bytes and for another run's."""
        steps = steps_of(path) or self._unsaid_steps()
        arrays, made_by = read_shard(path, shard, self.fingerprints[steps])
        try:
            return self.plan.restored(shard, arrays, made_by, steps).first(len(self.plan.recorded))
        except KeyError as error:
            raise CorruptShardError(path, f"is no shard of a run: it lacks {error}") from error
        except ValueError as error:
            raise CorruptShardError(path, f"has {error}") from error

    def write(self, result: Result) -> Path:
        """Keep a finished shard; its file. OSError, naming the store, when the disk is full or gone."""
        return write_shard(self.path, result, self.plan.steps, self.plan.fingerprint)

    def _check_place(self) -> None:
        probe = beside(self.path / "probe")
        try:
            if self.path.exists() and not self.path.is_dir():
                raise ValueError(f"store must be a directory, but {self.path} is a file")
            self.path.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise ValueError(f"store must be a directory that can be written, but {self.path} is not: {error.strerror}") from error

    def _check_identity(self, plan: Run, run: RunFile) -> None:
        """The same run, or that of another number of steps: all else is equal, and so are the learning rates as far as both go."""
        if plan.fingerprint in run.fingerprints.values():
            return
        ours, theirs = plan.rates[:-1].tolist(), run.learning_rates
        common = min(len(ours), len(theirs))
        same = ours[:common] == theirs[:common] and fingerprint(plan.identity(theirs)) == fingerprint(run.identity)
        if same and (run.rule > 1 or run.identity["steps"] == plan.steps):
            return
        detail = ", with other weights or learning rates"
        if same:
            detail = (
                f" of {run.identity['steps']} steps where this one has {plan.steps}, made by an earlier version, whose draws depend on the "
                "number of steps: take a new store"
            )
        else:
            wanted = plan.identity(theirs) if ours[:common] == theirs[:common] else plan.identity()
            key = next((k for k in wanted if k not in ("steps", "problem") and run.identity.get(k) != wanted[k]), "problem")
            if key != "problem":
                detail = f", with {key} = {_short(run.identity.get(key))} where this one has {_short(wanted[key])}"
        raise ValueError(f"store must belong to this run, but {self.path} holds another one{detail}")

    def _write(self, name: str, content: bytes) -> Path:
        return write_file(self.path, name, content)


def as_path(value: object) -> Path:
    """TypeError for what is no path, ValueError for what no file system can have as one."""
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str):
        raise TypeError(f"store must be a path, but was {shown(value)}")
    text = os.fspath(value)
    if not text:
        raise ValueError("store must be a path, but was empty")
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise ValueError(f"store must be a path that a file system can have, but was {shown(text)}") from None
    path = Path(text)
    try:
        if "\0" in text:
            raise ValueError(f"store must be a path that a file system can have, but was {shown(text)}")
        path.exists()
    except OSError as error:
        raise ValueError(f"store must be a path that can be accessed, but {shown(text)} cannot: {error.strerror}") from error
    return path


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)  # another process may repair too
    except OSError as error:
        raise CorruptShardError(path, f"cannot be removed: {error.strerror}") from error


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
