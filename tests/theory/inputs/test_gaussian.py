"""Gaussian moments against Isserlis' sum over pairings written out."""

from fractions import Fraction as F
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import covariances
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


@given(st.integers(1, 3).flatmap(lambda p: st.tuples(covariances(p), st.lists(st.integers(0, 2), min_size=p, max_size=p))))
def test_gaussian_moments_are_sums_over_pairings(case):
    sigma, exponents = case
    indices = [i for i, a in enumerate(exponents) for _ in range(a)]
    expected = F(0)
    if len(indices) % 2 == 0:
        for matching in pairings(list(range(len(indices)))):
            term = F(1)
            for u, v in matching:
                term *= sigma[indices[u]][indices[v]]
            expected += term
    assert Gaussian(cov=sigma).moment(exponents) == expected


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
    ],
)
def test_bad_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
