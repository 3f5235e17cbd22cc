"""The site: sound pages, verdicts that evidence bears out or red ones, and never half a site."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.findings import examine
from reports.site import build as building
from reports.site.build import build
from reports.site.claim_page import claim_page, page_name
from reports.text.mathml import MathError
from tests.reports.cli.fakes import POLYNOMIAL, agree, broken, claim, differ, one_showcase, undecided
from tests.reports.site.pages import PHONE, browser, defects, widths
from theory.claims import LEDGER
from theory.claims.manuscript_lines import parse_place
from theory.claims.record import Evidence, Verdict

FAKES = (
    claim("T.1", values=(1, POLYNOMIAL, {"degree": 7**200, "bound": 6})),
    claim("T.2", Verdict.HOLDS, corrected="", showcases=one_showcase()),
    claim("9.1 loss", Verdict.REFUTED),
    claim("conjecture & more", Verdict.OPEN, showcases=one_showcase()),
)

#: In every site, whatever its claims.
ALWAYS = {"index.html", "errata.html", "errata.md", "certificate.html", "certificate.json"}


def text(html: str) -> str:
    """A page without its style, tags and drawings."""
    html = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def test_pages_are_sound_and_link_to_each_other(tmp_path: Path) -> None:
    report = build(FAKES, tmp_path / "site")
    assert report.confirmed and report.index == tmp_path / "site" / "index.html"
    assert {p.name for p in report.index.parent.iterdir()} == {*ALWAYS, *(page_name(c.id) for c in FAKES)}
    assert defects(report.index.parent) == []


def test_a_page_shows_all_that_the_claim_holds(tmp_path: Path) -> None:
    html = claim_page(examine(FAKES[0]), seed=3)
    shown = text(html)
    expected = (
        "As printed",
        "As it should read",
        "holds, corrected",
        "Lines 1-2, Theorem T",
        "printed proof: slips",
        "The proof as printed: line 3: a sign.",
        "By induction on",
        "first route",
        "second route",
    )
    for words in (
        *expected,
        "A remark.",
        "pytest -m theorems tests/theorems -k theorem_x",
        "batchlaw verify T.1",
        "seed 3",
    ):
        assert words in shown, words
    assert (
        html.count("<math") > 6 and html.count("<figure>") == 1 and '<span class="about">T.1: both sides; T.1: differences</span>' in html
    )
    assert all(
        "<title " in drawing and "<desc " in drawing and 'role="img"' in drawing
        for drawing in re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    )
    for name in ("batchlaw", "Python", "numpy", "python-flint", "FLINT"):
        assert re.search(rf"{name} \S", shown)


def test_the_difference_between_print_and_correction_is_marked() -> None:
    html = claim_page(examine(FAKES[0]))
    assert re.search(r"<del><math", html) and re.search(r"<ins><math", html)


@pytest.mark.parametrize("check", [differ, broken])
def test_evidence_against_the_verdict_is_an_alarm_on_page_and_index(check: Any, tmp_path: Path) -> None:
    report = build((claim("T.1"), claim("T.2", check=check)), tmp_path / "site")
    assert not report.confirmed
    page, index = (report.index.with_name(n).read_text(encoding="utf-8") for n in ("t-2.html", "index.html"))
    assert 'class="alarm" role="alert"' in page and "The verdict is not confirmed" in page
    assert "1 claim is not confirmed" in index and index.count("✗</span> not confirmed") == 1
    assert 'class="alarm"' not in report.index.with_name("t-1.html").read_text(encoding="utf-8")
    assert defects(report.index.parent) == []


def test_what_was_not_checked_is_never_shown_as_holding() -> None:
    def check(instance: Any) -> Evidence:
        return agree(instance) if instance == 1 else undecided(instance)

    html = claim_page(examine(claim(check=check, values=(1, 2))))
    assert "Not checked: y is too large" in text(html) and "1 of 2 hold" in text(html)
    assert len(re.findall(r'<span class="outcome holds">', html)) == 1
    assert len(re.findall(r'<span class="outcome quiet">', html)) == 1


def test_evidence_is_text_and_cannot_break_the_page(tmp_path: Path) -> None:
    def check(instance: Any) -> Evidence:
        return replace(agree(instance), statement=r"<b>a</b> & \(x < y\)", instance="<script>", left={"</dd>": 1}, left_route="a < b")

    build((claim(check=check),), tmp_path / "site")
    assert defects(tmp_path / "site") == []


def test_the_same_seed_makes_the_same_site(tmp_path: Path) -> None:
    first, second = (build(FAKES[:2], tmp_path / name).index.parent for name in "ab")
    assert {p.name: p.read_bytes() for p in first.iterdir()} == {p.name: p.read_bytes() for p in second.iterdir()}


def test_two_processes_make_the_same_site(tmp_path: Path) -> None:
    claims = [c for c in LEDGER if c.id in ("A.4", "A.5", "3.1")]
    first, second = (build(claims, tmp_path / str(n), workers=n).index.parent for n in (1, 2))
    assert {p.name: p.read_bytes() for p in first.iterdir()} == {p.name: p.read_bytes() for p in second.iterdir()}


def test_claims_outside_the_ledger_are_examined_in_this_process(tmp_path: Path) -> None:
    claims = (*(c for c in LEDGER if c.id == "A.5"), claim("T.1"))
    assert build(claims, tmp_path / "site", workers=2).confirmed


def test_what_holds_as_printed_is_made_precise_and_not_marked() -> None:
    html = claim_page(examine(claim(verdict=Verdict.HOLDS)))
    assert "More precisely" in text(html) and "As it should read" not in text(html)
    assert "<del>" not in html and "<ins>" not in html


def test_latex_in_source_and_instances_is_drawn() -> None:
    def check(instance: Any) -> Evidence:
        return replace(agree(instance), instance=r"\(w_0 = 1\), \(\alpha < 1\)", reason=r"for \(b\)")

    html = claim_page(examine(claim(check=check, source=parse_place(r"Line 3, \(r\)"))))
    assert "\\(" not in html and "<mi>r</mi>" in html and "<mi>α</mi>" in html


def test_latex_that_cannot_be_drawn_names_the_claim(tmp_path: Path) -> None:
    with pytest.raises(MathError, match=r"claim T\.7: .*nonsense"):
        build((claim("T.7", remarks=(r"\(\nonsense\)",)),), tmp_path / "site")
    assert list(tmp_path.iterdir()) == []


def test_an_old_site_is_replaced_as_a_whole(tmp_path: Path) -> None:
    build(FAKES[1:3], tmp_path / "site")
    build(FAKES[:1], tmp_path / "site")
    assert {p.name for p in (tmp_path / "site").iterdir()} == {*ALWAYS, "t-1.html"}
    assert [p.name for p in tmp_path.iterdir()] == ["site"]


def test_a_directory_that_is_no_site_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("ten years of work", encoding="utf-8")
    with pytest.raises(ValueError, match="out must be a new directory or a site made earlier"):
        build(FAKES[:1], tmp_path)
    assert (tmp_path / "thesis.tex").read_text(encoding="utf-8") == "ten years of work"


def test_a_failure_while_writing_leaves_the_old_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = build(FAKES[1:2], tmp_path / "site").index.read_bytes()

    def refuse(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(building.os, "rename", refuse)
    with pytest.raises(OSError, match="disk full"):
        build(FAKES[:1], tmp_path / "site")
    monkeypatch.undo()
    assert (tmp_path / "site" / "index.html").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["site"]


@pytest.mark.slow
def test_the_real_ledger_is_confirmed_on_sound_pages_that_fit_a_phone(tmp_path: Path) -> None:
    report = build(LEDGER, tmp_path / "site")
    assert [f"{f.claim_id}: {p}" for f in report.findings for p in f.problems] == []
    assert defects(report.index.parent) == []
    if browser() is None:
        warnings.warn("SKIPPED: no Chromium here, so the width of the real pages was not measured", stacklevel=1)
        return
    assert {name: w for name, w in widths(report.index.parent).items() if w > PHONE} == {}


@pytest.mark.slow
def test_pages_with_wide_contents_fit_a_phone(tmp_path: Path) -> None:
    if browser() is None:
        pytest.skip("SKIPPED: no Chromium here, so the width of the pages was not measured")
    wide = r"\[ " + " + ".join(f"a_{{{i}}} b^{{-{i}}}" for i in range(60)) + r" \]" + r" and \(" + "x" * 200 + r"\) " + "w" * 300
    claims = (
        *FAKES,
        claim("bad", check=differ),
        claim("wide", printed=wide, corrected=wide, remarks=(wide,), title=wide, module="x" * 300),
    )
    build(claims, tmp_path / "site")
    measured = widths(tmp_path / "site")
    assert len(measured) == 9 and {name: w for name, w in measured.items() if w > PHONE} == {}
