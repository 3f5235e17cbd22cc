"""What one would send to the authors: the errata as a page, and as one Markdown file beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from typing import Any

from reports.site.cards import maths, words
from reports.site.claim_page import page_name
from reports.site.gradings import VERDICTS
from reports.site.render import page
from theory.claims.errata import Erratum, Weight, read_errata
from theory.claims.manuscript_lines import PAPER
from theory.claims.record import Claim

FILE, MARKDOWN = "errata.html", "errata.md"
COMMAND = "pytest -m theorems tests/theorems/test_errata.py"
#: The heading of each weight, what one says of so many of them, and what that means.
WEIGHTS = {
    Weight.STATEMENT: (
        "What changes a statement",
        "change a statement",
        "A theorem, or an assertion of the text, that is false as printed or says something else than is meant, by more than a letter.",
    ),
    Weight.PROOF: ("What changes a proof", "change a proof", "An argument that has to be changed; what it is to show stands."),
    Weight.PRINT: (
        "Only the print",
        "change only the print",
        "Letters, indices and words. What is meant can be seen from the neighbouring lines.",
    ),
}
ABOUT = (
    f"Lines are those of the manuscript “{PAPER}”. Numbers from 272 to 306, which the copy that was read does not show, are counted from "
    "their neighbours. Proofs that the paper leaves to its full version were not read, and nothing is said of them. The superscript b is "
    "left out where nothing depends on it."
)


def make(claims: Sequence[Claim], seed: int = 0) -> dict[str, str]:
    """The page and the Markdown file, by their names; links lead to those of the claims that are in the site."""
    errata = read_errata()
    known = {claim.id: claim for claim in claims}
    groups = [
        {
            "id": weight.value,
            "name": name,
            "says": says,
            "meaning": meaning,
            "errata": [_entry(erratum, known) for erratum in errata if erratum.weight is weight],
        }
        for weight, (name, says, meaning) in WEIGHTS.items()
    ]
    html = page(
        "errata.html.jinja",
        seed=seed,
        page_title="Errata · batchlaw",
        page_description="What is to be put right in the print, line by line",
        groups=groups,
        about=ABOUT,
        markdown=MARKDOWN,
        command=COMMAND,
    )
    return {FILE: html, MARKDOWN: markdown(errata, claims)}


def _entry(erratum: Erratum, known: dict[str, Claim]) -> dict[str, Any]:
    evidence = []
    for claim in (known[i] for i in erratum.claims if i in known):
        tone, sign, _ = VERDICTS[claim.verdict]
        name = maths(claim.statement.name)
        evidence.append({"href": page_name(claim.id), "name": name, "tone": tone, "sign": sign, "verdict": claim.verdict.value})
    return {
        "anchor": erratum.anchor,
        "where": erratum.where,
        "title": words(erratum.title),
        "printed": words(erratum.printed),
        "should_read": words(erratum.should_read),
        "why": words(erratum.why),
        "evidence": evidence,
    }


def markdown(errata: Sequence[Erratum], claims: Sequence[Claim]) -> str:
    """The errata as Markdown, with LaTeX between dollars."""
    known = {claim.id: claim for claim in claims}
    blocks = ["# Errata", ABOUT]
    for weight, (name, _, meaning) in WEIGHTS.items():
        blocks += [f"## {name}", meaning]
        for erratum in errata:
            if erratum.weight is not weight:
                continue
            items = [f"- **Printed:** {erratum.printed}", f"- **Should read:** {erratum.should_read}"]
            items += [f"- **Why:** {erratum.why}"] * bool(erratum.why)
            found = [_linked(known[i]) for i in erratum.claims if i in known]
            items += [f"- **Evidence:** {', '.join(found)}"] * bool(found)
            blocks += [f"### {erratum.where} · {erratum.title}", "\n".join(items)]
    blocks += [f"`{COMMAND}` evaluates print and correction of many of these on small instances."]
    return _in_dollars("\n\n".join(blocks) + "\n")


def _linked(claim: Claim) -> str:
    return f"[{unescape(re.sub('<[^>]+>', '', claim.statement.name))}]({page_name(claim.id)}) ({claim.verdict.value})"


def _in_dollars(text: str) -> str:
    return re.sub(r"\\\( *| *\\\)", "$", re.sub(r"\\\[ *| *\\\]", "$$", text))
