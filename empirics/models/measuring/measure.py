"""The front door: many runs of a user's model from the same weights, looked at as they go."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import xarray as xr
from torch import Tensor, nn

from empirics.models.measuring.request import make_measurement
from empirics.models.measuring.task import Clip, Optimizer, Schedule
from empirics.runs.execution import execute
from empirics.runs.progress import Progress
from theory.budget import Budget


def measure(
    model: nn.Module,
    loss: Callable[[Any, Any], Tensor],
    dataset: Any,
    *,
    optimizer: Optimizer,
    batch_sizes: Iterable[int],
    runs: int,
    epochs: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    validation: Any = None,
    error: Callable[[Any, Any], Any] | None = None,
    schedule: Schedule | None = None,
    clip: Clip | None = None,
    collate: Callable[[list[Any]], Any] | None = None,
    every: int = 1,
    looks_per_epoch: int = 1,
    evaluate_every: int | None = None,
    sampling: str = "epochs",
    estimator: str = "auto",
    draws: int = 2,
    block_runs: int = 2,
    store: str | os.PathLike[str] | None = None,
    resume: bool = True,
    repair: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    max_hours: float | None = None,
    budget: Budget | None = None,
    device: str = "auto",
    progress: Callable[[Progress], object] | None = None,
) -> xr.Dataset:
    """Train a model `runs` times from its present weights at every batch size, and estimate how its gradients, loss and error vary.

    Returns a Dataset with dims epoch (0, ..., epochs) or step (0, ..., steps - 1), batch_size and layer (parameters), and variables

        var_gradient        var(g_t | w_0) = E||g_t||^2 - ||E g_t||^2, of the mini-batch gradient before clipping
        var_full_gradient   var(grad L(w_t) | w_0), of the gradient of the mean loss over all N examples
        second_moment, mean_norm_squared         E||g_t||^2, ||E g_t||^2
        total_...           these four for all layers together, without the dim layer
        loss, error         means over runs, at w_t, in eval mode, over all N examples; validation_loss, validation_error of `validation`
        diverged            fraction of runs whose loss, weights or gradient have ceased to be finite

    each (but the last) with `..._se` and `..._df`, standard error and degrees of freedom (empirics/models/measuring/results.py), rounding
    included; all estimates are unbiased. Where a run has diverged they are NaN. Beside them, for tests of one's own: `run_...`, of every
    run, and `block_total_var_...`, of every block of runs. The weights of the model are left as they are.

    With epochs=E the looks are at the first step of epochs 0, ..., E - 1 and after the last; with steps=T at steps 0, ..., T - 1. In epochs
    the batches of an epoch are not independent: g_t is drawn from what the epoch has not seen yet, which is what is measured.

    Args:
        model: in the modes (train or eval) that it is to be trained in. It may draw noise, couple examples, tie and freeze parameters.
        loss: of outputs and targets, a scalar: the mean over the examples of a batch.
        dataset: anything with a length that gives (inputs, target), a TensorDataset, or a pair of tensors (X, y).
        optimizer: a function of the list of parameters, such as functools.partial(torch.optim.SGD, lr=0.1).
        batch_sizes: different integers >= 1.
        runs: at each batch size, at least 2; they differ by their batches (and dropout masks) only. More keep the blocks that there are.
        seed: the one integer from which every random number descends.
        validation: another data set, or several by name: {"test": ...} gives test_loss.
        error: of outputs and targets, the mean over the batch, such as 1 - accuracy.
        schedule: a function of the optimizer and the number of steps of a run that makes a torch scheduler, stepped after every step.
        clip: a bound of the norm of the whole gradient; or a function that clips the parameters that it is given, in place.
        collate: makes (inputs, targets) of a list of the data set's items, where torch's own does not.
        every: look at every so many epochs or steps only. evaluate_every: losses and errors, a multiple of it.
        looks_per_epoch: steps of an epoch, evenly spaced, over which variances are averaged; losses are those at its start.
        sampling: "epochs" (a new order in each, the rest that fills no batch is left out), "without_replacement" or "independent".
        estimator: "per_example" (exact given the past of a run: a pass over all examples a look), "resampling" (`draws` fresh batches a
            look; for dropout, batch normalization in train mode, losses that are no means) or "naive" (the training's own gradients, no
            var_full_gradient); "auto": the second where some batches, tried beforehand, show the
            first to be invalid. Each look at all examples checks the loss again: ValueError where it turns out to be no mean.
        block_runs: runs that are trained in lockstep for the variance over runs; blocks are independent, and are the shards of a store.
        store, resume, repair, workers, scheduler, max_hours, budget, progress: as for `simulate`.
        device: "auto" (a GPU when there is one), "cpu", "cuda" or "cuda:N".

    Raises ValueError or TypeError naming the argument, before any work; UnaffordableError, a ValueError, with the predicted cost;
    CorruptShardError; OSError when the store's disk fills up. Cost: runs x training, and a pass over all examples a look.

    >>> import functools, torch
    >>> from empirics import measure
    >>> _ = torch.manual_seed(0)
    >>> X = torch.randn(12, 3)
    >>> found = measure(torch.nn.Linear(3, 1), torch.nn.MSELoss(), (X, X.sum(1, keepdim=True)), batch_sizes=[1, 12], runs=4, epochs=2,
    ...     optimizer=functools.partial(torch.optim.SGD, lr=0.01))
    >>> found.sizes["epoch"], found.layer.values.tolist(), bool((found.total_var_gradient.sel(batch_size=12) < 1e-9).all())
    (3, ['weight', 'bias'], True)
    """
    plan = make_measurement(
        model,
        loss,
        dataset,
        optimizer=optimizer,
        batch_sizes=batch_sizes,
        runs=runs,
        epochs=epochs,
        steps=steps,
        seed=seed,
        validation=validation,
        error=error,
        schedule=schedule,
        clip=clip,
        collate=collate,
        every=every,
        looks_per_epoch=looks_per_epoch,
        evaluate_every=evaluate_every,
        sampling=sampling,
        estimator=estimator,
        draws=draws,
        block_runs=block_runs,
        device=device,
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
