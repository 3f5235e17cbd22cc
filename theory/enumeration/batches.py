"""Every batch of one size, as atoms with their shares, and its probability: independent draws, or subsets of a finite population.

independent             b! / (c_1! ... c_N!) prod_n p_n^{c_n}
without replacement     prod_n binom(m_n, c_n) / binom(M, b),     m_n the points of the population M that are atom n
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, permutations, product

from flint import fmpq

from theory.budget import saturated

#: Atoms with their shares, and the probability of the batch.
Batch = tuple[list[tuple[int, fmpq]], fmpq]
#: Atoms times batch size, up to which the subsets of a population with repeated points are counted; beyond, their number is bounded.
_COUNTED = 10**6


@dataclass(frozen=True)
class Urn:
    """What batches are drawn from: so many atoms, independently; or, with `sizes`, a population without replacement, sizes[n] of atom n."""

    atoms: int
    sizes: tuple[int, ...] | None = None

    @property
    def points(self) -> int:
        """M of the population; the atoms where draws are independent."""
        return self.atoms if self.sizes is None else sum(self.sizes)

    def batch_count(self, b: int, literal: bool) -> int:
        """How many `all_batches` gives (or, of a large population with repeated points, at most)."""
        if self.sizes is None:
            return self.atoms**b if literal else math.comb(b + self.atoms - 1, self.atoms - 1)
        if literal:
            return math.perm(self.points, b)
        if self.is_a_set:
            return math.comb(self.points, b)
        return (
            self._subsets(b)
            if saturated(self.atoms, b) <= _COUNTED
            else math.comb(min(b, self.points - b) + self.atoms - 1, self.atoms - 1)
        )

    def log10_batches(self, b: int, literal: bool) -> float:
        """At least this many: binom(n + k, k) >= (1 + n/k)^k where it is too large to matter. Saturated."""
        if self.sizes is not None and not literal and not self.is_a_set:
            return math.log10(self.batch_count(b, literal))
        if self.sizes is not None:
            k = b if literal else min(b, self.points - b)
            return sum(math.log10((self.points - i) / (1 if literal else i + 1)) for i in range(k))
        if literal or self.atoms == 1:
            return saturated(b) * math.log10(self.atoms)
        k, n = sorted((b, self.atoms - 1))
        if k > 99:
            return saturated(k) * (math.log10(n + k) - math.log10(k))
        return sum(math.log10(n + i) - math.log10(i) for i in range(1, k + 1))

    @cached_property
    def is_a_set(self) -> bool:
        """Whether every point of the population is an atom of its own."""
        return self.sizes is not None and set(self.sizes) == {1}

    def _subsets(self, b: int) -> int:
        """The coefficient of x^b in prod_n (1 + x + ... + x^{m_n})."""
        ways = [1] + [0] * b
        for m in self.sizes or ():
            sums = [0]
            for w in ways:
                sums.append(sums[-1] + w)
            ways = [sums[c + 1] - sums[max(0, c - m)] for c in range(b + 1)]
        return ways[b]


def all_batches(urn: Urn, p: tuple[fmpq, ...], b: int, literal: bool) -> Iterator[Batch]:
    """Every batch of b draws among atoms of these probabilities: by counts, or literally all ordered draws with the share 1/b each."""
    if literal:
        share = fmpq(1, b)  # one for all: there may be a million draws
        for batch, chance in _ordered(urn, p, b):
            yield [(i, share) for i in batch], chance
        return
    for counts, chance in multinomial(b, p) if urn.sizes is None else subsets(b, urn.sizes):
        yield [(i, fmpq(c, b)) for i, c in counts], chance


def _ordered(urn: Urn, p: tuple[fmpq, ...], b: int) -> Iterator[tuple[tuple[int, ...], fmpq]]:
    if urn.sizes is None:
        for batch in product(range(len(p)), repeat=b):
            yield batch, math.prod((p[i] for i in batch), start=fmpq(1))
        return
    population = [i for i, m in enumerate(urn.sizes) for _ in range(m)]
    chance = fmpq(1, math.perm(len(population), b))
    for batch in permutations(population, b):
        yield batch, chance


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


def subsets(total: int, sizes: tuple[int, ...]) -> Iterator[tuple[list[tuple[int, int]], fmpq]]:
    """Every ((atom, count > 0), ...) of a subset of so many points, with prod binom(m, c) / binom(M, total).

    Of more than half of the points by what they leave out: so nothing is nested deeper than where there are too many to be gone through.
    """
    points = sum(sizes)
    if 2 * total > points:
        for left_out, chance in subsets(points - total, sizes):
            lacking = dict(left_out)
            yield [(i, m - lacking.get(i, 0)) for i, m in enumerate(sizes) if m > lacking.get(i, 0)], chance
        return
    after = [*accumulate(reversed(sizes), initial=0)][::-1]  # points from atom i on
    weight = fmpq(1, math.comb(points, total))

    def drawn(first: int, left: int) -> Iterator[tuple[list[tuple[int, int]], int]]:
        if not left:
            yield [], 1
            return
        for i in range(first, len(sizes)):
            if after[i] < left:
                return
            for c in range(1, min(left, sizes[i]) + 1):
                for rest, ways in drawn(i + 1, left - c):
                    yield [(i, c), *rest], ways * math.comb(sizes[i], c)

    for counts, ways in drawn(0, total):
        yield counts, weight * ways
