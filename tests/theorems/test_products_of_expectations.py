"""Lines 290-292: var(g), E L and var(L) from expectations of products of letters; footnote 3 multiplies two of them."""

from fractions import Fraction as F

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import discrete_laws, problems
from theory.claims import products_of_expectations as claim
from theory.claims.support.gradient_at_step import GradientAtStep
from theory.inverse_batch import InverseBatchPolynomial

ID = "3.1.2 terms"
pytestmark = pytest.mark.theorems(ID)
_SIZES = st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 2, 1)])


@given(
    problems(_SIZES, lambda p: discrete_laws(p, 2), steps=1),
    st.integers(0, 1),
    st.integers(1, 2),
)
@settings(max_examples=20)
def test_two_atoms(ledger, problem, step, layer):
    ledger.record(ID, claim.check(GradientAtStep(repr(problem.inputs), problem, step, layer, (1, 2))))


def test_a_constant_in_the_place_of_one_factor_would_depend_on_the_batch_size():
    # ||E g||^2 = E tr(C g) takes C = E g
    problem = claim.scalar().problem
    (entry,) = claim.entries(problem, 1, 1)
    mean = claim.expectation(problem, entry)
    assert mean.coefficients == (F(-1, 8), F(1, 8))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_wrong_side_is_seen(monkeypatch, place):
    """The trace of the squared gradient, the loss or its square."""
    honest, degrees = claim.expectation, []

    def shifted(problem, form):
        degrees.append(form)
        kind = 1 if len(degrees) == 1 else 2 if len(degrees) == 2 else 0 if len(degrees) == 3 else None
        return honest(problem, form) + InverseBatchPolynomial([0, F(1, 1000) if kind == place else 0])

    monkeypatch.setattr(claim, "expectation", shifted)
    assert claim.check(claim.wide()).holds is False
