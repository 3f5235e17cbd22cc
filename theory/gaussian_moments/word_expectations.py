"""Expectations of word polynomials in numbers: exact rationals, or balls with proved radii, as polynomials in eps = 1/b.

The constants between two S are multiplied out to one letter. Every term of the expectation of a product of words uses each of its letters
once, so letters are scaled beforehand, to integers or to norm about one, and the scales are multiplied back at the end. Words with few S
go through chains of letters (`wishart_words`), words with many level by level (`word_levels`). A closed chain is the inner product of its
two halves: for six letters, products of at most three matrices are ever formed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flint import arb, arb_poly, fmpq_poly

from theory.arithmetic.balls import ball_to_float
from theory.arithmetic.matrices import Matrix
from theory.arithmetic.working_precision import working_precision
from theory.exact import to_fraction
from theory.gaussian_moments.scaled_letters import ScaledLetters
from theory.gaussian_moments.wishart_words import Chain, Chains, SteinRecursion, canonical_cycle, transposed
from theory.gaussian_moments.word_levels import LevelRecursion
from theory.gaussian_moments.word_polynomials import Alphabet, Word, WordPolynomial, cut, cut_cycle
from theory.inverse_batch import InverseBatchPolynomial

#: products of chains that are kept; beyond it they are formed again
CACHE_BYTES = 2e8
#: precision of balls: what double precision loses is far more
BITS = 64
#: the most S in a word for which chains are few, whatever the letters
FEW_S = 6

Polynomial = fmpq_poly | arb_poly
#: Cyclic words of chains of one letter, or of none.
Cycles = list[list[Chain]]


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
        self._letters = ScaledLetters(alphabet)
        self._chains = ChainValues(self._letters)
        self.recursion: SteinRecursion[Any] = SteinRecursion(Chains(self._letters.symmetric), self._chains)

    def scalar(self, polynomial: WordPolynomial) -> Polynomial:
        """E of a scalar polynomial, as a polynomial in eps."""
        reduced, letter = self._one_batch_left(polynomial)
        terms = sorted(reduced.terms.items(), key=lambda term: _length(term[0]))
        split = [self._split(traces, letter) for (traces, _), _ in terms]
        total = self.ring.polynomial([])
        for value, (_, scale), (_, c) in zip(self._expected([cycles for cycles, _ in split]), split, terms, strict=True):
            total = total + value * _constant(self.ring, scale) * self.ring.polynomial(c)
        return total

    def matrix(self, polynomial: WordPolynomial) -> list[Matrix]:
        """E of a matrix-valued polynomial: its coefficients of eps^0, eps^1, ... ."""
        reduced, letter = self._one_batch_left(polynomial)
        sums: dict[tuple[int, int], Matrix] = {}  # by first letter and power of eps: the first letter is multiplied last
        words, factors = [], []
        for (traces, word), c in reduced.terms.items():
            pieces = cut(word or (), letter) if letter else (word or (),)
            cycles, scale = self._split(traces, letter)
            words.append(([self._letters.chain(piece) for piece in pieces], cycles))
            scale *= self._letters.scale(pieces, (), len(pieces) - 1)
            factors.append(self.ring.polynomial(c) * _constant(self.ring, scale))
        for parts, factor in zip(self._expected_open(words), factors, strict=True):
            for first, matrix, value in parts:
                for power, x in enumerate((value * factor).coeffs()):
                    share = matrix.times(x)
                    key = first, power
                    sums[key] = sums[key] + share if key in sums else share
        return self._gathered(sums, polynomial.shape or (0, 0))

    def _gathered(self, sums: dict[tuple[int, int], Matrix], shape: tuple[int, int]) -> list[Matrix]:
        result: list[Matrix] = []
        for power in range(1 + max((power for _, power in sums), default=-1)):
            parts = [m if first == 0 else self._letters.core(first) @ m for (first, k), m in sums.items() if k == power]
            result.append(sum(parts[1:], parts[0]) if parts else self.ring.zero(shape))
        return result

    def _one_batch_left(self, polynomial: WordPolynomial) -> tuple[WordPolynomial, int]:
        """The polynomial with every batch but the first integrated out, and the letter of the first (0 when there is none)."""
        batches = self.alphabet.batches_in(polynomial)
        for batch in reversed(batches[1:]):
            polynomial = polynomial.integrate_last(batch)
        return polynomial, self.alphabet.letter_of(batches[0]) if batches else 0

    def _split(self, traces: Any, letter: int) -> tuple[Cycles, Any]:
        """The cyclic words among a product of traces, and the scalar that is left."""
        fixed = self.ring.scalar(1)
        closed = []
        for w in traces:
            if letter in w:
                closed.append(cut_cycle(w, letter))
            else:
                fixed = fixed * self._letters.trace(w)
        return [[self._letters.chain(piece) for piece in w] for w in closed], fixed * self._letters.scale((), closed, 0)

    def _expected(self, products: list[Cycles]) -> list[Polynomial]:
        """E of products of cyclic words."""
        if max((sum(map(len, cycles)) for cycles in products), default=0) <= FEW_S:
            return [self.recursion.expect(cycles) for cycles in products]
        return LevelRecursion(self._letters).expect([list(map(_letters, cycles)) for cycles in products])

    def _expected_open(self, words: list[tuple[list[Chain], Cycles]]) -> Iterator[list[tuple[int, Matrix, Polynomial]]]:
        """E of an open word and a product of cyclic ones: a sum of first letter (0 for none) * matrix * polynomial."""
        if max((len(chains) - 1 + sum(map(len, cycles)) for chains, cycles in words), default=0) <= FEW_S:
            for chains, cycles in words:
                yield [(*self._chains.open_chain(chain), value) for chain, value in self.recursion.expect_open(chains, cycles).items()]
            return
        random = [(_letters(chains[1:-1]), list(map(_letters, cycles))) for chains, cycles in words if len(chains) > 1]
        found = iter(LevelRecursion(self._letters).expect_open(random))
        for chains, cycles in words:
            (first,), (last,) = _letters(chains[:1]), _letters(chains[-1:])
            if len(chains) == 1:
                yield [(0, self._letters.core(first), value) for value in self._expected([cycles])]
            else:
                yield [(first, m @ self._letters.core(last), self.ring.polynomial([0] * j + [1])) for j, m in enumerate(next(found))]


class ChainValues:
    """Chains in numbers: the `Loops` of the last batch that is left. Letters are scaled, and Sigma, too."""

    def __init__(self, letters: ScaledLetters) -> None:
        self.letters, self.ring = letters, letters.ring
        self.one = self.ring.polynomial([1])
        self.eps = self.ring.polynomial([0, 1])
        self._products: dict[Chain, Matrix] = {}
        self._held = 0.0
        self._loops: dict[Chain, Polynomial] = {}

    def loop(self, chain: Chain) -> Polynomial:
        """tr(Sigma P_1 Sigma P_2 ...)."""
        if not self.letters.symmetric and len({abs(x) for x in chain}) == len(chain):
            return self._close(chain)  # few equal cycles among letters that are all different
        cycle = canonical_cycle(chain, self.letters.symmetric)
        known = self._loops.get(cycle)
        if known is None:
            known = self._loops[cycle] = self._close(cycle)
        return known

    def _close(self, chain: Chain) -> Polynomial:
        half = len(chain) // 2
        if not chain:
            value = self.ring.scalar(self.letters.alphabet.dimension)
        elif half == 0:
            value = self.product(chain).trace()
        else:
            value = self.product(chain[:half]).inner(self.product(chain[half:]))
        return self.ring.polynomial([value])

    def product(self, chain: Chain) -> Matrix:
        """Sigma P_1 Sigma P_2 ... Sigma P_k."""
        known = self._products.get(chain)
        if known is None:
            if len(chain) <= 1:
                return self.letters.sigma_times(chain[0]) if chain else self.letters.identity
            known = self.product(chain[:-1]) @ self.letters.sigma_times(chain[-1])
            self._held += known.bytes
            if self._held > CACHE_BYTES:
                self._products.clear()
                self._held = known.bytes
            self._products[chain] = known
            if self.letters.is_standard:
                self._products[transposed(chain, self.letters.symmetric)] = known.T
        return known

    def open_chain(self, chain: Chain) -> tuple[int, Matrix]:
        """P_0 Sigma P_1 ... as its first letter and the rest; 0 for no first letter."""
        if len(chain) > 1:
            return chain[0], self.product(chain[1:])
        return 0, self.letters.core(chain[0]) if chain else self.letters.identity


def _letters(chains: Iterable[Chain]) -> Chain:
    """Chains of one letter, or of none, as letters; 0 for the identity."""
    return tuple(chain[0] if chain else 0 for chain in chains)


def _length(key: tuple[tuple[Word, ...], Word | None]) -> int:
    return sum(map(len, key[0]))


def _constant(ring: Any, scalar: Any) -> Polynomial:
    return ring.polynomial([arb(scalar) if ring.scalar is arb else scalar])
