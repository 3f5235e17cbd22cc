"""The conjecture for every b: each rise enlarged, at integer batch sizes of the exact polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from matplotlib.ticker import FixedLocator

from reports.figures.curves import floats, grid, plain_ticks
from reports.figures.registry import figure
from reports.figures.style import BLUE, GREEN, ORANGE, Figure, panel, svg
from reports.findings import Findings
from theory.claims.variance_decreasing import near_saddle
from theory.claims.variance_decreasing.near_saddle import Saddle
from theory.claims.variance_decreasing.rises import Rise
from theory.exact import to_fmpq, to_fraction

LOOKS = ((BLUE, "o", "-"), (ORANGE, "s", (0, (5, 2))), (GREEN, "^", (0, (1.5, 1.5))))
SMALL = range(1, 9)  # batch sizes of the first panel
SCALES = (9, 48)  # of b/n
POINTS, STRIDE = 72, 4  # integer batch sizes around a rise, and how many of them share a mark


@figure("rising variances")
def draw(findings: Findings, seed: int) -> Figure:
    """From b = 1 to 2; after one step of deep networks; beside the saddle; at one constant rate."""
    rises = [e.instance for e in findings.refuting if isinstance(e.instance, Rise)]
    saddle = next(e.instance for e in findings.examined if isinstance(e.instance, Saddle))
    first = [rise for rise in rises if rise.pair == (1, 2)]
    deep = [rise for rise in rises if rise.problem.depth > 2]
    last = max(rises, key=lambda rise: rise.step)
    relative = r"relative to its value at the first of the two filled marks"
    return Figure(
        (small_batches(first), enlarged(deep, "fig-conjecture-deep"), beside_the_saddle(saddle), enlarged([last], "fig-conjecture-rate")),
        r"(a) From \(b = 1\) to 2, after one step: \(x \in \{0, 1\}\) and \(x \in \{1, 2\}\) equally likely, and two Gaussian inputs; "
        rf"relative to the value at \(b = 2\). (b) After one step, five and seven layers of one unit, \(x \sim N(0, 1)\): {relative}. "
        r"(c) Two steps, \(w_0 = (1, 1)\), \(w^* = \frac1n\), rates 1 and \(n\): \(n^3\, \mathrm{var}\) over \(b / n\) and its limit, with "
        rf"\(b = {saddle.low} n\) and \({saddle.high} n\) marked. (d) Four steps at one constant rate, two layers: "
        rf"{relative}. Every curve is an exact polynomial in \(1/b\); in (a), (b) and (d) marks are integer batch sizes.",
    )


def small_batches(rises: Sequence[Rise]) -> str:
    """var(b) / var(2) at b = 1, 2, ..., 8."""
    with panel() as axes:
        for rise, (colour, marker, line) in zip(rises, LOOKS, strict=False):
            unit = Fraction(rise.variance(2))
            heights = [float(Fraction(rise.variance(b)) / unit) for b in SMALL]
            axes.plot(SMALL, heights, marker=marker, color=colour, linestyle=line, markerfacecolor="none", label=_inputs(rise))
        axes.xaxis.set_major_locator(FixedLocator(list(SMALL)))
        axes.set_xlabel("batch size $b$")
        axes.set_ylabel(r"$\mathrm{var}(b)\,/\,\mathrm{var}(2)$")
        axes.set_ylim(0, 1.1)
        axes.legend(loc="upper right")
        ends = ", ".join(f"{float(Fraction(rise.variance(1)) / Fraction(rise.variance(2))):.3g}" for rise in rises)
        description = f"Relative to b = 2, the variances at b = 1 are {ends}; from b = 2 on all fall."
        return svg(axes, "fig-conjecture-small", "The variance rises from b = 1 to b = 2", description)


def enlarged(rises: Sequence[Rise], name: str) -> str:
    """Each variance around its rise, relative to its value at the beginning of it; ends of the pair filled."""
    with panel() as axes:
        for rise, (colour, marker, line) in zip(rises, LOOKS, strict=False):
            heights = around(rise)
            marked = list(heights)[::STRIDE]
            axes.plot(list(heights), list(heights.values()), color=colour, linestyle=line, linewidth=1.4, label=_network(rise))
            axes.plot(marked, [heights[b] for b in marked], marker, color=colour, markerfacecolor="none")
            axes.plot(rise.pair, [heights[b] for b in rise.pair], marker, color=colour)
        axes.set_xscale("log")
        plain_ticks(axes, sorted({b for rise in rises for b in rise.pair}))
        axes.set_xlabel("batch size $b$")
        axes.set_ylabel(r"$\mathrm{var}$, relative")
        axes.legend(loc="best")
        gains = "; ".join(f"from b = {low} to {high} by {100 * _gain(rise):.2g} per cent" for rise in rises for low, high in [rise.pair])
        return svg(axes, name, "The variance rises between large batches", f"The variance rises {gains}.")


def around(rise: Rise) -> dict[int, float]:
    """var(b) / var at the pair's first b, for integers equally spaced in logarithms, where it is no further off than some rises' height."""
    low, high = rise.pair
    start, end = low / max(1.4, high / low), high * 1.7
    sizes = sorted({round(start * (end / start) ** (i / POINTS)) for i in range(POINTS + 1)} | {low, high})
    unit = Fraction(rise.variance(low))
    heights = {b: float(Fraction(rise.variance(b)) / unit) for b in sizes}
    return {b: y for b, y in heights.items() if abs(y - 1) < max(3 * _gain(rise), 0.02)}


def beside_the_saddle(saddle: Saddle) -> str:
    """n^3 var at b = n scale, for one n and in the limit."""
    low, high = SCALES
    scales = grid(low, high)
    n, limit, ends = saddle.sizes[1], near_saddle.limit(), (saddle.low, saddle.high)

    def scaled(scale: Fraction) -> float:
        return float(to_fraction(near_saddle.at(scale)(to_fmpq(Fraction(1, n)))))

    with panel() as axes:
        axes.plot(floats(scales), [scaled(x) for x in scales], color=BLUE, label=f"$n = {n}$")
        axes.plot(ends, [scaled(Fraction(x)) for x in ends], "o", color=BLUE)
        heights = [float(to_fraction(limit(to_fmpq(1 / x)))) for x in scales]
        axes.plot(floats(scales), heights, color=ORANGE, linestyle=(0, (5, 2)), label=r"$n \to \infty$")
        axes.set_xscale("log")
        plain_ticks(axes, (10, saddle.low, saddle.high, 40))
        axes.set_xlabel("$b / n$")
        axes.set_ylabel(r"$n^3\ \mathrm{var}(g_2)$")
        axes.set_ylim(0.066, 0.077)
        axes.legend(loc="upper right")
        title = "Beside the saddle the variance rises at batch sizes of order n"
        return svg(axes, "fig-conjecture-saddle", title, f"For n = {n} and in the limit, from {saddle.low} n to {saddle.high} n.")


def _gain(rise: Rise) -> float:
    """By how much of itself the variance rises."""
    low, high = (Fraction(rise.variance(b)) for b in rise.pair)
    return float(high / low - 1)


def _network(rise: Rise) -> str:
    return f"$H = {rise.problem.depth}$, $t = {rise.step}$"


def _inputs(rise: Rise) -> str:
    support = rise.problem.inputs.support()
    if support is None:
        return "Gaussian, $p = 2$"
    return rf"$x \in \{{{', '.join(str(x) for (x,) in support[0])}\}}$"
