"""Random initial weights: the constant term of var(g_t) is the variance over w_0 of the gradient of full-gradient descent."""

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import discrete_laws, fractions, learning_rates, matrices
from theory import Discrete, TeacherStudent, enumeration
from theory.claims import random_initial_weights as claim

ID = "random w_0"
pytestmark = pytest.mark.theorems(ID)


@st.composite
def instances(draw):
    sizes = draw(st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1), (1, 1, 1, 1)]))
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    law, rate = draw(discrete_laws(sizes[0], 2)), draw(learning_rates)
    activation = draw(st.sampled_from([(0, 1), (0, 1), (1, 1, 1), (0, F(1, 2), 0, 1)])) if len(sizes) < 4 else (0, 1)
    teacher = [draw(matrices(*shape)) for shape in shapes]
    count = draw(st.integers(1, 3))
    starts = tuple(TeacherStudent([draw(matrices(*s)) for s in shapes], teacher, law, rate, activation) for _ in range(count))
    weights = draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    step, layer = draw(st.integers(0, 1)), draw(st.integers(1, len(shapes)))
    return claim.Instance("drawn", starts, tuple(F(w, sum(weights)) for w in weights), step, layer, (1, 2, 4))


@given(instances())
def test_the_constant_term(ledger, instance):
    evidence = claim.check(instance)
    ledger.record(ID, evidence)
    if len(instance.starts) == 1:
        assert claim.variance(instance).coefficients[0] == 0


def test_a_constant_variance_by_hand():
    """x = +-1, w* = 0, W_2 = 1: the gradient of W_1 is W_1 x^2 = W_1 = +-1 for every batch."""
    instance = claim.random_signs()
    assert claim.variance(instance).coefficients == (1,)
    assert [claim.brute_force(instance, b) for b in (1, 2, 7)] == [1, 1, 1]


def test_the_variance_can_increase_for_all_large_b():
    v = claim.variance(claim.rising())
    assert v.coefficients[:2] == (F(1, 16), F(-1, 4))
    assert v.decreasing_from() is None
    assert claim.brute_force(claim.rising(), 40) < claim.brute_force(claim.rising(), 41)


@given(fractions, fractions, st.integers(1, 4))
def test_the_law_of_total_variance(u, v, b):
    """var(g) = E var(g | w_0) + var E[g | w_0], with both parts from brute force given w_0."""
    law = Discrete([1, 2])
    starts = tuple(TeacherStudent([[[w]], [[1]]], [[[1]], [[1]]], law, F(1, 3)) for w in (u, v))
    instance = claim.Instance("two starts", starts, (F(1, 2), F(1, 2)), 1)
    means = [enumeration.mean_gradient(start, 1, 1, batch_size=b)[0, 0] for start in starts]
    inner = sum(enumeration.variance(start, 1, 1, batch_size=b) for start in starts) / 2
    assert claim.variance(instance)(b) == inner + (means[0] - means[1]) ** 2 / 4


def test_starts_must_share_everything_else():
    law = Discrete([1, 2])
    one, other = (TeacherStudent([[[1]]], [[[v]]], law, 1) for v in (0, 2))
    with pytest.raises(ValueError, match="starts must share teacher"):
        claim.Instance("mixed", (one, other), (F(1, 2), F(1, 2)), 0)
    with pytest.raises(ValueError, match="probabilities must be those of a law"):
        claim.Instance("no law", (one, one), (F(1, 2), F(1, 3)), 0)
