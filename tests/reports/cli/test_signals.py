"""Runs that are ended from outside: what was kept is said, nothing is left running, and what the shell ignores stays ignored."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import psutil
import pytest

from reports.cli.signals import EndedError, ended_by_signals, exit_code
from tests.stored_run import ROOT

#: Signals as a shell leaves them to a program in the foreground, whatever the tests themselves run in; forty shards.
FOREGROUND = "signal.signal(signal.SIGINT, signal.default_int_handler); [signal.signal(s, signal.SIG_DFL) for s in (15, 1)]"
IGNORING = "[signal.signal(s, signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGHUP)]"
CODE = "import signal; {state}; from empirics.runs import cuts; cuts.SHARD_SECONDS = 1e-9; from reports.cli import app; app()"
SHARDS = 40


def command(store, workers, state=FOREGROUND, steps=60):
    arguments = ["synthetic", "--batch-sizes", "4", "--steps", str(steps), "--replicas", "160", "--dtype", "float32"]
    code = CODE.format(state=state)
    return [sys.executable, "-c", code, "simulate", *arguments, "--workers", str(workers), "--store", str(store)]


def shards(store):
    return list(store.glob("*.nc"))


@contextmanager
def running(store, workers, state=FOREGROUND):
    """A run of which a shard is in the store, in a session of its own; nothing of it is left afterwards."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command(store, workers, state), **pipes, start_new_session=True, env=environment, cwd=ROOT) as process:
        deadline = time.monotonic() + 120
        while not shards(store) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert shards(store), process.communicate()[1] if process.poll() is not None else "nothing was stored"
        family = psutil.Process(process.pid).children(recursive=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            _, left = psutil.wait_procs(family, timeout=60)
            for each in left:
                each.kill()
        assert not left, left


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("number", "word", "code"), [(signal.SIGINT, "interrupted", 130), (signal.SIGTERM, "ended", 143)])
def test_a_run_that_is_ended_says_what_was_kept_and_goes_on(tmp_path, workers, number, word, code):
    """Ctrl-C goes to the whole group of processes, as from a terminal; others to the process."""
    store = tmp_path / "store"
    with running(store, workers) as process:
        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
        _, told = process.communicate()
        assert process.returncode == code, told
    last = told.splitlines()[-1]
    assert last == f"{word}; finished shards are kept in {store}: add --resume"
    assert 0 < len(shards(store)) < SHARDS
    done = subprocess.run([*command(store, 1), "--resume"], capture_output=True, encoding="utf-8", cwd=ROOT)
    assert done.returncode == 0 and len(shards(store)) == SHARDS


def test_what_nohup_ignores_is_ignored(tmp_path):
    """And a SIGTERM still ends it."""
    with running(tmp_path / "store", 1, IGNORING) as process:
        for number in (signal.SIGHUP, signal.SIGINT):
            process.send_signal(number)
        before = len(shards(tmp_path / "store"))
        deadline = time.monotonic() + 60
        while len(shards(tmp_path / "store")) < before + 3 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert process.poll() is None or process.returncode == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait() in (143, 0)
    assert len(shards(tmp_path / "store")) >= before + 3


def test_workers_of_a_killed_run_end_and_keep_what_they_have_finished(tmp_path):
    """kill -9 leaves nobody who could tell them."""
    store = tmp_path / "store"
    with running(store, 2) as process:
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 5  # a scheduler, and two workers with their nannies
        process.kill()
        process.communicate()
        gone, left = psutil.wait_procs(family, timeout=30)
        assert not left and len(gone) == len(family)
    kept = len(shards(store))
    assert 0 < kept < SHARDS and not list(store.glob(".*.nc-*"))
    done = subprocess.run([*command(store, 1), "--resume"], capture_output=True, encoding="utf-8", cwd=ROOT)
    assert done.returncode == 0 and len(shards(store)) == SHARDS


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_handlers_are_as_they_were(name):
    number, before = getattr(signal, name), signal.getsignal(getattr(signal, name))

    def run():
        with ended_by_signals():
            os.kill(os.getpid(), number)
            time.sleep(5)

    try:
        signal.signal(number, signal.SIG_DFL)
        with pytest.raises(EndedError) as caught:
            run()
        assert exit_code(caught.value) == 128 + number and signal.getsignal(number) is signal.SIG_DFL
        for kept in (signal.SIG_IGN, lambda number, frame: None):
            signal.signal(number, kept)
            with ended_by_signals():
                assert signal.getsignal(number) is kept
            assert signal.getsignal(number) is kept
    finally:
        signal.signal(number, before)


def test_nothing_is_installed_outside_of_the_main_thread():
    seen = []

    def enter():
        with ended_by_signals():
            seen.append([signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)])

    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]
