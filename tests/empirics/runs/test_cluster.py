"""Shards on Dask: worker processes change no bits, and one that is killed costs nothing but time."""

from __future__ import annotations

import os
import signal
import time
from fractions import Fraction as F

import psutil
import pytest

from empirics import make_plan, simulate
from empirics.runs import cluster
from empirics.runs.cluster import local_client, run_on
from empirics.runs.execution import collect_shards
from empirics.runs.progress import Account
from empirics.runs.store import Store
from tests.instances import network
from tests.stored_run import start
from theory import Gaussian

PROBLEM = network((2, 3, 1), Gaussian(2), F(1, 20), seed=3)
REQUEST = {"batch_sizes": [1, 4], "steps": 20, "replicas": 1600, "seed": 5, "shard_replicas": 100}


@pytest.fixture(scope="module")
def expected():
    return simulate(PROBLEM, **REQUEST, workers=1)


@pytest.fixture(scope="module")
def client():
    with local_client(2) as client:
        client.wait_for_workers(2, timeout=60)
        yield client


def run(client, progress=lambda progress: None, store=None):
    plan = make_plan(PROBLEM, **REQUEST)
    kept = None if store is None else Store(store, plan)
    finished = {} if kept is None else kept.names()
    if kept is not None:
        kept.begin()
    missing = [shard for shard in plan.shards() if shard not in finished]
    account = Account(plan, finished, progress)
    return collect_shards(plan, run_on(client, plan, missing, account.ran), kept, finished, account)


def test_two_worker_processes_give_the_same_bits(client, expected):
    assert len(set(client.run(os.getpid).values()) - {os.getpid()}) == 2
    seen = []
    assert run(client, seen.append).identical(expected)
    assert [p.done for p in seen] == [2000 * i for i in range(33)]


def test_what_workers_finish_is_stored(client, expected, tmp_path):
    assert run(client, store=tmp_path / "run").identical(expected)
    assert len(list((tmp_path / "run").glob("*.nc"))) == 32


def test_a_scheduler_is_found_by_its_address(client, expected):
    assert simulate(PROBLEM, **REQUEST, scheduler=client.scheduler.address).identical(expected)


def test_workers_started_for_the_run(expected):
    assert simulate(PROBLEM, **REQUEST, workers=2).identical(expected)


def run_and_kill(which):
    """A worker is killed after three shards: one that holds data for the others, if there is one, or another one."""
    with local_client(2) as client:
        client.wait_for_workers(2, timeout=60)
        pids, finished = client.run(os.getpid), []

        def kill(progress):
            finished.append(progress.done)
            if len(finished) == 4:
                holder = next((workers[0] for key, workers in client.who_has().items() if "unchanged" in str(key)), next(iter(pids)))
                victim = holder if which == "holder" else next(address for address in pids if address != holder)
                os.kill(pids[victim], signal.SIGKILL)

        result = run(client, kill)
        assert len(finished) == 33
        return result


@pytest.mark.parametrize("which", ["another", "holder"])
def test_a_worker_is_killed(expected, which):
    assert run_and_kill(which).identical(expected)


def test_an_address_that_nobody_answers(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    began = time.monotonic()
    with pytest.raises(ValueError, match=r"scheduler must be the address of a Dask scheduler, but 'tcp://127.0.0.1:9' cannot be reached"):
        simulate(PROBLEM, **REQUEST, scheduler="tcp://127.0.0.1:9")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:9", "tcp://"])
def test_what_is_no_address(monkeypatch, address):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    with pytest.raises(ValueError, match="scheduler must be the address of a Dask scheduler"):
        simulate(PROBLEM, **REQUEST, scheduler=address)


def test_an_error_in_a_shard_is_raised_after_the_rest_was_kept(client, tmp_path, monkeypatch):
    """A disk that fills up while workers go on."""
    write, calls = Store.write, []

    def full(self, result):
        calls.append(result)
        if len(calls) > 5:
            raise OSError(28, "full")
        return write(self, result)

    monkeypatch.setattr(Store, "write", full)
    with pytest.raises(OSError, match="full"):
        run(client, store=tmp_path / "run")
    monkeypatch.setattr(Store, "write", write)
    assert len(list((tmp_path / "run").glob("*.nc"))) == 5
    assert run(client, store=tmp_path / "run").identical(simulate(PROBLEM, **REQUEST))


def test_workers_that_are_gone_for_good_end_the_run(monkeypatch):
    """Nannies and workers killed: nobody starts new ones."""
    monkeypatch.setattr(cluster, "LONELY_SECONDS", 2.0)
    monkeypatch.setattr(cluster, "LOOK_SECONDS", 0.5)
    with local_client(1) as client:
        (worker,) = client.run(os.getpid).values()
        nanny = psutil.Process(worker).parent().pid

        def kill(progress):
            if progress.done:
                for pid in (nanny, worker):
                    os.kill(pid, signal.SIGKILL)

        with pytest.raises(OSError, match=r"scheduler.*(no workers|were lost).*; shards that were finished before are kept"):
            run(client, kill)


FULL = (
    """
import os
from empirics import simulate
from tests.empirics.runs.test_cluster import PROBLEM, REQUEST
import empirics.runs.cluster as cluster

COMPANION = cluster.COMPANION
cluster.COMPANION += """
    + '"""'
    + """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
"""
    + '"""'
    + """
try:
    simulate(PROBLEM, **REQUEST, workers=2, store={store!r})
except OSError as error:
    print(error.errno, error)
"""
)


def test_a_disk_that_fills_up_under_the_workers(tmp_path):
    """They write their shards themselves; what stops them is raised here, once, in the store's words."""
    told, complaint = start(FULL.format(store=str(tmp_path / "run"))).communicate(timeout=120)
    assert told.startswith(f"27 [Errno 27] store {tmp_path / 'run'} cannot take b00001-"), complaint
    assert "the disk is full; the 0 finished shards" in told and len(told.splitlines()) == 1 and not complaint
    assert not list((tmp_path / "run").glob("*.nc")) and not list((tmp_path / "run").glob(".*"))


def test_workers_keep_their_shards_themselves(tmp_path, expected, monkeypatch):
    monkeypatch.setattr(Store, "write", lambda self, result: pytest.fail("a shard was sent"))
    assert simulate(PROBLEM, **REQUEST, workers=2, store=tmp_path / "run").identical(expected)
    assert len(list((tmp_path / "run").glob("*.nc"))) == 32
