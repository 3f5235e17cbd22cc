"""Independent coordinates: moments against definitions written out, tables that belong to a law, and those that do not."""

from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import discrete_laws
from theory import Discrete, Independent, Rademacher, Uniform


@pytest.mark.parametrize("exponents", list(product(range(4), repeat=2)))
def test_rademacher_is_the_law_on_its_corners(exponents):
    law = Rademacher(2)
    corners = Discrete(*law.support())
    assert law.moment(exponents) == corners.moment(exponents)


def test_rademacher_support_is_not_listed_when_too_large():
    assert Rademacher(20).support() is None


@pytest.mark.parametrize("order", range(9))
def test_uniform_moments(order):
    # (b - a) E x^k is the integral of x^k: compare with the telescoping of x^{k+1} over unit pieces
    assert Uniform(1, 0, 3).moment([order]) * 3 == sum(Uniform(1, n, n + 1).moment([order]) for n in range(3))
    assert Uniform(1, 0, 1).moment([order]) == F(1, order + 1)
    centred = Uniform(1).moment([order])
    assert centred == (0 if order % 2 else F(3 ** (order // 2), order + 1))
    assert Uniform(1).moment([2]) == 1


def test_moment_table():
    law = Independent(2, [1, 0, 2, 0, 6])
    assert law.moment([2, 4]) == 12 and law.moment([1, 2]) == 0
    assert law.second_moment.tolist() == [[2, 0], [0, 2]]
    with pytest.raises(ValueError, match="moments must reach order 5"):
        law.moment([5, 0])


def test_a_moment_table_has_no_samples():
    with pytest.raises(ValueError, match="cannot be sampled"):
        Independent(1, [1, 0, 1]).sample(np.random.default_rng(0), 3)


@given(discrete_laws(1, 4), st.integers(0, 9))
def test_the_moments_of_a_law_are_accepted(law, order):
    table = [law.moment([k]) for k in range(order + 1)]
    assert Independent(1, table).coordinate_moment(order) == table[-1]


def test_moments_just_beyond_a_law_are_refused():
    # two atoms fix every moment from the fourth on: 1, 1/2, 1/2, 1/2 is the fair coin
    assert Independent(1, [1, F(1, 2), F(1, 2), F(1, 2), F(1, 2)])
    for wrong in (F(49, 100), F(51, 100)):
        with pytest.raises(ValueError, match="no law"):
            Independent(1, [1, F(1, 2), F(1, 2), F(1, 2), F(1, 2), wrong])
    assert Independent(1, [1, F(1, 2), F(1, 2), F(1, 2), F(51, 100)])  # a third atom, far away and unlikely, may add to the fourth


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Uniform(1, 1, 0), ValueError, "low must be less than high"),
        (lambda: Uniform(1, 1), TypeError, "both low and high"),
        (lambda: Independent(1, []), ValueError, r"moments\[0\] must be 1"),
        (lambda: Independent(1, [1, 2, 1]), ValueError, "moments must be those of a law"),
        (lambda: Independent(1, [1, 0, 0, 1]), ValueError, "no law on the real line"),
        (lambda: Independent(1, [1, 0, 0, 0, 1]), ValueError, "no law on the real line"),
        (lambda: Independent(1, 5), TypeError, "moments must be a sequence"),
    ],
)
def test_bad_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
