"""How a model behaves, found by trying: does it draw noise of its own, and is the gradient of a batch the mean over its examples?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from empirics.models.examples import Batch, tensors
from empirics.models.per_example.closed_forms import Layout
from empirics.models.per_example.mean_loss import require_mean_of_outputs
from empirics.models.user_model import OF_CHANNELS, UserModel
from theory.exact import shown

#: Examples, spread over the data set, that are compared with the batch of them all ...
COMPARED = 16
#: Of two batches in which dropout is watched.
SIZES = (3, 5)
#: ... and so many more for each column of labels or tokens, with the values that are rarest.
RARE = 16


@dataclass(frozen=True)
class Behaviour:
    """has_noise: it draws random numbers. coupling: why the gradient of a batch is not known to be the mean over its examples, or
    "" where it was seen to be."""

    has_noise: bool
    coupling: str


def require_the_same_twice(user: UserModel) -> None:
    """ValueError for a data set whose examples change from one reading to the next: their noise would be taken for something else."""
    n = len(user.examples)
    for index in sorted({0, n // 2, n - 1}):
        one, two = (user.examples.batch([index]) for _ in range(2))
        if not _same(one, two):
            raise ValueError(f"dataset must give the same example every time, but dataset[{index}] changed: turn its augmentation off")


def behaviour(user: UserModel) -> Behaviour:
    """Of the model in the mode that it is in. Takes some forty passes.

    Noise is seen by torch's random state, which moves. It is taken apart by examples only where dropout layers of torch's draw all of it,
    each from activations that have the examples in them: other noise may be one draw for the whole batch, such as a layer that is left out.
    Coupling is looked for without the noise, in the model's own mode: the gradient of a batch of examples differs from the mean of their
    gradients, beyond rounding.
    """
    n = len(user.examples)
    spread = np.linspace(0, n - 1, min(n, COMPARED)).round().astype(int)
    indices = np.unique(np.concatenate([spread, np.array(user.examples.of_each_value(RARE), dtype=int)]))
    batch = user.batch(indices)
    if differ(_gradient(user, batch, 1), _gradient(user, batch, 1)):
        return Behaviour(True, "the model draws from a generator of its own: passes from the same state of torch's differ")
    has_noise = user.draws(batch)
    if has_noise and (reason := _shared_noise(user, batch)):
        return Behaviour(True, reason)
    with user.without_noise():
        coupling = _coupling(user, indices, _gradient(user, batch, 1))
    return Behaviour(has_noise, coupling or (_hidden(user, batch) if has_noise else ""))


def _shared_noise(user: UserModel, batch: Batch) -> str:
    """Why examples of one batch may share what the model draws; "" where each has draws of its own."""
    with user.without_noise():
        if user.draws(batch):
            return "the model draws random numbers outside of torch's dropout layers, which the examples of a batch may share"
    shapes: list[list[tuple[nn.Module, torch.Size]]] = []
    for size in SIZES:
        seen: list[tuple[nn.Module, torch.Size]] = []

        def note(layer: nn.Module, arguments: Any, named: Any, seen: list[tuple[nn.Module, torch.Size]] = seen) -> None:
            x = next(tensors((arguments, named)))
            seen.append((layer, x.shape))

        handles = [layer.register_forward_pre_hook(note, with_kwargs=True) for layer in user.dropouts() if layer.training]
        try:
            with user.undisturbed(0):
                user.loss_of(user.batch([0] * size))
        finally:
            for handle in handles:
                handle.remove()
        shapes.append(seen)
    if len(shapes[0]) != len(shapes[1]):
        return "how often the model calls its dropout layers depends on the batch, whose examples may share what they draw"
    for (layer, one), (_, two) in zip(*shapes, strict=True):
        layout = Layout.of((one, two), SIZES)
        if layout is None or (type(layer) in OF_CHANNELS and layout.axis != 0):
            return f"{type(layer).__name__} is used on what has no examples in front: those of a batch share what it draws"
    return ""


def _coupling(user: UserModel, indices: np.ndarray, together: Mapping[str, Tensor]) -> str:
    """Why these examples' gradient, taken together, is not the mean of theirs; "" where it is."""
    normalized = [name for name, m in user.model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.training]
    mean = {name: torch.zeros_like(g) for name, g in together.items()}
    for i in indices:
        try:
            alone = _gradient(user, user.batch([i]), 1)
        except ValueError as error:
            why = f"batch normalization in train mode ({normalized[0]})" if normalized else shown(error, 200)
            return f"an example cannot go through the model alone: {why}"
        for name, g in alone.items():
            mean[name] += g / len(indices)
    if not differ(together, mean):
        return ""
    reason = f"batch normalization in train mode ({normalized[0]})" if normalized else "its layers or the loss couple examples"
    return f"the gradient of a batch is not the mean of those of its examples: {reason}"


def _hidden(user: UserModel, batch: Batch) -> str:
    """Why noise would hide a loss that is no mean, which other batches may bring; "" where the loss can be looked at alone."""
    with user.undisturbed(1):
        if require_mean_of_outputs(user, user.outputs(batch.inputs), batch.targets):
            return ""
    return "the model draws noise, and its outputs cannot be taken apart by examples to see whether every batch's loss is a mean"


def _gradient(user: UserModel, batch: Batch, seed: int) -> dict[str, Tensor]:
    with user.undisturbed(seed):
        return user.gradient(batch)[1]


def differ(one: Mapping[str, Tensor], two: Mapping[str, Tensor]) -> bool:
    """Whether some parameter's gradients differ by more than half the digits, relative to it and a little to the largest of all."""
    largest = max(float(g.abs().max()) for g in one.values())
    for name, g in one.items():
        eps = torch.finfo(g.dtype).eps
        if not float((g - two[name]).abs().max()) <= eps**0.5 * float(g.abs().max()) + 10 * eps * largest:
            return True
    return False


def _same(one: Batch, two: Batch) -> bool:
    pairs: Any = zip(tensors((one.inputs, one.targets)), tensors((two.inputs, two.targets)), strict=True)
    return all(a.shape == b.shape and torch.equal(torch.nan_to_num(a), torch.nan_to_num(b)) for a, b in pairs)
