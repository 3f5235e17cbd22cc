"""A store: a directory in which a run's finished shards survive.

    run.json                                    what the run is, its fingerprint, and what was asked for last
    problem.npz                                 weights of student and teacher, and the points of a data set
    b00004-s00017-n32-<digest>.nc               one shard, netCDF; the name ends in the SHA-256 of the file's bytes

Every file is written beside its place, flushed to the disk and renamed: a kill leaves whole files, and stray `.part` files at most.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import dask
import numpy as np
import xarray as xr

from empirics.data_sets import DataSet
from empirics.plan import Plan, Shard
from empirics.statistics import Moments, size_of
from empirics.work import ShardResult
from theory.exact import to_float

_PROBLEM = "problem.npz"
_NAME = re.compile(r"b(\d+)-s(\d+)-n(\d+)-([0-9a-f]{16})\.nc")
_DIMS = {
    "count": ("fold",),
    "mean": ("step", "fold", "value"),
    "yy": ("step", "fold", "statistic"),
    "yc": ("step", "fold", "statistic", "control"),
    "cc": ("step", "fold", "control", "control_"),
}


class CorruptShardError(ValueError):
    """A shard of the store cannot be used; the message names the file and what is wrong."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"store: the shard {path} {reason}; give repair=True (--repair) to compute it again")
        self.path = path


class Store:
    """The directory `path`, for one run. ValueError when it belongs to another run or holds other files, or cannot be written."""

    def __init__(self, path: str | os.PathLike[str], plan: Plan, read_only: bool = False) -> None:
        if not isinstance(path, str | os.PathLike):
            raise TypeError(f"store must be a path, but was {path!r}")
        if not os.fspath(path):
            raise ValueError("store must be a path, but was empty")
        self.path, self.plan = Path(path), plan
        if not read_only:
            self._check_place()
        known = self.path / "run.json"
        if known.exists():
            self._check_identity(read_run(self.path))
        else:
            self._refuse_strangers()

    def _refuse_strangers(self) -> None:
        """Without run.json: shards may be there, each of which says whose it is, and what a start that was cut off has left."""
        names = [entry.name for entry in self.path.iterdir()] if self.path.is_dir() else []
        strangers = [name for name in names if not (name.startswith(".") or name == _PROBLEM or _NAME.fullmatch(name))]
        if strangers:
            raise ValueError(f"store must be a new or empty directory, or a run's, but {self.path} holds {sorted(strangers)[0]!r}")

    def begin(self) -> None:
        """Say on the disk what the run is."""
        plan, known, arrays = self.plan, self.path / "run.json", self._problem()
        try:
            intact = (self.path / _PROBLEM).read_bytes() == arrays
        except OSError:
            intact = False
        if not intact:
            self._write(_PROBLEM, arrays)
        run = {"fingerprint": plan.fingerprint, "identity": plan.identity(), "request": plan.request()}
        content = json.dumps(run | {"learning_rates": plan.rates[:-1].tolist()}, indent=1).encode()
        if not known.exists() or known.read_bytes() != content:
            self._write("run.json", content)

    def _problem(self) -> bytes:
        """Of problem.npz: the same bytes for the same problem."""
        problem = self.plan.problem
        arrays = {f"{name}_{k}": w for name in ("student", "teacher") for k, w in enumerate(getattr(problem, name), 1)}
        if isinstance(problem.inputs, DataSet):
            arrays["points"] = problem.inputs.points
        buffer = io.BytesIO()
        np.savez(buffer, **{name: to_float(w) for name, w in arrays.items()})  # type: ignore[arg-type]
        return buffer.getvalue()

    def names(self) -> dict[Shard, Path]:
        """The shards that are there, by their names alone."""
        return dict(shard_files(self.path)) if self.path.is_dir() else {}

    def sound(self, shards: Iterable[Shard], repair: bool) -> dict[Shard, Path]:
        """Those of `shards` that are there, every one of them read. A corrupt one is removed with `repair`, a CorruptShardError without."""
        wanted, found = set(shards), dict[Shard, Path]()
        for shard, path in shard_files(self.path):
            if shard not in wanted:
                continue
            try:
                self.read(shard, path)
                if shard in found:
                    raise CorruptShardError(path, f"is there a second time, as {found[shard].name}")
                found[shard] = path
            except CorruptShardError:
                if not repair:
                    raise
                _remove(path)
        return found

    def read(self, shard: Shard, path: Path) -> ShardResult:
        """A shard, checked. CorruptShardError for changed bytes and for another run's."""
        return read_shard(path, shard, self.plan)

    def write(self, result: ShardResult) -> Path:
        """Keep a finished shard; its file. OSError, naming the store, when the disk is full or gone."""
        data = _dataset(result, self.plan.fingerprint)
        buffer = io.BytesIO()
        with _uninterrupted(), _no_cluster():
            data.to_netcdf(buffer, engine="h5netcdf")
        content = buffer.getvalue()
        shard = result.shard
        digest = hashlib.sha256(content).hexdigest()[:16]
        return self._write(f"b{shard.batch_size:05}-s{shard.index:05}-n{shard.replicas}-{digest}.nc", content)

    def _check_place(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"store must be a directory, but {self.path} is a file")
        probe = self.path / f".probe-{os.getpid()}"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise ValueError(f"store must be a directory that can be written, but {self.path} is not: {error.strerror}") from error

    def _check_identity(self, run: dict[str, Any]) -> None:
        if run["fingerprint"] == self.plan.fingerprint:
            return
        theirs, ours = run["identity"], self.plan.identity()
        key = next((k for k in ours if theirs.get(k) != ours[k]), "problem")
        detail = ", with other weights or learning rates"
        if key != "problem":
            detail = f", with {key} = {_short(theirs.get(key))} where this one has {_short(ours[key])}"
        raise ValueError(f"store must belong to this run, but {self.path} holds another one{detail}")

    def _write(self, name: str, content: bytes) -> Path:
        part = self.path / f".{name}-{os.getpid()}.part"
        try:
            with open(part, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.path / name)
            return self.path / name
        except OSError as error:
            part.unlink(missing_ok=True)
            full = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else error.strerror
            kept = sum(1 for _ in shard_files(self.path)) if self.path.is_dir() else 0
            raise OSError(
                error.errno, f"store {self.path} cannot take {name}: {full}; the {kept} finished shards in it are kept: go on with --resume"
            ) from error


def read_run(path: Path) -> dict[str, Any]:
    """run.json of a store. ValueError when there is none, or a broken one."""
    try:
        run = json.loads((path / "run.json").read_text(encoding="utf-8"))
        if isinstance(run["identity"], dict) and isinstance(run["request"], dict) and isinstance(run["fingerprint"], str):
            return run
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise ValueError(
        f"store must hold the run.json of a run, but that of {path} is missing or broken; the shards say themselves what they are: "
        "without run.json, the same run takes them up"
    )


def shard_files(path: Path) -> Iterator[tuple[Shard, Path]]:
    """The shards of a store in their order: by batch size and index."""
    found = []
    for entry in path.iterdir():
        match = _NAME.fullmatch(entry.name)
        if match:
            b, index, replicas = map(int, match.groups()[:3])
            found.append((Shard(b, index, replicas), entry))
    yield from sorted(found, key=lambda pair: (pair[0].batch_size, pair[0].index, pair[0].replicas, pair[1].name))


def read_shard(path: Path, shard: Shard, plan: Plan) -> ShardResult:
    """The shard in a file, its bytes, fingerprint and shapes checked."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorruptShardError(path, f"cannot be read: {error.strerror}") from error
    match = _NAME.fullmatch(path.name)
    if match is None or hashlib.sha256(content).hexdigest()[:16] != match[4]:
        raise CorruptShardError(path, "is corrupt: its bytes are not those that were written")
    try:
        with _uninterrupted(), _no_cluster():
            data = xr.load_dataset(io.BytesIO(content), engine="h5netcdf")
        identity, named = data.attrs["fingerprint"], Shard(data.attrs["batch_size"], data.attrs["shard"], data.attrs["replicas"])
        moments = Moments(**{field.name: data[field.name].values for field in fields(Moments)})
        result = ShardResult(shard, moments, data["diverged"].values, data.attrs["versions"])
    except (OSError, ValueError, KeyError) as error:
        raise CorruptShardError(path, f"is no shard of a run: {error}") from error
    if identity != plan.fingerprint:
        raise CorruptShardError(path, "belongs to another run")
    if named != shard:
        raise CorruptShardError(path, "is another shard than its name says")
    steps, expected = len(plan.recorded), Moments.zeros(len(plan.recorded), *size_of(plan.problem.depth, plan.estimator))
    shapes = [getattr(m, field.name).shape for m in (moments, expected) for field in fields(Moments)]
    if shapes[: len(shapes) // 2] != shapes[len(shapes) // 2 :] or result.diverged.shape != (steps,):
        raise CorruptShardError(path, "has arrays of other shapes than the run's")
    return result


def _dataset(result: ShardResult, fingerprint: str) -> xr.Dataset:
    variables: dict[str, Any] = {name: (dims, getattr(result.moments, name)) for name, dims in _DIMS.items()}
    variables["diverged"] = (("step",), result.diverged)
    shard = result.shard
    numbers = {"batch_size": shard.batch_size, "shard": shard.index, "replicas": shard.replicas}
    attributes = {"fingerprint": fingerprint, "versions": result.versions, **numbers}
    return xr.Dataset(variables, attrs=attributes)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """A Ctrl-C waits until the end: in the middle of a file, the library makes other errors of it. From the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told: list[tuple[int, Any]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: told.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if told and callable(before):
        before(*told[0])


def _no_cluster() -> AbstractContextManager[Any]:
    """Files are this process's own: with a Dask client at hand, xarray would ask the cluster for their locks."""
    return dask.config.set(scheduler="synchronous")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)  # another process may repair too
    except OSError as error:
        raise CorruptShardError(path, f"cannot be removed: {error.strerror}") from error


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
