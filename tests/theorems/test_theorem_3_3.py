"""Theorem 3.3 on random multi-sets; as printed, without a constant term, it fails."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings

from tests.mixed_products import mixed_products
from theory.claims.theorem_3_3 import CLAIM, check, check_printed
from theory.recursion import degree_bound, predicted_cost

pytestmark = pytest.mark.theorems("3.3")


@given(mixed_products(("unroll", "now", "weight"), rows=1, length=2, gradients=1, largest=1))
@settings(max_examples=20)
def test_random_multisets(ledger, instance):
    assume(degree_bound(instance.form) <= 4)
    assume(predicted_cost(instance.form, instance.problem, method="literal").seconds < 1)
    ledger.record("3.3", check(instance))


def test_random_products_do_not_judge_the_print():
    assert check_printed(CLAIM.showcases[0].make()).holds is None
