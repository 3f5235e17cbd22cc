"""Shards on Dask: worker processes on this machine, or a scheduler's workers anywhere. A worker that dies costs the shard that it had."""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from distributed import Client, Future, SpecCluster, as_completed
from distributed.deploy.subprocess import SubprocessCluster

from empirics.plan import Plan, Shard
from empirics.work import ShardResult, run_shard

#: Shards that wait at the scheduler for each worker, so that none is idle.
WAITING = 2
CONNECT_SECONDS = 10


def run_on(client: Client, plan: Plan, shards: Sequence[Shard]) -> Iterator[ShardResult]:
    """Every shard once, in the order in which they are finished. What was finished has been handed out before an error is raised."""
    # a task and not scattered data, which would be lost with the worker that holds it
    shared = client.submit(_unchanged, plan, pure=False)
    todo = iter(shards)

    def submit(shard: Shard) -> Future:
        return client.submit(run_shard, shared, shard, pure=False, retries=2)

    width = max(1, sum(client.nthreads().values())) * (1 + WAITING)
    running = as_completed([submit(shard) for shard in itertools.islice(todo, width)], loop=client.loop)
    for future in running:
        result = future.result()
        following = next(todo, None)
        if following is not None:
            running.add(submit(following))
        yield result


def _unchanged(plan: Plan) -> Plan:
    return plan


@contextmanager
def local_client(workers: int) -> Iterator[Client]:
    """A cluster of `workers` processes of one thread. They are started as programs of their own, so scripts need no __main__ guard."""
    with _quiet(), _local_cluster(workers) as cluster, Client(cluster, timeout=CONNECT_SECONDS * 6, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS * 6)
        yield client


@contextmanager
def client_of(scheduler: str) -> Iterator[Client]:
    """A client of the scheduler at this address. ValueError when it cannot be reached, or has no workers."""
    try:
        with _quiet():
            client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ValueError(f"scheduler must be the address of a Dask scheduler, but {scheduler!r} cannot be reached: {error}") from error
    with client:
        if not client.nthreads():
            with contextlib.suppress(TimeoutError):
                client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        if not client.nthreads():
            raise ValueError(f"scheduler must have workers, but {scheduler!r} has none")
        yield client


def _local_cluster(workers: int) -> SpecCluster:
    return SubprocessCluster(
        n_workers=workers,
        host="127.0.0.1",
        threads_per_worker=1,
        scheduler_kwargs={"idle_timeout": "2 minutes"},  # when this process was killed, its cluster ends by itself
        dashboard_address=None,  # type: ignore[arg-type]  # its documentation allows None
        silence_logs=logging.CRITICAL,
        worker_kwargs={"memory_limit": 0, "dashboard": False},
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask's loggers tell of every connection that closes; what matters is raised."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client", "distributed.core", "distributed.comm.tcp")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
