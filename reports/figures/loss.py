"""The expected loss over the batch size: rising for every b near a saddle, falling for every b in one layer."""

from __future__ import annotations

from typing import Any

from reports.figures.curves import pick, towards_limit
from reports.figures.registry import figure
from reports.figures.style import BLUE, ORANGE, Figure
from reports.findings import Findings
from reports.text.names import with_maths
from theory.inverse_batch import InverseBatchPolynomial
from theory.variance_poly import loss_polynomial


@figure("expected loss")
def draw(findings: Findings, seed: int) -> Figure:
    """Section 3.1.2: E loss against b for an instance that refutes the print, and for one layer."""
    rising = pick(findings, lambda x: _loss(x).decreasing_from() is None)
    falling = pick(findings, lambda x: x.problem.depth == 1)
    return Figure(
        (
            _panel("fig-loss-rising", rising, ORANGE, "Expected loss near a saddle"),
            _panel("fig-loss-falling", falling, BLUE, "Expected loss in one layer"),
        ),
        f"(a) {with_maths(rising.name)}: the expected loss rises with b; small batches leave the saddle sooner. "
        f"(b) {with_maths(falling.name)}: it falls. The dashed line is the constant term, the loss of full-gradient descent after as "
        "many steps. Drawn from the exact polynomials; circles at powers of two.",
    )


def _loss(instance: Any) -> InverseBatchPolynomial:
    return loss_polynomial(instance.problem, instance.step)


def _panel(name: str, instance: Any, colour: str, title: str) -> str:
    return towards_limit(
        name, _loss(instance), colour, title, "expected loss", r"$\mathrm{E}\ \mathrm{loss}(w_t)$", "full gradient descent"
    )
