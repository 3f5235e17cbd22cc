"""Gradients over the batch size: the expected squared norm of the stochastic one, the variance of the full one."""

from __future__ import annotations

from typing import Any

from reports.figures.curves import batch_axis, is_gaussian, pick, towards_limit, values
from reports.figures.registry import figure
from reports.figures.style import BLUE, ORANGE, Figure, panel, svg
from reports.findings import Findings
from reports.text.names import with_maths
from theory.claims.support.partition_argument import full_gradient_variance
from theory.variance_poly import second_moment_polynomial


@figure("squared norms")
def draw_norms(findings: Findings, seed: int) -> Figure:
    """The abstract: E||g||^2 that rises for every b, and one that falls."""
    rising = pick(findings, lambda x: (_squared_norm(x) * -1).decreasing_from() == 1)
    falling = pick(findings, lambda x: x.problem.depth == 1)
    words = ("expected squared norm", r"$\mathrm{E}\,\|g\|^2$", "full gradient descent")
    return Figure(
        (
            towards_limit("fig-norm-rising", _squared_norm(rising), ORANGE, "A squared norm that rises for every b", *words),
            towards_limit("fig-norm-falling", _squared_norm(falling), BLUE, "A squared norm in one layer", *words),
        ),
        f"(a) {with_maths(rising.name)}: the expected squared norm rises with b. (b) {with_maths(falling.name)}: it falls. The dashed line "
        "is the constant term, the squared norm along full-gradient descent. Drawn from the exact polynomials; circles at powers of two.",
    )


@figure("full gradients")
def draw_full_gradients(findings: Findings, seed: int) -> Figure:
    """Section 4.2: var(grad L) for two atoms, which begins at 0, and for Gaussian inputs, relative to b = 2."""
    atoms = pick(findings, lambda x: not is_gaussian(x))
    gaussian = pick(findings, is_gaussian)
    return Figure(
        (
            _panel("fig-full-gradient-atoms", atoms, BLUE, "Two atoms: from 0 at b = 1"),
            _panel("fig-full-gradient-gaussian", gaussian, ORANGE, "Gaussian inputs: a rise from b = 1 to b = 2"),
        ),
        f"The variance of the full gradient. (a) {with_maths(atoms.name)}. (b) {with_maths(gaussian.name)}. Drawn from the exact "
        "polynomials at integer batch sizes.",
    )


def _squared_norm(instance: Any) -> Any:
    return second_moment_polynomial(instance.problem, instance.step, instance.layer)


def _panel(name: str, instance: Any, colour: str, title: str) -> str:
    v, sizes = full_gradient_variance(instance.problem, instance.step, instance.layer), range(1, 13)
    with panel() as axes:
        axes.plot(sizes, values(v, sizes), "o-", color=colour, markerfacecolor="none", linewidth=1.2)
        batch_axis(axes, 1, 12, every=True)
        axes.set_ylim(bottom=0)
        axes.set_ylabel(r"$\mathrm{var}(\nabla L(w_t))$")
        return svg(axes, name, title, f"{float(v(1)):.4g} at b = 1, {float(v(2)):.4g} at b = 2, {float(v(12)):.4g} at b = 12.")
