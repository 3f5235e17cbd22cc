"""Norms of float64 matrices, bounded from above: rounding is in the bound."""

from __future__ import annotations

import math

import numpy as np

UNIT = 2.0**-53


def up(x: np.ndarray | float) -> np.ndarray:
    """Above every number that x, formed in doubles by fewer than 16 sums and products of numbers that are not negative, stands for."""
    return np.asarray(x) * (1 + 16 * UNIT) + 2.0**-1060


def times(*factors: np.ndarray | float) -> np.ndarray:
    """Above the product of numbers that are not negative, whatever underflows on the way."""
    product = np.asarray(factors[0], dtype=np.float64)
    for factor in factors[1:]:
        product = up(product * factor)
    return product


def gamma(n: int) -> float:
    """An upper bound on n u / (1 - n u): the relative error of a sum of n products, in any order (Higham, section 3.1)."""
    return n * UNIT * (1 + 2 * n * UNIT)


def vector_norms(rows: np.ndarray) -> np.ndarray:
    """Upper bounds on the Euclidean norm of every row of (..., n, m), for entries whose squares neither overflow nor underflow."""
    m = rows.shape[-1]
    largest = np.abs(rows).max(axis=-1, initial=0.0)
    scale = np.where(largest > 0, largest, 1.0)
    return up(scale * np.sqrt(np.square(rows / scale[..., None]).sum(axis=-1)) * (1 + (m + 4) * UNIT))


def frobenius(matrix: np.ndarray) -> float:
    """An upper bound on ||X||_F."""
    return float(vector_norms(matrix.reshape(1, -1))[0])


def spectral(matrix: np.ndarray) -> float:
    """An upper bound on ||X||_2, within some rounding errors of it; infinity for entries that are not finite.

    With any U, s, V, however they were found, ||X||_2 <= ||U||_2 max(s) ||V||_2 + ||X - U diag(s) V^T||_F and
    ||U||_2^2 <= 1 + ||U^T U - I||_F; the products' own rounding is bounded by gamma_n times products of norms.
    """
    if not np.isfinite(matrix).all():
        return math.inf
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    n, top = len(s), float(s.max())
    rounding = gamma(n + 2) * frobenius(u) * frobenius(s[:, None] * vt)
    remainder = frobenius(matrix - (u * s) @ vt) + rounding
    spread = math.sqrt((1 + _departure(u)) * (1 + _departure(vt.T)))
    return float(up(top * spread + remainder))


def _departure(u: np.ndarray) -> float:
    """An upper bound on ||U^T U - I||_F."""
    n = u.shape[1]
    return frobenius(u.T @ u - np.eye(n)) + gamma(u.shape[0] + 1) * frobenius(u) ** 2
