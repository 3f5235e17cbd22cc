"""Questions about rational numbers that are decided exactly: semidefinite matrices, sequences of moments, square roots rounded up."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from theory.exact import to_fmpq_mat


def root_above(square: Fraction) -> float:
    """The least double that is not below the square root; infinity beyond the doubles."""
    if not square:
        return 0.0
    # sqrt(n / d) = sqrt(n d) / d; shifted so that the integer root has 60 bits at least
    shift = max(0, 120 - (square.numerator.bit_length() - square.denominator.bit_length())) // 2 + 1
    scaled = (square.numerator << 2 * shift) // square.denominator
    try:
        root = float(Fraction(math.isqrt(scaled), 1 << shift))
    except OverflowError:
        return math.inf
    while math.isfinite(root) and Fraction(root) ** 2 < square:
        root = math.nextafter(root, math.inf)
    return root


def is_positive_semidefinite(matrix: np.ndarray) -> bool:
    """Whether a symmetric matrix of Fractions has no negative eigenvalue, exactly.

    All roots of its characteristic polynomial are real, so by Descartes' rule none is negative if and only if the signs alternate weakly.
    """
    coefficients = to_fmpq_mat(matrix).charpoly().coeffs()
    return all(c * (-1) ** (len(matrix) - k) >= 0 for k, c in enumerate(coefficients))


def is_moment_sequence(table: tuple[Fraction, ...]) -> bool:
    """Whether (m_0, ..., m_r) are the moments of a law on the real line (Curto and Fialkow).

    With n = floor(r / 2): the Hankel matrix (m_{i+j}), i, j <= n, must be positive semidefinite, and the column (m_{n+1+i}) that would
    follow its last must lie in its range, as far as the table goes: n + 1 entries for odd r, the first n for even r.
    """
    half = (len(table) - 1) // 2
    hankel = np.array([[table[i + j] for j in range(half + 1)] for i in range(half + 1)], dtype=object)
    if not is_positive_semidefinite(hankel):
        return False
    rows = len(table) - 1 - half
    if rows == 0:
        return True
    extended = np.array([[table[i + j] for j in range(half + 2)] for i in range(rows)], dtype=object)
    return bool(to_fmpq_mat(extended[:, :-1]).rank() == to_fmpq_mat(extended).rank())
