"""The gradient of one sample's loss by backpropagation, in rationals or balls: nothing but the definition.

h_k = W_k z_{k-1},  z_k = sigma(h_k),  z_0 = x;    delta_H = h_H - f(w*; x),  delta_k = sigma'(h_k) o (W_{k+1}^T delta_{k+1})
dl/dW_k = delta_k z_{k-1}^T
"""

from __future__ import annotations

import numpy as np
from flint import fmpq

from theory.activations import Activation

Matrices = tuple[np.ndarray, ...]
#: The activation: coefficients of a polynomial, or any other.
Sigma = tuple[fmpq, ...] | Activation


def sample_gradient(weights: Matrices, teacher: Matrices, sigma: Sigma, x: np.ndarray) -> Matrices:
    """dl/dW_1, ..., dl/dW_H of l = 1/2 ||f(w; x) - f(w*; x)||^2 at one sample, by backpropagation.

    `x` is a column (p, 1); `sigma` holds the coefficients of a polynomial, or is an `Activation`.
    """
    hidden = forward(weights, sigma, x)
    delta = hidden[-1] - forward(teacher, sigma, x)[-1]
    gradients = []
    for k in reversed(range(len(weights))):
        z = _value(sigma, hidden[k - 1]) if k else x
        gradients.append(delta @ z.T)
        if k:
            delta = _slope(sigma, hidden[k - 1]) * (weights[k].T @ delta)
    return tuple(reversed(gradients))


def forward(weights: Matrices, sigma: Sigma, x: np.ndarray) -> list[np.ndarray]:
    """Pre-activations h_1, ..., h_H; the last one is the output."""
    hidden = [weights[0] @ x]
    for w in weights[1:]:
        hidden.append(w @ _value(sigma, hidden[-1]))
    return hidden


def _value(sigma: Sigma, h: np.ndarray) -> np.ndarray:
    if isinstance(sigma, tuple):
        return _polynomial(sigma, h)
    return np.array([[sigma.exactly(x)[0] for x in row] for row in h.tolist()], dtype=object)


def _slope(sigma: Sigma, h: np.ndarray) -> np.ndarray:
    if isinstance(sigma, tuple):
        return _polynomial(tuple(i * c for i, c in enumerate(sigma))[1:], h)
    return np.array([[sigma.exactly(x)[1] for x in row] for row in h.tolist()], dtype=object)


def _polynomial(coefficients: tuple[fmpq, ...], h: np.ndarray) -> np.ndarray:
    return sum((c * h**i for i, c in enumerate(coefficients)), h * 0)
