"""Second route: the weights themselves, W' = W - alpha g, and the gradient's entries squared, from the definition of SGD alone.

Every monomial in the entries of a batch by set partitions of its samples, E[Y_1 ... Y_k] = sum_pi (b)_|pi| b^-k prod_blocks E[block], and
Gaussian moments by pairings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import TypeVar

from flint import fmpq, fmpq_mpoly

from theory.exact import to_fmpq
from theory.optimizers import SGD
from theory.references.symbolic.ring import Ring, entries

T = TypeVar("T")


class ByPartitions:
    """The definition of SGD, entry by entry, and set partitions of the samples."""

    def __init__(self, network: Ring, step: int) -> None:
        self._network = network
        self._pairs = entries(network.dimension)
        self._moment = cache(self._batch_moment)
        self._paired = cache(self._pairings)
        w1, w2 = network.w1, network.w2
        if step:
            d_s = (w2 @ w1 - network.target) @ network.s
            w1, w2 = SGD().step((w1, w2), (w2.T @ d_s, d_s @ w1.T), network.alpha)
        self._left = w2.T @ (w2 @ w1 - network.target)  # g_1 = left S
        self._right = (w2 @ w1 - network.target, w1)  # g_2 = residual S w1^T

    def variance(self, layer: int) -> fmpq_mpoly:
        """sum over the entries g of E g^2 - (E g)^2; each g is linear in the last batch, sum_k h_k s_k over its entries s_k."""
        total = self._network.context.constant(0)
        size = range(len(self._pairs))
        single = [tuple(int(k == m) for m in size) for k in size]
        products = {(k, m): total for k in size for m in range(k, len(self._pairs))}
        for h in self._entries(layer):
            mean = sum((self._expect(f) * self._moment(single[k]) for k, f in enumerate(h)), self._network.context.constant(0))
            total -= mean * mean
            for k, m in products:
                products[k, m] += h[k] * h[m]
        for (k, m), f in products.items():
            both = tuple(x + y for x, y in zip(single[k], single[m], strict=True))
            total += self._expect(f) * self._moment(both) * (1 if k == m else 2)
        return total

    def _entries(self, layer: int) -> Iterator[list[fmpq_mpoly]]:
        residual, w1 = self._right
        if layer == 1:
            table = [(row, e) for row in self._left.rows for e in _units(self._network.dimension)]
        else:
            table = [(row, hidden) for row in residual.rows for hidden in w1.rows]
        zero = self._network.context.constant(0)
        for row, column in table:
            yield [zero + (row[i] * column[j] + row[j] * column[i] if i != j else row[i] * column[i]) for i, j in self._pairs]

    def _expect(self, polynomial: fmpq_mpoly) -> fmpq_mpoly:
        """Over the first batch: monomial by monomial."""
        batch = self._network.batch
        parts: dict[tuple[int, ...], dict[tuple[int, ...], fmpq]] = defaultdict(dict)
        for monomial, c in polynomial.to_dict().items():
            rest = list(map(int, monomial))
            powers = tuple(rest[v] for v in batch)
            for v in batch:
                rest[v] = 0
            parts[powers][tuple(rest)] = c
        total = self._network.context.constant(0)
        for powers, terms in parts.items():
            total += self._network.context.from_dict(terms) * self._moment(powers)
        return total

    def _batch_moment(self, powers: tuple[int, ...]) -> fmpq_mpoly:
        """E prod S_ij^a_ij = sum over set partitions of the factors of eps^(k - |pi|) prod_{j < |pi|} (1 - j eps) prod_blocks E[...]."""
        factors = [pair for pair, power in zip(self._pairs, powers, strict=True) for _ in range(power)]
        one = self._network.context.constant(1)
        eps = self._network.context.gens()[self._network.eps]
        total = one * 0
        for partition in _set_partitions(factors):
            term = eps ** (len(factors) - len(partition))
            for j in range(len(partition)):
                term *= 1 - eps * j
            for block in partition:
                term *= self._paired(tuple(sorted(i for pair in block for i in pair)))
            total += one * term
        return total

    def _pairings(self, indices: tuple[int, ...]) -> fmpq_mpoly:
        """E[x_i1 ... x_i2k]: the sum over perfect matchings of products of Sigma, or the law's own moment."""
        if self._network.law is not None and not self._network.law.is_centred_gaussian:
            order = [indices.count(i) for i in range(self._network.dimension)]
            return self._network.context.constant(to_fmpq(self._network.law.moment(order)))
        if not indices:
            return self._network.context.constant(1)
        first, rest = indices[0], indices[1:]
        sigma = self._network.sigma.rows
        total = self._network.context.constant(0)
        for k, other in enumerate(rest):
            total += sigma[first][other] * self._paired(rest[:k] + rest[k + 1 :])
        return total


def _set_partitions(items: list[T]) -> Iterator[list[list[T]]]:
    if not items:
        yield []
        return
    for partition in _set_partitions(items[1:]):
        yield [[items[0]], *partition]
        for k, block in enumerate(partition):
            yield [*partition[:k], [items[0], *block], *partition[k + 1 :]]


def _units(p: int) -> list[list[int]]:
    return [[int(i == j) for j in range(p)] for i in range(p)]
