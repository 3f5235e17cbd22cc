"""Exact moments of Gaussian vectors and of Wishart matrices: Isserlis, quadratic forms, traces of words.

    isserlis                  E[ x_{i_1} ... x_{i_2k} ] = sum over the (2k-1)!! pairings of products of covariances
    quadratic_forms_moment    E[ prod_j x^T A_j x ]
    wishart_moment            E[ prod of tr(S P_1 S P_2 ...) ], S = (1/b) sum_i x_i x_i^T, x_i ~ N(0, Sigma), as a polynomial in eps = 1/b

All follow from Stein's lemma, E[x_a f(x)] = sum_c Sigma_ac E[d_c f(x)]: integration by parts against the Gaussian density. For one S,

    E[S] = Sigma,      E[S B S] = Sigma B Sigma + eps ( Sigma B^T Sigma + tr(Sigma B) Sigma ),

and `wishart_words` has the rules for any number of them. Nothing here lists pairings: recursions over multisets and over canonical words
compute each of their states once. A word with six S and six different 64 x 64 matrices has 10,395 pairings and takes less than a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from theory.arithmetic.ball_matrices import BallMatrix
from theory.arithmetic.matrices import ExactMatrix
from theory.budget import WITHOUT_BUDGET, Budget, Cost, as_count, saturated
from theory.budget.unit_costs import UNITS
from theory.exact import (
    MatrixLike,
    as_choice,
    as_index,
    as_matrix,
    as_sequence,
    is_exact,
    shown,
    spelled,
    to_fmpq,
    to_fmpq_mat,
    to_fraction,
)
from theory.gaussian_moments.word_expectations import expect_scalar
from theory.gaussian_moments.word_polynomials import Alphabet, WordPolynomial
from theory.inputs import Gaussian, InputLaw
from theory.inputs.stein import gaussian_moment, states_cost
from theory.inverse_batch import InverseBatchPolynomial

#: quadratic forms in one moment, a depth of recursion
MAX_FORMS = 200
#: letters of a word, the sub-words of which are planned
MAX_LETTERS = 100
#: in "auto", floats are computed with exactly up to this order and in balls beyond it
EXACT_ORDER = 8


def isserlis(indices: Iterable[Any], cov: MatrixLike | Gaussian, *, budget: Budget | None = None) -> Fraction:
    """E[ x_{i_1} x_{i_2} ... x_{i_k} ] for x ~ N(0, cov), the sum over all pairings of products of covariances.

    E[x_i f] = sum_j cov_ij E[d_j f], over multisets of indices: (a_1 + 1) ... (a_p + 1) states when index i appears a_i times.

    Args:
        indices: i_1, ..., i_k in 0..p-1, repeated as often as wanted; none gives 1.
        cov: (p, p), symmetric positive semidefinite, singular allowed; or a Gaussian law. Floats are the binary rationals
            that they are.

    Raises TypeError or ValueError naming the argument; UnaffordableError beyond the budget, a minute by default. Cost: microseconds
    a state.

    Examples:
        >>> isserlis([0, 0, 1, 1], [[2, 1], [1, 3]])
        Fraction(8, 1)
    """
    law = _law(cov)
    exponents = [0] * law.dimension
    for k, i in enumerate(as_sequence(indices, "indices")):
        index = as_index(i, f"indices[{k}]")
        if index >= law.dimension:
            raise ValueError(f"indices[{k}] must be in 0..{law.dimension - 1}, but was {spelled(index)}")
        exponents[index] += 1
    powers = tuple(exponents)
    Budget.of(budget, WITHOUT_BUDGET).require(states_cost(powers), "the moment of these indices", ("fewer of them",))
    return to_fraction(gaussian_moment([[to_fmpq(x) for x in row] for row in law.second_moment.tolist()], powers, {}))


def quadratic_forms_moment(matrices: Iterable[MatrixLike], cov: MatrixLike | Gaussian, *, budget: Budget | None = None) -> Fraction:
    """E[ x^T A_1 x  x^T A_2 x ... x^T A_k x ] for x ~ N(0, cov) and any square A_i.

    The sum over set partitions of {1..k} of products of joint cumulants,

        kappa(A_1, ..., A_m) = 2^(m-1) sum over cyclic orders of tr(Sigma A_1 Sigma A_{s(2)} ... Sigma A_{s(m)}),   A_i symmetrised,

    both sums by recursion over multisets of the A_i (equal ones are not told apart). `cov` is a matrix or a Gaussian law;
    floats are the binary rationals that they are.

    Raises TypeError or ValueError naming the argument; UnaffordableError beyond the budget, a minute by default. Cost: of every
    multiset, all parts that hold the first of its members: a second for 12 different A_i or 30 times each of two.

    Examples:
        >>> quadratic_forms_moment([[[1, 0], [0, 1]]] * 2, [[1, 0], [0, 1]])
        Fraction(8, 1)
    """
    law = _law(cov)
    p, sigma = law.dimension, to_fmpq_mat(law.second_moment)
    counts: dict[tuple[Fraction, ...], int] = {}
    forms = as_sequence(matrices, "matrices")
    if len(forms) > MAX_FORMS:
        raise ValueError(f"matrices must be at most {MAX_FORMS} forms, but were {len(forms)}")
    for k, a in enumerate(forms):
        matrix = as_matrix(a, f"matrices[{k}]")
        if matrix.shape != (p, p):
            raise ValueError(f"matrices[{k}] must have the shape of cov, {(p, p)}, but had {matrix.shape}")
        exact = [[Fraction(x) for x in row] for row in matrix.tolist()]
        key = tuple((exact[i][j] + exact[j][i]) / 2 for i in range(p) for j in range(p))
        counts[key] = counts.get(key, 0) + 1
    multiplicities = tuple(counts.values())
    Budget.of(budget, WITHOUT_BUDGET).require(
        quadratic_forms_cost(multiplicities, p), "the moment of these matrices", ("fewer or more equal ones", "sampling")
    )
    steps = [sigma * fmpq_mat(p, p, [to_fmpq(x) for x in key]) for key in counts]
    identity = fmpq_mat(p, p, [int(i == j) for i in range(p) for j in range(p)])

    @cache
    def orders(multiset: tuple[int, ...]) -> fmpq_mat:
        """The sum over all orders of the multiset (equal members labelled) of prod Sigma A."""
        total = None
        for i, count in enumerate(multiset):
            if count:
                term = orders(_less(multiset, i)) * steps[i] * count
                total = term if total is None else total + term
        return identity if total is None else total

    @cache
    def cumulant(first: int, others: tuple[int, ...]) -> fmpq:
        loop = steps[first] * orders(others)
        return fmpq(2) ** sum(others) * sum((loop[i, i] for i in range(p)), fmpq(0))

    @cache
    def moment(multiset: tuple[int, ...]) -> fmpq:
        first = next((i for i, count in enumerate(multiset) if count), None)
        if first is None:
            return fmpq(1)
        rest, total = _less(multiset, first), fmpq(0)
        for block in product(*(range(count + 1) for count in rest)):  # who shares a block with the first
            ways = math.prod(math.comb(n, k) for n, k in zip(rest, block, strict=True))
            left = tuple(n - k for n, k in zip(rest, block, strict=True))
            total += ways * cumulant(first, block) * moment(left)
        return total

    return to_fraction(moment(multiplicities))


@dataclass(frozen=True)
class Wishart:
    """The letter S_batch = (1/b) sum_i x_i x_i^T, i = 1..b, of an independent batch of x_i ~ N(0, Sigma)."""

    batch: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "batch", as_index(self.batch, "batch"))


def wishart_moment(
    words: Iterable[Sequence[Any]], cov: MatrixLike | Gaussian, *, arithmetic: str = "auto", budget: Budget | None = None
) -> InverseBatchPolynomial:
    """E[ tr(word) tr(word) ... ] as a polynomial in 1/b, for words in S_0, S_1, ... and constant matrices.

    All batches have the size b and the covariance `cov`. The last batch is integrated first: for the S of one batch, Stein's lemma

        tr(S P S Q) -> tr(Sigma P S Q) + (1/b) [ tr(Sigma P) tr(S Q) + tr(S Q^T Sigma P) ] ...

    Args:
        words: each a sequence of matrices and `Wishart(batch)`, whose product must be square. S is (p, p).
        cov: Sigma, (p, p), symmetric positive semidefinite, singular allowed; or a Gaussian law.
        arithmetic: "exact" (floats are the binary rationals that they are), "balls" (double precision with proved radii), or
            "auto": balls when an entry is a float and p > 8, exact otherwise.

    Raises TypeError or ValueError naming the argument; UnaffordableError beyond the budget, by default a
    minute, in which eight S of one batch are possible. Cost: a word with six S and six letters of order 64 takes about 0.3 s in balls,
    nearly all of it independent of the order.

    Examples:
        >>> S = Wishart()
        >>> wishart_moment([[S, S]], [[1, 0], [0, 1]])           # E tr S^2 = p + p (p + 1) / b
        InverseBatchPolynomial(2 + 6/b)
    """
    as_choice(arithmetic, "arithmetic", ("auto", "exact", "balls"))
    law = _law(cov)
    lists = [as_sequence(word, f"words[{n}]") for n, word in enumerate(as_sequence(words, "words"))]
    tables = [
        [x if isinstance(x, Wishart) else as_matrix(x, f"words[{n}][{k}]") for k, x in enumerate(word)] for n, word in enumerate(lists)
    ]
    degrees = _degrees(tables, law.dimension)
    Budget.of(budget, WITHOUT_BUDGET).require(wishart_cost(degrees, law.dimension), "the expectation of these words", ("fewer S",))
    floats = not law.exact or any(isinstance(x, np.ndarray) and not is_exact(x) for word in tables for x in word)
    in_balls = arithmetic == "balls" or (arithmetic == "auto" and floats and law.dimension > EXACT_ORDER)
    ring: Any = BallMatrix if in_balls else ExactMatrix
    alphabet = Alphabet(ring, law.dimension, None if law.is_standard else ring.from_array(law.second_moment))
    known: dict[tuple[Any, ...], WordPolynomial] = {}
    total = alphabet.scalar(1)
    for word in tables:
        value: WordPolynomial | None = None
        for x in word:
            letter = alphabet.wishart(x.batch) if isinstance(x, Wishart) else _letter(alphabet, x, known)
            value = letter if value is None else value @ letter
        total = total * (alphabet.identity() if value is None else value).trace()
    return expect_scalar(total)


def _law(cov: MatrixLike | Gaussian) -> InputLaw:
    if not isinstance(cov, InputLaw):
        return Gaussian(cov=cov)
    if not cov.is_centred_gaussian:
        raise TypeError(f"cov must be a covariance matrix or a Gaussian law, but was {shown(cov)}")
    return cov


def _letter(alphabet: Alphabet, matrix: np.ndarray, known: dict[tuple[Any, ...], WordPolynomial]) -> WordPolynomial:
    """Equal matrices, and transposes of each other, are one letter."""
    key = (matrix.shape, tuple(matrix.ravel().tolist()))
    if key not in known:
        mirror = (matrix.T.shape, tuple(matrix.T.ravel().tolist()))
        known[key] = alphabet.constant(alphabet.ring.from_array(matrix), symmetric=key == mirror)
        if key != mirror:
            known[mirror] = known[key].T
    return known[key]


def _degrees(words: list[list[Any]], p: int) -> Iterable[int]:
    """How many S of each batch there are; ValueError for words that are too long or do not chain."""
    degrees: dict[int, int] = {}
    for n, word in enumerate(words):
        if len(word) > MAX_LETTERS:
            raise ValueError(f"words[{n}] must have at most {MAX_LETTERS} factors, but had {len(word)}")
        shapes = [(p, p) if isinstance(x, Wishart) else x.shape for x in word]
        for k, (left, right) in enumerate(zip(shapes, shapes[1:] + shapes[:1], strict=True)):
            if left[1] != right[0]:
                raise ValueError(
                    f"words[{n}] must chain and have a square product, but factor {k} has shape {left} and is followed by {right}"
                )
        for x in word:
            if isinstance(x, Wishart):
                degrees[x.batch] = degrees.get(x.batch, 0) + 1
    return degrees.values()


def wishart_cost(degrees: Iterable[int], p: int) -> Cost:
    """Of `wishart_moment` for words with so many S of each batch."""
    pairings = saturated(*map(_pairings, degrees))
    seconds = 2e-4 + pairings * UNITS["moments.pairing"] + min(pairings, 1e4) * p**3 * 5e-9
    return Cost(seconds, min(pairings, 1e5) * 1e3 + 1e3 * p * p, f"{as_count(pairings)} pairings of the S of all batches")


def _pairings(degree: int) -> float:
    """(2 degree - 1)!!."""
    return saturated(*range(2 * degree - 1, 0, -2))


def _less(powers: tuple[int, ...], i: int) -> tuple[int, ...]:
    return (*powers[:i], powers[i] - 1, *powers[i + 1 :])


def quadratic_forms_cost(multiplicities: tuple[int, ...], p: int) -> Cost:
    """Of `quadratic_forms_moment` for forms that appear so many times: every multiset of the recursion is split in all ways, into a block
    with its first member, and the rest."""
    first, *others = multiplicities or (0,)
    blocks = first * (first + 1) / 2 * saturated(*((a + 1) * (a + 2) / 2 for a in others))
    states = saturated(*(a + 1 for a in multiplicities))
    seconds = blocks * UNITS["moments.term"] + states * len(multiplicities) * (p**3 * UNITS["moments.entry"] + 2e-6)
    return Cost(seconds, states * (300 + 120.0 * p * p), f"{as_count(blocks)} blocks of multisets of the forms")
