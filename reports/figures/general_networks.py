"""Where polynomials cannot follow: the jump of leaky ReLU's gradient, and variances that closeness does not order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from reports.figures.curves import batch_axis, pick, plain_ticks
from reports.figures.registry import figure
from reports.figures.style import BLUE, GREEN, MUTED, ORANGE, PURPLE, Figure, panel, svg
from reports.findings import Findings
from reports.text.names import with_maths
from theory.claims.general_networks import Instance, Rise, binomial_variance, limit
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


@figure("proved decreases")
def draw_extended(findings: Findings, seed: int) -> Figure:
    """ReLU's variance, rising with the parity of b, and what two polynomials prove of tanh's."""
    rise = pick(findings, lambda x: isinstance(x, Rise) and x.slope == 0)
    proofs = [e.instance for e in findings.supporting if isinstance(e.instance, Instance)]
    close, coarse = proofs[0], proofs[1]
    return Figure(
        (_parity(rise), _proved(close, coarse)),
        rf"(a) {with_maths(rise.name)}: the exact variance at even and odd \(b \ge 2\), and its limit \({limit(rise.slope)}\) "
        r"(dashed). It falls at first, and then rises; from \(b = 4\) on the odd sizes lie above the even ones beside them. "
        rf"(b) {with_maths(close.name)}: \(\sqrt{{\mathrm{{var}}^P(b)}} - "
        r"\sqrt{\mathrm{var}^P(b + 1)}\), exactly. Where it lies above \(2e\) (dashed lines), twice the gap between the networks, "
        r"\(\mathrm{var}^S(b) &gt; \mathrm{var}^S(b+1)\) is proved; it falls like \(b^{-3/2}\) (thin line) and passes below every such "
        r"line.",
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


def _parity(rise: Rise) -> str:
    with panel() as axes:
        for first, colour, marker, label in ((3, ORANGE, "s", "odd $b$"), (2, BLUE, "o", "even $b$")):
            sizes = [b for b in range(first, 161, 2) if b < 24 or b % 8 in (0, 1)]
            values = [float(binomial_variance(rise.slope, b)) for b in sizes]
            axes.plot(sizes, values, marker, color=colour, markerfacecolor="none", markeredgewidth=1.3, markersize=4.5, label=label)
        axes.axhline(float(limit(rise.slope)), color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.set_ylim(0, 0.35)
        batch_axis(axes, 2, 160)
        axes.set_ylabel(r"$\mathrm{var}(g_{1,1})$")
        axes.legend(loc="upper right")
        return svg(axes, "fig-extended-parity", "ReLU: the variance rises for large b", f"It rises towards {limit(rise.slope)}.")


def _proved(close: Instance, coarse: Instance) -> str:
    with panel() as axes:
        for instance, colour, style in ((close, BLUE, (0, (5, 2))), (coarse, ORANGE, (0, (2, 1.5)))):
            found = instance.decreasing_range()
            axes.axhline(2 * found.gap, color=colour, linewidth=1.3, linestyle=style, label=f"$2e$, degree {instance.polynomial.degree}")
        roots = [float(v) ** 0.5 for v in found.polynomial_variances]
        sizes = found.batch_sizes[:-1]
        steps = [a - b for a, b in pairwise(roots)]
        axes.plot(sizes, steps, "o", color=GREEN, markerfacecolor="none", markeredgewidth=1.4)
        guide = [float(sizes[-1]), 16.0 * sizes[-1]]
        axes.plot(guide, [steps[-1] * (b / guide[0]) ** -1.5 for b in guide], color=MUTED, linewidth=1.0, label=r"$\propto b^{-3/2}$")
        axes.set_yscale("log")
        batch_axis(axes, 1, guide[-1])
        axes.set_ylabel(r"$\sqrt{\mathrm{var}^P(b)} - \sqrt{\mathrm{var}^P(b+1)}$")
        axes.legend(loc="upper right")
        return svg(axes, "fig-extended-proved", "What closeness proves", "The differences fall below twice the gap at a finite batch size.")
