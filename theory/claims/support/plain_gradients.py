"""Gradients of linear networks in plain numpy arrays of any ring: what second routes start from. It shares nothing with the engines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np


def chain(weights: Sequence[np.ndarray]) -> np.ndarray:
    """W_H ... W_1."""
    return reduce(lambda product, w: w @ product, weights)


def linear_gradients(weights: Sequence[np.ndarray], force: np.ndarray) -> list[np.ndarray]:
    """(W_H ... W_{k+1})^T force (W_{k-1} ... W_1)^T for k = 1..H; with force = (W_H ... W_1 - W*_H ... W*_1) S, g_k."""
    gradients = []
    for k in range(len(weights)):
        left = reduce(lambda product, w: w.T @ product, reversed(weights[k + 1 :]), force)
        gradients.append(reduce(lambda product, w: product @ w.T, weights[:k], left))
    return gradients
