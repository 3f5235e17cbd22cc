"""(p, p) object arrays for E[x x^T], refused before they are made where p is too large."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from theory.budget import Cost, as_count, refuse_large, saturated


def identity(p: int) -> np.ndarray:
    """I in Fractions."""
    return two_constants(p, Fraction(1), Fraction(0))


def two_constants(p: int, diagonal: Fraction, beside: Fraction) -> np.ndarray:
    """One number on the diagonal and one beside it."""
    matrix = empty_square(p, 0.0)
    matrix.fill(beside)
    np.fill_diagonal(matrix, diagonal)
    return matrix


def empty_square(p: int, seconds: float) -> np.ndarray:
    """An empty array that will take `seconds` of work for each entry; UnaffordableError for one that is too large."""
    n = saturated(p)
    cost = Cost((1e-8 + seconds) * n * n, 100 * n * n, f"a matrix of order {as_count(p)}")
    refuse_large("dimension", "E[x x^T]", cost, "fewer input coordinates")
    return np.empty((p, p), dtype=object)
