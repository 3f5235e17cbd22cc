"""From what a user asks of `measure` to a measurement: everything is checked, and the model is tried, before any work."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from empirics.arguments import SAMPLINGS, as_batch_sizes, as_count, check_device
from empirics.models.measuring.digests import data_digest, function_text, model_digest, optimizer_text, schedule_text
from empirics.models.measuring.measurement import Measurement, example_bytes
from empirics.models.measuring.task import Clip, Optimizer, Schedule, Task
from empirics.models.noise.behaviour import behaviour, differ, require_the_same_twice
from empirics.models.per_example.example_gradients import PerExample
from empirics.models.user_model import UserModel, require_finite
from empirics.runs.devices import available
from empirics.runs.process_state import arithmetic
from theory.exact import as_choice, as_index, as_number, shown

ESTIMATORS = ("per_example", "resampling", "naive")
#: Bytes that examples on their way through the model may take, when all gradients of single examples are looked at.
CHUNK_BYTES = 1 << 28


def make_measurement(
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
    device: str = "auto",
) -> Measurement:
    """A checked measurement, without running anything. Arguments as for `measure`.

    ValueError or TypeError naming the argument, what it was and what it must be.
    """
    user = UserModel(model, loss, dataset, collate=collate)
    n = len(user.examples)
    sizes = as_batch_sizes(batch_sizes)
    as_choice(sampling, "sampling", SAMPLINGS)
    for i, b in enumerate(sizes):
        if b > n and sampling != "independent":
            raise ValueError(f"batch_sizes[{i}] must be at most {n}, the number of examples, for sampling {sampling!r}, but was {b}")
    unit, length = _length(epochs, steps)
    every = as_index(every, "every", minimum=1)
    evaluate_every = every if evaluate_every is None else as_index(evaluate_every, "evaluate_every", minimum=1)
    if evaluate_every % every:
        raise ValueError(f"evaluate_every must be a multiple of every = {every}, but was {evaluate_every}")
    looks = as_index(looks_per_epoch, "looks_per_epoch", minimum=1)
    if looks > 1 and unit == "step":
        raise ValueError(f"looks_per_epoch must be 1 with steps, which are looked at one by one, but was {looks}")
    check_device(device)
    record: dict[str, Any] = {
        "batch_sizes": sizes,
        "replicas": as_count(runs, "runs", 2),
        "seed": as_index(seed, "seed"),
        "draws": as_index(draws, "draws", minimum=2),
        "block_runs": as_index(block_runs, "block_runs", minimum=2),
    }
    as_choice(estimator, "estimator", ("auto", *ESTIMATORS))
    task = Task(model, loss, dataset, optimizer, schedule, _clip(clip), _function(error, "error"), _named(validation), collate)
    with arithmetic():
        user.try_out()
        evaluated = _evaluated(task)
        optimizers = [_optimizer(task) for _ in range(1 if schedule is None else 2)]
        _check_schedule(task)
        _check_copy(task, user)
        estimator = _estimator(estimator, user)
        per_example = PerExample(user) if estimator == "per_example" else None
        parts = {
            "model": f"{type(model).__qualname__}, {model_digest(model)[:16]}",
            "loss": function_text(loss),
            "dataset": data_digest(user.examples),
            "optimizer": optimizer_text(optimizers[0]),
            "schedule": schedule_text(schedule, lambda: _optimizer(task)),
            "clip": function_text(task.clip),
            "error": function_text(error),
        } | {f"{name}data": data_digest(each.examples) for name, each in task.evaluated(model).items() if name}
    return Measurement(
        **record,
        unit=unit,
        steps=length,
        every=every,
        evaluate_every=evaluate_every,
        looks_per_epoch=looks,
        device=available(device),
        sampling=sampling,
        estimator=estimator,
        layers=tuple(user.parameters),
        parameters=sum(p.numel() for p in user.parameters.values()),
        evaluated=evaluated,
        examples=n,
        together=per_example.together(CHUNK_BYTES) if per_example else 1,
        epsilon=float(torch.finfo(user.dtype).eps),
        parts=parts,
        task=task,
        example_bytes=per_example.bytes if per_example else example_bytes(user),
    )


def _length(epochs: int | None, steps: int | None) -> tuple[str, int]:
    """What is counted, and how many looks there could be: epochs has one more, after the last."""
    if (epochs is None) == (steps is None):
        told = "neither was" if epochs is None else "both were"
        raise ValueError(f"epochs or steps must be given, one of the two, but {told}")
    return ("epoch", as_count(epochs, "epochs", 1) + 1) if epochs is not None else ("step", as_count(steps, "steps", 1))


def _function(value: Any, name: str) -> Any:
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be a function or None, but was {shown(value)}")
    return value


def _clip(clip: object) -> Any:
    if clip is None or (callable(clip) and not isinstance(clip, int | float)):
        return clip
    number = float(as_number(clip, "clip"))
    if not 0 < number < math.inf:
        raise ValueError(f"clip must be positive, but was {shown(clip)}")
    return number


def _named(validation: Any) -> dict[str, Any]:
    """Data sets by name."""
    if validation is None:
        return {}
    if not isinstance(validation, Mapping):
        return {"validation": validation}
    for name in validation:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"validation must have names such as 'test', but had {shown(name)}")
    return dict(validation)


def _evaluated(task: Task) -> tuple[str, ...]:
    """The names of losses and errors, each tried on an example or two."""
    found = []
    for prefix, user in task.evaluated(task.model).items():
        where = f"validation[{prefix[:-1]!r}]" if prefix else "dataset"
        batch = user.batch(range(min(2, len(user.examples))))
        with user.undisturbed(seed=0), torch.no_grad():
            user.model.eval()
            try:
                outputs = user.outputs(batch.inputs)
                value = user.number(user.loss(outputs, batch.targets))
            except Exception as error:
                raise ValueError(f"{where} must be such that the model has a loss on it, but it raised {shown(error, 200)}") from error
            require_finite(value, f"the first examples of {where}, in eval mode")
            found.append(f"{prefix}loss")
            if task.error is not None:
                found.append(f"{prefix}error")
                _try_error(task.error, outputs, batch.targets)
    return tuple(found)


def _try_error(error: Callable[[Any, Any], Any], outputs: Any, targets: Any) -> None:
    try:
        value = float(torch.as_tensor(error(outputs, targets)))
    except Exception as problem:
        raise ValueError(f"error must give a number for outputs and targets, but raised {shown(problem, 200)}") from problem
    if not math.isfinite(value):
        raise ValueError(f"error must be finite, but was {value} on the first examples")


def _optimizer(task: Task) -> torch.optim.Optimizer:
    """One for a copy of the model, which can make a step."""
    if not callable(task.optimizer) or isinstance(task.optimizer, torch.optim.Optimizer):
        raise TypeError(
            "optimizer must be a function from parameters to a torch optimizer, such as functools.partial(torch.optim.SGD, lr=0.1), "
            f"but was {shown(task.optimizer)}"
        )
    model = copy.deepcopy(task.model)
    parameters = [p for p in model.parameters() if p.requires_grad]
    for p in parameters:
        p.grad = torch.zeros_like(p)
    try:
        made = task.optimizer(parameters)
        if not isinstance(made, torch.optim.Optimizer):
            raise TypeError(f"it gave {shown(made)}")
        made.step()
    except Exception as error:
        raise ValueError(f"optimizer must make a torch optimizer that steps without a closure, but raised {shown(error, 200)}") from error
    return made


def _check_schedule(task: Task) -> None:
    if _function(task.schedule, "schedule") is None:
        return
    try:
        optimizer = _optimizer(task)
        made = task.schedule(optimizer, 10)  # type: ignore[misc]
        optimizer.step()
        made.step()
    except Exception as error:
        raise ValueError(
            f"schedule must make a torch scheduler of (optimizer, steps) that steps without a metric, but raised {shown(error, 200)}"
        ) from error


def _check_copy(task: Task, user: UserModel) -> None:
    """Runs train copies of the model: the loss must not hold on to the one that was given."""
    batch = user.batch(range(min(4, len(user.examples))))
    found = []
    for each in (user, task.user(copy.deepcopy(task.model))):
        with each.undisturbed(seed=0):
            found.append(each.gradient(batch)[1])
    if differ(*found):
        raise ValueError(
            "loss must see the model in its outputs alone, but has another gradient for a copy of the model: it holds the model that was "
            "given, or its parameters (a penalty on weights can be part of the model, or the optimizer's weight_decay)"
        )


def _estimator(asked: str, user: UserModel) -> str:
    """The one that was asked for, or the most precise that the model allows."""
    require_the_same_twice(user)
    if asked in ("resampling", "naive"):
        return asked
    found = behaviour(user)
    reason = "the model draws noise of its own" if found.has_noise else found.coupling
    if asked == "per_example" and reason:
        raise ValueError(f"estimator must be 'resampling' or 'naive' (or 'auto') here, but was 'per_example': {reason}")
    return "resampling" if reason else "per_example"
