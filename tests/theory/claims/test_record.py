"""Claims and evidence check themselves when they are made."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from theory.claims import LEDGER, Evidence, Verdict
from theory.inverse_batch import InverseBatchPolynomial


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
        ({"check_printed": None}, "must show an instance on which the print fails"),
        ({"showcases": LEDGER[1].showcases[:1]}, "must show an instance on which the print fails"),
        ({"showcases": LEDGER[1].showcases[2:3]}, "must show an instance of the statement as it should read"),
        ({"showcases": tuple(replace(s, decisive=True) for s in LEDGER[1].showcases)}, "one showcase alone can be the decisive one"),
    ],
)
def test_a_claim_that_shows_too_little_is_refused(changes, message):
    assert LEDGER[1].verdict is Verdict.CORRECTED
    with pytest.raises(ValueError, match=message):
        replace(LEDGER[1], **changes)


def test_what_was_not_checked_says_why():
    with pytest.raises(ValueError, match="must say why"):
        Evidence("x", "y", "a", 1, "b", None, None)
    with pytest.raises(ValueError, match="the difference must be a number, but was NaN"):
        Evidence("x", "y", "a", 1, "b", 1, True, float("nan"))


def test_the_decisive_check_is_marked_or_the_first_that_bears_out_the_verdict():
    corrected = LEDGER[1]
    first, *rest = corrected.showcases
    assert corrected.verdict is Verdict.CORRECTED and not first.printed
    assert replace(corrected, showcases=(first, *rest)).decisive is next(s for s in rest if s.printed)
    assert replace(corrected, verdict=Verdict.HOLDS).decisive is first
    marked = replace(rest[0], decisive=True)
    assert replace(corrected, showcases=(first, marked, *rest[1:])).decisive is marked
