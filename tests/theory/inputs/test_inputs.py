"""Exact moments of every input law against definitions written out, and what a law refuses."""

import pickle
from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import covariances, discrete_laws
from theory import Discrete, Gaussian, Independent, Rademacher, Uniform


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


@given(discrete_laws(2), st.tuples(st.integers(0, 4), st.integers(0, 4)))
def test_discrete_moments_are_weighted_sums(law, exponents):
    atoms, probabilities = law.support()
    assert sum(probabilities) == 1
    assert law.moment(exponents) == sum(q * x ** exponents[0] * y ** exponents[1] for (x, y), q in zip(atoms, probabilities, strict=True))


@pytest.mark.parametrize("exponents", list(product(range(4), repeat=2)))
def test_rademacher_is_the_law_on_its_corners(exponents):
    law = Rademacher(2)
    corners = Discrete(*law.support())
    assert law.moment(exponents) == corners.moment(exponents)


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


@pytest.mark.parametrize(
    "law",
    [
        Gaussian(3),
        Gaussian(cov=[[2, 1], [1, 1]]),
        Gaussian(cov=[[1, 1], [1, 1]]),
        Rademacher(2),
        Uniform(2),
        Uniform(2, 0, 2),
        Discrete([(0, 1), (2, 3)], [F(1, 4), F(3, 4)]),
    ],
    ids=repr,
)
def test_samples_follow_the_second_moments(law):
    # the mean of n products has standard deviation sqrt(Var / n), known exactly from the fourth moments: 5 of them, 9 entries at most
    n = 40_000
    x = law.sample(np.random.default_rng(np.random.SeedSequence(7)), n)
    assert x.shape == (n, law.dimension)
    for i, j in product(range(law.dimension), repeat=2):
        fourth = [0] * law.dimension
        fourth[i] += 2
        fourth[j] += 2
        variance = float(law.moment(fourth) - law.second_moment[i, j] ** 2)
        assert abs((x[:, i] * x[:, j]).mean() - float(law.second_moment[i, j])) <= 5 * (variance / n) ** 0.5 + 1e-12
    assert law.sample(np.random.default_rng(0), (2, 5)).shape == (2, 5, law.dimension)


@pytest.mark.parametrize("law", [Gaussian(2), Gaussian(cov=[[2, 1], [1, 3]]), Discrete([1, 2]), Rademacher(2), Uniform(2, 0, 1)])
def test_laws_survive_being_sent_to_another_process(law):
    sent = pickle.loads(pickle.dumps(law))
    exponents = (2,) * law.dimension
    assert repr(sent) == repr(law) and sent.exact == law.exact and sent.moment(exponents) == law.moment(exponents)


def test_a_moment_table_has_no_samples():
    with pytest.raises(ValueError, match="cannot be sampled"):
        Independent(1, [1, 0, 1]).sample(np.random.default_rng(0), 3)


def test_floats_are_binary_rationals_and_say_so():
    law = Gaussian(cov=[[0.1]])
    assert not law.exact and law.second_moment[0, 0] == F(0.1) and law.second_moment[0, 0] != F(1, 10)
    assert Discrete([0.5, 1]).exact is False and Discrete([fmpq(1, 2), 1]).exact is True


def test_float_probabilities_become_a_law():
    law = Discrete([1, 2, 3], [1 / 3, 1 / 3, 1 / 3])
    assert sum(law.probabilities) == 1
    assert Discrete(range(10), [0.1] * 10).moment([0]) == 1


def test_repeated_and_impossible_atoms():
    law = Discrete([(1,), (1,), (2,)], [F(1, 4), F(1, 4), F(1, 2)])
    assert law.atoms == ((1,), (2,)) and law.probabilities == (F(1, 2), F(1, 2))
    assert Discrete([1, 2], [1, 0]).atoms == ((1,),)


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
        (lambda: Discrete([]), ValueError, "atoms must not be empty"),
        (lambda: Discrete([1, 2], [F(1, 2)]), ValueError, "probabilities must have one entry for each of the 2 atoms"),
        (lambda: Discrete([1, 2], [F(1, 2), F(1, 3)]), ValueError, "probabilities must sum to 1, but sum to 5/6"),
        (lambda: Discrete([1, 2], [0.5, 0.6]), ValueError, "probabilities must sum to 1"),
        (lambda: Discrete([1, 2], [F(3, 2), F(-1, 2)]), ValueError, r"probabilities\[1\] must not be negative"),
        (lambda: Discrete([1, float("inf")]), ValueError, r"atoms\[1, 0\] must be finite"),
        (lambda: Discrete([(1, 2), (3,)]), ValueError, "atoms must be a matrix"),
        (lambda: Discrete(["a"]), ValueError, r"atoms\[0, 0\] must be a number such as"),
        (lambda: Discrete({1, 2}), TypeError, "atoms must be a sequence"),
        (lambda: Discrete({1: 2}), TypeError, "atoms must be a sequence"),
        (lambda: Uniform(1, 1, 0), ValueError, "low must be less than high"),
        (lambda: Uniform(1, 1), TypeError, "both low and high"),
        (lambda: Independent(1, []), ValueError, r"moments\[0\] must be 1"),
        (lambda: Independent(1, [1, 2, 1]), ValueError, "moments must be those of a law"),
        (lambda: Independent(1, [1, 0, 0, 1]), ValueError, "no law on the real line"),
        (lambda: Independent(1, [1, 0, 0, 0, 1]), ValueError, "no law on the real line"),
        (lambda: Independent(1, 5), TypeError, "moments must be a sequence"),
        (lambda: Discrete(5), TypeError, "atoms must be a sequence"),
        (lambda: Discrete([1, 2], 0.5), TypeError, "probabilities must be a sequence"),
        (lambda: Gaussian(2).moment([1]), ValueError, "exponents must have one entry for each of the 2 coordinates"),
        (lambda: Gaussian(1).moment([-1]), ValueError, r"exponents\[0\] must be at least 0"),
        (lambda: Gaussian(1).moment([1.0]), TypeError, r"exponents\[0\] must be an integer"),
    ],
)
def test_bad_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


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


def test_rademacher_support_is_not_listed_when_too_large():
    assert Rademacher(20).support() is None
    assert Gaussian(1).support() is None


@pytest.mark.parametrize(
    ("law", "square"),
    [
        (Rademacher(3), 3),
        (Rademacher(40), 40),
        (Uniform(2), 6),
        (Uniform(3, -2, 1), 12),
        (Uniform(1, F(1, 3), F(1, 2)), F(1, 4)),
        (Discrete([(1, 2), (F(-3, 2), 2)]), F(25, 4)),
        (Discrete([0]), 0),
    ],
)
def test_the_bound_on_the_norm_is_the_least_one_rounded_up(law, square):
    bound = law.norm_bound
    assert square <= F(bound) ** 2 <= F(square) * (1 + F(1, 2**50))
    samples = law.sample(np.random.default_rng(0), 1000)
    assert np.sqrt((samples**2).sum(axis=1)).max() <= bound * (1 + 2**-50)


def test_unbounded_and_unknown_laws_have_no_bound():
    assert Gaussian(2).norm_bound is None and Independent(1, [1, 0, 1]).norm_bound is None
