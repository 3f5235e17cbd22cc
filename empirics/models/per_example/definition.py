"""Gradients of the examples of a batch as they are defined, one parameter tensor for each: for any model whose examples do not meet.

`vmapped` computes them together by torch.func.vmap(grad), which has rules for most operations; `looped` one after the other, which is the
definition itself and works wherever a backward pass does.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from empirics.models.examples import Batch, tensors
from empirics.models.per_example.factors import Explicit
from empirics.models.user_model import UserModel, call_arguments


def vmapped(user: UserModel, names: Sequence[str], batch: Batch) -> tuple[Tensor, dict[str, Explicit]]:
    """The losses of the examples, (n,), and their gradients by these parameters; every example draws random numbers of its own."""
    held = {name: p.detach() for name, p in user.model.named_parameters()}

    def loss_of_one(chosen: dict[str, Tensor], *parts: Tensor) -> Tensor:
        left = iter(parts)
        one = batch.map(lambda _: next(left)[None])
        positional, named = call_arguments(one.inputs)
        outputs = torch.func.functional_call(user.model, held | chosen, positional, named)
        return user.number(user.loss(outputs, one.targets))

    columns = list(tensors((batch.inputs, batch.targets)))
    of_all = torch.func.vmap(torch.func.grad_and_value(loss_of_one), in_dims=(None, *[0] * len(columns)), randomness="different")
    with sdpa_kernel(SDPBackend.MATH):  # the one attention that vmap has rules for
        gradients, losses = of_all({name: held[name] for name in names}, *columns)
    return losses.detach(), {name: Explicit(gradients[name].detach()) for name in names}


def looped(user: UserModel, names: Sequence[str], batch: Batch) -> tuple[Tensor, dict[str, Explicit]]:
    """The same by one backward pass after the other."""
    losses, found = [], []
    for i in range(len(batch)):
        value, gradient = user.gradient(batch.map(lambda x: x[i : i + 1]))  # noqa: B023  (called at once)
        losses.append(value)
        found.append([gradient[name] for name in names])
    return torch.stack(losses), {name: Explicit(torch.stack(each)) for name, *each in zip(names, *found, strict=True)}
