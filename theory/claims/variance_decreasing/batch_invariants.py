r"""Moments of a batch of standard Gaussian inputs, p = 1 or 2, in coordinates in which they are shortest: polynomials in eps = 1/b.

p = 1: tau = S = (1/b) chi^2_b,                 E tau^i = prod_{j<i} (1 + 2 j eps).
p = 2: tau = S_11 + S_22 and the vector (u, v) = (S_11 - S_22, 2 S_12), of squared length rho = tau^2 - 4 det S.

A rotation of the inputs by an angle rotates (u, v) by twice that angle and leaves tau: the direction of (u, v) is uniform, and independent
of tau and rho. The density of A = b S, Wishart with b degrees of freedom, times det(A)^n is a multiple of that with b + 2n, whose trace is
chi^2 with 2b + 4n degrees of freedom; hence

    E tau^i det(S)^n = prod_{j<n} (1 + 2 j eps)(1 + (2 j - 1) eps) * prod_{j<i} (2 + (4 n + 2 j) eps).
"""

from __future__ import annotations

from functools import cache
from math import comb

from flint import fmpz_poly

from theory.budget import Cost, as_count, refuse_large, saturated
from theory.exact import as_index


@cache
def chi_square_moment(k: int) -> fmpz_poly:
    """m_k = E[s^k] = prod_{j<k} (1 + 2 j eps), s = (1/b) chi^2_b.

    Examples:
        >>> chi_square_moment(3)
        8*x^2 + 6*x + 1
    """
    n = saturated(as_index(k, "k"))
    refuse_large("k", "the moment", Cost(1e-9 * n**3, n**2, f"a polynomial of degree {as_count(k)}"), "a smaller k")
    product = fmpz_poly([1])
    for j in range(k):
        product *= fmpz_poly([1, 2 * j])
    return product


@cache
def trace_and_determinant(i: int, n: int) -> fmpz_poly:
    """p = 2: E[ tr(S)^i det(S)^n ]."""
    product = fmpz_poly([1])
    for j in range(n):
        product *= fmpz_poly([1, 2 * j]) * fmpz_poly([1, 2 * j - 1])
    for j in range(i):
        product *= fmpz_poly([2, 4 * n + 2 * j])
    return product


@cache
def trace_and_length(i: int, j: int) -> fmpz_poly:
    """p = 2: E[ tau^i rho^j ]."""
    terms = (comb(j, n) * (-4) ** n * trace_and_determinant(i + 2 * (j - n), n) for n in range(j + 1))
    return sum(terms, fmpz_poly([0]))


def moment(p: int, i: int, j: int) -> fmpz_poly:
    """E[ tau^i rho^j ]; for p = 1 there is no rho, and j must be 0."""
    return chi_square_moment(i) if p == 1 else trace_and_length(i, j)
