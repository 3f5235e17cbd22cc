"""Theorem 3.1 on random products of gradients and weights of one step, without a C."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.mixed_products import mixed_products
from theory.claims.theorem_3_1 import check

pytestmark = pytest.mark.theorems("3.1")


@given(mixed_products(("now", "weight"), gradients=4, rows=2, length=2))
def test_random_multisets(ledger, instance):
    ledger.record("3.1", check(instance))
