"""Lines 271-275: one step back, power by power of 1/b, for the mean of a product; not for the product."""

from fractions import Fraction as F

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import fractions
from theory.claims import products_at_a_step as claim
from theory.claims.support.recursion_cases import MixedProduct
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.trace_forms import W, g

ID = "3.1.1 step back"
pytestmark = pytest.mark.theorems(ID)


@given(fractions, fractions, st.sampled_from([(g(1, 1), g(1, 2)), (g(1, 2), W(1, 1)), (g(1, 1).T @ W(1, 1), g(0, 2))]), st.integers(0, 1))
@settings(max_examples=15)
def test_scalar_products(ledger, w, v, rows, first):
    problem = TeacherStudent([[[w]], [[1]]], [[[v]], [[1]]], Discrete([1, 2], [F(1, 3), F(2, 3)]), F(1, 2))
    ledger.record(ID, claim.check(MixedProduct(problem, rows, history=((first,),))))


def test_a_scalar_gradient_by_hand():
    # w = (1, 1), w* = 0, alpha = 1/2, x = 1 first: w_1 = (1/2, 1/2), g_{1,1} = x^2 / 8, x in {1, 2}
    evidence = claim.check_printed(claim.scalar_gradient())
    assert evidence.left["b = 1"] == (F(5, 16), F(9, 256)) == ((F(1, 8) + F(1, 2)) / 2, ((F(1, 2) - F(1, 8)) / 2) ** 2)


def test_a_product_that_is_fixed_does_not_refute():
    problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[1]]], Discrete([1]), F(1, 2))
    assert claim.check_printed(MixedProduct(problem, (g(1, 1),), history=((0,),))).holds is True


def test_letters_of_the_step_itself_are_seen(monkeypatch):
    monkeypatch.setattr(claim, "unroll", lambda form, *_: form)
    evidence = claim.check(claim.scalar_gradient())
    assert evidence.holds is False and "letters of step 1" in evidence.reason
