r"""Sums over a data set of words: traces of products of constant matrices and letters Z_m = rho_m x_m^T, each of rank one.

A word such as tr(D A D^T B ...) has a letter D or D^T at each of its k places; a set partition of the places says which of them hold the
same sample. Between two letters that follow each other, in the circle, stands a chain of constants M, and of the letters only their ends
remain: the word is the product over the k gaps of the numbers

    (right end of a letter)^T  M  (left end of the next),     ends rho_m on the left and x_m on the right for D, the reverse for D^T.

Sums over the samples of the blocks: a block whose places follow each other is a constant matrix, its letters and what stands between them
summed over the samples. What is left has one block, whose sum is one over N products of k numbers; or two or three that cross, sums over
pairs of products of N x N kernels, and over triples of three of them, one product of matrices. Kernels are made for some rows at a time,
once for all words.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from operator import mul
from typing import Any, NamedTuple

import numpy as np

from theory.arithmetic.bounded_arrays import Bounded, total
from theory.engines.data.batch_sums import BatchSums, block_sizes, set_partitions

#: The letters of a word; every other token is the name of a constant matrix, or a tuple: a chain that one block has become.
LETTER, TRANSPOSED = "D", "D'"
Token = Any
Tokens = tuple[Token, ...]
#: Rows of a kernel that are held at once.
ROWS = 128


class Gap(NamedTuple):
    """From a letter, in a block, through constants to the next letter, in another block or the same."""

    block: int
    following_block: int
    letter: str
    constants: Tokens
    following: str


def is_letter(token: Token) -> bool:
    """Whether a token is D or D^T."""
    return token in (LETTER, TRANSPOSED)


def word_sums(form: Mapping[Tokens, Fraction], left: Any, right: Any, matrices: Mapping[str, Any]) -> BatchSums:
    """The sums over N samples (rho_m, x_m), (N, q) and (N, p), of a combination of words, over all partitions of their places."""
    graphs: dict[Any, Fraction] = {}
    for word, coefficient in form.items():
        for blocks in set_partitions(sum(map(is_letter, word))):
            key = block_sizes(blocks), graph_of(word, blocks)
            graphs[key] = graphs.get(key, Fraction(0)) + coefficient
    samples, sums = _Samples(left, right, matrices), BatchSums()
    crossing: dict[Any, Fraction] = {}
    for (sizes, graph), coefficient in graphs.items():
        if isinstance(graph[0], Gap) and len({gap.block for gap in graph}) > 1:
            crossing[sizes, graph] = coefficient
        else:
            sums.add(sizes, samples.without_crossing(graph).times(coefficient))
    whole: dict[tuple[Gap, ...], Any] = {}
    for start in range(0, left.shape[0], ROWS):
        kernels = _Kernels(samples, slice(start, start + ROWS), whole)
        for (sizes, graph), coefficient in crossing.items():
            sums.add(sizes, kernels.crossing(graph).times(coefficient))
    return sums


def graph_of(word: Tokens, blocks: tuple[int, ...]) -> Any:
    """The gaps that are left once every block whose places follow each other has become a constant; the constants where no gap is left."""
    places = [i for i, token in enumerate(word) if is_letter(token)]
    label = dict(zip(places, blocks, strict=True))
    items = [(token, label.get(i)) for i, token in enumerate(word)]
    while (shorter := _without_one_run(items)) is not None:
        items = shorter
    found = [i for i, (_, block) in enumerate(items) if block is not None]
    if not found:
        return tuple(token for token, _ in items)
    names = {block: n for n, block in enumerate(dict.fromkeys(items[i][1] for i in found))}
    gaps = []
    for i, j in zip(found, [*found[1:], found[0] + len(items)], strict=True):
        between = tuple(items[n % len(items)][0] for n in range(i + 1, j))
        (letter, block), (following, after) = items[i], items[j % len(items)]
        gaps.append(Gap(names[block], names[after], letter, between, following))
    return tuple(gaps)


class _Samples:
    """The samples' ends, and what chains of constants are."""

    def __init__(self, left: Any, right: Any, matrices: Mapping[str, Any]) -> None:
        self._sides = {LETTER: (left, right), TRANSPOSED: (right, left)}
        self._matrices = matrices
        self._chains: dict[Tokens, Any] = {}
        self._ends: dict[tuple[str, Tokens], Any] = {}

    def without_crossing(self, graph: Any) -> Bounded:
        """The trace of a chain of constants, or the sum over the samples of one block."""
        if isinstance(graph[0], Gap):
            return total(self.numbers(graph))
        chain = self.chain(graph)
        return total(chain * type(chain).of(np.eye(chain.shape[0])))

    def numbers(self, gaps: tuple[Gap, ...]) -> Any:
        """The product over gaps within a block, for each sample; ones without any."""
        if not gaps:
            some = self._sides[LETTER][0]
            return type(some).of(np.ones(some.shape[0]))
        return reduce(mul, (_row_products(self.end(gap.letter, gap.constants), self.begin(gap.following)) for gap in gaps))

    def begin(self, letter: str) -> Any:
        """The left ends of a letter, (N, rows)."""
        return self._sides[letter][0]

    def end(self, letter: str, constants: Tokens) -> Any:
        """The right ends of a letter times a chain of constants, (N, columns)."""
        if (letter, constants) not in self._ends:
            right = self._sides[letter][1]
            self._ends[letter, constants] = right @ self.chain(constants) if constants else right
        return self._ends[letter, constants]

    def chain(self, tokens: Tokens) -> Any:
        """The product of constants."""
        if tokens not in self._chains:
            self._chains[tokens] = reduce(lambda x, y: x @ y, map(self._constant, tokens))
        return self._chains[tokens]

    def _constant(self, token: Token) -> Any:
        """A matrix, or a run of a block's letters summed over its samples."""
        if isinstance(token, str):
            return self._matrices[token]
        places = [i for i, part in enumerate(token) if is_letter(part)]
        gaps = tuple(Gap(0, 0, token[i], token[i + 1 : j], token[j]) for i, j in pairwise(places))
        left = self.begin(token[0])
        if gaps:
            left = left * self.numbers(gaps).map(lambda x: x[:, None])
        return left.map(np.transpose) @ self.end(token[-1], ())


class _Kernels:
    """The kernels between the first block of a graph, whose samples are some rows, and the others; `whole` are those between the others."""

    def __init__(self, samples: _Samples, rows: slice, whole: dict[tuple[Gap, ...], Any]) -> None:
        self._samples, self._rows, self._whole = samples, rows, whole
        self._made: dict[tuple[Any, ...], Any] = {}

    def crossing(self, gaps: tuple[Gap, ...]) -> Bounded:
        """The sum over the samples of two blocks, or three, the first of them among the rows, of the product over the gaps."""
        blocks = sorted({gap.block for gap in gaps})
        numbers = [self._samples.numbers(tuple(gap for gap in gaps if gap.block == gap.following_block == block)) for block in blocks]
        pairs = self._between(gaps, 0, 1, self._rows)
        if len(blocks) == 3:  # of two letters each, with no gap within a block
            if gaps not in self._whole:
                self._whole[gaps] = self._between(gaps, 1, 2, slice(None))
            pairs = pairs @ self._whole[gaps] * self._between(gaps, 0, 2, self._rows)
        return total((pairs @ numbers[-1]) * numbers[0].map(lambda x: x[self._rows]))

    def _between(self, gaps: tuple[Gap, ...], a: int, b: int, rows: slice) -> Any:
        """The product, entry by entry, of the kernels of all gaps between two blocks."""
        ahead = (self._kernel(gap, True, rows) for gap in gaps if (gap.block, gap.following_block) == (a, b))
        back = (self._kernel(gap, False, rows) for gap in gaps if (gap.block, gap.following_block) == (b, a))
        return reduce(mul, [*ahead, *back])

    def _kernel(self, gap: Gap, ahead: bool, rows: slice) -> Any:
        """(right end of the letter)^T M (left end of the next): rows are the samples of the first, or of the next."""
        key = (gap.letter, gap.constants, gap.following, ahead, rows.start)
        if key not in self._made:
            u, v = self._samples.end(gap.letter, gap.constants), self._samples.begin(gap.following)
            first, second = (u, v) if ahead else (v, u)
            self._made[key] = first.map(lambda x: x[rows]) @ second.map(np.transpose)
        return self._made[key]


def _without_one_run(items: list[tuple[Token, int | None]]) -> list[tuple[Token, int | None]] | None:
    """The word with one block, whose letters follow each other in the circle but are not all of them, as a constant; None without such."""
    order = [label for _, label in items if label is not None]
    for block in dict.fromkeys(order):
        starts = [i for i, label in enumerate(order) if label == block and order[i - 1] != block]
        if len(starts) != 1:
            continue  # no run, or the whole circle
        places = [i for i, (_, label) in enumerate(items) if label is not None]
        start = places[starts[0]]
        turned = items[start:] + items[:start]
        last = max(i for i, (_, label) in enumerate(turned) if label == block)
        return [(tuple(token for token, _ in turned[: last + 1]), None), *turned[last + 1 :]]
    return None


def _row_products(u: Any, v: Any) -> Any:
    """The inner product of every row of u with that of v."""
    return (u.map(lambda x: x[:, None, :]) @ v.map(lambda x: x[:, :, None])).map(lambda x: x[:, 0, 0])
