"""One check as a page shows it: both sides, the difference with what it is measured in, and the problem to run it again."""

from __future__ import annotations

from html import escape
from typing import Any

from markupsafe import Markup

from reports.findings import Examined, Outcome
from reports.text.mathml import render
from reports.text.numbers import show
from reports.text.problem_text import problem_json
from theory import TeacherStudent
from theory.claims.record import Evidence

LARGEST_PROBLEM = 20_000  # characters; a longer one is not copied from a page
OUTCOMES = {
    Outcome.HOLDS: ("holds", "✓", "holds"),
    Outcome.FAILS: ("refuted", "✗", "fails"),
    Outcome.NOT_CHECKED: ("quiet", "–", "not checked"),
    Outcome.BROKE: ("alarm", "✗", "broke off"),
}


def maths(text: str) -> Markup:
    """HTML text with its LaTeX drawn."""
    return Markup(render(text))


def words(text: str) -> Markup:
    """Evidence's own words: plain text, in which LaTeX between delimiters is drawn."""
    return maths(escape(text, quote=False))


def card(examined: Examined, note: str = "") -> dict[str, Any]:
    """What the template shows of one showcase; `note` is what the statement says of it."""
    evidence = examined.evidence
    tone, sign, word = OUTCOMES[examined.outcome]
    shown: dict[str, Any] = {
        "name": words(examined.showcase.name),
        "note": maths(note),
        "tone": tone,
        "sign": sign,
        "word": word,
        "contradicts": examined.contradicts,
        "alarm": f"The check {word}: {examined.error}"
        if examined.error
        else f"It {word}, but should {'fail' if examined.showcase.printed else 'hold'}.",
        "reason": words(evidence.reason) if evidence is not None else "",
        "has_evidence": evidence is not None,
        "problem": problem_text(examined.instance),
        "options": options(examined.instance),
        "advice": advice(examined.instance),
    }
    if evidence is not None:
        shown |= {
            "statement": words(evidence.statement),
            "instance": words(evidence.instance) if "\\(" in evidence.instance else Markup(show(evidence.instance)),
            "left_route": words(evidence.left_route),
            "left": Markup(show(evidence.left)),
            "right_route": words(evidence.right_route),
            "right": Markup(show(evidence.right)),
            "difference": Markup("–" if evidence.difference is None else show(evidence.difference)),
            "scale": scale(evidence),
        }
    return shown


def scale(evidence: Evidence) -> str:
    """What a difference is measured in: nothing to say without one; against balls it is relative to max(1, |value|)."""
    if evidence.difference is None:
        return ""
    if evidence.is_bound and not evidence.difference:
        return "(the bound is not exceeded)"
    return "(exact)" if evidence.tolerance == 0 else f"(relative, tolerance {evidence.tolerance:.3g})"


def problem_text(instance: Any) -> str:
    """The instance's problem as a file for `batchlaw variance`; empty when it has none that a file can hold, or too long a one."""
    problem = getattr(instance, "problem", None)
    if not isinstance(problem, TeacherStudent):
        return ""
    try:
        text = problem_json(problem)
    except ValueError:
        return ""
    return text if len(text) <= LARGEST_PROBLEM else ""


def advice(instance: Any) -> str:
    """What stands in the way of `batchlaw variance` for the instance's problem, whose activation is no polynomial; empty otherwise."""
    problem = getattr(instance, "problem", None)
    if not isinstance(problem, TeacherStudent) or problem.is_polynomial:
        return ""
    sigma = problem.activation_function
    return f"The exact engines need a polynomial in place of {sigma}: {sigma.advice}."


def options(instance: Any) -> str:
    """`--step t --layer k`, as far as the instance fixes them."""
    found = ((name, getattr(instance, name, None)) for name in ("step", "layer"))
    return "".join(f" --{name} {number}" for name, number in found if isinstance(number, int))
