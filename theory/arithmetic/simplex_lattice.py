"""Averages of polynomials by their values on the lattice points of a simplex, from the moments of the law that averages.

E f(u) = sum_j lambda_j f(j) over the nodes {j in N^n : |j| <= d}, for every polynomial f of total degree at most d. The nodes need not be
values that u takes; a moment may be any element of a ring that contains the rationals, such as a polynomial in 1/b. By Newton's forward
differences f(u) = sum_k (Delta^k f)(0) prod_i binom(u_i, k_i), so that

    lambda_j = sum_{k >= j, |k| <= d} (-1)^{|k-j|} prod_i binom(k_i, j_i) E[ prod_i binom(u_i, k_i) ].
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from flint import fmpq, fmpq_poly

Exponents = tuple[int, ...]
Table = dict[Exponents, fmpq_poly]


def lattice_weights(moments: Mapping[Exponents, fmpq_poly], degree: int) -> Table:
    """From E[u^k], one for every |k| <= degree, to the weight lambda_j of each node, in the same order.

    Cost: n L degree operations on polynomials, L = binom(degree + n, n) the number of nodes.
    """
    table = dict(moments)
    n = len(next(iter(table)))
    if not n:  # a law of one value: nothing is averaged, whatever the degree
        return table
    for axis in range(n):  # from E[u^k] to E[binom(u, k)], one coordinate after the other
        table = _along(table, axis, _falling_factorials(degree))
    differences = [[fmpq((-1) ** (k - j) * math.comb(k, j)) for j in range(k + 1)] for k in range(degree + 1)]
    for axis in range(n):
        table = _along_transposed(table, axis, differences, degree)
    return table


def _falling_factorials(degree: int) -> list[list[fmpq]]:
    """Row k: the coefficients of binom(u, k) in powers of u."""
    rows, polynomial = [], fmpq_poly([1])
    for k in range(degree + 1):
        rows.append(polynomial.coeffs())
        polynomial = polynomial * fmpq_poly([-k, 1]) / (k + 1)
    return rows


def _along(table: Table, axis: int, rows: list[list[fmpq]]) -> Table:
    """new[.., k, ..] = sum_{a <= k} rows[k][a] old[.., a, ..] on one axis."""
    return {k: sum((table[(*k[:axis], a, *k[axis + 1 :])] * c for a, c in enumerate(rows[k[axis]]) if c), fmpq_poly([])) for k in table}


def _along_transposed(table: Table, axis: int, rows: list[list[fmpq]], degree: int) -> Table:
    """new[.., j, ..] = sum_{k >= j} rows[k][j] old[.., k, ..] on one axis, within |k| <= degree."""
    return {
        j: sum(
            (table[(*j[:axis], k, *j[axis + 1 :])] * rows[k][j[axis]] for k in range(j[axis], degree - sum(j) + j[axis] + 1)), fmpq_poly([])
        )
        for j in table
    }
