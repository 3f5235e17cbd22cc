"""Statements are read strictly, stand in the ledger's order of sections, and are shipped with the package."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from theory.claims import LEDGER, Claim, Verdict, errata
from theory.claims.grades import Importance, PrintedProof, ProofGrade
from theory.claims.manuscript_lines import Place
from theory.claims.statement import FILE, SECTIONS, Statement, parse_statement, read_statement

ROOT = Path(__file__).resolve().parents[3]
HEAD = "\n## Source\n\nLine 1\n\n## Importance\n\nremark\n\n## Found\n\nIt is\ntrue.\n"
BODY = (
    HEAD + "\n## Printed\n\nFor \\(a\n&lt; b\\).\n\nThen.\n\n## Proof as printed\n\nslips · line 3:\na sign\n\n## Shown for\n\none\nlayer\n"
)
SHORT = "# T · U\n" + BODY


def test_every_part_of_a_statement():
    lists = "\n## Hypotheses\n\n- one\n  that goes on\n- two\n"
    lists += "\n## Proof\n\nSee above.\n"
    lists += "\n## Showcases\n\n- degree 6 > 3 · the smallest\n- one: x · 2\n\n## Remarks\n\n- a sign\n"
    assert parse_statement(SHORT + lists) == Statement(
        "T",
        "U",
        Place(((1, 1),)),
        Importance.REMARK,
        "It is true.",
        r"<p>For \(a &lt; b\).</p><p>Then.</p>",
        PrintedProof(ProofGrade.SLIPS, "line 3: a sign"),
        "one layer",
        hypotheses=("one that goes on", "two"),
        proof="<p>See above.</p>",
        showcases={"degree 6 > 3": "the smallest", "one: x": "2"},
        remarks=("a sign",),
    )


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "the first line must be '# name · title', but was ''"),
        ("T\n" + SHORT, "the first line must be '# name · title', but was 'T'"),
        ("T · U\n" + BODY, "the first line must be '# name · title', but was 'T · U'"),
        ("# T\n" + BODY, "the first line must be '# name · title', but was '# T'"),
        ("# T · \n" + BODY, "title must not be empty"),
        ("# T · U\nstray\n" + BODY, "text must stand in a section, but 'stray' stands before the first"),
        (SHORT + "## Remark\n\n- one\n", "a heading must be one of .* but was '## Remark'"),
        (SHORT + "# Remarks\n\n- one\n", "a heading must be one of .* but was '# Remarks'"),
        (SHORT + "## Printed\n\ntwice\n", "each once, but was '## Printed'"),
        (SHORT + "## Proof\n\nabove\n\n## Corrected\n\nlate\n", "must come in the order .*, Shown for, Proof, Corrected"),
        (SHORT[: SHORT.index("## Proof as printed")], "a section is missing: Proof as printed, Shown for"),
        (SHORT.replace("Line 1", "page 1"), "a place must be 'Line N' or 'Lines N-M, ...', and then its name, but was 'page 1'"),
        (SHORT.replace("Line 1", "Lines 9, 1-3, Theorem 1"), "the lines must increase, but were Lines 9, 1-3, Theorem 1"),
        (SHORT.replace("remark", "large"), "an importance must be one of central, supporting, remark, but was 'large'"),
        (SHORT.replace("slips", "wobbles"), "a printed proof must begin with one of closes, slips, .* but was 'wobbles · line 3: a sign'"),
        (SHORT.replace("slips · line 3:\na sign", "has a gap"), "a proof that has a gap must say where"),
        (SHORT + "## Proof\n\n## Remarks\n\n- a sign\n", "a section must not be empty: Proof"),
        (SHORT + "## Showcases\n\n- a: note\n", "must be 'name · note', each name once, but was 'a: note'"),
        (SHORT + "## Showcases\n\n- one · a\n- one · b\n", "each name once, but was 'one · b'"),
        (SHORT + "## Remarks\n\na sign\n", "a line of a list must begin with '- ' .* but was 'a sign'"),
        (SHORT + "## Remarks\n\n- a sign\nand more\n", "but was 'and more'"),
    ],
)
def test_what_breaks_the_form_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_statement(text)


def test_a_statement_that_is_missing_names_its_claim():
    with pytest.raises(ValueError, match=r"^statement\.md of theory\.claims\.support: .*No such file"):
        read_statement("theory.claims.support")


def test_a_claim_whose_print_fails_must_say_what_is_true():
    holds = next(c for c in LEDGER if c.id == "A.1")
    assert not holds.statement.corrected
    with pytest.raises(ValueError, match=r"claim 'A\.1': must state what is true"):
        replace(holds, verdict=Verdict.CORRECTED, check_printed=holds.check, showcases=_with_print(holds)).statement  # noqa: B018
    with pytest.raises(ValueError, match="must show an instance on which the print fails"):
        replace(holds, verdict=Verdict.REFUTED)


def test_a_note_names_a_showcase():
    claim = next(c for c in LEDGER if c.id == "3.4")
    assert claim.statement.showcases["degree 23 > 15"] == "the second bound fails too"
    with pytest.raises(ValueError, match=r"claim '3\.4': .* must name one of them, but names degree 23 > 15"):
        replace(claim, showcases=tuple(s for s in claim.showcases if s.name != "degree 23 > 15")).statement  # noqa: B018


def _with_print(claim: Claim):
    return (*claim.showcases, replace(claim.showcases[0], printed=True))


def test_statements_and_errata_are_shipped():
    """setuptools takes into a wheel the packages whose names match, and from each of them these files."""
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    assert "theory*" in setuptools["packages"]["find"]["include"] and {FILE, errata.FILE} <= set(setuptools["package-data"]["*"])
    folders = {path.parent for path in (ROOT / "theory").rglob(FILE)}
    assert folders == {ROOT.joinpath(*claim.module.split(".")) for claim in LEDGER}
    assert all((folder / "__init__.py").is_file() for folder in folders)


def test_every_section_is_of_use():
    assert {name for name in SECTIONS for c in LEDGER if getattr(c.statement, name.lower().replace(" ", "_"))} == set(SECTIONS)
