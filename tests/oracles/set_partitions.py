"""E of products of entries of S = (1/b) sum_i x_i x_i^T, by which of the factors share a sample: a sum over set partitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction as F
from typing import TypeVar

from theory.inputs import InputLaw

T = TypeVar("T")


def set_partitions(items: Sequence[T]) -> Iterator[list[list[T]]]:
    """All of them, one by one."""
    if not items:
        yield []
        return
    first, *rest = items
    for smaller in set_partitions(rest):
        for k, block in enumerate(smaller):
            yield [*smaller[:k], [first, *block], *smaller[k + 1 :]]
        yield [[first], *smaller]


def falling_over_power(blocks: int, k: int) -> list[F]:
    """b (b-1) ... (b-blocks+1) / b^k as coefficients in 1/b."""
    falling = [1]  # in b, ascending
    for j in range(blocks):
        falling = [(falling[i - 1] if i else 0) - j * (falling[i] if i < len(falling) else 0) for i in range(len(falling) + 1)]
    coefficients = [F(0)] * (k + 1)
    for power, c in enumerate(falling):
        coefficients[k - power] += c
    return coefficients


def entry_moment(law: InputLaw, entries: Sequence[tuple[int, int]]) -> list[F]:
    """E prod S_{ac}, as coefficients in 1/b."""
    k = len(entries)
    total = [F(0)] * (k + 1)
    for partition in set_partitions(entries):
        value = F(1)
        for block in partition:
            powers = [0] * law.dimension
            for a, c in block:
                powers[a] += 1
                powers[c] += 1
            value *= law.moment(powers)
        for s, x in enumerate(falling_over_power(len(partition), k)):
            total[s] += x * value
    return total
