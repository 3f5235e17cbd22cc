"""What every law answers, whatever its family."""

import math
import pickle
from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest
from flint import fmpq

from empirics import DataSet
from theory import Discrete, Gaussian, Independent, Rademacher, Uniform
from theory.inputs import NAMED
from theory.inputs.law import as_law
from theory.kronecker import StackedSamples

LAWS = [
    Gaussian(2),
    Gaussian(cov=[[2, F(1, 3)], [F(1, 3), 1]]),
    Gaussian(cov=[[0.1, 0.03], [0.03, 0.2]]),
    Rademacher(2),
    Uniform(2),
    Uniform(2, F(-1, 3), 2),
    Independent(2, [1, F(1, 2), F(1, 2), F(1, 2), F(1, 2)]),
    Discrete([(0, F(1, 5)), (2, 3)], [F(1, 4), F(3, 4)]),
    DataSet([[0.5, 1.0], [-1.0, 0.25], [0.5, 1.0]]),
    Gaussian(mean=[F(1, 3), -2]),
    Gaussian(mean=[0.1, 1.5], cov=[[F(1, 3), 0], [0, 0]]),
    Gaussian(mean=[1, F(2, 5)], cov=[[0.25, 0.1], [0.1, 0.5]]),
]
each_law = pytest.mark.parametrize("law", LAWS, ids=repr)


@each_law
def test_its_parameters_make_the_law_again(law):
    again = type(law)(**law.parameters())
    assert repr(again) == repr(law) and again.exact == law.exact and again.identity == law.identity
    assert again.moment((2, 2)) == law.moment((2, 2)) and (again.second_moment == law.second_moment).all()
    others = {name: value for name, value in law.parameters().items() if name != "dimension"}
    if type(law) in NAMED.values():
        assert repr(type(law).on_dimension(2, **others)) == repr(law)


def test_every_law_has_an_identity_of_its_own():
    assert len({law.identity for law in LAWS}) == len(LAWS)


@each_law
def test_coordinates(law):
    for k in range(5):
        assert law.coordinate_moment(k) == law.moment((k, 0))
        if law.has_iid_coordinates:
            assert all(law.moment((k, a)) == law.coordinate_moment(k) * law.coordinate_moment(a) for a in range(3))
    assert law.has_iid_coordinates == (law.identity in {x.identity for x in (LAWS[0], *LAWS[3:7])})
    assert law.mean.tolist() == [law.moment(e) for e in ((1, 0), (0, 1))]
    assert (law.covariance == law.second_moment - np.outer(law.mean, law.mean)).all()
    assert law.is_centred_gaussian == (law.is_gaussian and not law.mean.any())
    assert law.is_gaussian == isinstance(law, Gaussian) and law.is_standard == (repr(law) == "Gaussian(2)")


@each_law
def test_the_list_of_atoms_and_the_support(law):
    support = law.support()
    if support is None:
        assert law.coordinate_values() is None and law.atom_count is None
    else:
        assert set(law.coordinate_values()) == {x for atom in support[0] for x in atom}
    if law.atom_count is None:
        with pytest.raises(ValueError, match="inputs must be a list of atoms to be gone through, but were"):
            law.weighted_points()
    else:
        points, weights = law.weighted_points()
        assert points.shape == (law.atom_count, 2) and weights.shape == (law.atom_count,) and weights.sum() == 1
        assert np.allclose(weights @ points**2, [float(law.moment(e)) for e in ((2, 0), (0, 2))], rtol=1e-15)
    assert (law.population is None) == (not isinstance(law, DataSet))


@each_law
def test_moments_are_about_as_long_as_is_said(law):
    for order in (2, 4):
        moments = [law.moment((a, order - a)) for a in range(order + 1)]
        longest = math.log2(math.lcm(*(m.denominator for m in moments))) + max(math.log2(1 + abs(m.numerator)) for m in moments)
        assert longest - 1e-9 <= law.moment_bits(order) <= 3 * longest
        assert 0 < law.moment_seconds(order) < 1e-3 and law.moment_seconds(4) <= law.moment_seconds(40)


def test_moments_that_a_table_does_not_reach():
    table = Independent(2, [1, 0, 2])
    assert table.missing_moments_reason(2) is None and "must reach order 3, but end at order 2" in str(table.missing_moments_reason(3))
    assert StackedSamples(("x", "y"), (table, Gaussian(1))).highest_order == 2
    assert all(law.missing_moments_reason(10**30) is None for law in (Gaussian(1), Uniform(1), Discrete([1])))


def test_numbers_beyond_doubles_are_named():
    for law, name in ((Discrete([1, 10**400]), r"atoms\[1, 0\]"), (Uniform(1, 0, 10**400), "high"), (Uniform(1, -(10**400), 0), "low")):
        for asked in (law.doubles, law.check_doubles, lambda law=law: law.sample(np.random.default_rng(0), 1)):
            with pytest.raises(ValueError, match=rf"^{name} must be within the range of doubles"):
                asked()


def test_what_is_no_law():
    with pytest.raises(TypeError, match=r"noise must be an input law such as Gaussian\(2\), but was 5"):
        as_law(5, "noise")


@pytest.mark.parametrize(
    "law",
    [
        Gaussian(3),
        Gaussian(cov=[[2, 1], [1, 1]]),
        Gaussian(cov=[[1, 1], [1, 1]]),
        Gaussian(mean=[1, -2, 0], cov=[[0, 0, 0], [0, 1, 1], [0, 1, 3]]),
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


@pytest.mark.parametrize(
    "law", [Gaussian(2), Gaussian(mean=[1, 2], cov=[[2, 1], [1, 3]]), Discrete([1, 2]), Rademacher(2), Uniform(2, 0, 1)]
)
def test_laws_survive_being_sent_to_another_process(law):
    sent = pickle.loads(pickle.dumps(law))
    exponents = (2,) * law.dimension
    assert repr(sent) == repr(law) and sent.exact == law.exact and sent.moment(exponents) == law.moment(exponents)


def test_floats_are_binary_rationals_and_say_so():
    law = Gaussian(cov=[[0.1]])
    assert not law.exact and law.second_moment[0, 0] == F(0.1) and law.second_moment[0, 0] != F(1, 10)
    assert Discrete([0.5, 1]).exact is False and Discrete([fmpq(1, 2), 1]).exact is True


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


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Gaussian(2).moment([1]), ValueError, "exponents must have one entry for each of the 2 coordinates"),
        (lambda: Gaussian(1).moment([-1]), ValueError, r"exponents\[0\] must be at least 0"),
        (lambda: Gaussian(1).moment([1.0]), TypeError, r"exponents\[0\] must be an integer"),
    ],
)
def test_bad_exponents_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
