"""Moments of a batch's second-moment matrix, against every ordered batch, set partitions, and what is known in closed form."""

from __future__ import annotations

import math
from fractions import Fraction as F

import pytest
from flint import fmpq, fmpq_poly
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.ordered_batches import batches
from tests.oracles.set_partitions import entry_moment
from tests.strategies import discrete_laws, gaussians, gaussians_with_means, input_laws
from theory import Discrete, Gaussian, Independent, Rademacher, Uniform
from theory.engines.wishart.batch_moments import batch_moments, entries, exponents_up_to
from theory.exact import to_fmpq
from theory.inputs import InputLaw


def at(polynomial, b):
    value = polynomial(fmpq(1, b))
    return F(int(value.p), int(value.q))


def by_set_partitions(law, exponents, b):
    factors = [pair for pair, power in zip(entries(law.dimension), exponents, strict=True) for _ in range(power)]
    return sum(c / F(b) ** s for s, c in enumerate(entry_moment(law, factors)))


@given(st.integers(1, 2).flatmap(discrete_laws), st.integers(1, 3))
def test_every_ordered_batch(law, b):
    table = batch_moments(law, 3)
    every = list(batches(law, b))
    for a in table.numerators:
        total = F(0)
        for s, chance in every:
            for power, (i, j) in zip(a, entries(law.dimension), strict=True):
                chance *= s[i][j] ** power
            total += chance
        assert at(table[a], b) == total


@given(st.integers(1, 2).flatmap(input_laws), st.integers(1, 9))
def test_set_partitions(law, b):
    table = batch_moments(law, 4)
    for a in table.numerators:
        if sum(a) == 4:
            assert at(table[a], b) == by_set_partitions(law, a, b)


@given(st.integers(1, 3).flatmap(lambda p: st.one_of(gaussians(p), gaussians_with_means(p))))
def test_gaussians_by_stein_and_by_cumulants(law):
    """The same law, once recognised as Gaussian and once known by its moments alone."""

    class Anonymous(InputLaw):
        def __init__(self):
            self.dimension, self.exact = law.dimension, True

        def _moment(self, exponents):
            return law.moment(exponents)

        def _sample(self, generator, shape):
            raise NotImplementedError

        def parameters(self):
            raise NotImplementedError

    known, anonymous = batch_moments(law, 3), batch_moments(Anonymous(), 3)
    assert all(known[a] == anonymous[a] for a in known.numerators)


def test_chi_square():
    table, product = batch_moments(Gaussian(cov=[[F(2, 3)]]), 12), fmpq_poly([1])
    for k in range(13):
        assert table[(k,)] == product
        product *= fmpq_poly([1, 2 * k]) * fmpq(2, 3)


@given(st.integers(1, 2).flatmap(input_laws))
def test_the_degree_is_one_less_and_large_batches_forget_chance(law):
    table = batch_moments(law, 4)
    sigma = law.second_moment
    for a in table.numerators:
        limit = math.prod((sigma[i, j] ** k for k, (i, j) in zip(a, entries(law.dimension), strict=True)), start=F(1))
        assert table[a].degree() <= max(sum(a) - 1, 0)
        assert table[a][0] == to_fmpq(limit)


def test_signs_have_a_constant_square():
    table = batch_moments(Rademacher(2), 5)
    assert table[(5, 0, 0)] == table[(2, 0, 3)] == fmpq_poly([1])
    assert table[(0, 2, 0)] == fmpq_poly([0, 1])  # Var S_12 = 1/b


def test_a_singular_covariance():
    table = batch_moments(Gaussian(cov=[[1, 2], [2, 4]]), 3)
    assert table[(1, 1, 1)] == batch_moments(Gaussian(1), 3)[(3,)] * 8


def test_moments_that_are_missing():
    with pytest.raises(ValueError, match="reach order 6"):
        batch_moments(Independent(1, [1, 0, 1, 0, 3]), 3)


def test_order_of_the_variables():
    assert entries(3) == [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    assert [len(list(exponents_up_to(n, d))) for n, d in ((1, 4), (3, 6), (6, 6))] == [5, 84, 924]
    table = batch_moments(Discrete([(1, 2)]), 2)
    assert at(table[(0, 1, 1)], 5) == 2 * 4 and at(table[(2, 0, 0)], 5) == 1
    assert at(batch_moments(Uniform(1, 0, 1), 1)[(1,)], 1) == F(1, 3)
