"""What a user asks of a run, checked as far as it can be without torch: what is wrong is said before anything heavy loads.

`check_request` is about what decides the numbers of a run, `check_running` about how it is run. Both raise ValueError or TypeError that
names the argument, what it was and what it must be. What is left to `empirics.runs.request` is what only torch knows: which devices
there are.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from empirics.engine_records import ENGINES
from empirics.single_precision import check_singles
from theory.exact import as_choice, as_flag, as_index, as_number, shown, spelled
from theory.problem import TeacherStudent, as_problem
from theory.routes import SIMULATION

DTYPES = ("float32", "float64")
SAMPLINGS = ("independent", "without_replacement", "epochs")
ESTIMATORS = ("naive", "rao_blackwell", "controlled")
LARGEST_BATCH = 1 << 53  # the largest integer up to which doubles have all of them
USUAL_HOURS = 24.0  # of a run, where neither `max_hours` nor a budget is given
MOST_SIZES, MOST = 10_000, 10**15  # beyond what anybody could run


@dataclass(frozen=True, eq=False)
class Request:
    """A checked request; `engine` and `estimator` are chosen, `device` is as asked."""

    problem: TeacherStudent
    batch_sizes: tuple[int, ...]
    steps: int
    replicas: int
    seed: int
    device: str
    dtype: str
    sampling: str
    estimator: str
    engine: str
    every: int
    shard_replicas: int | None


def check_request(
    problem: TeacherStudent,
    *,
    batch_sizes: Iterable[int],
    steps: int,
    replicas: int,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "float64",
    sampling: str | None = None,
    estimator: str = "auto",
    engine: str = "auto",
    every: int = 1,
    shard_replicas: int | None = None,
) -> Request:
    """The request, with engine and estimator chosen. Arguments as for `simulate`."""
    SIMULATION.require_applicable(as_problem(problem))
    sizes = as_batch_sizes(batch_sizes)
    steps, replicas = as_count(steps, "steps", 1), as_count(replicas, "replicas", 2)
    problem.check_step(steps - 1)
    problem.check_doubles()
    as_choice(dtype, "dtype", DTYPES)
    if dtype == "float32":
        check_singles(problem)
    sampling = _sampling(sampling, problem, sizes)
    check_device(device)
    engine = _engine(engine, problem)
    every = as_index(every, "every", minimum=1)
    estimator = _estimator(estimator, problem, sampling, engine, every)
    chosen = None if shard_replicas is None else as_index(shard_replicas, "shard_replicas", minimum=2)
    return Request(problem, sizes, steps, replicas, as_index(seed, "seed"), device, dtype, sampling, estimator, engine, every, chosen)


def check_running(
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    max_hours: float | None = None,
    resume: bool = True,
    repair: bool = False,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[..., object] | None = None,
) -> None:
    """Arguments as for `simulate`; whether a store can be written, and whose it is, `Store` says."""
    if workers is not None:
        as_index(workers, "workers", minimum=1)
    limited = max_hours is not None and not (isinstance(max_hours, float) and max_hours == math.inf)
    if limited and as_number(max_hours, "max_hours") <= 0:
        raise ValueError(f"max_hours must be positive, but was {shown(max_hours)}")
    as_flag(resume, "resume")
    as_flag(repair, "repair")
    if store is not None and not isinstance(store, str | os.PathLike):
        raise TypeError(f"store must be a path, but was {shown(store)}")
    if store is not None and os.path.exists(store) and not os.path.isdir(store):
        raise ValueError(f"store must be a directory, but {os.fspath(store)!r} is a file")
    if scheduler is not None and not isinstance(scheduler, str):
        raise TypeError(f"scheduler must be an address such as 'tcp://host:8786', but was {shown(scheduler)}")
    if progress is not None and not callable(progress):
        raise TypeError(f"progress must be a function or None, but was {shown(progress)}")


def as_batch_sizes(value: object) -> tuple[int, ...]:
    """Different integers >= 1, at most 10,000 of them. TypeError or ValueError for anything else."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable) or getattr(value, "ndim", 1) != 1:
        raise TypeError(f"batch_sizes must be a sequence of integers, but was {shown(value)}")
    sizes = tuple(as_index(b, f"batch_sizes[{i}]", minimum=1) for i, b in enumerate(islice(value, MOST_SIZES + 1)))
    if len(sizes) > MOST_SIZES:
        raise ValueError(f"batch_sizes must be at most {MOST_SIZES:,}, but were more")
    for i, b in enumerate(sizes):
        if b > LARGEST_BATCH:
            raise ValueError(f"batch_sizes[{i}] must be at most 2^53, but was {spelled(b)}")
    if not sizes:
        raise ValueError("batch_sizes must have at least one batch size")
    if len(set(sizes)) < len(sizes):
        raise ValueError(f"batch_sizes must be different from each other, but were {shown(sizes)}")
    return sizes


def as_count(value: object, name: str, least: int) -> int:
    """A count that somebody could run."""
    count = as_index(value, name, minimum=least)
    if count > MOST:
        raise ValueError(f"{name} must be at most 10^15, but was {spelled(count)}")
    return count


def _sampling(asked: str | None, problem: TeacherStudent, sizes: tuple[int, ...]) -> str:
    """As asked, or the problem's; one that says that batches are subsets is taken at its word."""
    sampling = problem.sampling if asked is None else as_choice(asked, "sampling", SAMPLINGS)
    if problem.sampling != "independent" and sampling != problem.sampling:
        raise ValueError(f"sampling must be {problem.sampling!r}, which is the problem's, but was {sampling!r}")
    if sampling == "independent":
        return sampling
    law, population = problem.inputs, problem.inputs.population
    if population is None:
        raise ValueError(f"sampling must be 'independent' unless inputs are an empirics.DataSet, but was {sampling!r} with {shown(law)}")
    for i, b in enumerate(sizes):
        if b > (n := len(population)):
            raise ValueError(f"batch_sizes[{i}] must be at most {n}, the number of points, for sampling {sampling!r}, but was {b}")
    return sampling


def check_device(device: str) -> None:
    """Its form; whether it is there, torch knows."""
    if not isinstance(device, str):
        raise TypeError(f"device must be 'auto', 'cpu' or 'cuda', but was {shown(device)}")
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,4})?", device, re.ASCII):
        raise ValueError(f"device must be 'auto', 'cpu', 'cuda' or 'cuda:N', but was {shown(device)}")


def _engine(engine: str, problem: TeacherStudent) -> str:
    as_choice(engine, "engine", ("auto", *ENGINES))
    fitting = [name for name, record in ENGINES.items() if record.unsupported_reason(problem) is None]
    if engine == "auto":
        return fitting[0]
    if engine not in fitting:
        allowed = " or ".join(map(repr, ["auto", *fitting]))
        raise ValueError(f"engine must be {allowed} here, but was {engine!r}: {ENGINES[engine].unsupported_reason(problem)}")
    return engine


def _estimator(estimator: str, problem: TeacherStudent, sampling: str, engine: str, every: int) -> str:
    """The most precise one that the law, the way of drawing and the engine allow."""
    as_choice(estimator, "estimator", ("auto", *ESTIMATORS))
    reason = ENGINES[engine].no_closed_form_reason(problem)
    if reason is None and sampling == "epochs":
        reason = "in epochs a batch is not independent of the weights"
    if estimator == "auto":
        return "naive" if reason else "rao_blackwell" if every > 1 else "controlled"
    if estimator != "naive" and reason:
        raise ValueError(f"estimator must be 'naive' (or 'auto') here, but was {shown(estimator)}: {reason}")
    if estimator == "controlled" and every > 1:
        raise ValueError(f"every must be 1 for estimator 'controlled', whose controls are sums over all steps, but was {shown(every)}")
    return estimator
