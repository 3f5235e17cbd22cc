"""From what a user asks to a plan: everything is checked before any work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch

from empirics.activations import is_users_function
from empirics.batches import SAMPLINGS, finite_support
from empirics.data_sets import DataSet
from empirics.engines.base import ESTIMATORS
from empirics.plan import DTYPES, ENGINES, Plan
from empirics.sample_moments import has_sample_moments
from theory.exact import as_index
from theory.inputs import Independent, Rademacher, Uniform
from theory.problem import TeacherStudent

LARGEST_BATCH = 1 << 53  # the largest integer up to which doubles have all of them
MOST_SIZES, MOST = 10_000, 10**15  # beyond what anybody could run


def make_plan(
    problem: Any,
    *,
    batch_sizes: Any,
    steps: Any,
    replicas: Any,
    seed: Any = 0,
    device: str = "auto",
    dtype: str = "float64",
    sampling: str = "independent",
    estimator: str = "auto",
    engine: str = "auto",
    every: Any = 1,
    shard_replicas: Any = None,
) -> Plan:
    """A checked plan of a run, without running anything: for `predict`. Arguments as for `simulate`.

    ValueError or TypeError naming the argument, what it was and what it must be.
    """
    if not isinstance(problem, TeacherStudent):
        raise TypeError(f"problem must be a TeacherStudent, but was {type(problem).__name__}")
    sizes = _batch_sizes(batch_sizes)
    steps, replicas = _count(steps, "steps", 1), _count(replicas, "replicas", 2)
    problem.check_step(steps - 1)
    if isinstance(problem.inputs, Independent) and not isinstance(problem.inputs, Rademacher | Uniform):
        problem.inputs.sample(np.random.default_rng(0), 1)  # a table of moments says why it has no samples
    _one_of(dtype, "dtype", tuple(DTYPES))
    _check_sampling(sampling, problem, sizes)
    where = _device(device, problem)
    engine = _engine(engine, problem)
    every = as_index(every, "every", minimum=1)
    estimator = _estimator(estimator, problem, sampling, engine, every)
    chosen = None if shard_replicas is None else as_index(shard_replicas, "shard_replicas", minimum=2)
    return Plan(problem, sizes, steps, replicas, as_index(seed, "seed"), where, dtype, sampling, estimator, engine, every, chosen)


def _batch_sizes(value: Any) -> tuple[int, ...]:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable) or getattr(value, "ndim", 1) != 1:
        raise TypeError(f"batch_sizes must be a sequence of integers, but was {value!r}")
    sizes = tuple(as_index(b, f"batch_sizes[{i}]", minimum=1) for i, b in enumerate(islice(value, MOST_SIZES + 1)))
    if len(sizes) > MOST_SIZES:
        raise ValueError(f"batch_sizes must be at most {MOST_SIZES:,}, but were more")
    for i, b in enumerate(sizes):
        if b > LARGEST_BATCH:
            raise ValueError(f"batch_sizes[{i}] must be at most 2^53, but was {b}")
    if not sizes:
        raise ValueError("batch_sizes must have at least one batch size")
    if len(set(sizes)) < len(sizes):
        raise ValueError(f"batch_sizes must be different from each other, but were {sizes}")
    return sizes


def _count(value: Any, name: str, least: int) -> int:
    count = as_index(value, name, minimum=least)
    if count > MOST:
        raise ValueError(f"{name} must be at most 10^15, but had {len(str(count))} digits")
    return count


def _one_of(value: Any, name: str, allowed: Sequence[str]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, but was {value!r}")


def _check_sampling(sampling: str, problem: TeacherStudent, sizes: tuple[int, ...]) -> None:
    _one_of(sampling, "sampling", SAMPLINGS)
    if sampling == "independent":
        return
    law = problem.inputs
    if not isinstance(law, DataSet):
        raise ValueError(f"sampling must be 'independent' unless inputs are an empirics.DataSet, but was {sampling!r} with {law!r}")
    for i, b in enumerate(sizes):
        if b > len(law):
            raise ValueError(f"batch_sizes[{i}] must be at most {len(law)}, the number of points, for sampling {sampling!r}, but was {b}")


def _device(device: Any, problem: TeacherStudent) -> str:
    if not isinstance(device, str):
        raise TypeError(f"device must be 'auto', 'cpu' or 'cuda', but was {device!r}")
    is_numpy = is_users_function(problem)
    if device == "auto":
        return "cuda" if torch.cuda.is_available() and not is_numpy else "cpu"
    try:
        parsed = torch.device(device)
    except RuntimeError:
        raise ValueError(f"device must be 'auto', 'cpu', 'cuda' or 'cuda:N', but was {device!r}") from None
    if parsed.type not in ("cpu", "cuda"):
        raise ValueError(f"device must be 'auto', 'cpu' or 'cuda', but was {device!r}")
    if parsed.type == "cuda" and (parsed.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device must be present, but was {device!r}, and torch finds {torch.cuda.device_count()} CUDA devices here")
    if parsed.type == "cuda" and is_numpy:
        raise ValueError(f"device must be 'cpu' for an activation that is a numpy function ({problem.activation}), but was {device!r}")
    return device


def _engine(engine: str, problem: TeacherStudent) -> str:
    _one_of(engine, "engine", ("auto", *ENGINES))
    fits = problem.is_linear and problem.depth == 2
    if engine == "two_linear" and not fits:
        raise ValueError("engine must be 'auto' or 'networks' for what is not two linear layers, but was 'two_linear'")
    if engine == "autograd" and is_users_function(problem):
        raise ValueError(f"engine must be 'auto' or 'networks' for an activation that is a numpy function ({problem.activation})")
    return engine if engine != "auto" else "two_linear" if fits else "networks"


def _estimator(estimator: str, problem: TeacherStudent, sampling: str, engine: str, every: int) -> str:
    """The most precise one that the law, the way of drawing and the engine allow."""
    _one_of(estimator, "estimator", ("auto", *ESTIMATORS))
    if engine == "autograd":
        reason = "the autograd engine knows no closed form"
    elif sampling == "epochs":
        reason = "in epochs a batch is not independent of the weights"
    elif engine == "two_linear" and not has_sample_moments(problem.inputs):
        reason = f"there is no closed form for {problem.inputs!r}"
    elif engine == "networks" and finite_support(problem.inputs) is None:
        reason = "of such a network, closed forms exist for inputs with finitely many atoms only"
    else:
        reason = ""
    if estimator == "auto":
        return "naive" if reason else "rao_blackwell" if every > 1 else "controlled"
    if estimator != "naive" and reason:
        raise ValueError(f"estimator must be 'naive' (or 'auto') here, but was {estimator!r}: {reason}")
    if estimator == "controlled" and every > 1:
        raise ValueError(f"every must be 1 for estimator 'controlled', whose controls are sums over all steps, but was {every}")
    return estimator
