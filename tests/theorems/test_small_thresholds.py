"""b_0 = 1: small networks with Gaussian inputs and the learning rates of the paper's experiment."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import problems
from theory import Gaussian, TeacherStudent
from theory.claims import small_thresholds as claim

ID = "b_0"
pytestmark = pytest.mark.theorems(ID)


@given(problems(st.sampled_from([(1, 1, 1), (1, 2, 1), (1, 1, 2)]), lambda p: st.just(Gaussian(p)), steps=1), st.integers(1, 2))
@settings(max_examples=15)
def test_one_coordinate_after_one_step(ledger, problem, layer):
    instance = claim.Instance(repr(problem.inputs), problem, 1, layer, (1, 2, 4))
    if not any(claim.variance_polynomial(problem, 1, layer).coefficients):
        ledger.vacuous(ID, "no gradient at all")
        return
    ledger.record(ID, claim.check(instance))


def test_a_variance_that_rises_is_seen():
    identity = [[1, 0], [0, 1]]
    problem = TeacherStudent([identity, identity], [[[1, -8], [8, 1]], identity], Gaussian(2), learning_rates=1)
    assert claim.check(claim.Instance("rises from b = 1 to 2", problem, 1, 2)).holds is False
    assert claim.check(claim.Instance("rises from b = 1 to 2", problem, 1, 2, (2, 3))).holds is False


def test_a_wrong_side_is_seen(monkeypatch):
    honest = claim.variance_polynomial
    monkeypatch.setattr(claim, "variance_polynomial", lambda *a: honest(*a) * 2)
    assert claim.check(replace(claim.scalar(), batch_sizes=(1, 2))).holds is False
