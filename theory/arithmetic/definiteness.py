"""Questions about rational numbers that are decided exactly: semidefinite matrices, sequences of moments, square roots rounded up."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from flint import fmpq

from theory.arithmetic.balls import nearest_double
from theory.exact import to_fmpq, to_fmpq_mat


def root_above(square: Fraction) -> float:
    """The least double that is not below the square root; infinity beyond the doubles."""
    if not square:
        return 0.0
    # sqrt(n / d) = sqrt(n d) / d; shifted so that the integer root has 60 bits at least
    shift = max(0, 120 - (square.numerator.bit_length() - square.denominator.bit_length())) // 2 + 1
    scaled = (square.numerator << 2 * shift) // square.denominator
    root = nearest_double(Fraction(math.isqrt(scaled), 1 << shift))
    while math.isfinite(root) and Fraction(root) ** 2 < square:
        root = math.nextafter(root, math.inf)
    return root


def is_positive_semidefinite(matrix: np.ndarray) -> bool:
    """Whether a symmetric matrix of Fractions has no negative eigenvalue, exactly.

    All roots of its characteristic polynomial are real, so by Descartes' rule none is negative if and only if the signs alternate weakly.
    """
    return all(c >= 0 for c in _alternated(matrix))


def is_positive_definite(matrix: np.ndarray) -> bool:
    """Whether a symmetric matrix of Fractions has positive eigenvalues only, exactly: the signs alternate strictly."""
    return all(c > 0 for c in _alternated(matrix))


def _alternated(matrix: np.ndarray) -> list[fmpq]:
    """The coefficients of the characteristic polynomial, of -x, up to one sign."""
    return [c * (-1) ** (len(matrix) - k) for k, c in enumerate(to_fmpq_mat(matrix).charpoly().coeffs())]


def is_moment_sequence(table: tuple[Fraction, ...]) -> bool:
    """Whether (m_0, ..., m_r) are the moments of a law on the real line (the truncated Hamburger problem, Curto and Fialkow).

    With the monic orthogonal polynomials pi_k and sigma_{k,l} = E[pi_k(x) x^l], by Chebyshev's algorithm,

        sigma_{k+1,l} = sigma_{k,l+1} - a_k sigma_{k,l} - b_k sigma_{k-1,l},     k <= l <= r - k,

    they are if every sigma_{k,k} = E[pi_k^2] is positive; or if those before a first zero, at k = d, are, and sigma_{d,l} = 0 for all l:
    the law then has the d roots of pi_d for atoms. Cost: r^2 / 4 rational numbers.
    """
    before, row = [fmpq(0)] * len(table), [to_fmpq(m) for m in table]  # sigma_{k-1,l} and sigma_{k,l} from l = k on
    last_norm, last_ratio = fmpq(1), fmpq(0)
    while row:
        norm = row[0]
        if norm <= 0:
            return norm == 0 and not any(row)
        if len(row) < 3:
            return True
        ratio = row[1] / norm
        a, b = ratio - last_ratio, norm / last_norm
        before, row = row[1:], [row[i + 1] - a * row[i] - b * before[i] for i in range(1, len(row) - 1)]
        last_norm, last_ratio = norm, ratio
    return True
