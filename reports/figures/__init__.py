"""One figure per claim. A module that draws some is listed here; each has a name, by which a claim asks for it."""

from __future__ import annotations

from reports.figures import (  # noqa: F401 (each registers what it draws)
    approximation,
    curves,
    every_depth,
    general_networks,
    generic,
    gradients,
    loss,
    matrix_products,
    mixed_products,
    orders,
    quadratic_forms,
    random_weights,
    recursion,
    rises,
)
from reports.figures.registry import FIGURES
from reports.figures.style import Figure
from reports.findings import Findings
from theory.exact import did_you_mean


def draw(findings: Findings, seed: int) -> Figure:
    """The claim's figure; `seed` fixes the random instances of those figures that draw some. Raises ValueError for a name that none has."""
    claim = findings.claim
    if claim.figure not in FIGURES:
        raise ValueError(f"claim {claim.id}: there is no figure {claim.figure!r}{did_you_mean(claim.figure, FIGURES)}")
    return FIGURES[claim.figure](findings, seed)
