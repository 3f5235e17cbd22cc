"""One check as a page shows it: its instance typeset, both sides beside each other, and what they differ by."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from html import escape
from typing import Any

import numpy as np
from markupsafe import Markup

from reports.findings import Examined, Outcome
from reports.text.mathml import render
from reports.text.names import with_maths
from reports.text.numbers import decimal, full_value, show
from reports.text.problem_text import problem_json
from reports.text.typeset import LARGEST, LONGEST_NUMBER, instance_lines, matrix
from theory import TeacherStudent
from theory.claims.record import Evidence, Value

LARGEST_PROBLEM = 20_000  # characters; a longer one is not copied from a page
LARGEST_TABLE = 8  # rows of values; of a longer table the rest is a tap away
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
    lines = instance_lines(examined.instance)
    shown: dict[str, Any] = {
        "name": words(examined.showcase.name),
        "note": maths(note),
        "tone": tone,
        "sign": sign,
        "word": word,
        "contradicts": examined.contradicts,
        "alarm": f"The check {word}: {examined.error}"
        if examined.error
        else f"It {word}, but should {'fail' if examined.showcase.must_fail else 'hold'}.",
        "reason": words(evidence.reason) if evidence is not None else "",
        "has_evidence": evidence is not None,
        "lines": {name: maths(text) for name, text in lines.items()},
        "problem": problem_text(examined.instance),
        "options": options(examined.instance),
        "advice": advice(examined.instance),
    }
    if evidence is not None:
        rows = sides(evidence)
        shown |= {
            "statement": words(evidence.statement),
            "instance": instance_words(evidence.instance),
            "left_route": words(evidence.left_route),
            "right_route": words(evidence.right_route),
            "named": any(row["name"] for row in rows),
            "rows": rows[:LARGEST_TABLE],
            "rest": [full_value(side) for side in (evidence.left, evidence.right)] if len(rows) > LARGEST_TABLE else [],
            "count": len(rows),
            "agreement": agreement(evidence),
        }
    return shown


def instance_words(text: str) -> Markup:
    """The instance in evidence's own words, formulas drawn where they are known as such; long numbers shortened."""
    drawn = with_maths(text)
    return words(drawn) if r"\(" in drawn else Markup(show(text))


def sides(evidence: Evidence) -> list[dict[str, Any]]:
    """A row for each name that a side has a value for; a side that is one value and no table has it first, under no name."""
    tables = [side if isinstance(side, Mapping) else {"": side} for side in (evidence.left, evidence.right)]
    names = sorted(dict.fromkeys(name for table in tables for name in table), key=bool)
    return [{"name": words(with_maths(name)), "cells": [value(table[name]) if name in table else "" for table in tables]} for name in names]


def value(side: Value) -> Markup:
    """A small matrix of short rationals as such; anything else in a line."""
    if isinstance(side, np.ndarray) and side.size > 1 and max(side.shape) <= LARGEST and all(_is_short(x) for x in side.flat):
        return maths(rf"\({matrix(np.atleast_2d(side))}\)")
    return Markup(show(side, alone=False))


def _is_short(entry: Any) -> bool:
    return isinstance(entry, Fraction) and len(str(entry)) <= LONGEST_NUMBER


def agreement(evidence: Evidence) -> Markup:
    """What the two sides differ by, in a sentence; nothing where no difference was taken."""
    size = evidence.difference
    if size is None:
        return Markup("")
    if evidence.is_bound:
        return Markup("No bound is exceeded." if not size else f"A bound is exceeded by {decimal(size, 2)}{_tolerance(evidence)}.")
    if size or evidence.tolerance:
        return Markup(f"The two sides differ by {show(size) if not evidence.tolerance else decimal(size, 2)}{_tolerance(evidence)}.")
    fails = "" if evidence.holds else "; what fails is the statement about them"
    return Markup(f"The two sides are equal (exact){fails}.")


def _tolerance(evidence: Evidence) -> str:
    """What a difference is measured in: against balls it is relative to max(1, |value|)."""
    return f" (relative, tolerance {evidence.tolerance:.3g})" if evidence.tolerance else " (exact)"


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
