"""Exact sums over many doubles: Gram matrices from slices that BLAS multiplies without rounding, moments from integers.

A double is an integer times a power of 2. Slices of SLICE bits of the entries, scaled to each column, are integers so small that sums of
ROWS products of them stay below 2^53: such matrix products are exact, in whatever order they are summed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

#: 2 SLICE + log2 ROWS = 53.
SLICE, ROWS = 20, 1 << 13
#: Points that become Python's integers together.
CHUNK = 1 << 15


@np.errstate(under="ignore")  # slices truncate what underflows
def gram(points: np.ndarray) -> np.ndarray:
    """X^T X for finite X of shape (N, p): a (p, p) object array of Fractions, exact.

    Cost: about six products of (p x N) and (N x p) in doubles; more where the entries of a column differ by large factors.
    """
    p = points.shape[1]
    top = np.frexp(np.abs(points).max(axis=0))[1].astype(np.int64)  # |x| < 2^top, by column
    sums: dict[int, np.ndarray] = {}  # slices i and j have the unit 2^(-SLICE (i + j + 2)) of the tops
    for start in range(0, len(points), ROWS):
        slices = _slices(points[start : start + ROWS], top)
        levels: dict[int, np.ndarray] = {}  # of 106 slices at most: integers below 2^53 * 106
        for i, a in slices:
            for j, b in slices:
                levels[i + j] = levels.get(i + j, np.zeros((p, p), dtype=np.int64)) + (a.T @ b).astype(np.int64)
        for level, part in levels.items():
            sums[level] = sums.get(level, 0) + part.astype(object)
    deepest = max(sums, default=0)
    total = sum((part * (1 << SLICE * (deepest - level)) for level, part in sums.items()), start=np.zeros((p, p), dtype=object))
    unit = [Fraction(2) ** int(t - SLICE * (deepest // 2 + 1)) for t in top]
    rest = Fraction(2) ** (-SLICE * (deepest % 2))
    result = np.empty((p, p), dtype=object)
    for (i, j), integer in np.ndenumerate(total):
        result[i, j] = integer * unit[i] * unit[j] * rest
    return result


def _slices(rows: np.ndarray, top: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """(n, integers below 2^SLICE in size), with rows = sum_n integers_n 2^(top - SLICE (n + 1)), by column; slices of zeros left out."""
    rest, n, slices = rows, 0, []
    while rest.any():
        shift = top - SLICE * (n + 1)
        part = np.trunc(np.ldexp(rest, -shift))  # what lies below the slice may underflow: it is truncated anyway
        if part.any():
            slices.append((n, part))
            rest = rest - np.ldexp(part, shift)  # leading bits taken away: exact
        n += 1
    return slices


class IntegerColumns:
    """Distinct finite points with their counts, every column as integers times a power of 2: exact sums of monomials."""

    def __init__(self, points: np.ndarray) -> None:
        n, p = points.shape
        rows = np.ascontiguousarray(points + 0.0)  # one zero
        counted: Counter[Any] = Counter(rows.view(np.dtype((np.void, 8 * p))).ravel().tolist())  # in the order of first occurrence
        self.points = np.frombuffer(b"".join(counted), dtype=np.float64).reshape(-1, p) if len(counted) < n else rows
        self.counts = np.fromiter(counted.values(), dtype=np.int64, count=len(counted))
        fractions, exponents = np.frexp(self.points)
        self._integers = np.ldexp(fractions, 53).astype(np.int64)
        odd = np.frexp((self._integers & -self._integers).astype(np.float64))[1] - 1  # trailing zeros; -1 for 0
        odd[self._integers == 0] = 0
        self._integers >>= odd
        exponents = exponents - 53 + odd
        is_zero = self._integers == 0
        self._units = np.where(is_zero, np.iinfo(np.int32).max, exponents).min(axis=0)  # 2^unit divides the column
        self._units[is_zero.all(axis=0)] = 0
        self._shifts = np.where(is_zero, 0, exponents - self._units).astype(np.int16)
        sizes = np.frexp(np.abs(self._integers).astype(np.float64))[1] + self._shifts
        self._bits = sizes.max(axis=0)

    def sum_of(self, exponents: Sequence[int]) -> Fraction:
        """sum over all points of prod_i x_i^{a_i}.

        Cost: about 0.1 us for every distinct point and multiplication, ten times less where the integers stay below 2^62.
        """
        present = [i for i, a in enumerate(exponents) if a]
        size = sum(int(self._bits[i]) * exponents[i] for i in present) + int(self.counts.sum()).bit_length()
        kind: type = np.int64 if size < 63 else object
        total = 0
        for start in range(0, len(self.points), CHUNK):
            part = slice(start, start + CHUNK)
            product: np.ndarray = self.counts[part].astype(kind)
            for i in present:
                product = product * self._column(part, i, kind) ** exponents[i]
            total += int(product.sum())
        return total * Fraction(2) ** sum(int(self._units[i]) * exponents[i] for i in present)

    def _column(self, rows: slice, i: int, kind: type) -> np.ndarray:
        integers, shifts = self._integers[rows, i], self._shifts[rows, i]
        if self._bits[i] < 63:
            return (integers << shifts.astype(np.int64)).astype(kind)
        return integers.astype(object) << shifts.astype(object)
