"""Both sides of every check that has numbers, and the differences against their tolerances."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb

from reports.figures.registry import figure
from reports.figures.style import BLUE, GREEN, INK, MUTED, ORANGE, Figure, panel, svg
from reports.findings import Findings, Outcome
from reports.text.numbers import log10
from theory.arithmetic.balls import middle_and_radius
from theory.inverse_batch import InverseBatchPolynomial


@figure("both sides")
def draw(findings: Findings, seed: int) -> Figure:
    """Left side against right side, one mark a number, logarithmic in size; then one bar of difference for each check."""
    sides = _pairs(findings)
    claim = findings.claim
    name = f"fig-{slug(claim.id)}"
    panels = []
    if sides:
        panels.append(_agreement(name + "-sides", claim.id, sides))
    panels.append(_differences(name + "-differences", findings))
    first = (
        "(a) The size of every number on the left-hand side of the checks below against the same number by the other "
        "route; the line is equality. "
        if sides
        else ""
    )
    return Figure(
        tuple(panels),
        f"{first}{'(b) D' if sides else 'D'}ifference of every check below, with its tolerance; an exact check has "
        "difference 0 and tolerance 0. "
        "Drawn from the evidence on this page.",
    )


def slug(claim_id: str) -> str:
    """An id that can stand in file names and HTML."""
    return "".join(c if c.isalnum() else "-" for c in claim_id.lower()).strip("-")


def numbers(value: Any) -> list[Fraction]:
    """Every number in a side of the evidence: entries of arrays, coefficients of polynomials, values of tables."""
    if isinstance(value, bool | np.bool_):
        return []
    if isinstance(value, int | float | Fraction | np.integer | np.floating):
        return [Fraction(value)] if not isinstance(value, np.generic) else [Fraction(value.item())]
    if isinstance(value, arb):
        return [middle_and_radius(value)[0]]
    if isinstance(value, InverseBatchPolynomial):
        return [Fraction(c) for c in value.coefficients]
    if isinstance(value, np.ndarray):
        return numbers(value.tolist())
    if isinstance(value, dict):
        return [x for v in value.values() for x in numbers(v)]
    if isinstance(value, tuple | list):
        return [x for v in value for x in numbers(v)]
    return []


def _pairs(findings: Findings) -> list[tuple[Fraction, Fraction, bool]]:
    pairs = []
    for examined in findings.examined:
        if examined.evidence is not None:
            left, right = numbers(examined.evidence.left), numbers(examined.evidence.right)
            if len(left) == len(right):
                pairs += [(x, y, examined.showcase.must_fail) for x, y in zip(left, right, strict=True) if x and y]
    return pairs


def _agreement(name: str, claim_id: str, sides: list[tuple[Fraction, Fraction, bool]]) -> str:
    with panel() as axes:
        for printed, colour, marker, label in (
            (False, BLUE, "o", "as it should read"),
            (True, ORANGE, "x", "as printed"),
        ):
            shown = [(log10(x), log10(y)) for x, y, p in sides if p == printed]
            if shown:
                x, y = zip(*shown, strict=True)
                axes.plot(x, y, marker, color=colour, label=label, markeredgewidth=1.4, markerfacecolor="none")
        axes.axline((0, 0), slope=1, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_xlabel(r"$\log_{10}$ |left side|")
        axes.set_ylabel(r"$\log_{10}$ |right side|")
        axes.legend(loc="upper left")
        return svg(
            axes,
            name,
            f"{claim_id}: both sides",
            f"{len(sides)} pairs of numbers, left side against right side, with the line of equality.",
        )


def _differences(name: str, findings: Findings) -> str:
    rows = [(e, e.evidence) for e in findings.examined if e.evidence is not None and e.difference is not None]
    with panel(height=max(1.6, 0.9 + 0.42 * len(rows))) as axes:
        labels = []
        for i, (examined, evidence) in enumerate(rows):
            colour, marker = (GREEN, "o") if examined.outcome is Outcome.HOLDS else (ORANGE, "x")
            axes.plot([float(examined.difference)], [i], marker, color=colour, markeredgewidth=1.6)
            axes.plot([evidence.tolerance], [i], "|", color=INK, markersize=13)
            labels.append(f"{examined.showcase.name}" + (" (print)" if examined.showcase.must_fail else ""))
        axes.set_yticks(range(len(rows)), [_cut(label) for label in labels])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        largest = max((float(e.difference) for e, _ in rows), default=0.0)
        if largest:
            axes.set_xscale("symlog", linthresh=min(1.0, largest) / 10)
        axes.set_xlabel("difference (mark) and tolerance (bar)")
        return svg(
            axes,
            name,
            f"{findings.claim.id}: differences",
            f"Differences of {len(rows)} checks; the largest is {largest:.3g}.",
        )


def _cut(label: str, width: int = 26) -> str:
    text = label.replace(r"\(", "").replace(r"\)", "").replace("$", r"\$")
    return text if len(text) <= width else text[: width - 1] + "…"
