"""Noncommutative polynomials in matrices and Wishart matrices S_0, S_1, ..., and their expectations as polynomials in eps = 1/b.

A `WordPolynomial` is a sum of c(eps) * tr(word) * ... * tr(word) * open word, c in Q[eps]. Words are tuples of signed letters of one
`Alphabet`, the negative letter the transpose. It supports +, -, @, `.T`, `.trace()` and products with numbers and scalar polynomials.
`Alphabet.expect` integrates the last batch first, symbolically, down to the first one, which is integrated in numbers.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq, fmpq_poly

from theory.arithmetic.matrices import Matrix
from theory.exact import as_number, to_fmpq
from theory.gaussian_moments.wishart_words import Chain, Chains, SteinRecursion, canonical_cycle, transposed

Word = tuple[int, ...]
Key = tuple[tuple[Word, ...], Word | None]
EPS = fmpq_poly([0, 1])


class Alphabet:
    """The letters of words: constant matrices, and the Wishart matrices of batches 0, 1, ... with one covariance.

    Args:
        ring: ExactMatrix or BallMatrix.
        dimension: p, the order of every S.
        sigma: Sigma as a matrix of the ring, or None for the identity.
    """

    def __init__(self, ring: Any, dimension: int, sigma: Matrix | None = None) -> None:
        self.ring, self.dimension = ring, dimension
        self.symmetric: set[int] = set()
        self._matrices: list[Matrix | None] = [None]
        self._batches: dict[int, int] = {}
        self._products: dict[Word, Matrix] = {}
        self._plans: dict[Word, tuple[float, int]] = {}
        self.sigma: WordPolynomial | None = None if sigma is None else self.constant(sigma, symmetric=True)

    @property
    def glue(self) -> Word:
        """The letter of Sigma, or nothing when Sigma = I."""
        return () if self.sigma is None else next(iter(self.sigma.terms))[1] or ()

    def constant(self, matrix: Matrix, *, symmetric: bool = False) -> WordPolynomial:
        """A new letter for a constant matrix. `symmetric` promises that it equals its transpose."""
        letter = len(self._matrices)
        self._matrices.append(matrix)
        if symmetric:
            self.symmetric.add(letter)
        return WordPolynomial(self, {((), (letter,)): fmpq_poly([1])}, matrix.shape)

    def wishart(self, batch: int = 0) -> WordPolynomial:
        """S_batch."""
        if batch not in self._batches:
            self._batches[batch] = len(self._matrices)
            self._matrices.append(None)
            self.symmetric.add(self._batches[batch])
        p = self.dimension
        return WordPolynomial(self, {((), (self._batches[batch],)): fmpq_poly([1])}, (p, p))

    def identity(self) -> WordPolynomial:
        """I of order p."""
        return WordPolynomial(self, {((), ()): fmpq_poly([1])}, (self.dimension, self.dimension))

    def scalar(self, value: Any) -> WordPolynomial:
        """A number, or a polynomial in eps, as a scalar."""
        poly = value if isinstance(value, fmpq_poly) else fmpq_poly([to_fmpq_exact(value)])
        return WordPolynomial(self, {((), None): poly}, None)

    def shape(self, letter: int) -> tuple[int, int]:
        """(rows, columns) of a signed letter."""
        matrix = self._matrices[abs(letter)]
        rows, columns = (self.dimension, self.dimension) if matrix is None else matrix.shape
        return (rows, columns) if letter > 0 else (columns, rows)

    def batches_in(self, polynomial: WordPolynomial) -> list[int]:
        """The batches whose S appears, in order."""
        present = {abs(x) for traces, word in polynomial.terms for w in (*traces, word or ()) for x in w}
        return sorted(batch for batch, letter in self._batches.items() if letter in present)

    def letter_of(self, batch: int) -> int:
        """The letter of S_batch."""
        return self._batches[batch]

    def product(self, word: Word) -> Matrix:
        """The matrix of a word without S; sub-products are kept, and formed in the order that needs the fewest multiplications."""
        if not word:
            return self.ring.identity(self.dimension)
        if len(word) == 1:
            matrix = self._matrices[abs(word[0])]
            assert matrix is not None, "a word of constants was expected"
            return matrix if word[0] > 0 else matrix.T
        known = self._products.get(word)
        if known is None:
            mirror = transposed(word, self.symmetric)
            if mirror in self._products:
                known = self._products[mirror].T
            else:
                _, cut = self._plan(word)
                known = self.product(word[:cut]) @ self.product(word[cut:])
            self._products[word] = known
        return known

    def _plan(self, word: Word) -> tuple[float, int]:
        """Multiplications and the place of the last product, by dynamic programming over sub-words."""
        if len(word) == 1:
            return 0.0, 0
        known = self._plans.get(word)
        if known is None:
            rows, columns = self.shape(word[0])[0], self.shape(word[-1])[1]
            known = self._plans[word] = min(
                (self._plan(word[:i])[0] + self._plan(word[i:])[0] + rows * self.shape(word[i])[0] * columns, i)
                for i in range(1, len(word))
            )
        return known


class WordPolynomial:
    """A sum of c(eps) * traces * open word over one alphabet; `shape` is None for a scalar (no open word)."""

    def __init__(self, alphabet: Alphabet, terms: dict[Key, fmpq_poly], shape: tuple[int, int] | None) -> None:
        self.alphabet, self.shape = alphabet, shape
        self.terms = {key: c for key, c in terms.items() if c}

    def __add__(self, other: WordPolynomial) -> WordPolynomial:
        if self.shape != other.shape:
            raise ValueError(f"only polynomials of one shape can be added, but these had {self.shape} and {other.shape}")
        terms = dict(self.terms)
        for key, c in other.terms.items():
            terms[key] = terms[key] + c if key in terms else c
        return WordPolynomial(self.alphabet, terms, self.shape)

    def __neg__(self) -> WordPolynomial:
        return self * -1

    def __sub__(self, other: WordPolynomial) -> WordPolynomial:
        return self + other * -1

    def __mul__(self, other: Any) -> WordPolynomial:
        if not isinstance(other, WordPolynomial):
            factor = other if isinstance(other, fmpq_poly) else to_fmpq_exact(other)
            return WordPolynomial(self.alphabet, {key: c * factor for key, c in self.terms.items()}, self.shape)
        if self.shape is not None and other.shape is not None:
            raise ValueError("matrix-valued polynomials are multiplied by @")
        terms: dict[Key, fmpq_poly] = {}
        for (traces, word), c in self.terms.items():
            for (more, other_word), d in other.terms.items():
                key = (tuple(sorted(traces + more)), word if other_word is None else other_word)
                terms[key] = terms[key] + c * d if key in terms else c * d
        return WordPolynomial(self.alphabet, terms, other.shape if self.shape is None else self.shape)

    __rmul__ = __mul__

    def __matmul__(self, other: WordPolynomial) -> WordPolynomial:
        if self.shape is None or other.shape is None or self.shape[1] != other.shape[0]:
            raise ValueError(f"shapes must chain, but were {self.shape} and {other.shape}")
        terms: dict[Key, fmpq_poly] = {}
        for (traces, word), c in self.terms.items():
            for (more, other_word), d in other.terms.items():
                key = (tuple(sorted(traces + more)), (word or ()) + (other_word or ()))
                terms[key] = terms[key] + c * d if key in terms else c * d
        return WordPolynomial(self.alphabet, terms, (self.shape[0], other.shape[1]))

    @property
    def T(self) -> WordPolynomial:
        """The transpose."""
        if self.shape is None:
            return self
        flipped: dict[Key, fmpq_poly] = {
            (traces, transposed(word or (), self.alphabet.symmetric)): c for (traces, word), c in self.terms.items()
        }
        return WordPolynomial(self.alphabet, flipped, (self.shape[1], self.shape[0]))

    def trace(self) -> WordPolynomial:
        """The trace of a square matrix."""
        if self.shape is None or self.shape[0] != self.shape[1]:
            raise ValueError(f"a trace must be of a square matrix, but the shape was {self.shape}")
        terms: dict[Key, fmpq_poly] = {}
        for (traces, word), c in self.terms.items():
            if word:
                key: Key = (tuple(sorted((*traces, canonical_cycle(word, self.alphabet.symmetric)))), None)
            else:
                key, c = (traces, None), c * self.shape[0]
            terms[key] = terms[key] + c if key in terms else c
        return WordPolynomial(self.alphabet, terms, None)

    def integrate_last(self, batch: int) -> WordPolynomial:
        """E over S_batch, everything else held fixed: again a polynomial, in the S of other batches."""
        alphabet, letter = self.alphabet, self.alphabet.letter_of(batch)
        recursion = SteinRecursion(Chains(alphabet.symmetric, alphabet.glue), _SymbolicLoops(alphabet))
        total = WordPolynomial(alphabet, {}, self.shape)
        for (traces, word), c in self.terms.items():
            fixed = tuple(w for w in traces if letter not in w)
            cycles = [cut_cycle(w, letter) for w in traces if letter in w]
            if word is None or letter not in word:
                value = recursion.expect(cycles) * WordPolynomial(alphabet, {(fixed, word): c}, self.shape)
                total = total + value
                continue
            for chain, value in recursion.expect_open(cut(word, letter), cycles).items():
                total = total + value * WordPolynomial(alphabet, {(fixed, chain): c}, self.shape)
        return total


class _SymbolicLoops:
    """Closed chains as traces of words in the letters of an alphabet."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet
        self.one = alphabet.scalar(1)
        self.eps = alphabet.scalar(EPS)

    def loop(self, chain: Chain) -> WordPolynomial:
        word = self.alphabet.glue + chain
        p = self.alphabet.dimension
        terms: dict[Key, fmpq_poly] = {((), word): fmpq_poly([1])}
        return WordPolynomial(self.alphabet, terms, (p, p)).trace()


def cut(word: Word, letter: int) -> tuple[Chain, ...]:
    """An open word in pieces between the appearances of a letter: n appearances, n + 1 pieces."""
    pieces: list[list[int]] = [[]]
    for x in word:
        if x == letter:
            pieces.append([])
        else:
            pieces[-1].append(x)
    return tuple(map(tuple, pieces))


def cut_cycle(word: Word, letter: int) -> tuple[Chain, ...]:
    """A cyclic word in pieces between the appearances of a letter: n appearances, n pieces."""
    first, *others = cut(word, letter)
    return (*others[:-1], others[-1] + first)


def to_fmpq_exact(value: object) -> fmpq:
    """An int, Fraction, float or fmpq as an fmpq."""
    return value if isinstance(value, fmpq) else to_fmpq(as_number(value, "a coefficient"))
