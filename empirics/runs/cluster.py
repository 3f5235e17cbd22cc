"""Shards on Dask: worker processes on this machine, or a scheduler's workers anywhere. A worker that dies costs the shard that it had."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from uuid import uuid4

import dask
from distributed import Client, Future, KilledWorker, SpecCluster, as_completed, get_worker
from distributed.deploy.subprocess import SubprocessScheduler, SubprocessWorker

from empirics.runs.process_state import quiet
from empirics.runs.shard_files import Kept, write_shard
from empirics.runs.sharded import Result, Shard, Sharded

#: Shards that wait at the scheduler for each worker, so that none is idle.
WAITING = 2
CONNECT_SECONDS = 10
CLOSE_SECONDS = 2
#: A scheduler without workers is given up after this; one that lost a worker of its own starts another within seconds.
LONELY_SECONDS = 60.0
LOOK_SECONDS, NAP_SECONDS, TELL_SECONDS = 5.0, 0.02, 1.0
#: Dask's loggers tell of every connection that closes; what matters is raised.
LOGGERS = ("distributed", "distributed.client", "distributed.core", "distributed.comm.tcp")
#: What the programs of a local cluster run first. A terminal sends its Ctrl-C to all of its session: they have their own. And when the
#: process that started them is gone, killed perhaps, nobody wants their work: they end within a second (a worker ends with its nanny).
COMPANION = """
import os, threading, time

def watch():
    while os.getppid() == {pid}:
        time.sleep(0.5)
    os._exit(1)

try:
    os.setsid()
except OSError:
    pass
threading.Thread(target=watch, daemon=True).start()
"""


def run_on(
    client: Client, plan: Sharded, shards: Sequence[Shard], ran: Callable[[Shard, int], object], directory: Path | None = None
) -> Iterator[Result | Kept]:
    """Every shard once, in the order in which they are finished; `ran` hears of those under way. Workers write them to `directory`, the
    store's, where they see it.

    OSError when the scheduler or all of its workers are lost, or the disk is full.
    """
    topic = f"batchlaw-{uuid4().hex}"
    heard: SimpleQueue[tuple[Shard, int]] = SimpleQueue()  # filled by the client's own thread
    client.subscribe_topic(topic, lambda event: heard.put((Shard(*event[1][:3]), event[1][3])))
    # a task and not scattered data, which would be lost with the worker that holds it; Dask would warn of data sets beyond 10 MB
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PB"}):
        shared = client.submit(_unchanged, plan, pure=False)
    todo = iter(shards)

    def submit(shard: Shard) -> Future:
        return client.submit(_run, shared, shard, topic, directory, pure=False, retries=2)

    width = max(1, sum(client.nthreads().values())) * (1 + WAITING)
    running = as_completed([submit(shard) for shard in itertools.islice(todo, width)], loop=client.loop)
    watch = _Watch(client)
    while not running.is_empty():
        while not heard.empty():
            ran(*heard.get())
        if not running.has_ready():
            watch.look()
            time.sleep(NAP_SECONDS)
            continue
        result = _result_of(next(running), watch)
        if isinstance(result, OSError):
            raise result
        following = next(todo, None)
        if following is not None:
            running.add(submit(following))
        yield result


def _result_of(future: Future, watch: _Watch) -> Result | Kept | OSError:
    """A finished shard; computed again when the worker that has it dies before it is fetched."""
    while True:
        try:
            return future.result(timeout=LOOK_SECONDS)
        except TimeoutError:
            watch.look()
        except (CancelledError, KilledWorker) as error:
            raise _lost(f"the scheduler or its workers were lost ({error})") from error


class _Watch:
    """Looks now and then whether there are workers at all."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.looked = self.seen = time.monotonic()

    def look(self) -> None:
        now = time.monotonic()
        if now - self.looked < LOOK_SECONDS:
            return
        self.looked = now
        try:
            if self.client.nthreads():
                self.seen = now
        except OSError as error:
            raise _lost(f"the scheduler was lost ({error})") from error
        if now - self.seen > LONELY_SECONDS:
            raise _lost(f"the scheduler has had no workers for {now - self.seen:.0f} s")


def _lost(reason: str) -> OSError:
    return OSError(errno.ECONNABORTED, f"{reason}; shards that were finished before are kept where there is a store")


def _run(plan: Sharded, shard: Shard, topic: str, directory: Path | None) -> Result | Kept | OSError:
    """On a worker. An error of the disk is no reason to try again, as Dask does with what is raised."""
    worker, last = get_worker(), time.monotonic()

    def ran(replica_steps: int) -> None:
        nonlocal last
        if time.monotonic() - last >= TELL_SECONDS:
            last = time.monotonic()
            worker.log_event(topic, [shard.batch_size, shard.index, shard.replicas, replica_steps])

    result = plan.run(shard, ran)
    if directory is None:
        return result
    try:
        return Kept(shard, write_shard(directory, result, plan.steps, plan.fingerprint))
    except OSError as error:
        return error


def _unchanged(plan: Sharded) -> Sharded:
    return plan


@contextmanager
def local_client(workers: int) -> Iterator[Client]:
    """A cluster of `workers` processes of one thread. They are started as programs of their own, so scripts need no __main__ guard."""
    with quiet(*LOGGERS):
        cluster = _local_cluster(workers)
        client = None
        try:
            client = Client(cluster, timeout=CONNECT_SECONDS * 6, set_as_default=False)
            client.wait_for_workers(1, timeout=CONNECT_SECONDS * 6)
            yield client
        finally:
            place: Any
            for place in filter(None, (client, cluster)):
                with suppress(Exception):  # what fails now must not hide what has happened
                    place.close(timeout=CLOSE_SECONDS)


@contextmanager
def client_of(scheduler: str) -> Iterator[Client]:
    """A client of the scheduler at this address. ValueError when it cannot be reached, or has no workers."""
    with quiet(*LOGGERS):
        try:
            client = _Connected(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise ValueError(f"scheduler must be the address of a Dask scheduler, but {scheduler!r} cannot be reached: {error}") from error
        try:
            with suppress(TimeoutError):
                client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            if not client.nthreads():
                raise ValueError(f"scheduler must have workers, but {scheduler!r} has none")
            yield client
        finally:
            with suppress(Exception):
                client.close(timeout=CLOSE_SECONDS)


class _Connected(Client):
    """Closed when it cannot be started: left to itself it notices after 20 seconds, with a traceback."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        try:
            super().__init__(*arguments, **options)
        except BaseException:
            with suppress(Exception):
                self.close(timeout=CLOSE_SECONDS)
            raise


def _local_cluster(workers: int) -> SpecCluster:
    """As distributed's SubprocessCluster, with programs that run COMPANION first."""
    place = {"host": "127.0.0.1", "dashboard": False}
    scheduler = {"port": 0, "dashboard_address": None, "preload": [COMPANION.format(pid=os.getpid())], **place}
    options = {"nthreads": 1, "memory_limit": 0, "silence_logs": logging.CRITICAL, **place}
    worker = {"cls": _Worker, "options": {"worker_kwargs": options}}
    return SpecCluster(
        workers=dict.fromkeys(range(workers), worker),
        scheduler={"cls": SubprocessScheduler, "options": {"scheduler_kwargs": scheduler}},
        worker=worker,
        silence_logs=logging.CRITICAL,
    )


class _Worker(SubprocessWorker):
    """A preload of a worker would be told of on stderr."""

    async def _start(self) -> None:
        code = COMPANION.format(pid=os.getpid()) + "from distributed.cli.dask_spec import main; main()"
        spec = json.dumps({"cls": self.worker_class, "opts": self.worker_kwargs})
        self.process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, self.scheduler, "--spec", spec)
