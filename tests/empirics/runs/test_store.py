"""Stores: what was finished survives kills and full disks, and gives the bits of a run that was never stopped."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import time
from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest

from empirics import load, make_plan, simulate
from empirics.runs.store import Store
from tests.instances import network
from tests.stored_run import PROBLEM, REQUEST, shards, start
from theory import Gaussian


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
from empirics import simulate
from tests.stored_run import PROBLEM, REQUEST
def slowly(progress):
    print(progress.done, flush=True)
    time.sleep(0.05)
simulate(PROBLEM, **REQUEST, store={store!r}, progress=slowly)
"""


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


def test_a_directory_with_other_files(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    with pytest.raises(ValueError, match=r"store must be a new or empty directory, or a run's, but .* holds 'thesis.tex'"):
        simulate(PROBLEM, **REQUEST, store=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_a_directory(tmp_path):
    (tmp_path / "run").write_text("", encoding="utf-8")
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
from tests.stored_run import PROBLEM, REQUEST
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
    left = Store(tmp_path / "run", make_plan(other, **REQUEST))
    left._write("problem.npz", left._problem())
    simulate(PROBLEM, **REQUEST, store=tmp_path / "run")
    with np.load(tmp_path / "run" / "problem.npz") as arrays:
        assert (arrays["student_1"] == PROBLEM.student[0].astype(float)).all()
