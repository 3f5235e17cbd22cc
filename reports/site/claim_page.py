"""One claim as a page: its statement as printed and as it should read, the verdict, the picture, the evidence."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from markupsafe import Markup

from reports import figures
from reports.findings import Examined, Findings, Outcome
from reports.site.cards import card, maths, words
from reports.site.difference import mark_differences
from reports.site.gradings import PROOF_GRADES, VERDICTS
from reports.site.render import page
from reports.text.mathml import MathError
from theory.claims.errata import errata_of, read_errata
from theory.claims.grades import ProofGrade
from theory.claims.record import Claim, Verdict

LONG_HYPOTHESES = 240  # characters; beyond, they are folded


def page_name(claim_id: str) -> str:
    """The file of a claim's page."""
    return f"{figures.generic.slug(claim_id)}.html"


def claim_page(findings: Findings, seed: int = 0, neighbours: tuple[Claim | None, Claim | None] = (None, None)) -> str:
    """One claim as HTML."""
    claim, says = findings.claim, findings.claim.statement
    try:
        printed, corrected = says.printed, says.corrected
        if corrected and claim.verdict is not Verdict.HOLDS:  # what holds as printed has no errors to mark
            printed, corrected = mark_differences(printed, corrected)
        figure = figures.draw(findings, seed)
        tone, sign, _ = VERDICTS[claim.verdict]
        decisive, cards = _cards(findings)
        return page(
            "claim.html.jinja",
            seed=seed,
            page_title=f"{text_only(says.name)}: {text_only(says.title)} · batchlaw",
            page_description=f"{text_only(says.name)}: {claim.verdict.value}",
            name=maths(says.name),
            id_argument=claim.id if re.fullmatch(r"[\w.-]+", claim.id) else f'"{claim.id}"',
            title=maths(says.title),
            source=maths(claim.source),
            found=maths(says.found),
            proof_finding=_proof_finding(says.proof_as_printed.grade),
            proof_words=maths(says.proof_as_printed.words),
            finding={"tone": tone, "sign": sign, "verdict": claim.verdict.value},
            problems=findings.problems,
            printed=maths(printed),
            corrected=maths(corrected) if corrected else "",
            corrected_heading="More precisely" if claim.verdict is Verdict.HOLDS else "As it should read",
            wide=r"\[" in says.printed + says.corrected,
            marked="<del>" in printed or "<ins>" in corrected,
            shown_for=maths(says.shown_for),
            hypotheses=[maths(h) for h in says.hypotheses],
            folds_hypotheses=sum(len(text_only(h)) for h in says.hypotheses) > LONG_HYPOTHESES,
            decisive=decisive,
            decisive_heading=_heading(claim),
            cards=cards,
            proof=maths(says.proof),
            figure={
                "panels": [Markup(p) for p in figure.panels],
                "caption": maths(figure.caption),
                "about": Markup("; ".join(re.findall(r"<title[^>]*>(.*?)</title>", "".join(figure.panels)))),
            },
            remarks=[maths(r) for r in says.remarks],
            errata=[{"anchor": e.anchor, "where": e.where, "title": words(e.title)} for e in errata_of(claim.id, read_errata())],
            command=claim.command,
            before=_link(neighbours[0]),
            after=_link(neighbours[1]),
        )
    except MathError as error:
        raise MathError(f"claim {claim.id}: {error}") from error


def text_only(html: str) -> str:
    """HTML with LaTeX as plain text, for titles."""
    return unescape(re.sub(r"<[^>]+>", "", html)).replace(r"\(", "").replace(r"\)", "")


def _proof_finding(grade: ProofGrade) -> dict[str, str]:
    tone, sign, _ = PROOF_GRADES[grade]
    return {"tone": tone, "sign": sign, "verdict": f"printed proof: {grade.value}"}


def _heading(claim: Claim) -> str:
    if claim.decisive.printed_proof:
        return "Where the printed proof fails"
    if not claim.decisive.printed:
        return "The check that says most"
    return "The counterexample" if claim.verdict is Verdict.REFUTED else "Where the print fails"


def _cards(findings: Findings) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The card of the decisive check, and those of the others in three groups, any of which may have none and is left out."""
    notes, decisive = findings.claim.statement.showcases, findings.claim.decisive

    def made(examined: Examined) -> dict[str, Any]:
        return card(examined, notes.get(examined.showcase.name, ""))

    groups = [
        {"id": identity, "heading": heading, "about": about, "checks": checks, "contradicts": any(c["contradicts"] for c in checks)}
        for group, identity, heading, about in (
            (findings.refuting, "counterexamples", "More on which the print fails", "here “fails” is what has to come out"),
            (
                findings.of_the_proof,
                "steps",
                "Steps of the printed proof that fail",
                "the statement stands; “fails” is what has to come out",
            ),
            (findings.supporting, "evidence", "Checks of what is true", _summary(findings)),
        )
        if (checks := [made(e) for e in group if e.showcase is not decisive])
    ]
    return next(made(e) for e in findings.examined if e.showcase is decisive), groups


def _summary(findings: Findings) -> str:
    exact = sum(e.outcome is Outcome.HOLDS and e.evidence is not None and e.evidence.tolerance == 0 for e in findings.supporting)
    total, held = len(findings.supporting), sum(e.outcome is Outcome.HOLDS for e in findings.supporting)
    unchecked = f"; {findings.not_checked} could not be checked" if findings.not_checked else ""
    parts = [(exact, "in exact or ball arithmetic, without a tolerance"), (held - exact, "within the tolerance on its card")]
    how = ", ".join(f"{count} {way}" for count, way in parts if count)
    return f"{held} of {total} hold{f': {how}' if how else ''}{unchecked}"


def _link(claim: Claim | None) -> dict[str, str] | None:
    return None if claim is None else {"href": page_name(claim.id), "name": maths(claim.statement.name)}
