"""Lines 313-315: the coefficients are homogeneous in the weights and the learning rates, and so bounded by a power of the weights."""

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import discrete_laws, positive_fractions, problems
from theory import Gaussian, TeacherStudent
from theory.claims import coefficient_scale as claim
from theory.references.symbolic import SymbolicNetwork
from theory.variance_poly import variance_polynomial

ID = "scale"
pytestmark = pytest.mark.theorems(ID)
_POWERS = st.sampled_from([(0, 1), (0, 0, 1), (0, 0, 0, 1)])
_SIZES = st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 1, 1, 1)])


@given(
    problems(_SIZES, lambda p: discrete_laws(p, 2), _POWERS, 1),
    positive_fractions,
    st.data(),
)
def test_two_atoms(ledger, problem, factor, data):
    layer = data.draw(st.integers(1, problem.depth))
    ledger.record(ID, claim.check(claim.Scaled(repr(problem.inputs), problem, 1, layer, factor, (1, 2))))


@given(*[st.fractions(-1, 1, max_denominator=8)] * 4, st.fractions(0, 1, max_denominator=8), positive_fractions, positive_fractions)
def test_the_bound(w1, w2, v1, v2, rate, size, deviation):
    """|beta_i| <= K_i R^6 sigma^4 where the weights are at most R and alpha R^2 sigma^2 <= 1; K_i sums absolute coefficients."""
    bounds = claim.check(claim.EveryNetwork((1, 1, 1), 1, 1)).left
    rate = rate / (size * deviation) ** 2
    problem = TeacherStudent(
        [[[size * w1]], [[size * w2]]], [[[size * v1]], [[size * v2]]], Gaussian(cov=[[deviation**2]]), learning_rates=rate
    )
    for i, beta in enumerate(variance_polynomial(problem, 1, 1).coefficients[1:], start=1):
        assert abs(beta) <= bounds[rf"sum of absolute coefficients, \(i\) = {i}"] * size**6 * deviation**4


def test_with_fixed_learning_rates_the_last_coefficient_grows_like_the_eighteenth_power():
    def last(size: int) -> F:
        problem = TeacherStudent([[[size]], [[size]]], [[[-size]], [[size]]], Gaussian(1), learning_rates=1)
        return F(variance_polynomial(problem, 1, 1).coefficients[6])

    assert last(10) == 10**18 * last(1) != 0


def test_a_wrong_power_is_seen(monkeypatch):
    monkeypatch.setattr(claim, "gradient_degree", lambda *a, **k: 4)
    assert claim.check(claim.scalar_gaussian()).holds is False
    honest = SymbolicNetwork.variance_by_partitions
    monkeypatch.setattr(SymbolicNetwork, "variance_by_partitions", lambda self, *a: honest(self, *a) * self.context.gens()[0])
    monkeypatch.setattr(SymbolicNetwork, "variance_by_generator", SymbolicNetwork.variance_by_partitions)
    assert claim.check(claim.EveryNetwork((1, 1, 1), 0, 1)).holds is False
