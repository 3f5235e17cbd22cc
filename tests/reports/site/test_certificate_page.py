"""The certificate as a page and as a file: in every site, drawn, linked with the conjecture, with the file's numbers."""

from __future__ import annotations

import json
from pathlib import Path

from reports.site.build import build
from reports.site.certificate_page import CLAIM, DATA, FILE, make
from reports.site.claim_page import page_name
from tests.reports.site.pages import defects
from theory.claims import LEDGER


def test_the_page_has_every_minor_of_the_file():
    made = make(LEDGER)
    assert set(made) == {FILE, DATA}
    for block in json.loads(made[DATA])["blocks"]:
        for minor in block["minors"]:
            assert f"<td>{', '.join(f'{c:,}' for c in minor)}</td>" in made[FILE]
    assert "\\(" not in made[FILE] and "\\varepsilon" not in made[FILE]


def test_it_links_to_the_conjecture_where_that_is_in_the_site(tmp_path: Path):
    assert f'href="{page_name(CLAIM)}"' in make(LEDGER)[FILE] and 'href="conj' not in make(())[FILE]
    site = build((), tmp_path / "site").index.parent
    assert defects(site) == []
    assert f'<a href="{FILE}">Certificate</a>' in (site / "index.html").read_text(encoding="utf-8")
