"""Lemma A.8 on random networks; a list with a defect is noticed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import fractions, problems
from theory.claims.lemma_a8 import CLAIM, instance
from theory.claims.support import product_lists
from theory.claims.support.product_lists import OneSample, broken_products, check_list
from theory.polynomial_networks import gradient_products

pytestmark = pytest.mark.theorems("A.8")

SIZES = st.one_of(
    st.lists(st.integers(1, 3), min_size=2, max_size=3).map(tuple),
    st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2), st.integers(1, 3)),
)
ACTIVATIONS = st.tuples(fractions, fractions, fractions.filter(bool))


@given(problem=problems(SIZES, activation=ACTIVATIONS, steps=1), data=st.data())
def test_random_networks(ledger, problem, data):
    x = tuple(data.draw(st.lists(fractions, min_size=problem.sizes[0], max_size=problem.sizes[0])))
    ledger.record("A.8", CLAIM.check(OneSample("random", problem, x)))


def test_a_lost_product_a_wrong_sign_and_a_misplaced_letter_are_noticed(monkeypatch):
    def check_with(change):
        monkeypatch.setattr(product_lists, "gradient_products", lambda *a: iter(change(list(gradient_products(*a)))))
        return check_list(instance(2, 2))

    assert check_with(lambda products: products).holds
    assert check_with(lambda products: products[1:]).holds is False
    assert check_with(lambda products: [replace(products[0], coefficient=-products[0].coefficient), *products[1:]]).holds is False
    lost = check_with(lambda products: [replace(products[0], coefficient=F(0)), *products[1:]])
    assert lost.holds is False and lost.difference > 0


def test_what_is_wrong_with_a_list_is_said():
    problem = instance(2, 2).problem
    products = list(gradient_products(problem.sizes, problem.polynomial, 1))
    assert broken_products(problem, 1, products) == []
    letters = products[0].letters
    swapped = replace(products[0], letters=(letters[1], letters[0], *letters[2:]))
    assert "the product must chain" in broken_products(problem, 1, [swapped, *products[1:]])[0]
    assert "has shape (3, 3)" in broken_products(problem, 1, [replace(products[0], letters=(letters[0], letters[0].T)), *products[1:]])[0]
    assert "layer 1 has" in broken_products(problem, 1, products[1:])[0]
