"""Gradient noise of three small networks on points of four classes: a plain one, one with dropout, and one with batch normalization.

The plain one and dropout are measured twice, by the gradients of the examples and by drawing batches; batch normalization couples the
examples of a batch, so that there is only the latter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from empirics.models.gradient_noise import gradient_noise

POINTS, INPUTS, CLASSES, UNITS = 240, 12, 4, 24
#: Where batches are drawn, and where the law is drawn as a curve.
DRAWN = (4, 8, 16, 32, 64, 120, 200)
CURVE = tuple(sorted({*np.geomspace(1, POINTS, 40).round().astype(int).tolist(), *DRAWN}))
KINDS = ("plain", "dropout", "batch normalization")


@dataclass(frozen=True)
class Noise:
    """Of one network: by examples at the batch sizes of CURVE, where that is possible, and by drawn batches at those of DRAWN."""

    kind: str
    by_examples: xr.Dataset | None
    by_batches: xr.Dataset


def points(seed: int) -> tuple[Tensor, Tensor]:
    """Normal around the centre of their class, which is normal itself; every class as often."""
    generator = np.random.default_rng([seed, 0])
    classes = np.arange(POINTS) % CLASSES
    x = generator.normal(size=(CLASSES, INPUTS))[classes] + generator.normal(size=(POINTS, INPUTS))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(classes)


def network(kind: str, seed: int) -> nn.Module:
    """Two layers with tanh between them, in train mode; the same weights for all kinds."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first, second = nn.Linear(INPUTS, UNITS), nn.Linear(UNITS, CLASSES)
    between: dict[str, Callable[[], nn.Module]] = {
        "plain": nn.Identity,
        "dropout": lambda: nn.Dropout(0.5),
        "batch normalization": lambda: nn.BatchNorm1d(UNITS),
    }
    return nn.Sequential(first, nn.Tanh(), between[kind](), second)


def measure(seed: int = 0, batches: int = 256) -> dict[str, Noise]:
    """All three, by kind. Some seconds."""
    data, loss = points(seed), nn.CrossEntropyLoss()
    found = {}
    for kind in KINDS:
        model = network(kind, seed)
        drawn = gradient_noise(model, loss, data, batch_sizes=DRAWN, seed=seed, method="resampling", batches=batches)
        coupled = kind == "batch normalization"
        by_examples = None if coupled else gradient_noise(model, loss, data, batch_sizes=CURVE, seed=seed)
        found[kind] = Noise(kind, by_examples, drawn)
    return found
