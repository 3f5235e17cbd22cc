"""Theorem 3.5 for general networks: false for leaky ReLU; certified on a finite range of b for smooth ones."""

from fractions import Fraction as F
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import discrete_laws, matrices
from theory import TeacherStudent, enumeration
from theory.approximation import DomainError
from theory.claims import general_networks as claim

ID = "3.5 extended"
pytestmark = pytest.mark.theorems(ID)


@st.composite
def instances(draw):
    """Small tanh and sigmoid networks with two atoms, after one step."""
    sizes = draw(st.sampled_from([(1, 1, 1), (1, 2, 1), (2, 1, 1)]))
    layers = [[draw(matrices(rows, columns)) for columns, rows in pairwise(sizes)] for _ in range(2)]
    halved = [[[[x / 2 for x in row] for row in w] for w in side] for side in layers]
    name, layer = draw(st.sampled_from(["tanh", "sigmoid"])), draw(st.integers(1, 2))
    problem = TeacherStudent(*halved, draw(discrete_laws(sizes[0], 2)), F(1, 8), name)
    return claim.Instance(name, problem, 1, layer, F(4), draw(st.sampled_from([15, 27])), 6)


@given(instances())
@settings(max_examples=25)
def test_intervals_hold_the_variance_and_proofs_are_confirmed(ledger, instance):
    try:
        evidence = claim.check(instance)
    except DomainError:
        ledger.vacuous(ID, "the a-priori domain is larger than the radius")
        return
    ledger.record(ID, evidence)


@given(st.fractions(0, F(1, 2), max_denominator=12), st.integers(2, 12).map(lambda k: 2 * k))
def test_the_variance_of_leaky_relu_by_two_routes(slope, b):
    """Enumeration against the sum over one binomial count, and the ball of any width around both."""
    rise = claim.Rise("drawn", slope, (b,))
    exact = enumeration.variance(rise.problem, 1, 1, batch_size=b)
    assert exact == claim.binomial_variance(slope, b)
    assert abs(float(enumeration.variance_ball(rise.problem, 1, 1, batch_size=b)) - float(exact)) < 1e-12


def test_the_variance_approaches_a_limit_that_is_not_zero():
    """9/64 from below, by a distance of order b^(-1/2), higher at odd b than at the even b beside it."""
    values = {b: claim.binomial_variance(F(0), b) for b in (400, 401, 1600, 1601)}
    limit = claim.limit(F(0))
    assert limit == F(9, 64) and all(v < limit for v in values.values())
    assert values[401] > values[400] and values[1601] > values[1600]
    assert F(45, 100) < (limit - values[1600]) / (limit - values[400]) < F(55, 100)
