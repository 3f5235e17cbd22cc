"""Products of constants as letters in numbers: what stands between two S, scaled to integers or to norm about one.

Letters are signed integers, the negative one the transpose, 0 the identity where it is none of the letters (Sigma = I). Every term of the
expectation of a product of words uses each of its letters once, so their scales are taken out beforehand and multiplied back at the end.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from theory.arithmetic.matrices import Matrix
from theory.gaussian_moments.wishart_words import Chain, transposed
from theory.gaussian_moments.word_polynomials import Alphabet, Word


class ScaledLetters:
    """The letters of words over one alphabet, as they come."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet, self.ring = alphabet, alphabet.ring
        self.symmetric: set[int] = set()
        self.identity: Matrix = self.ring.identity(alphabet.dimension)
        self._letters: dict[Word, int] = {}
        self._words: list[Word] = [()]
        self._cores: list[tuple[Matrix, fmpq]] = [(self.identity, fmpq(1))]
        self._sigma = alphabet.product(alphabet.glue).core_and_scale() if alphabet.glue else None
        self._after_sigma: dict[int, Matrix] = {}
        self._traces: dict[Word, Any] = {}
        self._ends: dict[Word, int] = {(): 0}
        self._narrowest: dict[int, tuple[int, int, Word]] = {}

    @property
    def is_standard(self) -> bool:
        """Whether Sigma = I."""
        return self._sigma is None

    def letter(self, word: Word) -> int:
        """The number of the product of a word of constants."""
        known = self._letters.get(word)
        if known is None:
            mirror = transposed(word, self.alphabet.symmetric)
            known = self._letters[word] = len(self._cores)
            self._words.append(word)
            self._cores.append(self.alphabet.product(word).core_and_scale())
            if mirror == word:
                self.symmetric.add(known)
            else:
                self._letters[mirror] = -known
        return known

    def chain(self, word: Word) -> Chain:
        """A word of constants as a chain of one letter; the identity is no letter when Sigma = I."""
        return () if not word and self._sigma is None else (self.letter(word),)

    def core(self, letter: int) -> Matrix:
        """The scaled matrix of a signed letter."""
        matrix = self._cores[abs(letter)][0]
        return matrix if letter >= 0 else matrix.T

    def scale(self, pieces: Any, closed: Any, joints: int) -> fmpq:
        """What the scaling took out of these words: `pieces` of an open word with `joints` S, and closed words."""
        total = fmpq(1)
        for word in [*pieces, *(piece for w in closed for piece in w)]:
            for letter in self.chain(word):
                total *= self._cores[abs(letter)][1]
        if self._sigma is not None:
            total *= self._sigma[1] ** (joints + sum(map(len, closed)))
        return total

    def trace(self, word: Word) -> Any:
        """tr of a word of constants."""
        known = self._traces.get(word)
        if known is None:
            if len(word) == 1:
                known = self.alphabet.product(word).trace()
            else:
                half = len(word) // 2
                known = self.alphabet.product(word[:half]).inner(self.alphabet.product(word[half:]))
            self._traces[word] = known
        return known

    def sigma_times(self, letter: int) -> Matrix:
        """Sigma w, of the scaled letter and Sigma scaled, too."""
        if self._sigma is None:
            return self.core(letter)
        known = self._after_sigma.get(letter)
        if known is None:
            known = self._after_sigma[letter] = self._sigma[0] @ self.core(letter) if letter else self._sigma[0]
        return known

    def times_sigma(self, letter: int) -> Matrix:
        """w Sigma, of the scaled letter and Sigma scaled, too."""
        return self.sigma_times(letter if letter in self.symmetric else -letter).T

    # -- a letter in two factors, w = R L, with the fewest rows of L that there are ------------------------------------

    def narrowest(self, letter: int) -> tuple[int, int, int]:
        """The rows of L, how many constants it is the product of, and its number; 0 is the identity, of order p."""
        rows, constants, word = self._narrow(letter)
        return rows, constants, self._ends.setdefault(word, len(self._ends))

    def left(self, number: int) -> Matrix:
        """L scaled, by its number."""
        return self._core_and_scale(list(self._ends)[number])[0]

    def right(self, letter: int) -> Matrix:
        """R, such that its product with L scaled is the letter scaled."""
        _, constants, end = self._narrow(letter)
        word = self._word(letter)
        return self.alphabet.product(word[: len(word) - constants]).core_at(self._cores[abs(letter)][1] / self._core_and_scale(end)[1])

    def _narrow(self, letter: int) -> tuple[int, int, Word]:
        known = self._narrowest.get(letter)
        if known is None:
            word, alphabet = self._word(letter), self.alphabet
            ends = [(alphabet.shape(word[i])[0], len(word) - i, word[i:]) for i in range(1, len(word))]
            known = self._narrowest[letter] = min([(alphabet.dimension, 0, ()), *ends])
        return known

    def _core_and_scale(self, word: Word) -> tuple[Matrix, fmpq]:
        return self.alphabet.product(word).core_and_scale() if word else (self.identity, fmpq(1))

    def _word(self, letter: int) -> Word:
        word = self._words[abs(letter)]
        return word if letter >= 0 else transposed(word, self.alphabet.symmetric)
