"""Every batch of one size, as atoms with their shares, and its probability."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

from flint import fmpq

#: Atoms with their shares, and the probability of the batch.
Batch = tuple[list[tuple[int, fmpq]], fmpq]


def all_batches(p: tuple[fmpq, ...], b: int, literal: bool) -> Iterator[Batch]:
    """Every batch of b draws among atoms of these probabilities: by counts, or literally all ordered draws with the share 1/b each."""
    if literal:
        share = fmpq(1, b)  # one for all: there may be a million draws
        for batch in product(range(len(p)), repeat=b):
            yield [(i, share) for i in batch], math.prod((p[i] for i in batch), start=fmpq(1))
        return
    for counts, chance in multinomial(b, p):
        yield [(i, fmpq(c, b)) for i, c in counts], chance


def batch_count(atoms: int, b: int, literal: bool) -> int:
    """How many `all_batches` gives."""
    return atoms**b if literal else math.comb(b + atoms - 1, atoms - 1)


def multinomial(total: int, p: tuple[fmpq, ...], first: int = 0) -> Iterator[tuple[list[tuple[int, int]], fmpq]]:
    """Every ((atom, count > 0), ...) of this total from atom `first` on, with total! / (c_1! c_2! ...) prod p^c.

    The binomials follow one another, binom(n, c) = binom(n, c-1) (n-c+1) / c: no factorial is ever formed.
    """
    last = len(p) - 1
    if not total:
        yield [], fmpq(1)
        return
    for i in range(first, last):
        term = fmpq(1)
        for c in range(1, total + 1):
            term *= p[i] * fmpq(total - c + 1, c)
            for rest, chance in multinomial(total - c, p, i + 1):
                yield [(i, c), *rest], term * chance
    yield [(last, total)], p[last] ** total
