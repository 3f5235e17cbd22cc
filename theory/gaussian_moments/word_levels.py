"""Expectations of words with many Wishart matrices S, one level of words with n of them after the other.

For a product of cyclic words C = {(v_1, ..., v_m), ...}, each tr(S v_1 ... S v_m), and a constant matrix L in front of an open word,

    U(w_1 ... w_{k-1}; C)  =  E[ L S w_1 S w_2 ... w_{k-1} S  *  product over C ]

pair the right index of the last S with every other index of an S (Stein's lemma). What it meets moves out to the right:

    U(w_1 ... w_{k-1}; C) =  U(w_1 ... w_{k-2}; C) w_{k-1} Sigma                                          its own left index,
        + eps sum_j  U(w_1 ... w_{j-1} w_{k-1}^T ... w_{j+1}^T; C) w_j^T Sigma                            the right one of the j-th S,
        + eps sum_j  U(w_1 ... w_{j-2}; C, (w_j ... w_{k-1})) w_{j-1} Sigma                               its left one,
        + eps sum_v  U(w_1 ... w_{k-1} v_1 ... v_{m-1}; C less v) v_m Sigma     v all rotations of a word of C and of its transpose,

where U (...) w_0 Sigma, with no S left in the open word, is L Sigma E[product over C]. One S less stands on the right: level n follows
from level n-1. Letters are never multiplied with each other: a state is an arrangement of some of the first letters, and whatever moved
out behind it is summed up in one matrix. The words of up to ten S in E||g_{1,1}||^2 of three linear layers have 2,063,293 states of
`SteinRecursion`, whose letters are chains, and 15,929 here. Chains are better where they are few, for up to six S: products of matrices are
shared by all words.

A cyclic word is opened at the letter with the narrowest factor: with w = R L, tr(w S v_1 ... S) = tr(L S v_1 ... S R), and U has the rows
of L.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from theory.arithmetic.matrices import Matrix
from theory.arithmetic.matrix_stacks import Sums, kind_of
from theory.budget import saturated, saturated_power
from theory.gaussian_moments.scaled_letters import ScaledLetters
from theory.gaussian_moments.wishart_words import Chain, Words, canonical_cycle, transposed

#: (w_1 ... w_{k-1}) and C.
OpenWord = tuple[Chain, Words]
#: For a letter that moves out (None for Sigma, with no S left): the sums of states below, with powers of eps, that stand before it.
Moves = dict[int | None, Sums]


def pairings_walked(degree: int) -> float:
    """How many pairings of two S words of this degree take, about.

    Measured within a factor of two and a half, up to twelve S: a word of letters all different, gradients and losses of two to five layers.
    """
    return saturated(13_000 / 3.9**8, saturated_power(3.9, degree))


class _OpenWords:
    """The states of one level with one L."""

    def __init__(self) -> None:
        self.index: dict[OpenWord, int] = {}
        self.moves: Moves = {}


class _Level:
    """The states with one number of S."""

    def __init__(self) -> None:
        self.open: dict[int, _OpenWords] = {}  # by the number of L
        self.closed: dict[Words, int] = {}
        self.openings: dict[tuple[int, int], Sums] = {}  # closed products as open words, by L and the letter that they are opened at


class LevelRecursion:
    """E of products of words, many at once: all states are found from the top level down, and valued from the bottom up."""

    def __init__(self, letters: ScaledLetters) -> None:
        self.letters = letters
        self.levels: list[_Level] = []
        self._cycles: dict[Chain, Chain] = {}
        self._flipped: dict[Chain, Chain] = {}

    def expect(self, products: Sequence[Iterable[Chain]]) -> list[Any]:
        """E prod tr(S v_1 S v_2 ...) for each product of cyclic words, as polynomials of the ring in eps."""
        states = [tuple(sorted(map(self._cycle, words))) for words in products]
        sizes = [sum(map(len, words)) for words in states]
        self.levels = [_Level() for _ in range(1 + max(sizes, default=0))]
        places = [(n, self._closed(n, words)) for n, words in zip(sizes, states, strict=True)]
        self._expand()
        scalars = [scalars for _, scalars in self._values()]
        return [scalars[n].polynomial(i) for n, i in places]

    def expect_open(self, words: Sequence[tuple[Chain, Iterable[Chain]]]) -> list[list[Matrix]]:
        """E[ S w_1 S w_2 ... w_{k-1} S  prod tr(...) ] for each (w_1 ... w_{k-1}) and product: coefficients of eps^0, eps^1, ... ."""
        states = [(letters, tuple(sorted(map(self._cycle, closed)))) for letters, closed in words]
        sizes = [1 + len(letters) + sum(map(len, closed)) for letters, closed in states]
        self.levels = [_Level() for _ in range(1 + max(sizes, default=0))]
        places = [(n, self._open(n, 0, *state)) for n, state in zip(sizes, states, strict=True)]
        self._expand()
        found: dict[tuple[int, int], list[Matrix]] = {}
        for n, (values, _) in enumerate(self._values()):
            found |= {(m, i): values[0].coefficients(i) for m, i in set(places) if m == n}
        return [found[place] for place in places]

    @property
    def states(self) -> int:
        """Open words of all levels."""
        return sum(len(words.index) for level in self.levels for words in level.open.values())

    # -- states -------------------------------------------------------------------------------------------------------

    def _cycle(self, word: Chain) -> Chain:
        known = self._cycles.get(word)
        if known is None:
            known = self._cycles[word] = canonical_cycle(word, self.letters.symmetric)
        return known

    def _flip(self, word: Chain) -> Chain:
        known = self._flipped.get(word)
        if known is None:
            known = self._flipped[word] = transposed(word, self.letters.symmetric)
        return known

    def _closed(self, n: int, words: Words) -> int:
        closed = self.levels[n].closed
        return closed.setdefault(words, len(closed))

    def _open(self, n: int, left: int, letters: Chain, closed: Words) -> int:
        found = self.levels[n].open
        if left not in found:
            found[left] = _OpenWords()
        index = found[left].index
        return index.setdefault((letters, closed), len(index))

    def _expand(self) -> None:
        for n in range(len(self.levels) - 1, 0, -1):
            level = self.levels[n]
            opened: dict[tuple[int, int], tuple[list[int], list[int]]] = {}
            for i, product in enumerate(level.closed):
                left, letter, state = self._opened(n, product)
                _append(opened, (left, letter), i, state)
            level.openings = {key: Sums.of(*terms) for key, terms in opened.items()}
            for left, words in level.open.items():
                moves: dict[int | None, tuple[list[int], list[int], list[int]]] = {}
                for i, (letters, closed) in enumerate(words.index):
                    for moved, below, power in self._paired(n - 1, left, letters, closed):
                        _append(moves, moved, i, below, power)
                words.moves = {moved: Sums.of(*terms) for moved, terms in moves.items()}

    def _opened(self, n: int, words: Words) -> tuple[int, int, int]:
        """The word with the narrowest factor, the shortest of those, opened at that letter: its L, the letter, and the open word."""
        choices = []
        for m, word in enumerate(words):
            for turned in (word, self._flip(word)):
                for i, letter in enumerate(turned):
                    choices.append((self.letters.narrowest(letter), len(word), turned[i + 1 :] + turned[:i], letter, m))
        (_, _, left), _, letters, letter, m = min(choices)
        return left, letter, self._open(n, left, letters, words[:m] + words[m + 1 :])

    def _paired(self, n: int, left: int, letters: Chain, closed: Words) -> Iterator[tuple[int | None, int, int]]:
        """The right index of the last S paired with every other one: the letter that moves out, the state before it, the power of eps."""
        flipped, last = self._flip(letters), len(letters)
        if last:
            yield letters[-1], self._open(n, left, letters[:-1], closed), 0
        else:
            yield None, self._closed(n, closed), 0
        for j in range(last):  # the letters after S number j + 1: letters[j:]
            turned = flipped[: last - 1 - j]
            yield flipped[last - 1 - j], self._open(n, left, letters[:j] + turned, closed), 1
            words = tuple(sorted((*closed, self._cycle(letters[j:]))))
            if j:
                yield letters[j - 1], self._open(n, left, letters[: j - 1], words), 1
            else:
                yield None, self._closed(n, words), 1
        for m, word in enumerate(closed):
            others = closed[:m] + closed[m + 1 :]
            for turned in (word, self._flip(word)):
                for i in range(len(word)):
                    inserted = turned[i:] + turned[:i]
                    yield inserted[-1], self._open(n, left, letters + inserted[:-1], others), 1

    # -- values -------------------------------------------------------------------------------------------------------

    def _values(self) -> Iterator[tuple[dict[int, Any], Any]]:
        """Of every level: the open words by the number of L, and the closed products."""
        kind, identity = kind_of(self.letters.ring), self.letters.ring.identity(1)
        values: dict[int, Any] = {}
        scalars = kind.single(identity)
        yield values, scalars
        for n, level in enumerate(self.levels[1:], 1):
            below = values
            values = {
                left: kind.total(len(words.index), self._moved(n, left, words.moves, below, scalars)) for left, words in level.open.items()
            }
            opened = (
                (terms.places, values[left].sums(terms, n).inner(self.letters.right(letter)))
                for (left, letter), terms in level.openings.items()
            )
            scalars = kind.total(len(level.closed), opened) if level.openings else None
            yield values, scalars

    def _moved(self, n: int, left: int, moves: Moves, below: dict[int, Any], scalars: Any) -> Iterator[tuple[np.ndarray, Any]]:
        for letter, terms in moves.items():
            if letter is None:
                yield terms.places, scalars.sums(terms, n).spread(self._front(left))
                continue
            sums = below[left].sums(terms, n)
            yield terms.places, sums if letter == 0 and self.letters.is_standard else sums.times(self.letters.times_sigma(letter))

    def _front(self, left: int) -> Matrix:
        """L Sigma."""
        matrix = self.letters.left(left)
        return matrix if self.letters.is_standard else matrix @ self.letters.times_sigma(0)


def _append(lists: dict[Any, Any], key: Any, *numbers: int) -> None:
    for found, number in zip(lists.setdefault(key, tuple([] for _ in numbers)), numbers, strict=True):
        found.append(number)
