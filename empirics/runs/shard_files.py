"""The files of a store: one finished shard each, netCDF, whose name says what it is and ends in the SHA-256 of its bytes.

    b00004-s00017-n32-t200-<digest>.nc          batch size, index, replicas, steps (not said in stores of earlier versions)

Whoever has finished a shard writes it: this process, another one on the same store, or a worker of this machine. Files are written beside
their place under a name of their own, flushed to the disk and renamed; the same shard has the same bytes, so nobody can be in the way.
Written and read by h5netcdf itself: xarray would look for a Dask client and its locks.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np

from empirics.runs.process_state import beside
from empirics.runs.sharded import Result, Shard

_NAME = re.compile(r"b(\d{1,20})-s(\d{1,20})-n(\d{1,20})(?:-t(\d{1,20}))?-([0-9a-f]{16})\.nc")

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class CorruptShardError(ValueError):
    """A shard of the store cannot be used; the message names the file and what is wrong."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"store: the shard {path} {reason}; give repair=True (--repair) to compute it again")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[Any, ...]:
        return CorruptShardError, (self.path, self.reason)


@dataclass(frozen=True)
class ShardFile:
    """A shard that is there, of a run of `steps` steps; None: of whatever number run.json says."""

    shard: Shard
    steps: int | None
    path: Path


@dataclass(frozen=True)
class Kept:
    """A finished shard that is in its file, and need not be sent."""

    shard: Shard
    path: Path


def shard_files(directory: Path) -> Iterator[ShardFile]:
    """Those of a directory, in their order: by batch size and index."""
    found = []
    for entry in directory.iterdir():
        match = _NAME.fullmatch(entry.name)
        if match:
            b, index, replicas, steps = (None if text is None else int(text) for text in match.groups()[:4])
            found.append(ShardFile(Shard(b, index, replicas), steps, entry))  # type: ignore[arg-type]
    yield from sorted(found, key=lambda f: (f.shard.batch_size, f.shard.index, f.shard.replicas, f.steps or 0, f.path.name))


def is_shard_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def steps_of(path: Path) -> int | None:
    """As the name says."""
    match = _NAME.fullmatch(path.name)
    return int(match[4]) if match and match[4] else None


def write_shard(directory: Path, result: Result, steps: int, fingerprint: str) -> Path:
    """Keep a finished shard; its file. OSError, naming the store, when the disk is full or gone."""
    shard = result.shard
    buffer = io.BytesIO()
    with uninterrupted(), h5netcdf.File(buffer, "w") as file:
        for name, (dims, array) in result.variables().items():
            for dim, length in zip(dims, array.shape, strict=True):
                if dim not in file.dimensions:
                    file.dimensions[dim] = length
            file.create_variable(name, dims, data=np.asarray(array, dtype=np.float64))
        numbers = {"batch_size": shard.batch_size, "shard": shard.index, "replicas": shard.replicas}
        for key, value in {"fingerprint": fingerprint, "versions": result.versions, **numbers}.items():
            file.attrs[key] = value
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()[:16]
    name = f"b{shard.batch_size:05}-s{shard.index:05}-n{shard.replicas}-t{steps}-{digest}.nc"
    return write_file(directory, name, content)


def read_shard(path: Path, shard: Shard, fingerprint: str) -> tuple[dict[str, np.ndarray], str]:
    """The arrays of the shard in a file, its bytes and fingerprint checked, and who made them."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorruptShardError(path, f"cannot be read: {error.strerror}") from error
    match = _NAME.fullmatch(path.name)
    if match is None or hashlib.sha256(content).hexdigest()[:16] != match[5]:
        raise CorruptShardError(path, "is corrupt: its bytes are not those that were written")
    try:
        with uninterrupted(), h5netcdf.File(io.BytesIO(content), "r") as file:
            identity, made_by = str(file.attrs["fingerprint"]), str(file.attrs["versions"])
            named = Shard(*(int(file.attrs[key]) for key in ("batch_size", "shard", "replicas")))
            arrays = {name: np.asarray(file[name][...], dtype=np.float64) for name in file.variables}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise CorruptShardError(path, f"is no shard of a run: {error}") from error
    if identity != fingerprint:
        raise CorruptShardError(path, "belongs to another run")
    if named != shard:
        raise CorruptShardError(path, "is another shard than its name says")
    return arrays, made_by


def write_file(directory: Path, name: str, content: bytes) -> Path:
    """The whole file or none. OSError that names the store and what is kept."""
    path = directory / name
    part = beside(path)
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        return path
    except OSError as error:
        part.unlink(missing_ok=True)
        full = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else error.strerror
        kept = sum(1 for _ in shard_files(directory)) if directory.is_dir() else 0
        raise OSError(
            error.errno, f"store {directory} cannot take {name}: {full}; the {kept} finished shards in it are kept: go on with --resume"
        ) from error


def _later(told: list[tuple[Any, int, Any]], handler: object, number: int, frame: object) -> None:
    told.append((handler, number, frame))


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A Ctrl-C or a SIGTERM waits until the end: in the middle of a file, the library makes other errors of it.

    From the main thread only, where alone Python runs handlers, and only those that are Python's: what is ignored stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told: list[tuple[Any, int, Any]] = []
    before = {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}
    for number, handler in before.items():
        signal.signal(number, partial(_later, told, handler))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if told:
        handler, *signalled = told[0]
        handler(*signalled)
