"""Lemma A.2: the expectation of products of quadratic forms, by Kronecker products and without them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mpoly_ctx

from theory.budget import WITHOUT_BUDGET, Budget, Cost, as_count, saturated, saturated_power
from theory.exact import MatrixLike, as_index, shown, spelled, to_fmpq, to_fmpq_array, to_fraction, to_fraction_array
from theory.inputs import InputLaw, as_law
from theory.kronecker.products import ENTRY_BYTES, SMALL, exact_matrices, kronecker_product


def moment_matrices(
    law: InputLaw, *, y_count: int, y_dimension: int, z_count: int, z_dimension: int, budget: Budget | None = None
) -> np.ndarray:
    """The constants C_uv of Lemma A.2, array [u, v] of matrices of order p_1^m p_2^(n-1):

        C_uv = E[ z_{1,u} z_{n,v} (x)_{i=0..m-1} y_{i+1} y_i^T  (x)  (x)_{j=1..n-1} z_{j+1} z_j^T ],      y_0 := y_m

    for the joint law of (y_1, ..., y_m, z_1, ..., z_n) in R^{m p_1 + n p_2}, one joint moment for each entry. UnaffordableError as
    `kronecker_product`, for all entries together.
    """
    as_law(law, "law")
    m, n = as_index(y_count, "y_count"), as_index(z_count, "z_count", minimum=1)
    p1, p2 = as_index(y_dimension, "y_dimension", minimum=1), as_index(z_dimension, "z_dimension", minimum=1)
    if m * p1 + n * p2 != law.dimension:
        raise ValueError(f"law must be a law on R^{spelled(m * p1 + n * p2)}, by the counts and dimensions, but was on R^{law.dimension}")
    entries_of_all = saturated(saturated_power(p1, 2 * m), saturated_power(p2, 2 * n))
    allowed, what, fewer = Budget.of(budget, SMALL), "the matrices C_uv for y_count and z_count", ("fewer y's and z's",)
    allowed.require(Cost(5e-6 * entries_of_all, ENTRY_BYTES * entries_of_all, f"{as_count(entries_of_all)} entries"), what, fewer)
    work = saturated(law.dimension, m + n, entries_of_all)
    allowed.require(Cost(1e-7 * work, 100.0 * saturated(m + n), f"{as_count(work)} comparisons of indices"), what, fewer)
    order = p1**m * p2 ** (n - 1)
    y = [[i * p1 + a for a in range(p1)] for i in range(m)]  # positions of the coordinates of y_{i+1} in the stack
    z = [[m * p1 + j * p2 + a for a in range(p2)] for j in range(n)]
    left = [y[i] for i in range(m)] + [z[j] for j in range(1, n)]  # y_{i+1}, z_{j+1}: rows
    right = [y[i - 1] for i in range(m)] + [z[j] for j in range(n - 1)]  # y_i, z_j: columns, y_0 = y_m
    result = np.empty((p2, p2), dtype=object)
    cache: dict[tuple[int, ...], Fraction] = {}
    for u, v in product(range(p2), repeat=2):
        entries = np.empty((order, order), dtype=object)
        for row, rows in enumerate(product(*left)):
            for column, columns in enumerate(product(*right)):
                key = tuple(sorted((*rows, *columns, z[0][u], z[n - 1][v])))
                if key not in cache:
                    cache[key] = law.moment([key.count(k) for k in range(law.dimension)])
                entries[row, column] = cache[key]
        result[u, v] = entries
    return result


def expected_quadratic_product(
    law: InputLaw, a: Sequence[MatrixLike], d: Sequence[MatrixLike], y_dimension: int = 1, *, budget: Budget | None = None
) -> np.ndarray:
    """Lemma A.2, right-hand side, corrected: sum_{u,v in [p_2]} D_0 e_u e_v^T D_n tr( C_uv ( (x)_{i=0..m-1} A_i (x) (x)_{j=1..n-1} D_j ) ).

    It equals `direct_quadratic_product` for every joint law of the y_i and z_j: independence is not needed. A_0 := A_m, y_0 := y_m.

    Args:
        law: the joint law of (y_1, ..., y_m, z_1, ..., z_n), stacked.
        a: A_1, ..., A_m, each (p_1, p_1); none is allowed.
        d: D_0, (r, p_2), D_1, ..., D_{n-1}, (p_2, p_2), D_n, (p_2, c), n >= 1.
        y_dimension: p_1; read off A_1 when there is one.

    Raises ValueError naming the argument, UnaffordableError as `moment_matrices`. Cost: (p_1^m p_2^n)^2 joint moments.
    """
    y_forms, z_forms, p1, p2 = _forms(law, a, d, y_dimension)
    table = moment_matrices(law, y_count=len(y_forms), y_dimension=p1, z_count=len(z_forms) - 1, z_dimension=p2, budget=budget)
    return quadratic_product_from(table, y_forms, z_forms, budget=budget)


def quadratic_product_from(
    c: np.ndarray, a: Sequence[np.ndarray], d: Sequence[np.ndarray], rows: int | None = None, *, budget: Budget | None = None
) -> np.ndarray:
    """The sum of Lemma A.2 for given C_uv: an array [u, v] of matrices, as `moment_matrices` makes them.

    `rows` limits u to its first values (as the print's u in [p_1] does).
    """
    a, d = exact_matrices(a, "a"), exact_matrices(d, "d")
    if len(d) < 2:
        raise ValueError(f"d must have at least D_0 and D_1, but had {len(d)} matrices")
    middle = kronecker_product(a[-1:] + a[:-1] + d[1:-1], budget=budget)
    shape = (d[0].shape[1], d[-1].shape[0])
    if not isinstance(c, np.ndarray) or c.shape != shape or any(np.shape(x) != middle.T.shape for x in c.flat):
        raise ValueError(f"c must be an array of shape {shape} of matrices of shape {middle.T.shape}, but was {shown(c)}")
    first = shape[0] if rows is None else min(as_index(rows, "rows"), shape[0])
    total = np.zeros((d[0].shape[0], d[-1].shape[1]), dtype=object) * Fraction(0)
    for u, v in product(range(first), range(shape[1])):
        total = total + np.outer(d[0][:, u], d[-1][v, :]) * (c[u, v] * middle.T).sum()  # the trace of their product
    return total


def direct_quadratic_product(
    law: InputLaw, a: Sequence[MatrixLike], d: Sequence[MatrixLike], y_dimension: int = 1, *, budget: Budget | None = None
) -> np.ndarray:
    """Lemma A.2, left-hand side, without Kronecker products.

        E[ D_0 z_1 z_n^T D_n prod_{j=1..n-1} (z_j^T D_j z_{j+1}) prod_{i=0..m-1} (y_i^T A_i y_{i+1}) ],    y_0 := y_m, A_0 := A_m

    By enumeration of the atoms where the law has finitely many; otherwise the product is expanded in the coordinates and each monomial
    replaced by its joint moment. Arguments and errors as for `expected_quadratic_product`.
    """
    y_forms, z_forms, p1, p2 = _forms(law, a, d, y_dimension)
    support = law.support()
    if support is not None:
        total: Any = 0
        for atom, probability in zip(*support, strict=True):
            x = np.array([to_fmpq(value) for value in atom], dtype=object)
            total = total + _product(x, y_forms, z_forms, p1, p2) * to_fmpq(probability)
        return to_fraction_array(total)
    terms = saturated(saturated_power(p1, 2 * len(y_forms)), saturated_power(p2, 2 * len(z_forms) - 4))
    entries = z_forms[0].size * z_forms[-1].size
    cost = Cost(terms * entries * (5e-6 + 1e-6 * law.dimension), 300 * terms * entries, f"{as_count(terms)} monomials for each entry")
    Budget.of(budget, WITHOUT_BUDGET).require(cost, "expanding the product of a and d", ("fewer or smaller matrices",))
    unknowns = np.empty(law.dimension, dtype=object)
    unknowns[:] = fmpq_mpoly_ctx.get([f"x{k}" for k in range(law.dimension)], "lex").gens()
    polynomials = _product(unknowns, y_forms, z_forms, p1, p2)
    result = np.empty(polynomials.shape, dtype=object)
    for index in np.ndindex(*polynomials.shape):
        polynomial: Any = polynomials[index]
        terms = polynomial.to_dict().items()
        result[index] = sum((to_fraction(c) * law.moment([int(e) for e in powers]) for powers, c in terms), Fraction(0))
    return result


def _product(x: np.ndarray, a: list[np.ndarray], d: list[np.ndarray], p1: int, p2: int) -> np.ndarray:
    """D_0 z_1 z_n^T D_n times all the quadratic forms, at one value (or for unknown coordinates) of the stack."""
    m, n = len(a), len(d) - 1
    y = [x[i * p1 : (i + 1) * p1] for i in range(m)]
    z = [x[m * p1 + j * p2 : m * p1 + (j + 1) * p2] for j in range(n)]
    forms = [y[i - 1] @ to_fmpq_array(a[i - 1]) @ y[i] for i in range(m)]  # y_i^T A_i y_{i+1}, with y_0 = y_m and A_0 = A_m
    forms += [z[j - 1] @ to_fmpq_array(d[j]) @ z[j] for j in range(1, n)]
    scalar = math.prod(forms, start=fmpq(1))
    first, last = to_fmpq_array(d[0]) @ z[0], z[-1] @ to_fmpq_array(d[-1])
    result = np.empty((len(first), len(last)), dtype=object)
    for r, c in np.ndindex(*result.shape):  # one by one: numpy takes a polynomial for a sequence
        result[r, c] = first[r] * last[c] * scalar
    return result


def _forms(law: InputLaw, a: Sequence[MatrixLike], d: Sequence[MatrixLike], p1: int) -> tuple[list[np.ndarray], list[np.ndarray], int, int]:
    y_forms, z_forms = exact_matrices(a, "a"), exact_matrices(d, "d")
    as_law(law, "law")
    if len(z_forms) < 2:
        raise ValueError(f"d must have at least D_0 and D_1, but had {len(z_forms)} matrices")
    p1, p2 = (y_forms[0].shape[0] if y_forms else as_index(p1, "y_dimension", minimum=1)), z_forms[0].shape[1]
    for i, matrix in enumerate(y_forms):
        if matrix.shape != (p1, p1):
            raise ValueError(f"a[{i}] must have shape {(p1, p1)}, but had {matrix.shape}")
    for j, matrix in enumerate(z_forms[1:], start=1):
        if matrix.shape[0] != p2 or (j < len(z_forms) - 1 and matrix.shape[1] != p2):
            raise ValueError(f"d[{j}] must chain with D_0, of {p2} columns, but had shape {matrix.shape}")
    expected = len(y_forms) * p1 + (len(z_forms) - 1) * p2
    if law.dimension != expected:
        raise ValueError(f"law must be a law on R^{expected}, {len(y_forms)} y's and {len(z_forms) - 1} z's, but was on R^{law.dimension}")
    return y_forms, z_forms, p1, p2
