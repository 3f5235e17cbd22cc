"""One figure per claim, in one explicit table; claims that are not in it get the generic one, both sides and the residuals."""

from __future__ import annotations

from collections.abc import Callable

from reports.figures import generic
from reports.figures.style import Figure
from reports.findings import Findings

Draw = Callable[[Findings, int], Figure]

FIGURES: dict[str, Draw] = {}


def draw(findings: Findings, seed: int) -> Figure:
    """The claim's figure; `seed` fixes the random instances of those figures that draw some."""
    return FIGURES.get(findings.claim.id, generic.draw)(findings, seed)
