"""Gaussian moments against Isserlis' sum over pairings written out."""

from fractions import Fraction as F
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import covariances, means
from theory import Gaussian


def pairings(items):
    """Every perfect matching, listed."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for i, partner in enumerate(rest):
        for others in pairings(rest[:i] + rest[i + 1 :]):
            yield [(first, partner), *others]


def by_pairings(mu, sigma, exponents):
    """E prod (mu_i + y_i): for every choice of the factors y, all pairings of these."""
    indices = [i for i, a in enumerate(exponents) for _ in range(a)]
    total = F(0)
    for count in range(0, len(indices) + 1, 2):
        for chosen in combinations(range(len(indices)), count):
            constant = F(1)
            for place in set(range(len(indices))) - set(chosen):
                constant *= mu[indices[place]]
            for matching in pairings(list(chosen)):
                term = constant
                for u, v in matching:
                    term *= sigma[indices[u]][indices[v]]
                total += term
    return total


exponents_of = {p: st.lists(st.integers(0, 2), min_size=p, max_size=p) for p in (1, 2, 3)}


@given(st.integers(1, 3).flatmap(lambda p: st.tuples(covariances(p), exponents_of[p])))
def test_gaussian_moments_are_sums_over_pairings(case):
    sigma, exponents = case
    assert Gaussian(cov=sigma).moment(exponents) == by_pairings([F(0)] * len(sigma), sigma, exponents)


@given(st.integers(1, 3).flatmap(lambda p: st.tuples(means(p), covariances(p), exponents_of[p])))
def test_with_a_mean_some_factors_are_constants(case):
    mu, sigma, exponents = case
    law = Gaussian(mean=mu, cov=sigma)
    assert law.moment(exponents) == by_pairings(mu, sigma, exponents)
    assert law.mean.tolist() == mu and law.covariance.tolist() == sigma
    assert law.second_moment.tolist() == [[s + a * b for s, b in zip(row, mu, strict=True)] for row, a in zip(sigma, mu, strict=True)]
    assert law.is_centred_gaussian == (not any(mu)) and law.is_gaussian


def test_means_that_are_left_out_and_those_that_are_0():
    assert repr(Gaussian(mean=[0, 0])) == repr(Gaussian(mean=[0.0, 0.0], cov=[[1, 0], [0, 1]])) == "Gaussian(2)"
    assert Gaussian(mean=[0, 0.0]).exact and not Gaussian(mean=[0, 0.5]).exact
    law = Gaussian(mean=["1/3", "-2"])
    assert repr(law) == "Gaussian(mean=[1/3, -2])" and law.covariance.tolist() == [[1, 0], [0, 1]] and not law.is_standard
    assert law.has_iid_coordinates is False and Gaussian(mean=[2, 2]).has_iid_coordinates is True
    assert law.moment((2, 1)) == (1 + F(1, 9)) * -2


def test_a_constant_coordinate():
    law = Gaussian(mean=[1, 0], cov=[[0, 0], [0, 4]])
    assert all(law.moment((a, b)) == Gaussian(cov=[[4]]).moment((b,)) for a, b in product(range(4), repeat=2))
    x = law.sample(np.random.default_rng(0), 1000)
    assert (x[:, 0] == 1).all() and abs(x[:, 1].mean()) < 0.3 and abs(x[:, 1].std() - 2) < 0.2


@pytest.mark.parametrize("exponents", list(product(range(5), repeat=2)))
def test_standard_gaussian_is_the_identity_covariance(exponents):
    general = Gaussian(cov=[[F(1), 0], [0, F(1)]])
    scaled = Gaussian(cov=[[4, 0], [0, 9]])
    assert Gaussian(2).moment(exponents) == general.moment(exponents)
    assert scaled.moment(exponents) == Gaussian(2).moment(exponents) * 2 ** exponents[0] * 3 ** exponents[1]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Gaussian(0), ValueError, "dimension must be at least 1"),
        (lambda: Gaussian(2.0), TypeError, "dimension must be an integer"),
        (lambda: Gaussian(True), TypeError, "dimension must be an integer"),
        (lambda: Gaussian(), TypeError, "exactly one of dimension and cov"),
        (lambda: Gaussian(2, cov=[[1]]), TypeError, "exactly one of dimension and cov"),
        (lambda: Gaussian(cov=[[1, 2], [3, 4]]), ValueError, r"cov must be symmetric, but cov\[0, 1\] = 2"),
        (lambda: Gaussian(cov=[[1, 2], [2, 1]]), ValueError, "cov must be positive semidefinite"),
        (lambda: Gaussian(cov=[[1.0, 2.0], [2.0, 1.0]]), ValueError, "cov must be positive semidefinite.*eigenvalue -1"),
        (lambda: Gaussian(cov=[[0, 1], [1, 0]]), ValueError, "cov must be positive semidefinite"),
        (lambda: Gaussian(cov=[[1, 0]]), ValueError, "cov must be square"),
        (lambda: Gaussian(cov=[[float("nan")]]), ValueError, r"cov\[0, 0\] must be finite"),
        (lambda: Gaussian(cov=[[1, 2], [3]]), ValueError, "cov must be a matrix"),
        (lambda: Gaussian(1, mean=[1]), TypeError, "exactly one of dimension and cov, or a mean with or without cov"),
        (lambda: Gaussian(mean=[1], cov=[[1, 0], [0, 1]]), ValueError, "mean must have one entry for each of the 2 rows of cov, but had 1"),
        (lambda: Gaussian(mean=[1, 2, 3], cov=[[1]]), ValueError, "mean must have one entry for each of the 1 rows of cov, but had 3"),
        (lambda: Gaussian(mean=[[1, 2]]), ValueError, r"mean must be one number for each coordinate, but had shape \(1, 2\)"),
        (lambda: Gaussian(mean=[]), ValueError, "mean must"),
        (lambda: Gaussian(mean=2), TypeError, "mean must"),
        (lambda: Gaussian(mean=[1, float("inf")]), ValueError, r"mean\[1, 0\] must be finite"),
        (lambda: Gaussian(mean=[1, "x"]), ValueError, r"mean\[1, 0\]"),
        (lambda: Gaussian(mean=[10**400]).sample(np.random.default_rng(0), 1), ValueError, "mean.* must be within the range of doubles"),
    ],
)
def test_bad_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
