"""The network of the MNIST experiment: 1024, 512 and 10 units, ReLU between them, softmax and cross-entropy (lines 383-387)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn

HIDDEN = (1024, 512)
CLASSES = 10


def build_model(pixels: int, seed: int, point: int = 0, hidden: tuple[int, ...] = HIDDEN) -> nn.Sequential:
    """The network at one of its initial points: flattened images to 10 logits.

    Weights and biases are uniform on +-1/sqrt(fan_in), torch's default for linear layers, drawn by numpy from the seed and the number of
    the point: the same everywhere. The paper does not say how it drew them.

    >>> sum(p.numel() for p in build_model(784, 0).parameters())
    1333770
    """
    draw = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence((seed, point))))
    layers: list[nn.Module] = []
    for fan_in, units in pairwise((pixels, *hidden, CLASSES)):
        layer = nn.utils.skip_init(nn.Linear, fan_in, units)
        for parameter in (layer.weight, layer.bias):
            numbers = draw.uniform(-1, 1, tuple(parameter.shape)) / fan_in**0.5
            parameter.data.copy_(torch.from_numpy(numbers))
        layers += [layer, nn.ReLU()]
    return nn.Sequential(nn.Flatten(), *layers[:-1])


def loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of the softmax."""
    return nn.functional.cross_entropy(outputs, targets)


def error(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """One minus the accuracy of the prediction (the caption of figure 3)."""
    return (outputs.argmax(dim=-1) != targets).float().mean()
