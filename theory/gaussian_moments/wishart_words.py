"""Expectations of traces of words in one Wishart matrix S = (1/b) sum_i x_i x_i^T, x_i ~ N(0, Sigma), by removing one S at a time.

A cyclic word (P_1, ..., P_k) stands for tr(S P_1 S P_2 ... S P_k), an open one (X_0, ..., X_k) for the matrix X_0 S X_1 ... S X_k. With
eps = 1/b, Stein's lemma E[x_a f] = sum_c Sigma_ac E[d_c f] gives, for one S and the rest of a product of words,

    tr(S P S Q)        ->  tr(Sigma P S Q) + eps [ tr(Sigma P) tr(S Q) + tr(S Q^T Sigma P) ]     once for every other S of the word
    tr(S W) tr(S V)    ->  ... + eps [ tr(S V Sigma W) + tr(S V^T Sigma W) ]                     once for every S of another word
    X S P S Q          ->  X Sigma P S Q + eps [ tr(Sigma P) X S Q + X S P^T Sigma Q ]
    X S Q tr(S V)      ->  ... + eps [ X S V Sigma Q + X S V^T Sigma Q ]

so that every step turns constants into longer chains P_i Sigma P_j^T ... . Words are canonical up to rotation and reversal with transposes,
and every product of words is expanded once: a word with six S and six different letters has 10,395 pairings but 8,630 states. Chains are
tuples of signed letters, the negative one the transpose; what a closed chain is worth is left to `Loops` (numbers, or traces of words in
the S of earlier batches).
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any, Generic, Protocol, TypeVar

Chain = tuple[int, ...]
Words = tuple[tuple[int, ...], ...]


class Value(Protocol):
    """What expectations are worth: polynomials in eps over some ring."""

    def __add__(self, other: Any) -> Any: ...
    def __mul__(self, other: Any) -> Any: ...


V = TypeVar("V", bound=Value)


class Loops(Protocol[V]):
    """The value of a closed chain, tr(Sigma P_1 Sigma P_2 ...), and the constants 1 and eps."""

    one: V
    eps: V

    def loop(self, chain: Chain) -> V: ...


def transposed(chain: Chain, symmetric: Set[int]) -> Chain:
    """(P_1 ... P_k)^T = P_k^T ... P_1^T; letters in `symmetric` equal their transpose."""
    return tuple([x if x in symmetric else -x for x in reversed(chain)])


def canonical_cycle(chain: Chain, symmetric: Set[int]) -> Chain:
    """The smallest of all rotations of a cyclic word and of its transpose: equal words give equal tuples."""
    n = len(chain)
    doubled, reverse = chain + chain, transposed(chain, symmetric) * 2
    return min([doubled[i : i + n] for i in range(n)] + [reverse[i : i + n] for i in range(n)], default=())


class Chains:
    """Chains by number: a chain and its transpose are n and -n, or both n when they are equal (letters in `symmetric` are).

    `glue` is put between two chains that are joined: a letter for Sigma, or nothing when Sigma = I or is left to `Loops`.
    """

    def __init__(self, symmetric: Set[int], glue: Chain = ()) -> None:
        self.symmetric, self.glue = symmetric, glue
        self.flips: dict[int, int] = {}
        self.chains: dict[int, Chain] = {}
        self._numbers: dict[Chain, int] = {}
        self._joined: dict[tuple[int, int], int] = {}

    def number(self, chain: Chain) -> int:
        """The chain's number."""
        known = self._numbers.get(chain)
        if known is not None:
            return known
        mirror = transposed(chain, self.symmetric)
        first, second = (chain, mirror) if chain <= mirror else (mirror, chain)
        n = len(self._numbers) + 1
        m = n if first == second else -n
        self._numbers[second], self._numbers[first] = m, n
        self.chains[m], self.chains[n] = second, first
        self.flips[n], self.flips[m] = m, n
        return self._numbers[chain]

    def join(self, left: int, right: int) -> int:
        """The number of left Sigma right."""
        known = self._joined.get((left, right))
        if known is None:
            known = self._joined[left, right] = self.number(self.chains[left] + self.glue + self.chains[right])
        return known

    def canonical(self, word: tuple[int, ...]) -> tuple[int, ...]:
        """A cyclic word of chain numbers in canonical form."""
        flips, n = self.flips, len(word)
        reverse = tuple([flips[x] for x in reversed(word)])
        if n == 1:
            return max(word, reverse)
        doubled, mirrored = word + word, reverse + reverse
        return min([doubled[i : i + n] for i in range(n)] + [mirrored[i : i + n] for i in range(n)])


class SteinRecursion(Generic[V]):
    """E of products of words; what was computed for one product serves the next ones."""

    def __init__(self, chains: Chains, loops: Loops[V]) -> None:
        self.chains = chains
        self._loops = loops
        self._loop_values: dict[int, V] = {}
        self._pairs: dict[tuple[int, int], V] = {}
        self._closed: dict[Words, V] = {(): loops.one}
        self._open: dict[tuple[tuple[int, ...], Words], dict[int, V]] = {}

    @property
    def states(self) -> int:
        """Products of words expanded so far."""
        return len(self._pairs) + len(self._closed) + len(self._open)

    def expect(self, words: Iterable[Iterable[Chain]]) -> V:
        """E prod tr(S P_1 ... S P_k) over the cyclic words (P_1, ..., P_k), k >= 1."""
        numbers = [tuple(self.chains.number(chain) for chain in word) for word in words]
        return self._of(numbers)

    def expect_open(self, word: Iterable[Chain], words: Iterable[Iterable[Chain]] = ()) -> dict[Chain, V]:
        """E[ X_0 S X_1 ... S X_k  prod tr(...) ] as a combination of chains X_0 Sigma ... Sigma X_k."""
        numbers = tuple(self.chains.number(chain) for chain in word)
        closed = [tuple(self.chains.number(chain) for chain in w) for w in words]
        return {self.chains.chains[n]: v for n, v in self._expect_open(numbers, self._state(closed)).items()}

    def _state(self, words: Iterable[tuple[int, ...]]) -> Words:
        return tuple(sorted(map(self.chains.canonical, words), key=_by_length))

    def _loop(self, number: int) -> V:
        key = abs(number)
        value = self._loop_values.get(key)
        if value is None:
            value = self._loop_values[key] = self._loops.loop(self.chains.chains[key])
        return value

    def _of(self, words: list[tuple[int, ...]]) -> V:
        """E of a product of words that need not be canonical; with at most two S, without a detour over states."""
        if len(words) == 1:
            word = words[0]
            if len(word) == 1:
                return self._loop(word[0])
            if len(word) == 2:
                return self._pair(*word)
            state: Words = (self.chains.canonical(word),)
        else:
            state = self._state(words)
        known = self._closed.get(state)
        return self._expand(state) if known is None else known

    def _pair(self, p: int, q: int) -> V:
        """E tr(S P S Q) = tr(Sigma P Sigma Q) + eps [ tr(Sigma P) tr(Sigma Q) + tr(Sigma Q^T Sigma P) ]."""
        flips, join = self.chains.flips, self.chains.join
        key = min((p, q), (q, p), (flips[p], flips[q]), (flips[q], flips[p]))
        known = self._pairs.get(key)
        if known is None:
            p, q = key
            crossed = self._loop(p) * self._loop(q) + self._loop(join(flips[q], p))
            known = self._pairs[key] = self._loop(join(p, q)) + self._loops.eps * crossed
        return known

    def _expand(self, state: Words) -> V:
        word, rest = state[0], state[1:]  # the shortest word: it is gone soonest
        if len(word) == 1:
            total = self._loop(word[0])
            if rest:
                total = total * self._of(list(rest))
        else:
            total = self._of([(*word[1:-1], self.chains.join(word[-1], word[0])), *rest])
        pairs = self._pairs_within(word, rest) + self._pairs_between(word, rest)
        if pairs:
            total = total + self._loops.eps * _sum(pairs)
        self._closed[state] = total
        return total

    def _pairs_within(self, word: tuple[int, ...], rest: Words) -> list[V]:
        """tr(Sigma P) tr(S Q) + tr(S Q^T Sigma P) for every way to cut tr(S P S Q) at another S."""
        join, flips, found = self.chains.join, self.chains.flips, []
        for j in range(1, len(word)):
            inner, outer = word[:j], word[j:]
            if j == 1:
                found.append(self._loop(inner[0]) * self._of([outer, *rest]))
            else:
                found.append(self._of([(*inner[1:-1], join(inner[-1], inner[0])), outer, *rest]))
            turned = [flips[x] for x in reversed(outer)]
            found.append(self._of([(*turned[:-1], join(turned[-1], inner[0]), *inner[1:]), *rest]))
        return found

    def _pairs_between(self, word: tuple[int, ...], rest: Words) -> list[V]:
        """tr(S V Sigma W) + tr(S V^T Sigma W) for every S of every other word tr(S V), tr(S W) being this one."""
        join, flips, found = self.chains.join, self.chains.flips, []
        for m, other in enumerate(rest):
            others = rest[:m] + rest[m + 1 :]
            for turn in _rotations(other):
                for v in (turn, tuple([flips[x] for x in reversed(turn)])):
                    found.append(self._of([(*v[:-1], join(v[-1], word[0]), *word[1:]), *others]))
        return found

    def _expect_open(self, word: tuple[int, ...], closed: Words) -> dict[int, V]:
        if len(word) == 1:
            return {word[0]: self._of(list(closed))}
        known = self._open.get((word, closed))
        if known is not None:
            return known
        join, flips = self.chains.join, self.chains.flips
        left, rest = word[0], word[1:]
        total: dict[int, V] = {}
        _accumulate(total, self._expect_open((join(left, rest[0]), *rest[1:]), closed), None)
        for j in range(1, len(rest)):
            inner, right = rest[:j], rest[j:]
            if j == 1:
                short = {n: v * self._loop(inner[0]) for n, v in self._expect_open((left, *right), closed).items()}
            else:
                cycle = (*inner[1:-1], join(inner[-1], inner[0]))
                short = self._expect_open((left, *right), self._state([cycle, *closed]))
            _accumulate(total, short, self._loops.eps)
            turned = [flips[x] for x in reversed(inner)]
            merged = (left, *turned[:-1], join(turned[-1], right[0]), *right[1:])
            _accumulate(total, self._expect_open(merged, closed), self._loops.eps)
        for m, other in enumerate(closed):
            others = closed[:m] + closed[m + 1 :]
            for turn in _rotations(other):
                for v in (turn, tuple([flips[x] for x in reversed(turn)])):
                    merged = (left, *v[:-1], join(v[-1], rest[0]), *rest[1:])
                    _accumulate(total, self._expect_open(merged, others), self._loops.eps)
        self._open[word, closed] = total
        return total


def _by_length(word: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    return len(word), word


def _rotations(word: tuple[int, ...]) -> list[tuple[int, ...]]:
    return [word[i:] + word[:i] for i in range(len(word))]


def _sum(values: list[V]) -> V:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def _accumulate(total: dict[int, V], terms: dict[int, V], factor: V | None) -> None:
    for number, value in terms.items():
        share = value if factor is None else factor * value
        total[number] = total[number] + share if number in total else share
