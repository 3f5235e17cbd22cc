"""The expected loss over the batch size: rising for every b near a saddle, falling for every b in one layer."""

from __future__ import annotations

from typing import Any

from reports.figures.curves import batch_axis, floats, grid, pick, values
from reports.figures.registry import figure
from reports.figures.style import BLUE, MUTED, ORANGE, Figure, panel, svg
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
            _panel("fig-loss-rising", _loss(rising), ORANGE, "Expected loss near a saddle"),
            _panel("fig-loss-falling", _loss(falling), BLUE, "Expected loss in one layer"),
        ),
        f"(a) {with_maths(rising.name)}: the expected loss rises with b; small batches leave the saddle sooner. "
        f"(b) {with_maths(falling.name)}: it falls. The dashed line is the constant term, the loss of full-gradient descent after as "
        "many steps. Drawn from the exact polynomials; circles at powers of two.",
    )


def _loss(instance: Any) -> InverseBatchPolynomial:
    return loss_polynomial(instance.problem, instance.step)


def _panel(name: str, v: InverseBatchPolynomial, colour: str, title: str) -> str:
    limit, sizes, marked = float(v.coefficients[0]), grid(1, 64), [2**k for k in range(7)]
    with panel() as axes:
        axes.plot(floats(sizes), values(v, sizes), color=colour, label=r"$\mathrm{E}\ \mathrm{loss}(w_t)$")
        axes.plot(marked, values(v, marked), "o", color=colour, markerfacecolor="none", markeredgewidth=1.4)
        axes.axhline(limit, color=MUTED, linestyle=(0, (4, 3)), linewidth=1.2, label="full gradient descent")
        batch_axis(axes, 1, 64)
        axes.set_ylabel("expected loss")
        axes.legend(loc="best")
        description = f"From {float(v(1)):.4g} at b = 1 to {float(v(64)):.4g} at b = 64, towards {limit:.4g}."
        return svg(axes, name, title, description)
