"""Gaussian and Wishart moments against pairings written out, entrywise moments of S, and known closed forms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction as F
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.set_partitions import entry_moment
from tests.strategies import covariances, matrices
from theory.gaussian_moments import Wishart, isserlis, quadratic_forms_moment, wishart_moment
from theory.inputs import Gaussian
from theory.inverse_batch import InverseBatchPolynomial

S = Wishart()


def pairings(items: list[int]) -> Iterator[list[tuple[int, int]]]:
    """All pairings, one by one: (2k-1)!! of them."""
    if not items:
        yield []
        return
    first, *rest = items
    for k, partner in enumerate(rest):
        for others in pairings(rest[:k] + rest[k + 1 :]):
            yield [(first, partner), *others]


def moment_by_entries(words: list[list[Any]], law: Gaussian) -> InverseBatchPolynomial:
    """E prod tr(word), one batch, entry by entry: each word is S P_1 S P_2 ... ."""
    p = law.dimension
    letters = [x for word in words for x in word[1::2]]
    k = len(letters)
    total = [F(0)] * (k + 1)
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word) // 2)
    for index in product(range(p), repeat=2 * k):  # S_n has row index[2n] and column index[2n + 1]
        weight = F(1)
        for begin, end in pairwise(starts):
            for n in range(begin, end):
                following = n + 1 if n + 1 < end else begin
                weight *= letters[n][index[2 * n + 1]][index[2 * following]]
        if weight:
            entries = [(index[2 * n], index[2 * n + 1]) for n in range(k)]
            for s, c in enumerate(entry_moment(law, entries)):
                total[s] += weight * c
    return InverseBatchPolynomial(total)


@given(st.lists(st.integers(0, 2), max_size=6), covariances(3))
def test_isserlis_is_the_sum_over_pairings(indices, cov):
    expected = (
        sum(
            (math.prod((cov[indices[i]][indices[j]] for i, j in pairing), start=F(1)) for pairing in pairings(list(range(len(indices))))),
            F(0),
        )
        if len(indices) % 2 == 0
        else F(0)
    )
    assert isserlis(indices, cov) == expected


def test_isserlis_does_not_list_pairings():
    assert isserlis([0] * 100, [[1]]) == math.prod(range(99, 0, -2))
    cov = [[F(2), F(1)], [F(1), F(2)]]
    assert isserlis([0, 1] * 20, Gaussian(cov=cov)) == Gaussian(cov=cov).moment((20, 20))


def test_isserlis_takes_floats_as_the_rationals_that_they_are():
    assert isserlis([0, 0], [[0.1]]) == F(0.1)


@given(st.data(), st.integers(1, 2), st.integers(0, 4))
def test_quadratic_forms_entry_by_entry(data, p, k):
    law = Gaussian(cov=data.draw(covariances(p)))
    forms = [data.draw(matrices(p, p)) for _ in range(k)]
    expected = F(0)
    for index in product(range(p), repeat=2 * k):
        powers = [index.count(i) for i in range(p)]
        expected += math.prod((forms[n][index[2 * n]][index[2 * n + 1]] for n in range(k)), start=F(1)) * law.moment(powers)
    assert quadratic_forms_moment(forms, law.second_moment) == expected


def test_powers_of_the_squared_norm():
    """E ||x||^{2k} = p (p + 2) ... (p + 2k - 2)."""
    identity = np.eye(3, dtype=int)
    assert quadratic_forms_moment([identity] * 12, identity) == math.prod(3 + 2 * j for j in range(12))


@given(st.data(), st.sampled_from([(1, 4), (2, 1), (2, 2), (2, 3)]), st.integers(0, 5))
def test_words_entry_by_entry(data, size, cuts):
    """Random letters, any covariance, one to three words."""
    p, k = size
    law = Gaussian(cov=data.draw(covariances(p)))
    letters = [data.draw(matrices(p, p)) for _ in range(k)]
    words: list[list[Any]] = [[]]
    for n, letter in enumerate(letters):
        if n and cuts >> n & 1:
            words.append([])
        words[-1] += [S, letter]
    assert wishart_moment(words, law.second_moment) == moment_by_entries(words, law)


def test_four_letters_of_order_two():
    """A word of degree four and a product of two words of degree two, letters all different, Sigma singular."""
    letters = [[[1, 2], [0, -1]], [[0, 1], [3, 1]], [[2, 0], [1, 1]], [[1, -1], [1, 0]]]
    law = Gaussian(cov=[[1, 2], [2, 4]])
    one: list[list[Any]] = [[x for letter in letters for x in (S, letter)]]
    two: list[list[Any]] = [[S, letters[0], S, letters[1]], [S, letters[2], S, letters[3]]]
    for words in (one, two):
        assert wishart_moment(words, law.second_moment) == moment_by_entries(words, law)


@pytest.mark.parametrize("k", range(9))
def test_one_dimension_is_a_chi_square(k):
    """E s^k = (1 + 2/b) (1 + 4/b) ... (1 + 2 (k-1)/b)."""
    expected = InverseBatchPolynomial([1])
    for j in range(k):
        expected = expected * InverseBatchPolynomial([1, 2 * j])
    assert wishart_moment([[S] * k], [[1]]) == expected
    assert wishart_moment([[S]] * k, [[1]]) == expected


def test_powers_of_s_at_any_order():
    """E tr S = p, E tr S^2 = p + p (p+1)/b, E tr S^3 = p + 3 p (p+1)/b + p (p^2 + 3p + 4)/b^2."""
    p = 5
    identity = np.eye(p, dtype=int)
    assert wishart_moment([[S]], identity) == InverseBatchPolynomial([p])
    assert wishart_moment([[S] * 2], identity) == InverseBatchPolynomial([p, p * (p + 1)])
    expected = InverseBatchPolynomial([p, 3 * p * (p + 1), p * (p * p + 3 * p + 4)])
    assert wishart_moment([[S] * 3], identity) == expected


@given(st.data())
def test_a_later_batch_is_integrated_first(data):
    """E over S_1 of tr(S_1 M S_1 N) in closed form, M and N random through S_0, leaves words in S_0 alone."""
    cov = data.draw(covariances(2))
    a, c = (data.draw(matrices(2, 2)) for _ in range(2))
    early, late = Wishart(0), Wishart(3)
    left = wishart_moment([[late, a, early, late, c, early]], cov)
    m, n, sigma = [a, early], [c, early], cov
    n_transposed = [early, [list(row) for row in zip(*c, strict=True)]]
    first = wishart_moment([[sigma, *m, sigma, *n]], cov)
    second = wishart_moment([[sigma, *m], [sigma, *n]], cov)
    third = wishart_moment([[sigma, *n_transposed, sigma, *m]], cov)
    assert left == first + InverseBatchPolynomial([0, 1]) * (second + third)


def test_rectangular_letters_and_words_without_s():
    a, c = [[1, 2, 3]], [[1, 0], [0, 2], [1, 1]]
    cov = [[2, 1], [1, 1]]
    inner = (np.array(c) @ np.array([[1], [1]]) @ np.array(a)).T  # (p, ...) letters of inner dimension 1 and 3
    assert inner.shape == (3, 3)
    value = wishart_moment([[S, [[1], [1]], a, c], [a, c, [[1], [0]]]], cov)
    product_matrix = np.array([[1], [1]]) @ np.array(a) @ np.array(c)
    scalar = int((np.array(a) @ np.array(c) @ np.array([[1], [0]]))[0, 0])
    assert value == InverseBatchPolynomial([int(np.trace(np.array(cov) @ product_matrix)) * scalar])


def test_balls_contain_the_exact_value_at_every_coefficient():
    generator = np.random.default_rng(3)
    letters = [generator.standard_normal((10, 10)) for _ in range(4)]
    c = generator.standard_normal((10, 10))
    cov = c @ c.T
    words: list[list[Any]] = [[S, letters[0], S, letters[1]], [S, letters[2], letters[3]]]
    exact = wishart_moment(words, (cov + cov.T) / 2, arithmetic="exact")
    balls = wishart_moment(words, (cov + cov.T) / 2)
    assert exact.is_exact
    assert not balls.is_exact
    for x, y, radius in zip(exact.coefficients, balls.coefficients, balls.radii, strict=True):
        assert abs(F(x) - F(y)) <= F(radius) <= abs(F(x)) * F(1, 10**10)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: isserlis([2], [[1, 0], [0, 1]]), r"indices\[0\] must be in 0..1, but was 2"),
        (lambda: isserlis([0.5], [[1]]), r"indices\[0\] must be an integer"),
        (lambda: isserlis([0], [[1, 2], [0, 1]]), "cov must be symmetric"),
        (lambda: isserlis([0], [[1, 2], [2, 1]]), "cov must be positive semidefinite"),
        (lambda: isserlis(list(range(26)), np.eye(26, dtype=int)), "the moment of these indices would cost"),
        (lambda: quadratic_forms_moment([[[1, 2]]], [[1]]), r"matrices\[0\] must have the shape of cov"),
        (lambda: wishart_moment([[S, [[1, 2]]]], [[1]]), r"words\[0\] must chain"),
        (lambda: wishart_moment([[S] * 15], [[1]]), r"the expectation of these words would cost .*1.78e\+08 pairings"),
        (lambda: wishart_moment([[S]], [[1]], arithmetic="fast"), "arithmetic must be"),
        (lambda: Wishart(-1), "batch must be at least 0"),
    ],
)
def test_bad_input_names_the_argument(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
