"""The whole ledger as a page: three findings, then every claim in the paper's order with what was found, and what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.findings import Summary
from reports.site.cards import maths
from reports.site.claim_page import page_name
from reports.site.gradings import PROOF_GRADES, VERDICTS
from reports.site.measured import Measured
from reports.site.measured_page import MeasuredPage
from reports.site.other_pages import OTHER_PAGES
from reports.site.render import page
from reports.text.numbers import decimal
from theory.claims.grades import ProofGrade
from theory.claims.manuscript_lines import PAPER
from theory.claims.record import Claim, Verdict
from theory.claims.without_entry import read_omissions

LEAD = (
    "The paper states that the variance of the stochastic gradient is a polynomial in 1/b, b being the batch size, that it decreases when "
    "b is large, and that networks with any smooth activation follow suit. Every assertion that can be checked was: what holds, what had "
    "to be corrected, what is false, and the proofs and numbers behind each verdict."
)


def index_page(
    claims: Sequence[Claim],
    found: Sequence[Summary],
    seed: int = 0,
    shown: Sequence[tuple[Measured, MeasuredPage]] = (),
    lacking: Sequence[str] = (),
) -> str:
    """The whole ledger as HTML; `shown`: what was measured; `lacking`: modules for want of which nothing was."""
    return page(
        "index.html.jinja",
        seed=seed,
        page_title="The ledger · batchlaw",
        page_description=f"Every statement of “{PAPER}”, checked, with its verdict",
        paper=PAPER,
        lead=LEAD,
        headlines=headlines(claims),
        rows=[_row(claim, f) for claim, f in zip(claims, found, strict=True)],
        tallies=tallies(claims),
        alarms=[
            {"href": page_name(claim.id), "name": maths(claim.statement.name), "text": "; ".join(f.problems)}
            for claim, f in zip(claims, found, strict=True)
            if not f.confirmed
        ],
        omissions=[{"where": str(o.place), "said": maths(o.said), "why": maths(o.why)} for o in read_omissions()],
        measured=[{"href": e.file, "title": e.title, "about": e.about, "finding": m.finding, "alarm": m.alarm} for e, m in shown],
        lacking=", ".join(lacking),
        others=[{"href": other.file, "title": other.title, "about": other.about} for other in OTHER_PAGES],
        verdicts=[_badge(v) | {"meaning": VERDICTS[v][2]} for v in Verdict],
        grades=[_badge(g) | {"meaning": PROOF_GRADES[g][2]} for g in ProofGrade],
    )


def headlines(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """The claims marked so, what stands before what falls."""
    marked = sorted((c for c in claims if c.statement.headline), key=lambda c: list(Verdict).index(c.verdict))
    return [
        _badge(c.verdict) | {"text": maths(c.statement.headline), "href": page_name(c.id), "name": maths(c.statement.name)} for c in marked
    ]


def tallies(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """How many statements have each verdict, and how many printed proofs each grade; what none has is left out."""
    verdicts, grades = [c.verdict for c in claims], [c.statement.proof_as_printed.grade for c in claims]
    return [
        {"of": "Statements", "counts": [_badge(v) | {"count": verdicts.count(v)} for v in Verdict if v in verdicts]},
        {"of": "Their proofs as printed", "counts": [_badge(g) | {"count": grades.count(g)} for g in ProofGrade if g in grades]},
    ]


def _badge(grade: Verdict | ProofGrade) -> dict[str, Any]:
    tone, sign, _ = VERDICTS[grade] if isinstance(grade, Verdict) else PROOF_GRADES[grade]
    return {"tone": tone, "sign": sign, "verdict": grade.value}


def _row(claim: Claim, found: Summary) -> dict[str, Any]:
    says = claim.statement
    return {
        "name": maths(says.name),
        "href": page_name(claim.id),
        "lines": says.source.ranges,
        "is_one_line": says.source.is_one_line,
        "importance": says.importance.value,
        "found": maths(says.found),
        "statement": _badge(claim.verdict),
        "proof": _badge(says.proof_as_printed.grade),
        "shown_for": maths(says.shown_for),
        "evidence": _evidence(found, proved=bool(says.proof)),
        "alarm": not found.confirmed,
    }


def _evidence(found: Summary, proved: bool) -> str:
    """Whether there is a proof; how many checks came out; the largest difference where two sides were not the same numbers."""
    counts = [
        (found.refuted, "the print fails on {}"),
        (found.steps_refuted, "a step of its proof on {}"),
        (found.not_checked, "{} not checked"),
    ]
    parts = [
        ("a proof of what holds; " if proved else "") + f"{found.held} {'check holds' if found.held == 1 else 'checks hold'}",
        *(words.format(count) for count, words in counts if count),
    ]
    if found.largest_difference:
        parts.append(f"both sides within {decimal(found.largest_difference, 1)}")
    return ", ".join(parts)
