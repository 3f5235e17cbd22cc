"""Lemma A.1: mixed products of Kronecker and matrix products."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from theory.budget import WITHOUT_BUDGET, Budget, Cost, as_count, saturated
from theory.budget.unit_costs import UNITS
from theory.exact import MatrixLike, as_matrix, as_sequence

ENTRY_BYTES = 150.0
#: Of dense matrices, where no budget is given: 262,144 entries.
SMALL = Budget(seconds=60.0, bytes=ENTRY_BYTES * (1 << 18))


def kronecker_product(matrices: Iterable[np.ndarray], *, budget: Budget | None = None) -> np.ndarray:
    """A_1 (x) ... (x) A_m; the empty product is [1]. UnaffordableError beyond the budget, by default for more than 262,144 entries."""
    factors = exact_matrices(matrices, "matrices")
    size = saturated(*(a.size for a in factors))
    cost = Cost(1e-6 * size, ENTRY_BYTES * size, f"{as_count(size)} entries")
    Budget.of(budget, SMALL).require(cost, "the Kronecker product of matrices", ("fewer or smaller matrices",))
    return reduce(np.kron, factors, np.array([[Fraction(1)]], dtype=object))


def kronecker_of_rows(rows: Sequence[Sequence[MatrixLike]], *, budget: Budget | None = None) -> np.ndarray:
    """(x)_i prod_j M_ij: multiply within each row, then take the Kronecker product of the rows (Lemma A.1, left).

    Raises ValueError when a row does not chain or is empty; rows may be of different lengths. UnaffordableError as `kronecker_product`.
    """
    table = _table(rows)
    for i, row in enumerate(table):
        for j in range(1, len(row)):
            if row[j - 1].shape[1] != row[j].shape[0]:
                shapes = f"rows[{i}][{j - 1}] has shape {row[j - 1].shape} and rows[{i}][{j}] {row[j].shape}"
                raise ValueError(f"rows[{i}] must chain, but {shapes}")
    _require_products(table, budget)
    return kronecker_product((reduce(np.matmul, row) for row in table), budget=budget)


def product_of_columns(rows: Sequence[Sequence[MatrixLike]], *, budget: Budget | None = None) -> np.ndarray:
    """prod_j (x)_i M_ij: the Kronecker product of each column, then multiply them (Lemma A.1, right).

    Raises ValueError for rows of different lengths, or when two neighbouring columns' products do not chain; UnaffordableError as
    `kronecker_product`.
    """
    table = _table(rows)
    if len({len(row) for row in table}) > 1:
        raise ValueError(f"rows must have one length, but had {[len(row) for row in table]}; see `padded`")
    columns = [kronecker_product(column, budget=budget) for column in zip(*table, strict=True)]
    _require_products([columns], budget)
    for j in range(1, len(columns)):
        if columns[j - 1].shape[1] != columns[j].shape[0]:
            raise ValueError(f"columns {j - 1} and {j} must chain, but have shapes {columns[j - 1].shape} and {columns[j].shape}")
    return reduce(np.matmul, columns) if columns else np.array([[Fraction(1)]], dtype=object)


def _require_products(rows: list[list[np.ndarray]], budget: Budget | None) -> None:
    """UnaffordableError where multiplying the matrices of each row, from the left, takes too many products of rationals."""
    count = sum(row[0].shape[0] * sum(float(m.size) for m in row[1:]) for row in rows if row)
    largest = max((m.size for row in rows for m in row), default=0)
    cost = Cost(count * UNITS["kronecker.product"], ENTRY_BYTES * largest, f"{as_count(count)} products")
    Budget.of(budget, WITHOUT_BUDGET).require(cost, "the matrix products of rows", ("smaller matrices",))


def padded(rows: Sequence[Sequence[MatrixLike]]) -> list[list[np.ndarray]]:
    """Rows of one length: each is continued by identities of its own number of columns, which differs from row to row."""
    table = _table(rows)
    length = max((len(row) for row in table), default=0)
    return [[*row, *[_identity(row[-1].shape[1])] * (length - len(row))] for row in table]


def _table(rows: Sequence[Sequence[MatrixLike]]) -> list[list[np.ndarray]]:
    table = [exact_matrices(row, f"rows[{i}]") for i, row in enumerate(as_sequence(rows, "rows"))]
    for i, row in enumerate(table):
        if not row:
            raise ValueError(f"rows[{i}] must have at least one matrix")
    return table


def exact_matrices(value: Iterable[Any], name: str) -> list[np.ndarray]:
    """Every one of a sequence, in Fractions."""
    return [_exact(as_matrix(x, f"{name}[{i}]")) for i, x in enumerate(as_sequence(value, name))]


def _exact(matrix: np.ndarray) -> np.ndarray:
    """Floats as the binary rationals that they are."""
    return matrix if matrix.dtype == object else np.vectorize(Fraction, otypes=[object])(matrix)


def _identity(n: int) -> np.ndarray:
    return np.array([[Fraction(int(i == j)) for j in range(n)] for i in range(n)], dtype=object)
