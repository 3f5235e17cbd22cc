"""The claims on products of letters hold on random multi-sets: each with its letters and sizes, and what it can afford to check."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis.strategies import SearchStrategy

from tests.mixed_products import deep_products, mixed_products
from theory.claims import LEDGER
from theory.claims.support.recursion_cases import MixedProduct
from theory.recursion import degree_bound, predicted_cost


def cheap_by_terms(instance: MixedProduct) -> bool:
    return degree_bound(instance.form) <= 4 and predicted_cost(instance.form, instance.problem, method="literal").seconds < 1


class Family(NamedTuple):
    """Random instances of a claim; `examples` None for as many as the profile has."""

    claim_id: str
    name: str
    instances: SearchStrategy[MixedProduct]
    examples: int | None = None
    affordable: Callable[[MixedProduct], bool] = lambda instance: True


FAMILIES = (
    Family("A.3", "two rows", mixed_products(("sample", "sample", "past", "weight", "teacher", "constant"), gradients=3)),
    Family("A.3", "many gradients in few rows", mixed_products(("sample", "weight"), gradients=4, rows=1, steps=0)),
    Family("A.4", "two rows", mixed_products(("now", "now", "past", "weight", "teacher", "constant"), gradients=3)),
    Family("A.5", "two steps", mixed_products(("unroll", "past", "weight", "weight", "teacher", "constant"), steps=2)),
    Family(
        "A.6",
        "one row",
        mixed_products(("unroll", "now", "past", "weight", "weight", "teacher", "constant"), rows=1, length=2, gradients=1),
        30,
        cheap_by_terms,
    ),
    Family("3.1", "two linear layers", mixed_products(("now", "weight"), gradients=4, rows=2, length=2), 40),
    Family("3.1", "deep networks", deep_products(step=1), 20),
    Family("3.2", "two linear layers", mixed_products(("unroll", "past", "weight"), steps=1, length=2)),
    Family(
        "3.3",
        "scalar layers",
        mixed_products(("unroll", "now", "weight"), rows=1, length=2, gradients=1, largest=1),
        20,
        cheap_by_terms,
    ),
)
CLAIMS = {claim.id: claim for claim in LEDGER}


@pytest.mark.parametrize(
    "family",
    [pytest.param(f, id=f"{CLAIMS[f.claim_id].folder}: {f.name}", marks=pytest.mark.theorems(f.claim_id)) for f in FAMILIES],
)
def test_random_multisets(ledger, family: Family):
    @(settings(max_examples=family.examples) if family.examples else settings())
    @given(family.instances)
    def holds(instance: MixedProduct) -> None:
        assume(family.affordable(instance))
        ledger.record(family.claim_id, CLAIMS[family.claim_id].check(instance))

    holds()
