"""The layers whose gradients have factors: from what comes in (x) and the loss's gradient at what leaves (e) to a Factor by parameter.

x and e have the examples in front. A layer is known by its exact class: a subclass may compute something else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from empirics.models.per_example.factors import Explicit, Factor, Outer, Rows

#: (layer, x, e) -> {name of the parameter in the layer: factor}; a name without requires_grad is left out by whoever asks.
Rule = Callable[[Any, Tensor, Tensor], dict[str, Factor]]


def linear(layer: nn.Linear, x: Tensor, e: Tensor) -> dict[str, Factor]:
    """y = W h + c at every position: g_W = sum_t e_t h_t^T, g_c = sum_t e_t."""
    h, e = (z.reshape(len(z), 1, -1, z.shape[-1]) for z in (x, e))
    return {"weight": Outer(h, e, layer.weight.shape), "bias": Explicit(e.sum((1, 2)))}


def convolution(layer: nn.Conv1d | nn.Conv2d, x: Tensor, e: Tensor) -> dict[str, Factor]:
    """A linear layer at every position of the output, with the patch below it as h; the channels in groups."""
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    x = F.pad(x, layer._reversed_padding_repeated_twice, mode=mode)
    kernel, dilation, stride = layer.kernel_size, layer.dilation, layer.stride
    if x.ndim == 3:  # one dimension is two, the first of length 1
        x, kernel, dilation, stride = x[:, :, None], (1, *kernel), (1, *dilation), (1, *stride)
    patches = F.unfold(x, kernel, dilation=dilation, stride=stride)
    h, e = (z.reshape(len(z), layer.groups, -1, patches.shape[-1]).mT for z in (patches, e))
    return {"weight": Outer(h, e, layer.weight.shape), "bias": Explicit(e.sum(2).flatten(1))}


def embedding(layer: nn.Embedding, x: Tensor, e: Tensor) -> dict[str, Factor]:
    """Row x_t of the table at every position t; the row of padding_idx gets no gradient."""
    indices, e = x.reshape(len(x), -1), e.reshape(len(x), -1, e.shape[-1])
    if layer.padding_idx is not None:
        e = e * (indices != layer.padding_idx)[:, :, None]
    return {"weight": Rows(indices, e, layer.weight.shape)}


def normalization_of_units(layer: nn.LayerNorm | nn.RMSNorm, x: Tensor, e: Tensor) -> dict[str, Factor]:
    """y = w * z + c with z normalized over the last dimensions: g_w = sum_t e_t * z_t, g_c = sum_t e_t."""
    shape = layer.normalized_shape
    z = F.layer_norm(x, shape, eps=layer.eps) if isinstance(layer, nn.LayerNorm) else F.rms_norm(x, shape, eps=layer.eps)
    g_w, g_c = (v.reshape(len(v), -1, *shape).sum(1) for v in (e * z, e))
    return {"weight": Explicit(g_w), "bias": Explicit(g_c)}


def normalization_of_channels(layer: Any, x: Tensor, e: Tensor) -> dict[str, Factor]:
    """The same by channel, the second dimension: GroupNorm, and BatchNorm by stored statistics, which couple no examples."""
    if isinstance(layer, nn.GroupNorm):
        z = F.group_norm(x, layer.num_groups, eps=layer.eps)
    else:
        z = F.batch_norm(x, layer.running_mean, layer.running_var, eps=layer.eps)
    g_w, g_c = (v.reshape(len(v), v.shape[1], -1).sum(2) for v in (e * z, e))
    return {"weight": Explicit(g_w), "bias": Explicit(g_c)}


RULES: dict[type[nn.Module], Rule] = {
    nn.Linear: linear,
    nn.Conv1d: convolution,
    nn.Conv2d: convolution,
    nn.Embedding: embedding,
    nn.LayerNorm: normalization_of_units,
    nn.RMSNorm: normalization_of_units,
    nn.GroupNorm: normalization_of_channels,
    nn.BatchNorm1d: normalization_of_channels,
    nn.BatchNorm2d: normalization_of_channels,
}


def rule_for(layer: nn.Module) -> Rule | None:
    """The layer's rule, or None where it has none as it stands."""
    if isinstance(layer, nn.Embedding) and (layer.max_norm is not None or layer.scale_grad_by_freq):
        return None  # the first changes the table on the way, the second couples the examples
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and (layer.training or layer.running_mean is None):
        return None
    return RULES.get(type(layer))


class Layout:
    """Where the examples are in a layer's tensors: found from the shapes for two batch sizes, as models may put time first.

    `axis` is the dimension that grows with the batch; where it is a multiple of the batch size, the positions of an example lie together.
    """

    def __init__(self, axis: int, is_flat: bool) -> None:
        self.axis, self.is_flat = axis, is_flat

    @classmethod
    def of(cls, shapes: tuple[torch.Size, torch.Size], sizes: tuple[int, int]) -> Layout | None:
        """From the shapes at two batch sizes; None where no dimension grows with the batch."""
        one, two = shapes
        if len(one) != len(two):
            return None
        for axis, lengths in enumerate(zip(one, two, strict=True)):
            if lengths == sizes:
                return cls(axis, False)
        if one and one[0] % sizes[0] == 0 and one[0] * sizes[1] == two[0] * sizes[0]:
            return cls(0, True)
        return None

    def in_front(self, x: Tensor, n: int) -> Tensor:
        """The tensor with the n examples first; positions that lay together are a second dimension."""
        if self.is_flat:
            return x.reshape(n, x.shape[0] // n, *x.shape[1:])
        return x.movedim(self.axis, 0)
