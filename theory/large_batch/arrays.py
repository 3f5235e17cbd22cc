"""Arrays in one of two arithmetics, rationals of flint or doubles, and what factors a positive semidefinite matrix in both."""

from __future__ import annotations

import numpy as np

from theory.exact import to_float, to_fmpq_array


def lifted(array: np.ndarray, exact: bool) -> np.ndarray:
    """As rationals of flint, or as doubles."""
    return to_fmpq_array(array) if exact else to_float(array)


def factors(symmetric: np.ndarray, exact: bool) -> tuple[np.ndarray, np.ndarray]:
    """Rows l_i and d_i > 0 with sum_i d_i l_i l_i^T = the matrix, positive semidefinite: L D L^T, or eigenvectors in doubles."""
    if not exact:
        values, vectors = np.linalg.eigh(symmetric)
        return vectors.T[values > 0], values[values > 0]
    rest, rows, pivots = symmetric, [], []
    for i in range(len(rest)):  # a pivot of 0 has a row of zeros
        if rest[i, i]:
            pivots.append(rest[i, i])
            rows.append(rest[i] / rest[i, i])
            rest = rest - rows[-1][:, None] * rest[i][None, :]
    return np.array(rows, dtype=object).reshape(len(rows), len(rest)), np.array(pivots, dtype=object)
