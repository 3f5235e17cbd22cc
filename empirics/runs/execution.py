"""From a plan to its result: refused, resumed from its store, run here or on a cluster, and collected in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
import xarray as xr

from empirics.arguments import check_running
from empirics.runs.cost import limits, refuse_oversized, require_affordable
from empirics.runs.progress import Account, Progress
from empirics.runs.shard_files import Kept
from empirics.runs.sharded import Result, Shard, Sharded
from empirics.runs.store import Store
from theory.budget import Budget
from theory.exact import as_index

#: Seconds of one core from which worker processes pay for their start.
WORTH_WORKERS = 30.0
Run = TypeVar("Run", bound=Sharded)


def execute(
    plan: Sharded,
    *,
    store: str | os.PathLike[str] | None,
    workers: int | None,
    scheduler: str | None,
    resume: bool,
    repair: bool,
    max_hours: float | None,
    budget: Budget | None,
    progress: Callable[[Progress], object] | None,
) -> xr.Dataset:
    """The result of a plan; the other arguments as for `simulate`, which says what is raised."""
    check_running(workers=workers, scheduler=scheduler, max_hours=max_hours, resume=resume, repair=repair, store=store, progress=progress)
    allowed = limits(max_hours, budget)
    told = progress or (lambda progress: None)
    plan, kept, count = prepare(plan, store, workers, scheduler)
    if scheduler is None:
        require_affordable(plan, count, allowed, pending_share(plan, kept))
    shards = plan.shards()
    if kept is not None and not resume and (there := len(kept.names().keys() & set(shards))):
        raise ValueError(f"store must have no shards of this run without resume, but {kept.path} holds {there} of them (--resume)")
    finished = {} if kept is None else kept.sound(shards, repair)
    missing = [shard for shard in shards if shard not in finished]
    if kept is not None:
        kept.begin()
    account = Account(plan, finished, told)
    if not missing:
        return collect_shards(plan, (), kept, finished, account)
    with _runner(plan, count, scheduler, kept, account.ran) as run:
        return collect_shards(plan, run(missing), kept, finished, account)


def stored_result(path: Path, plan: Sharded) -> xr.Dataset:
    """The result that the store holds of this plan, without running anything. ValueError where shards are lacking; CorruptShardError."""
    kept = Store(path, plan, read_only=True)
    plan, there = kept.plan, len(kept.files())
    lacking = plan.shard_count - there  # by counting: what run.json says is not believed before it is there
    if lacking <= 0:
        shards = plan.shards()
        finished = kept.sound(shards, repair=False)
        lacking = len(shards) - len(finished)
    if lacking > 0:
        raise ValueError(f"store must hold the whole run, but {path} lacks {lacking} of {plan.shard_count} shards")
    return collect_shards(plan, (), kept, finished, Account(plan, finished, lambda progress: None))


def prepare(
    plan: Run, store: str | os.PathLike[str] | None, workers: int | None, scheduler: str | None, read_only: bool = False
) -> tuple[Run, Store[Run] | None, int]:
    """The plan as its store cuts it, the store, and the number of processes; UnaffordableError beyond the memory at hand."""
    refuse_oversized(plan, 1)  # before anything goes through all steps or shards, or is tried
    count = choose_workers(plan, workers)
    if scheduler is None:
        refuse_oversized(plan, count)
    if store is None:
        return plan, None, count
    kept = Store(store, plan, read_only=read_only)
    return kept.plan, kept, min(count, kept.plan.shard_count)


def collect_shards(
    plan: Sharded, results: Iterable[Result | Kept], store: Store | None, finished: dict[Shard, Path], account: Account
) -> xr.Dataset:
    """Keep what comes in, and take every shard into account in the plan's order, whatever the order in which they come."""
    collector, waiting, following = plan.collector(), dict[Shard, Result](), iter(plan.shards())
    finished = dict(finished)
    upcoming = next(following, None)

    def take_in_order() -> None:
        nonlocal upcoming
        while upcoming is not None and (upcoming in waiting or upcoming in finished):
            collector.add(waiting.pop(upcoming) if upcoming in waiting else store.read(upcoming, finished[upcoming]))  # type: ignore[union-attr]
            upcoming = next(following, None)

    for result in results:
        if isinstance(result, Kept):
            finished[result.shard] = result.path
        elif store is None:
            waiting[result.shard] = result
        else:
            finished[result.shard] = store.write(result)
        take_in_order()
        account.finished(result.shard)
    take_in_order()
    return collector.dataset()


def choose_workers(plan: Sharded, workers: int | None) -> int:
    """How many processes: as asked, or one a core where that pays."""
    if workers is not None:
        return min(as_index(workers, "workers", minimum=1), plan.shard_count)
    if torch.device(plan.device).type != "cpu" or plan.core_seconds < WORTH_WORKERS:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, plan.shard_count)


def pending_share(plan: Sharded, store: Store | None) -> float:
    """The fraction of the plan's replicas that a store lacks, by the names of its shards."""
    there = 0 if store is None else sum(shard.replicas for shard in store.names().keys() & set(plan.shards()))
    return max(0.0, 1 - there / (plan.replicas * len(plan.batch_sizes)))


@contextmanager
def _runner(
    plan: Sharded, workers: int, scheduler: str | None, store: Store | None, ran: Callable[[Shard, int], object]
) -> Iterator[Callable[[list[Shard]], Iterator[Result | Kept]]]:
    if scheduler is None and workers == 1:
        yield lambda shards: (plan.run(shard, partial(ran, shard)) for shard in shards)
        return
    from empirics.runs.cluster import client_of, local_client, run_on

    place: AbstractContextManager[Any] = local_client(workers) if scheduler is None else client_of(scheduler)
    # workers of this machine keep what they have finished themselves, whatever becomes of this process; others may not see the directory
    directory = store.path.absolute() if store is not None and scheduler is None else None
    with place as client:
        yield lambda shards: run_on(client, plan, shards, ran, directory)
