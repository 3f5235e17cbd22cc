"""What a run will take, before it starts: memory by counting, time by running a few steps of every batch size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import psutil
import torch

from empirics.arguments import USUAL_HOURS
from empirics.runs.sharded import Sharded
from theory.budget import Budget, Cost, UnaffordableError, duration, largest_that_fits, size
from theory.exact import as_double, as_index

TRIAL_SECONDS, TRIALS_SECONDS = 0.2, 4.0  # of one batch size, and of all
START_SECONDS = 5.0  # of worker processes
#: Advice leaves this much room, for the next prediction measures anew.
ROOM = 0.8
MOST_TRIALS = 20


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


def predict(plan: Sharded, workers: int, pending: float = 1.0) -> RunCost:
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
    if not isinstance(plan, Sharded):
        raise TypeError(f"plan must be made by make_plan, but was {type(plan).__name__}")
    workers = min(as_index(workers, "workers", minimum=1), plan.shard_count)
    refuse_oversized(plan, workers)
    each = min(TRIAL_SECONDS, TRIALS_SECONDS / len(plan.batch_sizes))
    per_step = {b: plan.trial(b, each) for b in plan.batch_sizes}
    microseconds = {b: 1e6 * s for b, s in per_step.items()}
    return _run_cost(plan, workers, _seconds(plan, workers, pending, per_step), microseconds)


def _run_cost(plan: Sharded, workers: int, seconds: float, microseconds: dict[int, float] | None = None) -> RunCost:
    basis = f"{plan.replicas} {plan.runs_are} of {plan.steps} steps"
    return RunCost(seconds, plan.memory_bytes(workers), basis, plan.store_bytes(), microseconds or {})


def _seconds(plan: Sharded, workers: int, pending: float, per_step: dict[int, float]) -> float:
    """Of wall time, from the seconds of a replica's step."""
    total = sum(per_step.values()) * plan.replicas * plan.steps
    longest = max(s * plan.steps * plan.cut(b)[2] for b, s in per_step.items())  # a last shard, which may be begun last
    seconds = pending * max(total / workers + (longest / 2 if 1 < workers < plan.shard_count else 0), longest)
    return seconds + (START_SECONDS if workers > 1 else 0.0)


def limits(max_hours: float | None, budget: Budget | None) -> tuple[Budget, ...]:
    """What a run may cost: `max_hours`, `budget`, or both; a day where neither is given."""
    given = () if budget is None else (Budget.of(budget),)
    if max_hours is None and given:
        return given
    hours = USUAL_HOURS if max_hours is None else max_hours if max_hours == math.inf else as_double(max_hours, "max_hours")
    return Budget(3600.0 * hours, math.inf, name=f"max_hours = {hours:g}"), *given


def require_affordable(
    plan: Sharded, workers: int, allowed: tuple[Budget, ...], pending: float = 1.0, predicted: RunCost | None = None
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
        fewer = replace(plan, replicas=replicas)  # type: ignore[type-var]  # plans are dataclasses
        left = max(0.0, 1 - done / replicas)
        taken = max(_seconds(fewer, min(workers, fewer.shard_count), left, per_step), _bounds(fewer, workers, left)[0])
        cost = _run_cost(fewer, workers, taken / ROOM)
        return cost.bytes <= psutil.virtual_memory().available and all(budget.allows(cost) for budget in allowed)

    def alternatives() -> Iterator[str]:
        fitting = largest_that_fits(fits, 2, plan.replicas)
        if fitting is not None:
            yield f"{fitting} {plan.runs_are} would fit"
        if workers < plan.shard_count:
            yield "more workers"

    for budget in allowed:
        budget.require(_run_cost(plan, workers, seconds), "the run, at least," if seconds == least else "the run", alternatives())


def _bounds(plan: Sharded, workers: int, pending: float) -> tuple[float, float]:
    """Seconds that are far too few and far too many, by counting."""
    least, most = plan.bounds()
    return pending * least / workers, pending * most / workers


def refuse_oversized(plan: Sharded, workers: int) -> None:
    """UnaffordableError for a run beyond the memory at hand."""
    cost = _run_cost(plan, workers, plan.bounds()[0] / workers)
    _require_free(cost, psutil.virtual_memory().available, "memory", ("fewer workers", *_smaller(plan)))
    if torch.device(plan.device).type == "cuda":
        free = torch.cuda.mem_get_info(torch.device(plan.device))[0]
        _require_free(replace(cost, bytes=plan.device_bytes()), free, "the GPU's memory", _smaller(plan)[:1])


def _smaller(plan: Sharded) -> tuple[str, ...]:
    return "smaller batches", f"fewer {plan.runs_are} or steps", "a larger `every`"


def _require_free(cost: RunCost, free: float, where: str, alternatives: tuple[str, ...]) -> None:
    if cost.bytes > free:
        raise UnaffordableError.beyond("the run", cost, f"the {size(free)} of {where} that are free", alternatives)
