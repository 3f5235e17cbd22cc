r"""From sums over a data set to averages over batches: a form of degree k in the mean R of b samples Z_1, ..., Z_b of N.

For a k-linear form F and a set partition pi of its k places let S_pi be the sum over all ways to put one of Z_1, ..., Z_N in each block.
With independent draws

    E F(R, ..., R)  =  sum_pi  (b)_{|pi|} / (N^{|pi|} b^k)  S_pi.

Without replacement the blocks hold different points: sums over distinct points are the sums S_sigma over coarser partitions, with the
Moebius function of the lattice, which is a product over the blocks of sigma. Put together,

    E F(R, ..., R)  =  sum_sigma  b^{-k}  prod_{B in sigma} T_{|B|}(y)  S_sigma,    y^J -> (b)_J / (N)_J,
    T_n(y)  =  sum_j  S_2(n, j) (-1)^{j-1} (j-1)!  y^j,

S_2 the Stirling numbers of the second kind; beyond J = N there is no batch. What counts is the sizes of the blocks alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache, reduce

from theory.arithmetic.bounded_arrays import Bounded

#: The coefficients of 1, y, y^2, ..., or of 1, 1/b, 1/b^2, ...
Coefficients = tuple[Fraction, ...]
#: What a batch is drawn from: N, and whether without replacement.
Urn = tuple[int, bool]
_ONE: Coefficients = (Fraction(1),)


def set_partitions(count: int) -> Iterator[tuple[int, ...]]:
    """All set partitions of `count` places: the block of each, blocks numbered in the order in which they begin.

    >>> [*set_partitions(3)]
    [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 1, 2)]
    """

    def extended(blocks: tuple[int, ...], used: int) -> Iterator[tuple[int, ...]]:
        if len(blocks) == count:
            yield blocks
            return
        for block in range(used + 1):
            yield from extended((*blocks, block), max(used, block + 1))

    yield from extended((), 0)


def block_sizes(blocks: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of the blocks of a set partition, in order."""
    return tuple(sorted(map(blocks.count, set(blocks))))


class BatchSums:
    """The sums S_pi of forms of any degrees, by the sizes of the blocks, and the polynomial in 1/b that is their average."""

    def __init__(self) -> None:
        self.sums: dict[tuple[int, ...], Bounded] = {}

    def add(self, sizes: tuple[int, ...], value: Bounded) -> None:
        """S_pi for a partition into blocks of these sizes, in order."""
        self.sums[sizes] = self.sums.get(sizes, Bounded(Fraction(0))) + value

    def average(self, urn: Urn) -> list[Bounded]:
        """The coefficients in 1/b."""
        return added(*([value.times(c) for c in batch_weight(sizes, *urn)] for sizes, value in self.sums.items()))


@lru_cache(maxsize=4096)
def batch_weight(sizes: tuple[int, ...], points: int, without_replacement: bool) -> Coefficients:
    """What S_pi is multiplied with, as a polynomial in 1/b, for blocks of these sizes.

    >>> batch_weight((2,), 3, False), batch_weight((2,), 3, True)
    ((Fraction(0, 1), Fraction(1, 3)), (Fraction(-1, 6), Fraction(1, 2)))
    """
    order = sum(sizes)
    if without_replacement:
        umbral = reduce(product, map(_distinct, sizes), _ONE)[: points + 1]
        terms = [(j, c / math.perm(points, j)) for j, c in enumerate(umbral) if c]
    else:
        terms = [(len(sizes), Fraction(1, points ** len(sizes)))]
    result = [Fraction(0)] * max(1, order)
    for j, c in terms:
        for s, f in enumerate(_falling(j)):
            if f:
                result[order - j + s] += c * f
    return tuple(result)


def product(a: Coefficients, b: Coefficients) -> Coefficients:
    """Of two polynomials."""
    result = [Fraction(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] += x * y
    return tuple(result)


def added(*polynomials: list[Bounded]) -> list[Bounded]:
    """The sum of polynomials with bounded coefficients."""
    result: list[Bounded] = []
    for polynomial in polynomials:
        result += [Bounded(Fraction(0))] * (len(polynomial) - len(result))
        for s, c in enumerate(polynomial):
            result[s] = result[s] + c
    return result


def multiplied(polynomial: list[Bounded], factor: Coefficients) -> list[Bounded]:
    """By an exact polynomial."""
    return added(*([Bounded(Fraction(0))] * s + [c.times(f) for c in polynomial] for s, f in enumerate(factor)))


def _distinct(n: int) -> Coefficients:
    """T_n."""
    return tuple(Fraction(_stirling(n, j) * (-1) ** (j - 1) * math.factorial(j - 1)) if j else Fraction(0) for j in range(n + 1))


def _stirling(n: int, j: int) -> int:
    """S_2(n, j), the number of set partitions of n places into j blocks."""
    return sum((-1) ** (j - i) * math.comb(j, i) * i**n for i in range(j + 1)) // math.factorial(j)


@lru_cache(maxsize=64)
def _falling(j: int) -> Coefficients:
    """(b)_j / b^j."""
    return reduce(product, ((Fraction(1), Fraction(-i)) for i in range(1, j)), _ONE)
