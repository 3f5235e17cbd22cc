"""Where polynomials cannot follow: the jump of leaky ReLU's gradient, and variances that rise with b."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from reports.figures.curves import batch_axis, pick, plain_ticks
from reports.figures.registry import figure
from reports.figures.style import BLUE, GREEN, MUTED, ORANGE, PURPLE, Figure, panel, svg
from reports.findings import Findings
from reports.text.names import with_maths
from theory.arithmetic.working_precision import working_precision
from theory.claims.general_networks import flat
from theory.claims.general_networks.falling import Falling
from theory.claims.general_networks.one_unit import limit_on_the_kink
from theory.claims.general_networks.rising import Rise
from theory.claims.leaky_relu import Jump, largest_gap, mean_gap, second_entry

DEGREES = (8, 16, 32, 64, 128, 256, 512)


@figure("kink")
def draw_leaky_relu(findings: Findings, seed: int) -> Figure:
    """The gradient beside the kink, and its largest and mean gap over the degree."""
    instance = pick(findings, lambda x: isinstance(x, Jump) and x.slope == 0)
    means = [mean_gap(instance, n) for n in DEGREES]
    return Figure(
        (_kink(instance), _rates(instance, means)),
        rf"{with_maths(instance.name)}, \(|u| \le 1\). (a) The second entry of \(g_{{0,1}}\) over \(u\): the jump at 0, and the "
        r"polynomial networks' gradients, which are continuous. (b) \(\|g_{0,1}^S - g_{0,1}^P\|\) over the degree \(n\): the largest "
        r"value stays above half the jump, \(1/2\) (dashed); the mean over \(u\) falls like \(\log n / n\) (thin line). "
        r"Sampled in doubles, at 400,000 points for the mean and 200,000 for the largest value.",
    )


@figure("general networks")
def draw_extended(findings: Findings, seed: int) -> Figure:
    """Leaky ReLU on and beside the knife edge, ReLU's dead unit, and the first wave of the infinitely smooth activation."""
    edge = pick(findings, lambda x: isinstance(x, Rise) and x.slope > 0)
    dead = pick(findings, lambda x: isinstance(x, Rise) and x.slope == 0)
    beside = pick(findings, lambda x: isinstance(x, Falling) and x.unit is not None).unit
    return Figure(
        (_knife_edge(edge, beside), _dead_unit(dead), _first_wave()),
        rf"{with_maths('x in {0, 1} equally likely, w = (1, 2), w* = (1, 1), t = 1, layer 1')}: exact variances. (a) Leaky ReLU, "
        rf"\(a = {edge.slope}\): at \(\alpha = 1\) the variance falls at first and then rises to \({limit_on_the_kink(edge.slope)}\) "
        rf"(dashed), the odd \(b\) above the even ones; at \(\alpha = {beside.rate}\) it falls like \(1/b\) in the end. "
        rf"(b) ReLU at \(\alpha = {dead.rate}\): from every fourth \(b\) to the next, one more draw of \(x = 1\) leaves the unit awake, "
        rf"and the variance rises (filled), by a factor that tends to \({dead.rate}\). (c) The infinitely smooth activation at "
        r"\(\alpha = 1\): from \(b = 57\) on, where \(1/b\) reaches its wave around \(1/81\), batches come to see it, the odd sizes "
        r"first.",
    )


def _kink(instance: Jump) -> str:
    u = np.concatenate([np.linspace(-0.5, 0, 400), np.linspace(1e-9, 0.5, 400)])
    sigma = instance.activation
    with panel() as axes:
        for degree, colour, style in ((8, ORANGE, (0, (5, 2))), (32, GREEN, (0, (2, 1.5))), (128, PURPLE, "-")):
            polynomial = instance.polynomial(degree)
            followed = second_entry(polynomial, polynomial.derivative, u)
            axes.plot(u, followed, color=colour, linestyle=style, linewidth=1.2, label=f"degree {degree}")
        smooth = second_entry(sigma.value, sigma.derivative, u)
        for side in (u <= 0, u > 0):
            axes.plot(u[side], smooth[side], color=BLUE, linewidth=2.2, label="ReLU" if side[0] else None)
        axes.set_xlabel("$u$")
        axes.set_ylabel(r"second entry of $g_{0,1}$")
        axes.legend(loc="lower left")
        description = "ReLU's gradient jumps from 0 to -1; the polynomials' pass through."
        return svg(axes, "fig-leaky-kink", "The gradient beside the kink", description)


def _rates(instance: Jump, means: list[float]) -> str:
    with panel() as axes:
        largest = [largest_gap(instance, n) for n in DEGREES]
        axes.plot(DEGREES, largest, "s-", color=ORANGE, markerfacecolor="none", markeredgewidth=1.4, label="largest")
        axes.plot(DEGREES, means, "o-", color=BLUE, markerfacecolor="none", markeredgewidth=1.4, label="mean over $u$")
        axes.plot(DEGREES, law_of_the_mean(means), color=MUTED, linewidth=1.0, label=r"$\propto \log n\,/\,n$")
        axes.axhline(0.5, color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.set_xscale("log")
        axes.set_yscale("log")
        plain_ticks(axes, DEGREES)
        axes.set_xlabel("degree $n$")
        axes.set_ylabel(r"$\|g_{0,1}^S - g_{0,1}^P\|$")
        axes.legend(loc="lower left")
        description = f"The largest gap stays at {largest[-1]:.3g}; the mean falls from {means[0]:.3g} to {means[-1]:.3g}."
        return svg(axes, "fig-leaky-rates", "Largest and mean gap over the degree", description)


def law_of_the_mean(means: list[float]) -> list[float]:
    """c log n / n through the last mean."""
    constant = means[-1] * DEGREES[-1] / np.log(DEGREES[-1])
    return [constant * np.log(n) / n for n in DEGREES]


def _knife_edge(edge: Rise, beside: Rise) -> str:
    with panel() as axes:
        for first, colour, marker, label in ((3, ORANGE, "s", "odd $b$"), (2, BLUE, "o", "even $b$")):
            sizes = [b for b in range(first, 161, 2) if b < 24 or b % 8 in (0, 1)]
            values = [float(edge.variance(b)) for b in sizes]
            axes.plot(sizes, values, marker, color=colour, markerfacecolor="none", markeredgewidth=1.3, markersize=4.5, label=label)
        sizes = [b for b in range(2, 321) if b < 24 or b % 8 == 0]
        values = [float(beside.variance(b)) for b in sizes]
        axes.plot(sizes, values, "^", color=GREEN, markerfacecolor="none", markersize=4, label=rf"$\alpha = {beside.rate}$")
        axes.axhline(float(limit_on_the_kink(edge.slope)), color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.set_yscale("log")
        batch_axis(axes, 2, 320)
        axes.set_ylabel(r"$\mathrm{var}(g_{1,1})$")
        axes.legend(loc="lower left")
        description = "On the knife edge the variance rises to a limit; beside it, it falls."
        return svg(axes, "fig-extended-edge", "Leaky ReLU on a knife edge and beside it", description)


def _dead_unit(dead: Rise) -> str:
    sizes = range(2, 42)
    values = [float(dead.variance(b)) for b in sizes]
    rises = [(b, high) for b, (low, high) in zip(sizes[1:], pairwise(values), strict=False) if low < high]
    with panel() as axes:
        axes.plot(sizes, values, "o-", color=BLUE, markerfacecolor="none", markersize=4, linewidth=1)
        axes.plot(*zip(*rises, strict=True), "o", color=ORANGE, markersize=5, label="higher than before")
        axes.set_yscale("log")
        axes.set_xlabel("batch size $b$")
        axes.set_ylabel(r"$\mathrm{var}(g_{1,1})$")
        axes.legend(loc="lower left")
        return svg(axes, "fig-extended-dead", "ReLU: a dead unit", f"Up to 41 the variance rises {len(rises)} times.")


def _first_wave() -> str:
    with panel() as axes, working_precision(64):
        for first, colour, marker, label in ((9, ORANGE, "s", "odd $b$"), (8, BLUE, "o", "even $b$")):
            sizes = [b for b in range(first, 402, 2) if b < 64 or b % 8 in (0, 1)]
            values = [float(flat.unit().variance(b).mid()) for b in sizes]
            axes.plot(sizes, values, marker, color=colour, markerfacecolor="none", markeredgewidth=1.2, markersize=4, label=label)
        axes.set_yscale("log")
        batch_axis(axes, 8, 400)
        axes.set_ylabel(r"$\mathrm{var}(g_{1,1})$")
        axes.legend(loc="lower left")
        return svg(
            axes, "fig-extended-wave", "Infinitely smooth: the first wave", "It falls to b = 80, and rises again by three powers of ten."
        )
