"""Words with many S, level by level: against chains, quadratic forms of one sample, and chi-squares."""

from __future__ import annotations

import math
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import covariances, matrices
from theory.arithmetic.ball_matrices import BallMatrix
from theory.arithmetic.matrices import ExactMatrix
from theory.gaussian_moments import Wishart, quadratic_forms_moment, wishart_moment, word_expectations
from theory.gaussian_moments.scaled_letters import ScaledLetters
from theory.gaussian_moments.word_expectations import Expectations
from theory.gaussian_moments.word_polynomials import Alphabet, WordPolynomial
from theory.inverse_batch import InverseBatchPolynomial

S = Wishart()
Letters = list[list[list[F]]]


def alphabet_of(ring: Any, letters: Letters, cov: Any) -> tuple[Alphabet, WordPolynomial, list[WordPolynomial]]:
    standard = np.array_equal(np.array(cov), np.eye(len(cov)))
    arrays = [np.array(letter, dtype=object) for letter in (cov, *letters)]
    sigma, *rest = map(ring.from_array, arrays)
    alphabet = Alphabet(ring, len(cov), None if standard else sigma)
    return alphabet, alphabet.wishart(), [alphabet.constant(matrix) for matrix in rest]


def both(monkeypatch: pytest.MonkeyPatch, expected: Any) -> list[Any]:
    """With chains, and level by level."""
    results = []
    for few in (100, 0):
        monkeypatch.setattr(word_expectations, "FEW_S", few)
        results.append(expected())
    return results


def closed_words(letters: Letters, cov: Any, places: list[int], cuts: int) -> Any:
    """A product of words S P S P ..., each P one of the letters or a transpose, cut in pieces."""
    alphabet, s, constants = alphabet_of(ExactMatrix, letters, cov)
    choices = [alphabet.identity(), *constants, *(c.T for c in constants)]
    words = [s @ choices[places[0] % len(choices)]]
    for n, place in enumerate(places[1:]):
        following = s @ choices[place % len(choices)]
        words = [*words, following] if cuts >> n & 1 else [*words[:-1], words[-1] @ following]
    total = alphabet.scalar(1)
    for word in words:
        total = total * word.trace()
    return Expectations(alphabet).scalar(total)


@settings(max_examples=25)
@given(st.data(), st.integers(1, 2), st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(0, 15))
def test_products_of_words_are_those_of_chains(data, p, places, cuts):
    letters, cov = [data.draw(matrices(p, p)) for _ in range(2)], data.draw(covariances(p))
    with pytest.MonkeyPatch.context() as patch:
        chains, levels = both(patch, lambda: closed_words(letters, cov, places, cuts))
    assert chains == levels


@settings(max_examples=15)
@given(st.data(), st.integers(1, 2), st.integers(0, 3), st.booleans())
def test_open_words_are_those_of_chains(data, p, inside, closed):
    """X_0 S X_1 ... S X_k beside a trace; the first and the last letter need not be square."""
    letters = [data.draw(matrices(p, p)) for _ in range(2)]
    first, last, cov = data.draw(matrices(2, p)), data.draw(matrices(p, 3)), data.draw(covariances(p))

    def matrix() -> Any:
        alphabet, s, (front, back, one, other) = alphabet_of(ExactMatrix, [first, last, *letters], cov)
        word = front
        for n in range(inside):
            word = word @ s @ (one, other.T, one.T)[n]
        if inside:
            word = word @ s
        total = word @ back if inside else front @ back
        if closed:
            total = (s @ other @ s @ one).trace() * total
        return [part.entries()[0].tolist() for part in Expectations(alphabet).matrix(total)]

    with pytest.MonkeyPatch.context() as patch:
        chains, levels = both(patch, matrix)
    assert chains == levels


@pytest.mark.parametrize("symmetric", [False, True])
def test_seven_s_and_different_letters(monkeypatch, symmetric):
    """135,135 pairings by chains."""
    generator = np.random.default_rng(4)
    tables = [generator.integers(-2, 3, (2, 2)) for _ in range(7)]
    letters = [(t + t.T if symmetric and n % 2 else t).tolist() for n, t in enumerate(tables)]
    chains, levels = both(monkeypatch, lambda: wishart_moment([[x for p in letters for x in (S, p)]], [[2, 1], [1, 1]]))
    assert chains == levels
    assert levels.degree == 6


@pytest.mark.parametrize("cuts", [(9,), (4, 5), (1, 2, 6)], ids=str)
def test_a_batch_of_one_sample(cuts):
    """b = 1: S = x x^T, and tr(S P_1 S P_2 ...) = x^T P_1 x x^T P_2 x ...: nine different letters, Sigma singular."""
    generator = np.random.default_rng(5)
    letters = [generator.integers(-2, 3, (3, 3)).tolist() for _ in range(9)]
    cov = [[2, 1, 3], [1, 1, 2], [3, 2, 5]]
    remaining = iter(letters)
    words = [[x for _ in range(length) for x in (S, next(remaining))] for length in cuts]
    assert wishart_moment(words, cov)(1) == quadratic_forms_moment(letters, cov)


@pytest.mark.parametrize("k", range(7, 13))
def test_many_s_in_one_dimension(k):
    expected = InverseBatchPolynomial([1])
    for j in range(k):
        expected = expected * InverseBatchPolynomial([1, 2 * j])
    assert wishart_moment([[S] * k], [[1]]) == expected
    assert wishart_moment([[S] * (k - 2), [S, S]], [[1]]) == expected


def test_the_eighth_power_of_two_by_two():
    """tr S^8 = t^8 - 8 t^6 d + 20 t^4 d^2 - 16 t^2 d^3 + 2 d^4 (Newton), t = tr S, d = det S = (t^2 - tr S^2) / 2."""
    identity = np.eye(2, dtype=int)
    expected = InverseBatchPolynomial([0])
    for n, c in enumerate((1, -8, 20, -16, 2)):
        for j in range(n + 1):
            moment = wishart_moment([[S]] * (8 - 2 * j) + [[S, S]] * j, identity)
            expected = expected + InverseBatchPolynomial([F(c * math.comb(n, j) * (-1) ** j, 2**n)]) * moment
    assert wishart_moment([[S] * 8], identity) == expected


@pytest.mark.parametrize("cov", [np.eye(6), np.eye(6) + 0.25])
def test_balls_contain_the_exact_value(monkeypatch, cov):
    generator = np.random.default_rng(6)
    narrow = [(generator.standard_normal((6, 2)), generator.standard_normal((2, 6))) for _ in range(3)]
    word: list[Any] = [x for left, right in (*narrow, *narrow[:1]) for x in (S, left, right)]
    words = [word, [S, S], [S, generator.standard_normal((6, 6))]]
    exact, balls = (wishart_moment(words, cov, arithmetic=arithmetic) for arithmetic in ("exact", "balls"))
    assert len(exact.coefficients) == len(balls.coefficients) == 7
    for x, y, radius in zip(exact.coefficients, balls.coefficients, balls.radii, strict=True):
        assert abs(F(x) - F(y)) <= F(radius) <= abs(F(x)) * F(1, 10**9)


@pytest.mark.parametrize("ring", [ExactMatrix, BallMatrix])
def test_letters_are_opened_at_their_narrowest_factor(ring):
    """With letters of rank one all matrices have one row: L has, and the values do not change."""
    alphabet, _, (column, row) = alphabet_of(ring, [[[F(1)], [F(2)], [F(-1)]], [[F(1), F(0), F(3)]]], np.eye(3, dtype=int).tolist())
    letters = ScaledLetters(alphabet)
    (letter,) = letters.chain(next(iter((column @ row).terms))[1] or ())
    rows, constants, number = letters.narrowest(letter)
    assert (rows, constants) == (1, 1) and letters.left(number).shape == (1, 3)
    found, radius = (letters.right(letter) @ letters.left(number)).entries()
    expected, _ = letters.core(letter).entries()
    assert radius <= 1e-15 and (found == expected).all()
    assert letters.narrowest(letters.letter(())) == (3, 0, 0)
