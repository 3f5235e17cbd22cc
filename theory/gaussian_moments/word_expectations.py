"""Expectations of word polynomials in numbers: exact rationals, or balls with proved radii, as polynomials in eps = 1/b.

The constants between two S are multiplied out to one letter. Every term of the expectation of a product of words uses each of its letters
once, so letters are scaled beforehand, to integers or to norm about one, and the scales are multiplied back at the end. A closed chain
is the inner product of its two halves: for six letters, products of at most three matrices are ever formed.
"""

from __future__ import annotations

from typing import Any

from flint import arb, arb_poly, fmpq, fmpq_poly

from theory.arithmetic.balls import ball_to_float
from theory.arithmetic.matrices import Matrix
from theory.arithmetic.working_precision import working_precision
from theory.exact import to_fraction
from theory.gaussian_moments.wishart_words import Chain, Chains, SteinRecursion, canonical_cycle, transposed
from theory.gaussian_moments.word_polynomials import Alphabet, Word, WordPolynomial, cut, cut_cycle
from theory.inverse_batch import InverseBatchPolynomial

#: products of chains that are kept; beyond it they are formed again
CACHE_BYTES = 2e8
#: precision of balls: what double precision loses is far more
BITS = 64

Polynomial = fmpq_poly | arb_poly


def expect_scalar(polynomial: WordPolynomial) -> InverseBatchPolynomial:
    """E of a scalar polynomial in S_0, S_1, ..., all of one batch size b: the last batch first."""
    with working_precision(BITS):
        return to_inverse_batch(Expectations(polynomial.alphabet).scalar(polynomial))


def to_inverse_batch(polynomial: Polynomial, *, zero_constant: bool = False) -> InverseBatchPolynomial:
    """Coefficients at the border; `zero_constant` replaces a constant coefficient that is known to vanish."""
    if isinstance(polynomial, fmpq_poly):
        return InverseBatchPolynomial([to_fraction(c) for c in polynomial.coeffs()])
    pairs = [ball_to_float(c) for c in polynomial.coeffs()]
    if zero_constant and pairs:
        value, radius = pairs[0]
        if abs(value) > radius:
            raise ArithmeticError(f"a constant coefficient that must vanish was {value} with error at most {radius}")
        pairs[0] = 0.0, 0.0
    return InverseBatchPolynomial([value for value, _ in pairs], radii=[radius for _, radius in pairs])


class Expectations:
    """E of word polynomials over one alphabet; what was computed for one serves the next."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet
        self.ring = alphabet.ring
        self._numbers = Numbers(alphabet)
        self.recursion: SteinRecursion[Any] = SteinRecursion(Chains(self._numbers.symmetric), self._numbers)

    def scalar(self, polynomial: WordPolynomial) -> Polynomial:
        """E of a scalar polynomial, as a polynomial in eps."""
        reduced, letter = self._one_batch_left(polynomial)
        total = self.ring.polynomial([])
        for (traces, _), c in sorted(reduced.terms.items(), key=lambda term: _length(term[0])):
            value, scale = self._traces(traces, letter)
            total = total + value * _constant(self.ring, scale) * self.ring.polynomial(c)
        return total

    def matrix(self, polynomial: WordPolynomial) -> list[Matrix]:
        """E of a matrix-valued polynomial: its coefficients of eps^0, eps^1, ... ."""
        reduced, letter = self._one_batch_left(polynomial)
        sums: dict[tuple[int, int], Matrix] = {}  # by first letter and power of eps: the first letter is multiplied last
        numbers = self._numbers
        for (traces, word), c in reduced.terms.items():
            pieces = cut(word or (), letter) if letter else (word or (),)
            closed = [cut_cycle(w, letter) for w in traces if letter in w]
            chains = [numbers.chain(piece) for piece in pieces]
            scale = numbers.scale(pieces, closed, len(pieces) - 1)
            _, fixed = self._traces([w for w in traces if letter not in w], 0)
            cycles = [[numbers.chain(piece) for piece in w] for w in closed]
            for chain, value in self.recursion.expect_open(chains, cycles).items():
                whole = value * _constant(self.ring, scale * fixed) * self.ring.polynomial(c)
                first, matrix = numbers.open_chain(chain)
                for power, x in enumerate(whole.coeffs()):
                    share = matrix.times(x)
                    key = first, power
                    sums[key] = sums[key] + share if key in sums else share
        return self._gathered(sums, polynomial.shape or (0, 0))

    def _gathered(self, sums: dict[tuple[int, int], Matrix], shape: tuple[int, int]) -> list[Matrix]:
        result: list[Matrix] = []
        for power in range(1 + max((power for _, power in sums), default=-1)):
            parts = [m if first == 0 else self._numbers.core(first) @ m for (first, k), m in sums.items() if k == power]
            result.append(sum(parts[1:], parts[0]) if parts else self.ring.zero(shape))
        return result

    def _one_batch_left(self, polynomial: WordPolynomial) -> tuple[WordPolynomial, int]:
        """The polynomial with every batch but the first integrated out, and the letter of the first (0 when there is none)."""
        batches = self.alphabet.batches_in(polynomial)
        for batch in reversed(batches[1:]):
            polynomial = polynomial.integrate_last(batch)
        return polynomial, self.alphabet.letter_of(batches[0]) if batches else 0

    def _traces(self, traces: Any, letter: int) -> tuple[Polynomial, Any]:
        """E of a product of traces, apart from a scalar factor that is returned beside it."""
        fixed = self.ring.scalar(1)
        closed = []
        for w in traces:
            if letter in w:
                closed.append(cut_cycle(w, letter))
            else:
                fixed = fixed * self._numbers.trace(w)
        cycles = [[self._numbers.chain(piece) for piece in w] for w in closed]
        return self.recursion.expect(cycles), fixed * self._numbers.scale((), closed, 0)


class Numbers:
    """Letters in numbers, and the value of closed chains: the `Loops` of the last batch that is left."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet, self.ring = alphabet, alphabet.ring
        self.one = self.ring.polynomial([1])
        self.eps = self.ring.polynomial([0, 1])
        self.symmetric: set[int] = set()
        self._letters: dict[Word, int] = {}
        self._cores: list[tuple[Matrix, fmpq]] = [(self.ring.identity(1), fmpq(1))]
        self._hats: dict[Chain, Matrix] = {}
        self._products: dict[Chain, Matrix] = {}
        self._held = 0.0
        self._traces: dict[Word, Any] = {}
        self._loops: dict[Chain, Polynomial] = {}
        self._sigma = alphabet.product(alphabet.glue).core_and_scale() if alphabet.glue else None

    def letter(self, word: Word) -> int:
        """The number of the product of a word of constants."""
        known = self._letters.get(word)
        if known is None:
            mirror = transposed(word, self.alphabet.symmetric)
            known = self._letters[word] = len(self._cores)
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
        return matrix if letter > 0 else matrix.T

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

    def loop(self, chain: Chain) -> Polynomial:
        """tr(Sigma P_1 Sigma P_2 ...)."""
        if not self.symmetric and len({abs(x) for x in chain}) == len(chain):
            return self._close(chain)  # few equal cycles among letters that are all different
        cycle = canonical_cycle(chain, self.symmetric)
        known = self._loops.get(cycle)
        if known is None:
            known = self._loops[cycle] = self._close(cycle)
        return known

    def _close(self, chain: Chain) -> Polynomial:
        half = len(chain) // 2
        if not chain:
            value = self.ring.scalar(self.alphabet.dimension)
        elif half == 0:
            value = self.product(chain).trace()
        else:
            value = self.product(chain[:half]).inner(self.product(chain[half:]))
        return self.ring.polynomial([value])

    def product(self, chain: Chain) -> Matrix:
        """Sigma P_1 Sigma P_2 ... Sigma P_k of scaled letters (with Sigma scaled, too)."""
        known = self._products.get(chain)
        if known is None:
            if len(chain) <= 1:
                return self._hat(chain)
            known = self.product(chain[:-1]) @ self._hat(chain[-1:])
            self._held += known.bytes
            if self._held > CACHE_BYTES:
                self._products.clear()
                self._held = known.bytes
            self._products[chain] = known
            if self._sigma is None:
                self._products[transposed(chain, self.symmetric)] = known.T
        return known

    def open_chain(self, chain: Chain) -> tuple[int, Matrix]:
        """P_0 Sigma P_1 ... as its first letter and the rest; 0 for no first letter."""
        if len(chain) > 1:
            return chain[0], self.product(chain[1:])
        return 0, self.core(chain[0]) if chain else self.ring.identity(self.alphabet.dimension)

    def _hat(self, chain: Chain) -> Matrix:
        if not chain:
            return self.ring.identity(self.alphabet.dimension)
        if self._sigma is None:
            return self.core(chain[0])
        known = self._hats.get(chain)
        if known is None:
            known = self._hats[chain] = self._sigma[0] @ self.core(chain[0])
        return known


def _length(key: tuple[tuple[Word, ...], Word | None]) -> int:
    return sum(map(len, key[0]))


def _constant(ring: Any, scalar: Any) -> Polynomial:
    return ring.polynomial([arb(scalar) if ring.scalar is arb else scalar])
