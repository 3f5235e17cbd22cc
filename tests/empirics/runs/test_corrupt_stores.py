"""Stores that were spoilt: flipped bytes, files cut short, files of other runs. All are found and named, and mended when asked."""

from __future__ import annotations

import errno
import hashlib
import shutil
from pathlib import Path

import pytest
import xarray as xr

from empirics import CorruptShardError, load, make_plan, simulate
from empirics.runs.store import Store
from tests.stored_run import PROBLEM, REQUEST, shards


@pytest.mark.parametrize("place", [0, 7, 100, 2000, -3000, -500, -1])
def test_a_flipped_bit_anywhere_is_found_and_mended(store, expected, counted, place):
    path = shards(store)[3]
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptShardError, match=f"the shard .*{path.name} is corrupt.*repair=True"):
        simulate(PROBLEM, **REQUEST, store=store)
    assert not counted and len(shards(store)) == 8
    assert simulate(PROBLEM, **REQUEST, store=store, repair=True).identical(expected) and len(counted) == 1
    assert simulate(PROBLEM, **REQUEST, store=store).identical(expected) and len(counted) == 1


def test_every_single_byte_counts(store):
    path, plan = shards(store)[0], make_plan(PROBLEM, **REQUEST)
    kept, content = Store(store, plan), path.read_bytes()
    shard = next(s for s, p in kept.names().items() if p == path)
    for place in range(0, len(content), 97):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x40]) + content[place + 1 :])
        with pytest.raises(CorruptShardError):
            kept.read(shard, path)


@pytest.mark.parametrize("length", [0, 1, 1000, -1])
def test_a_truncated_shard(store, expected, counted, length):
    path = shards(store)[0]
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CorruptShardError, match=path.name):
        simulate(PROBLEM, **REQUEST, store=store)
    assert simulate(PROBLEM, **REQUEST, store=store, repair=True).identical(expected) and len(counted) == 1


def test_a_shard_of_another_run_under_its_name(store, tmp_path, expected, counted):
    simulate(PROBLEM, **REQUEST | {"seed": 6}, store=tmp_path / "other")
    mine, theirs = shards(store)[2], shards(tmp_path / "other")[2]
    mine.unlink()
    shutil.copy(theirs, store / theirs.name)
    with pytest.raises(CorruptShardError, match="belongs to another run"):
        simulate(PROBLEM, **REQUEST, store=store)
    counted.clear()
    assert simulate(PROBLEM, **REQUEST, store=store, repair=True).identical(expected) and len(counted) == 1
    assert not (store / theirs.name).exists() and len(shards(store)) == 8


def test_a_shard_of_this_run_under_anothers_name(store, expected):
    one, two = shards(store)[:2]
    two.unlink()
    shutil.copy(one, store / two.name.replace(two.name[-19:], one.name[-19:]))
    with pytest.raises(CorruptShardError, match="is another shard than its name says"):
        simulate(PROBLEM, **REQUEST, store=store)
    assert simulate(PROBLEM, **REQUEST, store=store, repair=True).identical(expected)


def test_a_file_that_is_no_shard_under_a_name_that_fits_its_bytes(store, expected):
    path, content = shards(store)[0], b"no netCDF"
    path.unlink()
    (store / f"{path.name[:-19]}{hashlib.sha256(content).hexdigest()[:16]}.nc").write_bytes(content)
    assert simulate(PROBLEM, **REQUEST, store=store, repair=True).identical(expected)


def test_a_shard_of_other_shapes_is_corrupt(store, expected):
    path = shards(store)[0]
    data = xr.load_dataset(path, engine="h5netcdf").isel(step=slice(0, 1))
    path.unlink()
    data.to_netcdf(store / "new.nc", engine="h5netcdf")
    content = (store / "new.nc").read_bytes()
    (store / "new.nc").unlink()
    (store / f"{path.name[:-19]}{hashlib.sha256(content).hexdigest()[:16]}.nc").write_bytes(content)
    with pytest.raises(CorruptShardError, match="arrays of other shapes"):
        simulate(PROBLEM, **REQUEST, store=store)
    assert simulate(PROBLEM, **REQUEST, store=store, repair=True).identical(expected)


def test_a_shard_that_is_there_twice_is_told(store, expected):
    path = shards(store)[0]
    (store / f"{path.name[:-19]}{'0' * 16}.nc").write_bytes(b"junk")
    with pytest.raises(CorruptShardError, match="is corrupt"):
        simulate(PROBLEM, **REQUEST, store=store)
    assert simulate(PROBLEM, **REQUEST, store=store, repair=True).identical(expected) and len(shards(store)) == 8


def test_an_unreadable_shard(store, monkeypatch):
    path, read = shards(store)[1], Path.read_bytes

    def denied(self):
        if self == path:
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(CorruptShardError, match=f"{path.name} cannot be read: Permission denied"):
        simulate(PROBLEM, **REQUEST, store=store)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"identity": 1, "request": {}, "fingerprint": ""}', "null"])
def test_a_broken_run_json(store, content):
    (store / "run.json").write_text(content, encoding="utf-8")
    for action in (lambda: simulate(PROBLEM, **REQUEST, store=store, repair=True), lambda: load(store, PROBLEM)):
        with pytest.raises(ValueError, match=r"store must hold the run\.json of a run"):
            action()
    assert len(shards(store)) == 8


def test_shards_without_run_json_are_taken_up(store, expected):
    (store / "run.json").unlink()
    assert simulate(PROBLEM, **REQUEST, store=store).identical(expected) and (store / "run.json").exists()


def test_loading_finds_corrupt_shards(store):
    shards(store)[5].write_bytes(b"x")
    with pytest.raises(CorruptShardError):
        load(store, PROBLEM)
    assert len(shards(store)) == 8


@pytest.mark.parametrize("content", [b"", b"PK"])
def test_a_spoilt_problem_is_written_again(store, expected, counted, content):
    intact = (store / "problem.npz").read_bytes()
    (store / "problem.npz").write_bytes(content)
    assert simulate(PROBLEM, **REQUEST, store=store).identical(expected) and not counted
    assert (store / "problem.npz").read_bytes() == intact


def test_a_directory_in_the_place_of_a_shard(store):
    path = shards(store)[2]
    path.unlink()
    path.mkdir()
    for repair, reason in ((False, "cannot be read"), (True, "cannot be removed")):
        with pytest.raises(CorruptShardError, match=f"{path.name} {reason}"):
            simulate(PROBLEM, **REQUEST, store=store, repair=repair)
