"""Stores: what was finished survives kills, full disks and flipped bytes, and gives the bits of a run that was never stopped."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from empirics import CorruptShardError, DataSet, load, make_plan, simulate
from empirics import simulation as front_door
from empirics.store import Store
from empirics.work import run_shard
from tests.replica_problems import F, network
from theory import Gaussian

PROBLEM = network((2, 3, 1), Gaussian(2), F(1, 20), seed=3)
REQUEST = {"batch_sizes": [1, 4], "steps": 3, "replicas": 66, "seed": 5, "shard_replicas": 16}  # shards of 16, 16, 16 and 18 replicas
ROOT = Path(__file__).parents[2]


def shards(path):
    return sorted(Path(path).glob("*.nc"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("finished") / "run"
    return path, simulate(PROBLEM, **REQUEST, store=path)


@pytest.fixture
def store(finished, tmp_path):
    """A finished one, to be spoilt."""
    return Path(shutil.copytree(finished[0], tmp_path / "run"))


@pytest.fixture
def counted(monkeypatch):
    """Shards that were computed."""
    done = []

    def run(plan, shard):
        done.append(shard)
        return run_shard(plan, shard)

    monkeypatch.setattr(front_door, "run_shard", run)
    return done


@pytest.fixture(scope="module")
def expected():
    return simulate(PROBLEM, **REQUEST)


def test_a_store_changes_no_bits(finished, expected):
    store, result = finished
    assert result.identical(expected)
    assert len(shards(store)) == 8 and not list(store.glob(".*"))


def test_a_finished_run_is_not_run_again(store, expected, counted):
    seen = []
    assert simulate(PROBLEM, **REQUEST, store=store, progress=seen.append).identical(expected)
    assert not counted and [(p.done, p.total, p.resumed) for p in seen] == [(396, 396, 396)]


@pytest.mark.parametrize("kept", [0, 1, 3, 7])
def test_what_is_missing_is_computed_and_nothing_else(store, expected, counted, kept):
    for path in shards(store)[kept:]:
        path.unlink()
    assert simulate(PROBLEM, **REQUEST, store=store).identical(expected)
    assert len(counted) == 8 - kept == len(set(counted)) and len(shards(store)) == 8


def test_files_are_the_same_bytes_when_computed_again(store, tmp_path):
    simulate(PROBLEM, **REQUEST, store=tmp_path / "again")
    assert [p.name for p in shards(store)] == [p.name for p in shards(tmp_path / "again")]


SCRIPT = """
import time
from empirics import simulate, simulation
from tests.empirics.test_store import PROBLEM, REQUEST
def slowly(progress):
    print(progress.done, flush=True)
    time.sleep(0.05)
simulate(PROBLEM, **REQUEST, store={store!r}, progress=slowly)
"""


def start(script):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "empirics")])}
    script = script.replace("from tests.empirics.test_store", "from test_store")
    return subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    )


@pytest.mark.parametrize("after", [1, 4])
def test_a_run_that_was_killed_goes_on(tmp_path, expected, counted, after):
    process = start(SCRIPT.format(store=str(tmp_path / "run")))
    for _ in range(1 + after):
        assert process.stdout.readline().strip().isdigit(), process.stderr.read()
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.communicate()
    found = len(shards(tmp_path / "run"))
    assert after <= found < 8
    assert simulate(PROBLEM, **REQUEST, store=tmp_path / "run").identical(expected)
    assert len(counted) == 8 - found


def test_an_interrupted_run_keeps_what_is_finished(tmp_path, expected, counted):
    def stop(progress):
        if progress.done > 200:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(PROBLEM, **REQUEST, store=tmp_path / "run", progress=stop)
    before = len(counted)
    assert len(shards(tmp_path / "run")) == before == 5
    assert simulate(PROBLEM, **REQUEST, store=tmp_path / "run").identical(expected) and len(counted) == 8


def test_stray_parts_of_a_killed_write_do_no_harm(store, expected):
    (store / ".b00001-s00000-n16-0123456789abcdef.nc-1.part").write_bytes(b"half")
    assert simulate(PROBLEM, **REQUEST, store=store).identical(expected)


def test_a_start_that_was_cut_off_before_run_json_can_be_repeated(store, expected):
    for path in store.iterdir():
        if path.name != "problem.npz":
            path.unlink()
    assert simulate(PROBLEM, **REQUEST, store=store).identical(expected)


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
    (store / "run.json").write_text(content)
    for action in (lambda: simulate(PROBLEM, **REQUEST, store=store, repair=True), lambda: load(store, PROBLEM)):
        with pytest.raises(ValueError, match=r"store must hold the run\.json of a run"):
            action()
    assert len(shards(store)) == 8


@pytest.mark.parametrize(("problem", "change", "named"), [
    (PROBLEM, {"seed": 6}, "its seed is 5, and this one's is 6"), (PROBLEM, {"steps": 4}, "problem|steps"),
    (PROBLEM, {"dtype": "float32"}, "its dtype is 'float64'"),
    (PROBLEM, {"estimator": "naive"}, "its estimator is 'controlled'"), (PROBLEM, {"shard_replicas": 8}, "its shard_replicas is 16"),
    (network((2, 3, 1), Gaussian(2), F(1, 20), seed=4), {}, "with other weights or learning rates"), (network((2, 3, 1),
    Gaussian(2), F(1, 21), seed=3), {}, "with other weights or learning rates"),
], ids=str)  # fmt: skip
def test_a_store_of_another_run_is_refused_and_untouched(store, problem, change, named):
    before = {p: p.read_bytes() for p in store.iterdir()}
    with pytest.raises(ValueError, match=rf"store must belong to this run, but .* holds another one.*({named})"):
        simulate(problem, **REQUEST | change, store=store)
    assert {p: p.read_bytes() for p in store.iterdir()} == before


def test_a_directory_with_other_files(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match=r"store must be a new or empty directory, or a run's, but .* holds 'thesis.tex'"):
        simulate(PROBLEM, **REQUEST, store=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_a_directory(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(ValueError, match=r"store must be a directory, but .* is a file"):
        simulate(PROBLEM, **REQUEST, store=tmp_path / "run")
    with pytest.raises(ValueError, match="store must be a directory that can be written"):
        simulate(PROBLEM, **REQUEST, store=tmp_path / "run" / "below")


def test_a_place_that_cannot_be_written(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="store must be a directory that can be written, but /proc/run is not"):
        simulate(PROBLEM, **REQUEST, store="/proc/run")

    def read_only(self, content):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "write_bytes", read_only)
    with pytest.raises(ValueError, match=r"can be written, but .* is not: Read-only file system"):
        simulate(PROBLEM, **REQUEST, store=tmp_path / "run")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_loses_nothing_that_was_finished(tmp_path, monkeypatch, expected, counted, code):
    flush, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) > 6:  # problem.npz, run.json and four shards
            raise OSError(code, os.strerror(code))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        OSError, match=r"run cannot take b.*\.nc: the disk is full; the 4 finished shards in it are kept: go on with --resume"
    ) as caught:
        simulate(PROBLEM, **REQUEST, store=tmp_path / "run")
    assert caught.value.errno == code and str(tmp_path / "run") in str(caught.value)
    monkeypatch.setattr(os, "fsync", flush)
    assert len(shards(tmp_path / "run")) == 4 and not list((tmp_path / "run").glob(".*"))
    counted.clear()
    assert simulate(PROBLEM, **REQUEST, store=tmp_path / "run").identical(expected) and len(counted) == 4


LIMITED = """
import resource
from empirics import simulate
from tests.empirics.test_store import PROBLEM, REQUEST
def tighten(progress):
    if progress.done > 100:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
try:
    simulate(PROBLEM, **REQUEST, store={store!r}, progress=tighten)
except OSError as error:
    print(error)
"""


def test_a_limit_on_the_size_of_files(tmp_path, expected):
    process = start(LIMITED.format(store=str(tmp_path / "run")))
    told, complaint = process.communicate(timeout=60)
    assert "the disk is full; the 3 finished shards in it are kept" in told, complaint
    assert len(shards(tmp_path / "run")) == 3 and not list((tmp_path / "run").glob(".*"))
    assert simulate(PROBLEM, **REQUEST, store=tmp_path / "run").identical(expected)


def test_a_store_that_vanishes(tmp_path):
    def gone(progress):
        shutil.rmtree(tmp_path / "run", ignore_errors=True)

    with pytest.raises(OSError, match=r"store .*run cannot take"):
        simulate(PROBLEM, **REQUEST, store=tmp_path / "run", progress=gone)


def test_more_batch_sizes_use_what_is_there(store, counted):
    more = REQUEST | {"batch_sizes": [4, 2, 1]}
    assert simulate(PROBLEM, **more, store=store).identical(simulate(PROBLEM, **more))
    assert {s.batch_size for s in counted[:4]} == {2} and len(counted) == 4 + 12


def test_more_replicas_use_what_is_there(store, counted):
    more = REQUEST | {"replicas": 130}
    result = simulate(PROBLEM, **more, store=store)
    assert len(counted) == 2 * (8 - 3)  # the last shard, of 18 replicas, is not one of theirs
    assert result.identical(simulate(PROBLEM, **more))


def test_fewer_replicas_too(store, counted, expected):
    fewer = REQUEST | {"replicas": 48}
    result = simulate(PROBLEM, **fewer, store=store)
    assert not counted and result.identical(simulate(PROBLEM, **fewer))
    assert simulate(PROBLEM, **REQUEST, store=store).identical(expected)


def test_without_resume_finished_shards_are_refused(store, counted):
    with pytest.raises(ValueError, match=r"store must have no shards of this run without resume, but .* holds 8 finished ones"):
        simulate(PROBLEM, **REQUEST, store=store, resume=False)
    assert not counted and len(shards(store)) == 8


def test_without_resume_a_new_store_is_fine(tmp_path, expected):
    assert simulate(PROBLEM, **REQUEST, store=tmp_path / "run", resume=False).identical(expected)


def test_loading_runs_nothing(store, expected, counted):
    assert load(store, PROBLEM).identical(expected) and load(str(store), PROBLEM).identical(expected) and not counted


def test_loading_gives_the_last_request(store, counted):
    fewer = simulate(PROBLEM, **REQUEST | {"replicas": 48}, store=store)
    assert load(store, PROBLEM).identical(fewer) and not counted


def test_loading_needs_all_shards_and_the_problem(store, tmp_path):
    with pytest.raises(ValueError, match="store must belong to this run"):
        load(store, network((2, 3, 1), Gaussian(2), F(1, 20), seed=4))
    shards(store)[5].unlink()
    with pytest.raises(ValueError, match=r"store must hold the whole run, but .* lacks 1 of 8 shards"):
        load(store, PROBLEM)
    with pytest.raises(ValueError, match=r"store must hold the run\.json"):
        load(tmp_path / "nothing", PROBLEM)
    assert not (tmp_path / "nothing").exists()


def test_loading_finds_corrupt_shards(store):
    shards(store)[5].write_bytes(b"x")
    with pytest.raises(CorruptShardError):
        load(store, PROBLEM)
    assert len(shards(store)) == 8


def test_results_of_a_gpu_can_be_loaded_without_one(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    here = make_plan(PROBLEM, **REQUEST, device="cpu")
    there = Store(tmp_path / "run", replace(here, device="cuda"))
    there.begin()
    for shard in here.shards():
        there.write(run_shard(here, shard))
    assert load(tmp_path / "run", PROBLEM).sizes["step"] == 3


def test_the_store_has_the_problems_numbers(tmp_path):
    problem = network((2, 3, 1), DataSet([[1.0, 2.0], [3.0, 4.0]]), F(1, 20))
    simulate(problem, **REQUEST, store=tmp_path / "run")
    with np.load(tmp_path / "run" / "problem.npz") as arrays:
        for side in ("student", "teacher"):
            for k, w in enumerate(getattr(problem, side), 1):
                assert (arrays[f"{side}_{k}"] == w.astype(float)).all()
        assert arrays["points"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["learning_rates"] == [0.05, 0.05] and run["request"]["replicas"] == 66


def test_progress_is_told_after_every_shard(tmp_path):
    seen = []
    began = time.monotonic()
    simulate(PROBLEM, **REQUEST, progress=seen.append)
    assert [p.done for p in seen] == [0, 48, 96, 144, 198, 246, 294, 342, 396] and time.monotonic() - began < 60
    assert {(p.total, p.resumed) for p in seen} == {(396, 0)}


def test_a_store_that_cannot_be_written_can_be_read(store, expected, monkeypatch):
    monkeypatch.setattr(Store, "_check_place", lambda self: pytest.fail("something was written"))
    assert load(store, PROBLEM).identical(expected)


def test_a_problem_that_a_start_left_is_written_anew(tmp_path):
    other = network((2, 3, 1), Gaussian(2), F(1, 20), seed=9)
    Store(tmp_path / "run", make_plan(other, **REQUEST))._write_problem()
    simulate(PROBLEM, **REQUEST, store=tmp_path / "run")
    with np.load(tmp_path / "run" / "problem.npz") as arrays:
        assert (arrays["student_1"] == PROBLEM.student[0].astype(float)).all()


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


def test_shards_without_run_json_are_taken_up(store, expected):
    (store / "run.json").unlink()
    assert simulate(PROBLEM, **REQUEST, store=store).identical(expected) and (store / "run.json").exists()


def test_versions_are_those_of_the_makers(store, monkeypatch):
    monkeypatch.setattr("empirics.work.version", lambda name: "99.0")
    assert "99.0" not in load(store, PROBLEM).attrs["versions"]
    path = shards(store)[0]
    path.unlink()
    assert simulate(PROBLEM, **REQUEST, store=store).attrs["versions"].count("batchlaw") == 2
