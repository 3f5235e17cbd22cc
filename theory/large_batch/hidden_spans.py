"""Linear networks with fewer hidden units and the same path: the columns of [W_k, W_{k+1}^T] never leave the span of the first ones.

The gradient of W_k is W_{k+1}^T (...), that of W_{k+1} is (...) W_k^T, so that W_k, g_k and the columns of W_{k+1}^T and g_{k+1}^T stay in
the span, whatever the optimizer adds up. With an orthonormal basis Q of it, Q^T W_k and W_{k+1} Q follow the path of a network with at most
p_{k-1} + p_{k+1} hidden units in layer k: same products, same norms of all gradients.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def reduced(weights: Sequence[np.ndarray]) -> list[np.ndarray]:
    """W_1, ..., W_H in doubles, one QR decomposition for every layer that is wider than its span."""
    layers = list(weights)
    for k in range(len(layers) - 1):
        both = np.hstack([layers[k], layers[k + 1].T])
        if both.shape[1] < both.shape[0]:
            basis = np.linalg.qr(both)[0]
            layers[k : k + 2] = basis.T @ layers[k], layers[k + 1] @ basis
    return layers


def reduced_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    """(p_0, ..., p_H) after `reduced`."""
    left = list(sizes)
    for k in range(1, len(left) - 1):
        left[k] = min(left[k], left[k - 1] + left[k + 1])
    return tuple(left)
