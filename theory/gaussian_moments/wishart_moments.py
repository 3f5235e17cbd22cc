"""Expectations of products of traces of words in Wishart matrices and constant ones, as polynomials in 1/b."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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
)
from theory.gaussian_moments.covariance import as_centred_gaussian
from theory.gaussian_moments.word_expectations import FEW_S, expect_scalar
from theory.gaussian_moments.word_levels import pairings_walked
from theory.gaussian_moments.word_polynomials import Alphabet, WordPolynomial
from theory.inputs import Gaussian
from theory.inverse_batch import InverseBatchPolynomial

#: letters of a word, the sub-words of which are planned
MAX_LETTERS = 100

#: in "auto", floats are computed with exactly up to this order and in balls beyond it
EXACT_ORDER = 8


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

    of the first batch level by level where it has many S (`word_levels`).

    Args:
        words: each a sequence of matrices and `Wishart(batch)`, whose product must be square. S is (p, p).
        cov: Sigma, (p, p), symmetric positive semidefinite, singular allowed; or a Gaussian law.
        arithmetic: "exact" (floats are the binary rationals that they are), "balls" (double precision with proved radii), or
            "auto": balls when an entry is a float and p > 8, exact otherwise.

    Raises TypeError or ValueError naming the argument; UnaffordableError beyond the budget, by default a
    minute, in which twelve S of one batch are possible. Cost: a word with six S and six letters of order 64 takes about 0.3 s in balls,
    nearly all of it independent of the order.

    Examples:
        >>> S = Wishart()
        >>> wishart_moment([[S, S]], [[1, 0], [0, 1]])           # E tr S^2 = p + p (p + 1) / b
        InverseBatchPolynomial(2 + 6/b)
    """
    as_choice(arithmetic, "arithmetic", ("auto", "exact", "balls"))
    law = as_centred_gaussian(cov)
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


def _letter(alphabet: Alphabet, matrix: np.ndarray, known: dict[tuple[Any, ...], WordPolynomial]) -> WordPolynomial:
    """Equal matrices, and transposes of each other, are one letter."""
    key = (matrix.shape, tuple(matrix.ravel().tolist()))
    if key not in known:
        mirror = (matrix.T.shape, tuple(matrix.T.ravel().tolist()))
        known[key] = alphabet.constant(alphabet.ring.from_array(matrix), symmetric=key == mirror)
        if key != mirror:
            known[mirror] = known[key].T
    return known[key]


def _degrees(words: list[list[Any]], p: int) -> list[int]:
    """How many S of each batch there are, the first batch first; ValueError for words that are too long or do not chain."""
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
    return [degrees[batch] for batch in sorted(degrees)]


def wishart_cost(degrees: Iterable[int], p: int) -> Cost:
    """Of `wishart_moment` for words with so many S of each batch, the first batch first."""
    first, *later = [*degrees] or [0]
    pairings = saturated(*map(_pairings, later), _pairings(first))
    count, products, powers = pairings, min(pairings, 1e4), 1.0
    if first > FEW_S:  # level by level: matrices of polynomials in eps, a product for every other pairing
        count = saturated(*map(_pairings, later), pairings_walked(first))
        products, powers = saturated(pairings_walked(first), first / 8), first / 4
    seconds = 2e-4 + count * powers * UNITS["moments.pairing"] + products * p**3 * 5e-9
    return Cost(
        seconds, min(count, 1e5) * 1e3 + products * 2.0 * p * p + 1e3 * p * p, f"{as_count(count)} pairings of the S of all batches"
    )


def _pairings(degree: int) -> float:
    """(2 degree - 1)!!."""
    return saturated(*range(2 * degree - 1, 0, -2))
