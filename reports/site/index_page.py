"""The whole ledger as a page: every claim with its verdict, and what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.findings import Summary
from reports.site.cards import maths
from reports.site.claim_page import VERDICTS, page_name
from reports.site.measured import Measured
from reports.site.measured_page import MeasuredPage
from reports.site.other_pages import OTHER_PAGES
from reports.site.render import page
from reports.text.numbers import decimal, plain
from theory.claims.record import Claim, Verdict

LEAD = (
    "A paper on mini-batch SGD states that the variance of the stochastic gradient is a polynomial in 1/b, and that networks with any "
    "smooth activation follow suit. Here are its statements on linear networks and on general activations, each one checked: what holds, "
    "what had to be corrected, what is false, and the numbers behind each verdict."
)


def index_page(
    claims: Sequence[Claim],
    found: Sequence[Summary],
    seed: int = 0,
    shown: Sequence[tuple[Measured, MeasuredPage]] = (),
    lacking: Sequence[str] = (),
) -> str:
    """The whole ledger as HTML; `shown`: what was measured; `lacking`: modules for want of which nothing was."""
    rows = []
    for claim, f in zip(claims, found, strict=True):
        tone, sign, _ = VERDICTS[claim.verdict]
        rows.append(
            {
                "name": maths(claim.statement.name),
                "href": page_name(claim.id),
                "title": maths(claim.title),
                "shown_for": maths(claim.statement.shown_for or "–"),
                "verdict": claim.verdict.value,
                "tone": tone,
                "sign": sign,
                "instances": _instances(f),
                "difference": _difference(f.largest_difference),
                "alarm": not f.confirmed,
            }
        )
    count = {v: sum(claim.verdict is v for claim in claims) for v in Verdict}
    return page(
        "index.html.jinja",
        seed=seed,
        page_title="The ledger · batchlaw",
        page_description="Every statement of the paper, checked exactly, with its verdict",
        lead=LEAD,
        rows=rows,
        tally=[(VERDICTS[v][0], VERDICTS[v][1], v.value, count[v]) for v in Verdict if count[v]],
        alarms=[
            {"href": page_name(claim.id), "name": maths(claim.statement.name), "text": "; ".join(f.problems)}
            for claim, f in zip(claims, found, strict=True)
            if not f.confirmed
        ],
        measured=[{"href": e.file, "title": e.title, "about": e.about, "finding": m.finding, "alarm": m.alarm} for e, m in shown],
        lacking=", ".join(lacking),
        others=[{"href": other.file, "title": other.title, "about": other.about} for other in OTHER_PAGES],
        verdicts=[{"tone": t, "sign": s, "verdict": v.value, "meaning": m} for v, (t, s, m) in VERDICTS.items()],
    )


def _instances(found: Summary) -> str:
    text = f"{found.held}" + (f" + {found.refuted}" if found.refuted else "")
    return text + (f" ({found.not_checked} not checked)" if found.not_checked else "")


def _difference(value: Any) -> str:
    return "–" if value is None else "0" if value == 0 else decimal(value, 2) if len(plain(value)) > 12 else plain(value)
