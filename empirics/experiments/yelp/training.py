"""How the network is trained (lines 409-419): AdamW, a rate that warms up and then falls linearly, and gradients that are clipped.

The paper clips "the stochastic gradients of all parameter matrices" at 1: all together by their norm, as XLNet's own code does, or each
matrix by its own. It takes the warm-up from XLNet, whose tasks warm up for about a tenth of their steps, and does not say what the weight
decay is; XLNet's is 0.01.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from theory.exact import as_choice

LEARNING_RATE, EPSILON, WEIGHT_DECAY = 4e-5, 1e-8, 0.01
WARM_UP = 0.1  # of all steps
THRESHOLD = 1.0

Clip = float | Callable[[list[nn.Parameter]], object] | None


def adamw(parameters: list[nn.Parameter], learning_rate: float = LEARNING_RATE, weight_decay: float = WEIGHT_DECAY) -> torch.optim.AdamW:
    """The optimizer, with the paper's epsilon; it leaves alone what has no gradient."""
    return torch.optim.AdamW(parameters, lr=learning_rate, eps=EPSILON, weight_decay=weight_decay)


def schedule(optimizer: torch.optim.Optimizer, steps: int) -> LambdaLR:
    """The rates of a run with that many steps."""
    return LambdaLR(optimizer, partial(share_of_rate, steps=steps))


def share_of_rate(step: int, steps: int) -> float:
    """Of the learning rate, at step 0, 1, ..., steps - 1: (t + 1) / w for t < w, and then (steps - t) / (steps - w).

    >>> [round(share_of_rate(t, 20), 2) for t in (0, 1, 2, 3, 19)]
    [0.5, 1.0, 1.0, 0.94, 0.06]
    """
    warm = math.ceil(WARM_UP * steps)
    return (step + 1) / warm if step < warm else max(0, steps - step) / max(1, steps - warm)


def clip_each(parameters: list[nn.Parameter]) -> None:
    """Every parameter's gradient by its own norm."""
    for p in parameters:
        nn.utils.clip_grad_norm_([p], THRESHOLD)


CLIPS: dict[str, Clip] = {"global": THRESHOLD, "matrix": clip_each, "none": None}


def clip_named(name: str) -> Clip:
    """As `empirics.measure` takes it: "global", "matrix" or "none". ValueError for another name."""
    return CLIPS[as_choice(name, "clip", CLIPS)]
