"""var(g) as it is defined: the gradient of every batch that there is, by plain backward passes, each batch equally likely."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, product
from typing import Any

import torch
from torch import nn


def batch_gradient(model: nn.Module, loss: Callable[..., torch.Tensor], data: Any, indices: Sequence[int]) -> dict[str, torch.Tensor]:
    """{parameter: gradient} of the loss of one batch, by zero_grad and backward; buffers are put back."""
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    x, y = data
    model.zero_grad(set_to_none=False)
    loss(model(x[list(indices)]), y[list(indices)]).backward()
    for name, buffer in model.named_buffers():
        buffer.copy_(before[name])
    used = {name: p.grad for name, p in model.named_parameters() if p.requires_grad and p.grad is not None}
    return {name: (g.to_dense() if g.is_sparse else g).detach().clone() for name, g in used.items()}


def batches(n: int, b: int, replacement: bool) -> Iterable[tuple[int, ...]]:
    """All batches, each equally likely: subsets of b of n examples, or sequences of b draws."""
    return product(range(n), repeat=b) if replacement else combinations(range(n), b)


def variance(gradients: Iterable[dict[str, torch.Tensor]]) -> dict[str, float]:
    """E||g||^2 - ||E g||^2 by parameter, over equally likely gradients: sums of squared deviations from the mean."""
    stacked: dict[str, list[torch.Tensor]] = {}
    for gradient in gradients:
        for name, g in gradient.items():
            stacked.setdefault(name, []).append(g.flatten())
    found = {}
    for name, each in stacked.items():
        g = torch.stack(each)
        found[name] = float((g - g.mean(0)).square().sum() / len(g))
    return found


def variance_at(model: nn.Module, loss: Callable[..., torch.Tensor], data: Any, b: int, replacement: bool = False) -> dict[str, float]:
    """var(g) at b by parameter, over all batches."""
    return variance(batch_gradient(model, loss, data, indices) for indices in batches(len(data[0]), b, replacement))
