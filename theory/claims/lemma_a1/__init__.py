"""Lemma A.1: multiplying rows and then taking Kronecker products gives the same as the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction as F
from itertools import product
from typing import Any

import numpy as np

from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.exact import as_matrix
from theory.kronecker import product_of_columns


@dataclass(frozen=True)
class Instance:
    """A matrix of matrices M_ij, rows of one length, each of which chains."""

    name: str
    rows: tuple[tuple[Any, ...], ...]

    @property
    def given(self) -> dict[str, Any]:
        """M_ij by row, for a page."""
        return {f"Row {i}": {f"M_{{{i},{j}}}": x for j, x in enumerate(row, start=1)} for i, row in enumerate(self.rows, start=1)}


def rows_entrywise(rows: Sequence[Sequence[Any]]) -> np.ndarray:
    """(x)_i prod_j M_ij from the definitions: sums over inner indices, and ((x)_i R_i)[r_1..r_m, c_1..c_m] = prod_i R_i[r_i, c_i]."""
    multiplied = []
    for i, row in enumerate(rows):
        tables = [as_matrix(x, f"rows[{i}][{j}]") for j, x in enumerate(row)]
        sizes = [tables[0].shape[0], *(t.shape[1] for t in tables)]
        result = np.empty((sizes[0], sizes[-1]), dtype=object)
        for first, last in np.ndindex(*result.shape):
            total = F(0)
            for path in product(*(range(n) for n in sizes[1:-1])):
                stops, weight = (first, *path, last), F(1)
                for t, a, b in zip(tables, stops, stops[1:], strict=False):
                    weight *= t[a, b]
                total += weight
            result[first, last] = total
        multiplied.append(result)
    heights, widths = [r.shape[0] for r in multiplied], [r.shape[1] for r in multiplied]
    entries = [
        [_product(r[a, b] for r, a, b in zip(multiplied, top, side, strict=True)) for side in product(*map(range, widths))]
        for top in product(*map(range, heights))
    ]
    return np.array(entries, dtype=object)


def check(instance: Instance) -> Evidence:
    """Both sides, entry for entry: the left from the definitions, the right by Kronecker products of columns."""
    left, right = rows_entrywise(instance.rows), product_of_columns(instance.rows)
    same = left.shape == right.shape
    difference = max((abs(x - y) for x, y in zip(left.ravel(), right.ravel(), strict=True)), default=F(0)) if same else None
    return Evidence(
        statement="the Kronecker product of the row products is the product of the columns' Kronecker products",
        instance=instance.name,
        left_route="sums over inner indices, entry by entry",
        left=left,
        right_route="Kronecker product of each column, then matrix products",
        right=right,
        holds=same and difference == 0,
        difference=difference,
    )


def two_by_two() -> Instance:
    """Two rows of two, of different local dimensions."""
    return Instance(
        "rows (2x3)(3x1) and (1x2)(2x2)",
        (([[1, 2, F(1, 2)], [0, -1, 3]], [[1], [2], [-1]]), ([[3, 1]], [[1, 1], [0, F(2, 3)]])),
    )


def with_padding() -> Instance:
    """A row continued by an identity, which must be of that row's own dimension, 2, while the other row has 3 columns there."""
    short, long = ([[2, 1]], [[1, 0], [0, 1]]), ([[1, 0, 2], [0, 1, 1]], [[1, 1, 0], [0, 2, 0], [1, 0, 1]])
    return Instance("rows (1x2)(I_2) and (2x3)(3x3)", (short, long))


def _product(factors: Any) -> F:
    total = F(1)
    for x in factors:
        total *= x
    return total


CLAIM = Claim(
    id="A.1",
    module=__name__,
    verdict=Verdict.HOLDS,
    figure="mixed products",
    check=check,
    showcases=(Showcase("rows of different dimensions", two_by_two), Showcase("a padded row", with_padding)),
)
