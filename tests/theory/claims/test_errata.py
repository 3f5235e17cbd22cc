"""Errata are read strictly, in the order of the lines; they know the ledger, and the ledger has no other list of them."""

from __future__ import annotations

import re

import pytest

from theory.claims import LEDGER, Verdict
from theory.claims.errata import Erratum, Weight, errata_of, parse_errata, read_errata
from theory.claims.manuscript_lines import Place

ONE = "## Line 3 · A sign\n\n- Printed: \\(a\n  + b\\)\n- Should read: \\(a - b\\)\n- Weight: print\n"
TWO = (
    "## Lines 5-6, 9, Theorem 1 · A bound\n\n- Printed: 3\n- Should read: 4\n- Why: 3 < 4\n- Weight: statement\n- Claims: A.1, random w_0\n"
)


def test_every_part_of_an_erratum():
    first, second = parse_errata("# Errata\n\n" + ONE + "\n" + TWO)
    assert first == Erratum(Place(((3, 3),)), "A sign", r"\(a + b\)", r"\(a - b\)", Weight.PRINT)
    place = Place(((5, 6), (9, 9)), "Theorem 1")
    assert second == Erratum(place, "A bound", "3", "4", Weight.STATEMENT, "3 < 4", ("A.1", "random w_0"))
    assert (second.where, second.anchor) == ("Lines 5-6, 9, Theorem 1", "line-5-6-9-theorem-1")
    assert errata_of("A.1", (first, second)) == (second,) and errata_of("A.2", (first, second)) == ()


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "the first line must be '# Errata', but was ''"),
        ("# Errata\nstray\n" + ONE, "text must stand below a heading, but 'stray'"),
        ("# Errata\n" + ONE.replace("Line 3", "Line x"), "a heading must be '## Line N · title' .* but was '## Line x · A sign'"),
        ("# Errata\n" + ONE.replace(" · A sign", ""), "a heading must be .* but was '## Line 3'"),
        ("# Errata\n" + ONE.replace("print", "spelling"), "'## Line 3 · A sign': Weight must be one of statement, proof, print, but was"),
        ("# Errata\n" + ONE.replace("print", "proof"), "Line 3: what changes a proof must say why"),
        ("# Errata\n" + ONE.replace("- Weight: print\n", ""), "an item is missing: Weight"),
        ("# Errata\n" + ONE + "- Weight: print\n", "each once, with a colon and its text, but was 'Weight: print'"),
        ("# Errata\n" + ONE + "- Remark: no\n", "an item must be one of Printed, .* but was 'Remark: no'"),
        ("# Errata\n" + ONE + "- Why: late\n", "must come in the order .* but came as Printed, Should read, Weight, Why"),
        ("# Errata\n" + ONE + "stray\n", "a line of a list must begin with '- ' .* but was 'stray'"),
        ("# Errata\n" + TWO + ONE, "in the order of their lines, but Line 3 comes after Lines 5-6, 9, Theorem 1"),
        ("# Errata\n" + ONE + ONE, "there are two of Line 3"),
        ("# Errata\n" + TWO.replace("5-6, 9", "9, 5-6"), "the lines must increase, but were Lines 9, 5-6"),
        ("# Errata\n" + TWO.replace("5-6", "6-5"), "the lines must increase"),
    ],
)
def test_what_breaks_the_form_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_errata(text)


def test_the_evidence_of_an_erratum_is_a_claim_and_what_the_ledger_corrects_is_an_erratum():
    errata, ids = read_errata(), {claim.id for claim in LEDGER}
    assert [f"{e.where}: {claim}" for e in errata for claim in e.claims if claim not in ids] == []
    changed = {Verdict.MISPRINTED: Weight.PRINT, Verdict.CORRECTED: Weight.STATEMENT, Verdict.REFUTED: Weight.STATEMENT}
    weights = {claim.id: {e.weight for e in errata_of(claim.id, errata)} for claim in LEDGER}
    assert [claim.id for claim in LEDGER if claim.verdict in changed and changed[claim.verdict] not in weights[claim.id]] == []
    assert [claim.id for claim in LEDGER if claim.statement.proof_as_printed.grade.is_fault and not weights[claim.id]] == []
    assert all(errata_of(e.claims[0], errata) for e in errata if e.claims)


def test_errata_are_plain_text_within_the_lines_of_the_manuscript():
    for erratum in read_errata():
        assert erratum.place.lines[-1][1] <= 1006, erratum.where
        for text in (erratum.title, erratum.printed, erratum.should_read, erratum.why):
            assert not re.search(r"</?[a-z]+>|&[a-z]+;|\$", text), erratum.where
        assert erratum.printed != erratum.should_read, erratum.where
