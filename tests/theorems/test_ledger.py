"""Every showcase of every claim: the statement as it should read holds, and the print fails where it is said to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from theory.claims import LEDGER, Claim, Evidence, Showcase


def showcases(must_fail: bool) -> list[Any]:
    return [
        pytest.param(claim, showcase, id=f"{claim.folder}: {showcase.name}", marks=pytest.mark.theorems(claim.id))
        for claim in LEDGER
        for showcase in claim.showcases
        if showcase.must_fail == must_fail
    ]


@pytest.mark.parametrize("claim, showcase", showcases(must_fail=False))
def test_the_statement_holds(ledger, claim: Claim, showcase: Showcase):
    ledger.record(claim.id, claim.check(showcase.make()))


@pytest.mark.parametrize("claim, showcase", showcases(must_fail=True))
def test_the_print_or_the_step_of_its_proof_fails(ledger, claim: Claim, showcase: Showcase):
    evidence = claim.check_of(showcase)(showcase.make())
    ledger.refuted(claim.id, evidence)
    assert shows_two_routes(evidence), f"{showcase.name}: a number must stand on both sides, or a route say that it is one computation"


def shows_two_routes(evidence: Evidence) -> bool:
    """Whether some number has a value by either route, or a route says in so many words that it is one computation."""
    left, right = evidence.left, evidence.right
    shared = isinstance(left, dict) and isinstance(right, dict) and left.keys() & right.keys()
    return bool(shared) or "one computation" in evidence.left_route + evidence.right_route


@pytest.mark.parametrize("claim", [pytest.param(c, id=c.folder, marks=pytest.mark.theorems(c.id)) for c in LEDGER])
def test_a_claim_has_a_statement_and_a_handful_of_instances_or_tests_of_its_own(claim: Claim):
    assert claim.title
    assert len(claim.showcases) >= 3 or Path(__file__).with_name(f"test_{claim.folder}.py").is_file()


def test_the_headlines_are_three():
    assert sum(bool(claim.statement.headline) for claim in LEDGER) == 3


def test_no_two_claims_share_a_name():
    assert len({claim.id.lower() for claim in LEDGER}) == len({claim.folder for claim in LEDGER}) == len(LEDGER)
