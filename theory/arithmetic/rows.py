"""Small matrices over any commutative ring, as rows of entries: integers, rationals, balls, polynomials.

The functions take and give plain lists, for the hot loops; `RowMatrix` wraps them in what formulas are written with.
"""

from __future__ import annotations

from typing import Any

Rows = list[list[Any]]


def multiply(left: Rows, right: Rows) -> Rows:
    """The matrix product (inner dimension at least 1)."""
    columns = list(zip(*right, strict=True))
    product = []
    for row in left:
        entries = []
        for column in columns:
            total = row[0] * column[0]
            for x, y in zip(row[1:], column[1:], strict=True):
                total = total + x * y
            entries.append(total)
        product.append(entries)
    return product


def subtract(left: Rows, right: Rows) -> Rows:
    """left - right."""
    return [[x - y for x, y in zip(a, b, strict=True)] for a, b in zip(left, right, strict=True)]


def transpose(rows: Rows) -> Rows:
    """The transpose."""
    return [list(column) for column in zip(*rows, strict=True)]


def inner(left: Rows, right: Rows) -> Any:
    """sum_ij left_ij right_ij."""
    total: Any = 0
    for a, b in zip(left, right, strict=True):
        for x, y in zip(a, b, strict=True):
            total = total + x * y
    return total


class RowMatrix:
    """A matrix with @, +, -, * by scalars, T and trace().

    >>> m = RowMatrix([[1, 2], [3, 4]])
    >>> (m @ m.T - m * 2).rows, m.trace()
    ([[3, 7], [5, 17]], 5)
    """

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def __matmul__(self, other: RowMatrix) -> RowMatrix:
        return RowMatrix(multiply(self.rows, other.rows))

    def __add__(self, other: RowMatrix) -> RowMatrix:
        return RowMatrix([[x + y for x, y in zip(a, b, strict=True)] for a, b in zip(self.rows, other.rows, strict=True)])

    def __sub__(self, other: RowMatrix) -> RowMatrix:
        return RowMatrix(subtract(self.rows, other.rows))

    def __mul__(self, scalar: Any) -> RowMatrix:
        return RowMatrix([[x * scalar for x in row] for row in self.rows])

    @property
    def T(self) -> RowMatrix:
        """The transpose."""
        return RowMatrix(transpose(self.rows))

    def trace(self) -> Any:
        """The trace, of at least one row."""
        first, *rest = (row[i] for i, row in enumerate(self.rows))
        return sum(rest, first)
