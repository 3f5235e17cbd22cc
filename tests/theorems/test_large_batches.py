"""Lines 303, 659-664: the first two coefficients of the variance, and the first of the loss, on random networks."""

from dataclasses import replace
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import discrete_laws, gaussians, problems, two_layer_sizes
from theory.claims import large_batches as claim
from theory.large_batch import all_directions

ID = "large batches"
pytestmark = pytest.mark.theorems(ID)
_POLYNOMIALS = st.sampled_from([(0, 1), (1, F(1, 2), 1)])


@given(problems(two_layer_sizes(2), gaussians, steps=1), st.integers(0, 1), st.data())
def test_gaussian_inputs(ledger, problem, step, data):
    layer = data.draw(st.integers(1, problem.depth))
    ledger.record(ID, claim.check(claim.Noise(repr(problem.inputs), problem, step, layer)))
    ledger.record(ID, claim.check(claim.Loss(repr(problem.inputs), problem, step)))


@given(problems(st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 1, 1, 1)]), lambda p: discrete_laws(p, 2), _POLYNOMIALS, 1), st.data())
def test_two_atoms(ledger, problem, data):
    layer = data.draw(st.integers(1, problem.depth))
    ledger.record(ID, claim.check(claim.Noise(repr(problem.inputs), problem, 1, layer)))


def test_a_wrong_share_is_seen(monkeypatch):
    honest = all_directions.sum_over_directions

    def doubled(setting, term, steps, noise, shares):
        return honest(setting, replace(term, divisor=2 * term.divisor), steps, noise, shares)

    for instance in (claim.gaussian(), claim.saddle()):
        assert claim.check(instance).holds
        monkeypatch.setattr("theory.large_batch.methods.sum_over_directions", doubled)
        assert claim.check(instance).holds is False
        monkeypatch.undo()
