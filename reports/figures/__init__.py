"""One figure per claim, in one explicit table; claims that are not in it get the generic one, both sides and the residuals."""

from __future__ import annotations

from collections.abc import Callable

from reports.figures import (
    approximation,
    curves,
    general_networks,
    generic,
    loss,
    mixed_products,
    orders,
    quadratic_forms,
    random_weights,
    recursion,
)
from reports.figures.style import Figure
from reports.findings import Findings

Draw = Callable[[Findings, int], Figure]

FIGURES: dict[str, Draw] = {
    "A.1": mixed_products.draw,
    "A.2": quadratic_forms.draw,
    "A.3": recursion.draw_a3,
    "A.4": recursion.draw_a4,
    "A.5": recursion.draw_a5,
    "A.6": recursion.draw_a6,
    "A.7": orders.draw_a7,
    "3.1": recursion.draw_a4,
    "3.2": recursion.draw_3_2,
    "3.3": recursion.draw_3_3,
    "3.4": orders.draw_3_4,
    "3.5": curves.draw_threshold,
    "3.1.2 loss": loss.draw,
    "random w_0": random_weights.draw,
    "conjecture": curves.draw_conjecture,
    "3.6": approximation.draw_3_6,
    "A.9": approximation.draw_a9,
    "A.10": approximation.draw_a10,
    "leaky ReLU": general_networks.draw_leaky_relu,
    "3.5 extended": general_networks.draw_extended,
}


def draw(findings: Findings, seed: int) -> Figure:
    """The claim's figure; `seed` fixes the random instances of those figures that draw some."""
    return FIGURES.get(findings.claim.id, generic.draw)(findings, seed)
