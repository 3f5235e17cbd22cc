"""The front door: many replicas of mini-batch SGD, measured at every step, in shards that survive."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace

import torch
import xarray as xr

from empirics.runs.execution import execute, stored_result
from empirics.runs.progress import Progress
from empirics.runs.request import make_plan
from empirics.runs.run_file import read_run
from empirics.runs.store import as_path
from theory.budget import Budget
from theory.problem import TeacherStudent, as_problem


def simulate(
    problem: TeacherStudent,
    *,
    batch_sizes: Iterable[int],
    steps: int,
    replicas: int,
    seed: int = 0,
    device: str = "auto",
    store: str | os.PathLike[str] | None = None,
    dtype: str = "float64",
    sampling: str | None = None,
    estimator: str = "auto",
    engine: str = "auto",
    every: int = 1,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = True,
    repair: bool = False,
    shard_replicas: int | None = None,
    max_hours: float | None = None,
    budget: Budget | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> xr.Dataset:
    """Run `replicas` independent runs of SGD from w_0 at every batch size, and estimate what the theory computes, without its formulas.

    Returns a Dataset with dims step (0, ..., steps - 1), batch_size and layer (1, ..., H) and the variables

        var_gradient        var(g_t | w_0) = E||g_t||_F^2 - ||E g_t||_F^2         second_moment        E||g_t||_F^2
        var_full_gradient   the same of the full gradient grad L(w_t)             mean_norm_squared    ||E g_t||_F^2
        loss                E L(w_t)                                              diverged             fraction of runs that have overflowed

    each (but the last) with `..._se`, its standard error, with the rounding of the arithmetic in it, and `..._df`, the degrees of freedom
    of Student's t that `interval` and `compare_dataset` use: blocks of replicas are few and their values skewed, and what makes the noise
    may be rare (empirics/estimation/degrees_of_freedom.py). Where too few are left, below 52 replicas at least, the standard error is NaN.
    Controls reduce it no further than the number of blocks can show (empirics/estimation/standard_errors.py). For relu and leaky_relu
    there is `ties`, the fraction of runs in which rounding has decided a slope (empirics/engines/ties.py): where it is not 0, standard
    errors are NaN. All estimates are unbiased (in epochs too); where a run has diverged they are NaN. Attributes say which estimator made
    what, and all that is needed to run it again. What events that no run meets contribute to a variance, nearly all of it for Gaussian
    inputs and many steps, neither estimates nor standard errors can tell.

    Args:
        problem: the network, its teacher (or the targets of a `DataSet`), input law, learning rates, activation and optimizer; any depth.
        batch_sizes: b, different integers >= 1. The draws at one batch size do not depend on the others.
        steps: how many steps are looked at; step 0 is w_0.
        replicas: runs per batch size, at least 2. They share w_0 and the learning rates.
        seed: the one integer from which every random number descends. More replicas with the same seed keep all whole shards.
        device: "auto" (a GPU when there is one), "cpu", "cuda" or "cuda:N". Draws, and so results, differ between the CPU and GPUs.
        store: a directory for finished shards. Started again, a run takes up what is there and gives the same bits as one never stopped;
            so do runs of more or fewer replicas, batch sizes or steps. More steps are computed from w_0 on: shards hold no weights. Several
            threads and processes may be at one store.
        dtype: "float64", or "float32", twice as fast, with standard errors of about 10^-5 E||g||^2 at least.
        sampling: "independent"; "without_replacement" or "epochs" for a DataSet; by default what the problem says.
        estimator: "naive", always available; "rao_blackwell" and "controlled" where closed forms given w_t are known; "auto": the best.
        engine: "two_linear" (fused, for two linear layers), "networks" (any), "autograd" (plain and slow); "auto".
        every: look at every so many steps only.
        workers: processes on this machine; by default one a core for runs of half a minute or more. Results do not depend on it.
        scheduler: address of a Dask scheduler to use instead, "tcp://host:8786"; what its workers can afford is not predicted.
        resume: False refuses a store that has shards of this run.
        repair: compute shards again that are found corrupt; otherwise they are an error that names the file.
        shard_replicas: runs per shard, by default such that a shard takes some seconds. Decides the draws.
        max_hours: refuse a run that is predicted to take longer; 24 where no budget is given.
        budget: seconds of wall time and bytes of memory of all processes that the run may take; where both are given, both are kept.
        progress: called with a Progress at the start, after every shard, and about twice a second while shards are under way.

    Raises ValueError or TypeError naming the argument, before any work; UnaffordableError, a ValueError, with the predicted cost;
    CorruptShardError, a ValueError; OSError when the store's disk fills up, with all finished shards kept. Memory does not grow with
    the number of replicas, nor with that of weights times steps. Cost: `empirics.predict`.

    >>> from empirics import simulate
    >>> from theory import Gaussian, TeacherStudent
    >>> problem = TeacherStudent([[[2]], [[3]]], [[[1]], [[1]]], Gaussian(1), learning_rates=0.01)
    >>> result = simulate(problem, batch_sizes=[4, 8], steps=2, replicas=1000, seed=1)
    >>> result.var_gradient.sel(step=0, batch_size=4).values  # exact at step 0: (2/b) 25 w_k^2
    array([112.5,  50. ])
    """
    plan = make_plan(
        problem,
        batch_sizes=batch_sizes,
        steps=steps,
        replicas=replicas,
        seed=seed,
        device=device,
        dtype=dtype,
        sampling=sampling,
        estimator=estimator,
        engine=engine,
        every=every,
        shard_replicas=shard_replicas,
    )
    return execute(
        plan,
        store=store,
        workers=workers,
        scheduler=scheduler,
        resume=resume,
        repair=repair,
        max_hours=max_hours,
        budget=budget,
        progress=progress,
    )


def load(store: str | os.PathLike[str], problem: TeacherStudent) -> xr.Dataset:
    """The result that a store holds of the last run that was asked of it, without running anything.

    Args:
        store: the directory that was given to `simulate`.
        problem: the one of that run. Learning rates and activations can be functions, which no file holds, so it is asked for and compared.

    Returns the Dataset that `simulate` returned, to the bit. Raises ValueError for a directory that is not there or no store of this
    problem, or lacks shards; CorruptShardError. Cost: reading every shard once, some milliseconds each.

    >>> from tempfile import TemporaryDirectory
    >>> from empirics import load, simulate, synthetic
    >>> with TemporaryDirectory() as place:
    ...     run = simulate(synthetic(), batch_sizes=[64], steps=2, replicas=8, store=place)
    ...     load(place, synthetic()).identical(run)
    True
    """
    path, problem = as_path(store), as_problem(problem)
    if not path.is_dir():
        raise ValueError(f"store must be a directory, but there is none at {path}")
    request = read_run(path).request
    try:  # a run of a GPU is read on any machine
        plan = replace(make_plan(problem, **request | {"device": "cpu"}), device=str(torch.device(request["device"])))
    except (TypeError, ValueError, KeyError, RuntimeError) as error:
        raise ValueError(f"store must hold a run of this problem, but the request in {path} is not valid for it: {error}") from error
    return stored_result(path, plan)
