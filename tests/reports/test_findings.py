"""A verdict is confirmed by its evidence, or the findings say why not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from typing import Any

import pytest

from reports.findings import Outcome, examine, select
from tests.reports.cli.fakes import agree, broken, claim, differ, one_showcase, undecided
from theory.claims.record import Evidence, Showcase, Verdict


def test_evidence_as_the_verdict_says_is_confirmed() -> None:
    findings = examine(claim())
    assert findings.confirmed and findings.largest_difference == 0
    assert [e.outcome for e in findings.examined] == [Outcome.HOLDS, Outcome.HOLDS, Outcome.FAILS]


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_failing_instance_contradicts_every_verdict(verdict: Verdict) -> None:
    findings = examine(claim(verdict=verdict, check=differ))
    assert not findings.confirmed and "case 0: fails, but should hold" in findings.problems


def test_a_print_that_holds_where_it_should_fail_is_a_contradiction() -> None:
    findings = examine(claim(check_printed=agree))
    assert any("printed statement holds, but should fail" in p for p in findings.problems)
    assert "no instance was shown on which the printed statement fails" in findings.problems


def test_what_was_not_checked_never_counts_as_holding() -> None:
    findings = examine(claim(check=undecided))
    assert findings.not_checked == 2 and not findings.confirmed
    assert findings.problems == ("nothing was checked that supports the verdict",)
    assert findings.largest_difference is None


def test_one_unchecked_instance_among_others_contradicts_nothing() -> None:
    def check(instance: Any) -> Evidence:
        return agree(instance) if instance == 1 else undecided(instance)

    findings = examine(claim(check=check, values=(1, 2)))
    assert findings.confirmed and findings.not_checked == 1


def test_a_check_that_raises_is_a_finding_not_a_pass() -> None:
    findings = examine(claim(check=broken))
    assert findings.examined[0].outcome is Outcome.BROKE
    assert "ZeroDivisionError: division by zero" in findings.problems[0]


def test_an_instance_that_cannot_be_made_is_a_finding() -> None:
    showcases = (Showcase("only", lambda: 1 // 0),)
    findings = examine(claim(verdict=Verdict.HOLDS, showcases=showcases))
    assert "check broke off: ZeroDivisionError" in findings.problems[0]


def test_holding_with_a_difference_beyond_the_tolerance_is_a_contradiction() -> None:
    def check(instance: Any) -> Evidence:
        return replace(agree(instance), difference=F(1, 10**30))

    findings = examine(claim(check=check))
    assert not findings.confirmed and "above the tolerance" in findings.problems[0]


def test_a_claim_that_holds_needs_no_refutation() -> None:
    assert examine(claim(verdict=Verdict.HOLDS, showcases=one_showcase())).confirmed


def test_selection_keeps_the_order_of_the_ledger_and_names_unknown_ids() -> None:
    ledger = (claim("T.1"), claim("T.2"), claim("3.4"))
    assert [c.id for c in select(ledger, ["3.4", "t.1"])] == ["T.1", "3.4"]
    assert select(ledger, []) == ledger
    with pytest.raises(ValueError, match=r"id must be one of .*T\.1, T\.2, 3\.4.*'a\.9'"):
        select(ledger, ["A.9"])
