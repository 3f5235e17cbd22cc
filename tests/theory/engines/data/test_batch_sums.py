"""Averages over batches of products, from sums over set partitions: against all batches, drawn one after the other."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import permutations, product
from math import prod

import pytest

from theory.arithmetic.bounded_arrays import Bounded
from theory.engines.data.batch_sums import BatchSums, block_sizes, set_partitions

#: k letters of each of N samples: F(Z, ..., Z) = sum over batches of the product of the letters' means.
LETTERS = [[F(1), F(2), F(-1)], [F(3), F(-2), F(1, 2)], [F(1), F(1), F(5)], [F(-1), F(4), F(2)], [F(2), F(0), F(1)], [F(1), F(-3), F(1)]]


def averaged(count, b, without):
    """The mean over all ordered batches of the product of the means of `count` letters."""
    batches = list(permutations(range(3), b) if without else product(range(3), repeat=b))
    return sum((prod((sum((z[n] for n in batch), F(0)) / b for z in LETTERS[:count]), start=F(1)) for batch in batches), F(0)) / len(
        batches
    )


@pytest.mark.parametrize("without", [False, True])
@pytest.mark.parametrize("count", range(7))
def test_sums_over_partitions_give_the_average_over_all_batches(count, without):
    sums = BatchSums()
    for blocks in set_partitions(count):
        value = F(1)
        for block in set(blocks):
            inside = [z for z, own in zip(LETTERS, blocks, strict=False) if own == block]
            value *= sum((prod((z[n] for z in inside), start=F(1)) for n in range(3)), F(0))
        sums.add(block_sizes(blocks), Bounded(value))
    found = sums.average((3, without))
    for b in (1, 2, 3) if without else (1, 2, 3, 4):
        assert sum((c.value / b**s for s, c in enumerate(found)), F(0)) == averaged(count, b, without)


def test_the_partitions_are_counted_by_bell():
    assert [len([*set_partitions(k)]) for k in range(7)] == [1, 1, 2, 5, 15, 52, 203]
