"""What a run will take, before it starts: memory by counting, time by running a few steps of every batch size."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import psutil
import torch

from empirics.arguments import USUAL_HOURS
from empirics.estimation.block_statistics import FOLDS, size_of
from empirics.runs.plan import Plan, Shard
from empirics.runs.process_state import arithmetic
from empirics.runs.work import source_for
from empirics.sampling.batches import SORTED_AT_ONCE, DataRows, shuffle_bytes
from empirics.sampling.streams import streams
from theory.budget import Budget, Cost, UnaffordableError, duration, largest_that_fits, size
from theory.exact import as_double, as_index

#: Of a process with torch, before it has done anything.
PROCESS_BYTES = 400 << 20
TRIAL_SECONDS, TRIALS_SECONDS = 0.2, 4.0  # of one batch size, and of all
START_SECONDS = 5.0  # of worker processes
#: Far below and above any GPU's.
SLOW_FLOPS, FAST_FLOPS = 1e9, {"cuda": 2e14}
#: Advice leaves this much room, for the next prediction measures anew.
ROOM = 0.8
MOST_TRIALS = 20
#: Of what is kept for a shard and for a step, before any has been run.
SHARD_BYTES, STEP_BYTES = 1000, 100


@dataclass(frozen=True)
class RunCost(Cost):
    """Predicted seconds of wall time, bytes of memory of all processes together and of the store, and microseconds of a replica's step."""

    store: int = 0
    microseconds: dict[int, float] = field(default_factory=dict)

    @property
    def memory(self) -> int:
        """The bytes, as an integer."""
        return int(self.bytes)

    def __str__(self) -> str:
        return f"{duration(self.seconds)}, {size(self.bytes)} of memory and {size(self.store)} of store"


def predict(plan: Plan, workers: int, pending: float = 1.0) -> RunCost:
    """What a run will take: seconds by running a few steps of every batch size, bytes by counting. Right within a factor of two on a
    machine with nothing else to do. Takes a fifth of a second for each batch size, four seconds at most, or one step where that is longer.

    Args:
        plan: `make_plan(problem, ...)`, with the arguments of `simulate`.
        workers: processes on this machine.
        pending: the fraction of the plan that is still to be run.

    Raises UnaffordableError for a plan that does not fit the memory, ValueError or TypeError for workers that are no number >= 1.

    >>> from empirics import make_plan, synthetic
    >>> cost = predict(make_plan(synthetic(), batch_sizes=[4], steps=100, replicas=64), workers=1)
    >>> 0 < cost.seconds < 60, list(cost.microseconds)
    (True, [4])
    """
    if not isinstance(plan, Plan):
        raise TypeError(f"plan must be made by make_plan, but was {type(plan).__name__}")
    workers = min(as_index(workers, "workers", minimum=1), plan.shard_count)
    refuse_oversized(plan, workers)
    each = min(TRIAL_SECONDS, TRIALS_SECONDS / len(plan.batch_sizes))
    per_step = {b: _trial(plan, b, each) for b in plan.batch_sizes}
    microseconds = {b: 1e6 * s for b, s in per_step.items()}
    return _run_cost(plan, workers, _seconds(plan, workers, pending, per_step), microseconds)


def _run_cost(plan: Plan, workers: int, seconds: float, microseconds: dict[int, float] | None = None) -> RunCost:
    basis = f"{plan.replicas} replicas of {plan.steps} steps"
    return RunCost(seconds, memory_bytes(plan, workers), basis, store_bytes(plan), microseconds or {})


def _seconds(plan: Plan, workers: int, pending: float, per_step: dict[int, float]) -> float:
    """Of wall time, from the seconds of a replica's step."""
    total = sum(per_step.values()) * plan.replicas * plan.steps
    longest = max(s * plan.steps * plan.cut(b)[2] for b, s in per_step.items())  # a last shard, which may be begun last
    seconds = pending * max(total / workers + (longest / 2 if 1 < workers < plan.shard_count else 0), longest)
    return seconds + (START_SECONDS if workers > 1 else 0.0)


def memory_bytes(plan: Plan, workers: int) -> int:
    """Buffers of one group and the moments of a shard, in every process; the moments of all batch sizes, shards and steps once."""
    moments = _moment_numbers(plan) * 8
    buffers = max(_group_bytes(plan, b) for b in plan.batch_sizes)
    once = len(plan.batch_sizes) * moments + SHARD_BYTES * plan.shard_count + STEP_BYTES * plan.steps
    return workers * (PROCESS_BYTES + buffers + 3 * moments) + once


def _group_bytes(plan: Plan, batch_size: int) -> int:
    """Of the replicas that run in lockstep: their buffers twice, with what goes there, and the random orders of a data set's points."""
    replicas = math.prod(widest_group(plan, batch_size))
    orders = shuffle_bytes(plan.problem.inputs, plan.sampling, replicas, max(2, batch_size))
    return 2 * replicas * plan.replica_bytes(batch_size) + orders


def widest_group(plan: Plan, batch_size: int) -> tuple[int, int]:
    """Blocks and block size of the most replicas that run in lockstep, those of the last shard."""
    count, _, last = plan.cut(batch_size)
    return max(plan.groups(Shard(batch_size, count - 1, last)), key=math.prod)


def store_bytes(plan: Plan) -> int:
    """Of all shards of the plan."""
    return plan.shard_count * (_moment_numbers(plan) * 8 + 16_384)


def limits(max_hours: float | None, budget: Budget | None) -> tuple[Budget, ...]:
    """What a run may cost: `max_hours`, `budget`, or both; a day where neither is given."""
    given = () if budget is None else (Budget.of(budget),)
    if max_hours is None and given:
        return given
    hours = USUAL_HOURS if max_hours is None else max_hours if max_hours == math.inf else as_double(max_hours, "max_hours")
    return Budget(3600.0 * hours, math.inf, name=f"max_hours = {hours:g}"), *given


def require_affordable(
    plan: Plan, workers: int, allowed: tuple[Budget, ...], pending: float = 1.0, predicted: RunCost | None = None
) -> None:
    """UnaffordableError, with the figure and what would fit, for a run beyond the memory at hand or beyond any of the budgets.

    `pending`: the fraction of the plan that is still to be run. `predicted`: by `predict`, where it was asked already.
    """
    refuse_oversized(plan, workers)
    least, most = _bounds(plan, workers, pending)
    if all(budget.allows(_run_cost(plan, workers, most)) for budget in allowed):
        return
    far = not all(budget.allows(_run_cost(plan, workers, least)) for budget in allowed)
    if far and len(plan.batch_sizes) > MOST_TRIALS:  # nobody needs so many trials for a refusal
        per_step = {b: 3 * s for b, s in plan.step_seconds.items()}
    else:
        per_step = {b: 1e-6 * s for b, s in (predicted or predict(plan, workers, pending)).microseconds.items()}
    seconds = max(_seconds(plan, workers, pending, per_step), least)
    done = (1 - pending) * plan.replicas

    def fits(replicas: int) -> bool:
        fewer, left = replace(plan, replicas=replicas), max(0.0, 1 - done / replicas)
        taken = max(_seconds(fewer, min(workers, fewer.shard_count), left, per_step), _bounds(fewer, workers, left)[0])
        cost = _run_cost(fewer, workers, taken / ROOM)
        return cost.bytes <= psutil.virtual_memory().available and all(budget.allows(cost) for budget in allowed)

    def alternatives() -> Iterator[str]:
        fitting = largest_that_fits(fits, 2, plan.replicas)
        if fitting is not None:
            yield f"{fitting} replicas would fit"
        if workers < plan.shard_count:
            yield "more workers"

    for budget in allowed:
        budget.require(_run_cost(plan, workers, seconds), "the run, at least," if seconds == least else "the run", alternatives())


def _bounds(plan: Plan, workers: int, pending: float) -> tuple[float, float]:
    """Seconds that are far too few and far too many, by counting."""
    if torch.device(plan.device).type == "cpu":
        return pending * plan.core_seconds / 30 / workers, 30 * pending * plan.core_seconds / workers
    return pending * plan.flops / FAST_FLOPS["cuda"] / workers, pending * plan.flops / SLOW_FLOPS / workers


def refuse_oversized(plan: Plan, workers: int) -> None:
    """UnaffordableError for a run beyond the memory at hand."""
    cost = _run_cost(plan, workers, plan.core_seconds / workers)
    _require_free(cost, psutil.virtual_memory().available, "memory", ("fewer workers", *_SMALLER))
    if torch.device(plan.device).type == "cuda":
        lockstep = max(
            plan.lockstep(b) * plan.replica_bytes(b) + shuffle_bytes(plan.problem.inputs, plan.sampling, plan.lockstep(b), max(2, b))
            for b in plan.batch_sizes
        )
        _require_free(
            replace(cost, bytes=lockstep), torch.cuda.mem_get_info(torch.device(plan.device))[0], "the GPU's memory", _SMALLER[:1]
        )


_SMALLER = ("smaller batches", "fewer replicas or steps", "a larger `every`")


def _require_free(cost: RunCost, free: float, where: str, alternatives: tuple[str, ...]) -> None:
    if cost.bytes > free:
        raise UnaffordableError.beyond("the run", cost, f"the {size(free)} of {where} that are free", alternatives)


def _trial(plan: Plan, batch_size: int, seconds: float) -> float:
    """Seconds of one step of one replica, from steps that take that long together, one at least."""
    blocks, block = widest_group(plan, batch_size)
    if plan.sampling != "independent":  # no more numbers are sorted than a trial needs
        blocks = min(blocks, max(1, SORTED_AT_ONCE // (block * len(plan.problem.inputs.population))))  # type: ignore[arg-type]
    with arithmetic():
        engine = plan.make_engine(batch_size, blocks, block)
        setting = engine.setting
        source = source_for(engine, streams(plan.seed, (0, 0), setting.device))
        engine.restart()

        def timed(count: int) -> float:
            start = time.perf_counter()
            for i in range(count):
                engine.step(source.draw(), 0.0, i if i % plan.every == 0 else None)
            engine.digest(1)
            if setting.device.type == "cuda":
                torch.cuda.synchronize(setting.device)
            return (time.perf_counter() - start) / count

        best = spent = timed(1)  # the first one also makes buffers
        if spent < seconds:
            best = math.inf
        while spent < seconds:
            latest = timed(8)
            best, spent = min(best, latest), spent + 8 * latest
        if isinstance(source, DataRows) and plan.sampling == "epochs":  # an order lasts for some steps, which the best of few leave out
            start = time.perf_counter()
            source.shuffled(len(source.points))
            best += (time.perf_counter() - start) / max(1, min(plan.steps, len(source.points) // batch_size))
    return best / setting.replicas


def _moment_numbers(plan: Plan) -> int:
    n, m = size_of(plan.problem.depth, plan.estimator)
    return len(plan.recorded) * FOLDS * (n + m + n + n * m + m * m)
