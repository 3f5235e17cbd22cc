"""Expectations of products of averages over one batch: set partitions, falling factorials, Stirling numbers.

    E[ Y_1 ... Y_d ] = sum over set partitions pi of {1..d} of  b(b-1)...(b-|pi|+1) / b^d  *  product over blocks of E[product of the block]
    b(b-1)...(b-k+1) = sum_j s_1(k, j) b^j      (signed Stirling numbers of the first kind)

so the coefficient of b^{-s} takes partitions into k blocks with the weight s_1(k, d - s); for d >= 1 it stops at s = d - 1. (Base-b
digits of the number of index tuples of a class will not do for coefficients, because they depend on b: b(b-1) has the digits 0, b-1.)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache


def set_partitions(size: int) -> Iterator[tuple[int, ...]]:
    """Every set partition of {0, ..., size-1} as block numbers (restricted growth strings).

    Examples:
        >>> list(set_partitions(2)), len(list(set_partitions(4)))
        ([(0, 0), (0, 1)], 15)
    """

    def grow(prefix: tuple[int, ...], blocks: int) -> Iterator[tuple[int, ...]]:
        if len(prefix) == size:
            yield prefix
            return
        for block in range(blocks + 1):
            yield from grow((*prefix, block), max(blocks, block + 1))

    return grow((), 0)


def stirling_first(k: int, j: int) -> int:
    """Signed Stirling number of the first kind: the coefficient of b^j in b(b-1)...(b-k+1)."""
    return _stirling(k, True)[j] if 0 <= j <= k else 0


def stirling_second(n: int, k: int) -> int:
    """Number of set partitions of n elements into k blocks."""
    return _stirling(n, False)[k] if 0 <= k <= n else 0


@cache
def _stirling(n: int, first: bool) -> tuple[int, ...]:
    """The n-th row: s(m+1, j) = s(m, j-1) - m s(m, j), S(m+1, j) = S(m, j-1) + j S(m, j)."""
    row = [1]
    for m in range(n):
        row = [(row[j - 1] if j else 0) + ((-m if first else j) * row[j] if j <= m else 0) for j in range(m + 2)]
    return tuple(row)


@cache
def bell(size: int) -> int:
    """Number of set partitions."""
    return sum(stirling_second(size, k) for k in range(size + 1))


def powers_of_inverse_batch(size: int) -> range:
    """The powers s of 1/b that an expectation of `size` averages can have: 0..max(size - 1, 0)."""
    return range(max(size, 1))
