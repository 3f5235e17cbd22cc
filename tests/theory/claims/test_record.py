"""Claims and evidence check themselves when they are made."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from theory.claims import LEDGER, Evidence, Showcase, Verdict
from theory.claims.record import in_the_order_of_the_paper
from theory.inverse_batch import InverseBatchPolynomial

CORRECTED = next(claim for claim in LEDGER if claim.id == "A.3")


def evidence(left: Any, **more: Any) -> Evidence:
    return Evidence("x = y", "x = 1", "one way", left, "another", 1, True, F(0), **more)


@pytest.mark.parametrize(
    "left",
    [
        1,
        F(1, 2),
        0.5,
        arb(2),
        None,
        InverseBatchPolynomial([0, 1]),
        (1, [F(1, 2), None]),
        np.array([[F(1), 2]], dtype=object),
        {"b = 1": (1, 2)},
    ],
)
def test_a_side_holds_numbers(left):
    assert evidence(left).left is left


@pytest.mark.parametrize("left", ["1/2", ("1",), {"b = 1": "1/2"}, np.array([["a"]]), fmpq(1, 2), object()])
def test_text_and_what_is_no_number_is_refused(left):
    with pytest.raises(TypeError, match="left must hold numbers"):
        evidence(left)


def test_evidence_is_written_for_a_terminal():
    text = str(evidence({"b = 1": F(1, 2), "ball": arb(2), "long": 7**9000}, reason="a term is lost"))
    assert text.startswith("x = y: holds (a term is lost)\n  instance: x = 1\n  one way: b = 1: 1/2; ball: 2.0")
    assert "(7606 characters)" in text and text.endswith("difference: 0 (tolerance 0.0)")
    assert "not checked (too large)" in str(Evidence("x", "y", "a", 1, "b", None, None, reason="too large"))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"id": " "}, "id must not be empty"),
        ({"figure": ""}, "figure must not be empty"),
        ({"check_printed": None}, "check_printed and showcases with printed=True must come together"),
        ({"showcases": CORRECTED.showcases[:1]}, "must show an instance on which the print fails"),
        ({"showcases": CORRECTED.showcases[-1:]}, "must show an instance of the statement as it should read"),
        ({"verdict": Verdict.HOLDS}, "must show an instance on which the print fails, and no other claim may"),
        ({"check_printed_proof": CORRECTED.check}, "check_printed_proof and showcases with printed_proof=True must come together"),
        ({"showcases": tuple(replace(s, decisive=True) for s in CORRECTED.showcases)}, "one showcase alone can be the decisive one"),
    ],
)
def test_a_claim_that_shows_too_little_or_what_its_verdict_denies_is_refused(changes, message):
    assert CORRECTED.verdict is Verdict.CORRECTED
    with pytest.raises(ValueError, match=message):
        replace(CORRECTED, **changes)


def test_a_showcase_is_of_the_statement_or_of_its_proof():
    with pytest.raises(ValueError, match="must be of the printed statement or of its proof, not of both"):
        Showcase("both", lambda: 1, printed=True, printed_proof=True)
    of_its_proof = next(s for c in LEDGER for s in c.showcases if s.printed_proof)
    with pytest.raises(ValueError, match=r"showcase must be one of claim 'A\.3', but was"):
        CORRECTED.check_of(of_its_proof)


def test_a_step_of_a_proof_fails_only_where_the_proof_is_graded_so():
    shown = replace(CORRECTED.showcases[0], printed_proof=True)
    claim = replace(CORRECTED, check_printed_proof=CORRECTED.check, showcases=(*CORRECTED.showcases, shown))
    with pytest.raises(ValueError, match="a printed proof of which a step fails must be graded so"):
        claim.statement  # noqa: B018


def test_the_order_of_the_paper_is_that_of_the_lines():
    ordered = in_the_order_of_the_paper(LEDGER)
    lines = [claim.statement.source.lines for claim in ordered]
    assert set(ordered) == set(LEDGER) and lines == sorted(lines)


def test_what_was_not_checked_says_why():
    with pytest.raises(ValueError, match="must say why"):
        Evidence("x", "y", "a", 1, "b", None, None)
    with pytest.raises(ValueError, match="the difference must be a number, but was NaN"):
        Evidence("x", "y", "a", 1, "b", 1, True, float("nan"))


def test_the_decisive_check_is_marked_or_the_first_that_bears_out_the_verdict():
    first, *rest = CORRECTED.showcases
    assert not first.printed and CORRECTED.decisive is next(s for s in rest if s.printed)
    marked = replace(rest[0], decisive=True)
    assert replace(CORRECTED, showcases=(first, marked, *rest[1:])).decisive is marked
    holds = next(c for c in LEDGER if c.verdict is Verdict.HOLDS and any(s.printed_proof for s in c.showcases))
    steps_first = tuple(sorted(holds.showcases, key=lambda s: not s.printed_proof))
    assert replace(holds, showcases=steps_first).decisive is holds.showcases[0]
