"""What names a model, its data and the functions that it is trained with, so that a store is not taken for another one's."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from empirics.models.examples import Examples, tensors

#: Examples of a data set that is read item by item, spread over it; tensors side by side are read whole.
SAMPLE = 64
#: Lengths for which a schedule is asked for its rates.
LENGTHS = (7, 100)


def model_digest(model: nn.Module) -> str:
    """Its structure, weights and buffers, and which parameters are trained."""
    digest = hashlib.sha256(repr(model).encode())
    for name, value in model.state_dict().items():
        digest.update(name.encode() + _bytes(value) if isinstance(value, Tensor) else repr(value).encode())
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    modes = [name for name, m in model.named_modules() if m.training]
    digest.update(repr((trained, modes)).encode())
    return digest.hexdigest()


def data_digest(examples: Examples) -> str:
    """Its length and its examples: all of them, or SAMPLE where they are read one by one."""
    n = len(examples)
    chosen = np.arange(n) if examples.is_tensors else np.unique(np.linspace(0, n - 1, min(n, SAMPLE)).astype(int))
    digest = hashlib.sha256(str(n).encode())
    for first in range(0, len(chosen), 4096):
        batch = examples.batch(chosen[first : first + 4096])
        _update(digest, tensors((batch.inputs, batch.targets)))
    return f"{n} examples, {digest.hexdigest()[:16]}"


def optimizer_text(optimizer: torch.optim.Optimizer) -> str:
    """Its class and the settings of its groups."""
    groups = [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]
    counts = [len(group["params"]) for group in optimizer.param_groups]
    return f"{type(optimizer).__qualname__} of {counts} parameters, {groups}"


def schedule_text(schedule: Callable[[torch.optim.Optimizer, int], Any] | None, make: Callable[[], torch.optim.Optimizer]) -> str:
    """The rates that it gives in runs of LENGTHS steps: what its function is called says too little."""
    if schedule is None:
        return ""
    digest = hashlib.sha256()
    for length in LENGTHS:
        optimizer = make()
        plan = schedule(optimizer, length)
        for _ in range(length):
            digest.update(repr([group["lr"] for group in optimizer.param_groups]).encode())
            optimizer.step()
            plan.step()
    return f"{function_text(schedule)}, {digest.hexdigest()[:16]}"


def function_text(function: Any) -> str:
    """The name of a function or class, with the arguments of a partial one; "" for None."""
    if function is None:
        return ""
    if isinstance(function, functools.partial):
        given = [*map(repr, function.args), *(f"{name}={value!r}" for name, value in function.keywords.items())]
        return f"{function_text(function.func)}({', '.join(given)})"
    if isinstance(function, int | float):
        return repr(float(function))
    name = getattr(function, "__qualname__", None)
    return f"{function.__module__}.{name}" if name else f"{type(function).__module__}.{type(function).__qualname__}"


def _update(digest: Any, values: Iterable[Tensor]) -> None:
    for value in values:
        digest.update(_bytes(value))


def _bytes(value: Tensor) -> bytes:
    held = value.detach().cpu().contiguous()
    return f"{held.dtype}{tuple(held.shape)}".encode() + held.reshape(-1).view(torch.uint8).numpy().tobytes()
