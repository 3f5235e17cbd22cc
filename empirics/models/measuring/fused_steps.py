"""Plain SGD without gradients in memory: linear layers move in the backward pass itself, W <- W - alpha e^T h in one product.

A gradient as large as its weights would be written, read again and thrown away, which at small batches takes as long as the arithmetic.
Only what is the same step is done so: torch.optim.SGD without momentum, weight decay and clipping, and layers of class nn.Linear whose
weights are of that layer alone, and which are called once. Whoever else needs the weights in the backward pass is told by autograd that
they have changed, and that no step can be made so is found by trying one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

#: Weights of a layer from which on it pays.
SMALLEST = 1 << 12


class _Moving(torch.autograd.Function):
    """x W^T + c, whose backward pass moves W and c by -rate times their gradients."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, layer: nn.Linear, rate: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.layer, ctx.rate = layer, rate
        return nn.functional.linear(x, weight, layer.bias)

    @staticmethod
    def backward(ctx: Any, e: Tensor) -> tuple[Tensor | None, None, None, None]:
        (x,), layer = ctx.saved_tensors, ctx.layer
        below = e @ layer.weight if ctx.needs_input_grad[0] else None
        e, x = e.reshape(-1, e.shape[-1]), x.reshape(-1, x.shape[-1])
        layer.weight.addmm_(e.T, x, alpha=-ctx.rate)
        if layer.bias is not None:
            layer.bias.add_(e.sum(0), alpha=-ctx.rate)
        return below, None, None, None


def _moved(layer: nn.Linear, group: dict[str, Any], x: Tensor) -> Tensor:
    moved: Tensor = _Moving.apply(x, layer.weight, layer, float(group["lr"]))
    return moved


@contextmanager
def moving(layers: list[nn.Linear], optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Inside, the backward pass of a loss is the optimizer's step for these layers; other parameters have their gradients as ever."""
    group_of = {p: group for group in optimizer.param_groups for p in group["params"]}
    try:
        for layer in layers:
            layer.forward = partial(_moved, layer, group_of[layer.weight])  # type: ignore[method-assign]
        yield
    finally:
        for layer in layers:
            layer.__dict__.pop("forward", None)


def movable(model: nn.Module, optimizer: torch.optim.Optimizer, forward: Callable[[], object]) -> list[nn.Linear]:
    """The layers that can be moved so under this optimizer, as far as can be seen: `forward` calls the model once."""
    if type(optimizer) is not torch.optim.SGD or not all(map(_is_plain, optimizer.param_groups)):
        return []
    uses: dict[nn.Parameter, int] = {}
    for module in model.modules():
        for p in module.parameters(recurse=False):
            uses[p] = uses.get(p, 0) + 1
    trained = {p for group in optimizer.param_groups for p in group["params"]}
    found = [m for m in model.modules() if type(m) is nn.Linear and m.weight.numel() >= SMALLEST and "forward" not in m.__dict__]
    found = [m for m in found if all(uses[p] == 1 and p in trained and not p._backward_hooks for p in m.parameters())]
    calls = dict.fromkeys(found, 0)

    def count(layer: nn.Linear, *arguments: Any) -> None:
        calls[layer] += 1

    handles = [layer.register_forward_pre_hook(count) for layer in found]
    try:
        forward()
    finally:
        for handle in handles:
            handle.remove()
    return [layer for layer in found if calls[layer] == 1]


def _is_plain(group: dict[str, Any]) -> bool:
    others = ("momentum", "weight_decay", "dampening", "nesterov", "maximize", "differentiable")
    return not any(group.get(name) for name in others) and isinstance(group["lr"], int | float)
