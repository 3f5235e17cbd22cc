"""The errata as a page and as Markdown: all of them in both, drawn, linked with the claims' pages, in every site."""

from __future__ import annotations

import re
from pathlib import Path

from reports.findings import examine
from reports.site.build import build
from reports.site.claim_page import claim_page, page_name
from reports.site.errata_page import FILE, MARKDOWN, make
from tests.reports.cli.fakes import claim
from tests.reports.site.pages import defects
from theory.claims import LEDGER
from theory.claims.errata import errata_of, read_errata


def test_page_and_markdown_hold_every_erratum():
    made = make(LEDGER)
    assert set(made) == {FILE, MARKDOWN}
    errata = read_errata()
    assert made[FILE].count("<article") == made[MARKDOWN].count("\n### ") == len(errata)
    assert all(f'id="{e.anchor}"' in made[FILE] and f"### {e.where} · " in made[MARKDOWN] for e in errata)
    assert "\\(" not in made[FILE] and "\\frac" not in made[FILE]


def test_markdown_has_its_latex_between_dollars_and_links_to_the_claims_of_the_site():
    text = make(LEDGER)[MARKDOWN]
    assert r"$\sum_{s \in [0:S]} Q_s \frac{1}{b^s}$" in text and "[Theorem 3.4](3-4.html) (holds, corrected)" in text
    assert not re.search(r"\\[()\[\]]|<[a-z/]|&[a-z]+;", text) and text.replace("$$", "").count("$") % 2 == 0
    assert "](" not in make(())[MARKDOWN] and 'class="badge' not in make(())[FILE]


def test_claims_and_errata_link_to_each_other(tmp_path: Path):
    claims = [c for c in LEDGER if c.id in ("A.5", "3.2")]
    site = build(claims, tmp_path / "site").index.parent
    assert defects(site) == []
    (erratum,) = errata_of("A.5", read_errata())
    assert f'href="{FILE}#{erratum.anchor}"' in (site / page_name("A.5")).read_text(encoding="utf-8")
    page, index = ((site / name).read_text(encoding="utf-8") for name in (FILE, "index.html"))
    assert f'href="{page_name("A.5")}"' in page and f'href="{page_name("A.7")}"' not in page
    assert f'<a href="{FILE}">Errata</a>' in index
    assert (site / MARKDOWN).read_text(encoding="utf-8").startswith("# Errata\n")


def test_a_site_with_its_markdown_is_replaced_and_a_claim_without_errata_has_no_such_section(tmp_path: Path):
    for _ in range(2):
        build((), tmp_path / "site")
    assert {p.name for p in (tmp_path / "site").iterdir()} == {"index.html", FILE, MARKDOWN, "certificate.html", "certificate.json"}
    assert 'id="errata"' not in claim_page(examine(claim("T.1"))) and 'id="errata"' in claim_page(examine(claim("A.5")))
