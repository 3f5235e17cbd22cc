"""The variance over the batch size: where it falls and where it rises (Theorem 3.5), and what other such figures share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from reports.figures.registry import figure
from reports.figures.style import BLUE, GREEN, INK, MUTED, ORANGE, Figure, panel, svg
from reports.findings import Findings
from reports.text.names import with_maths
from theory.claims.theorem_3_5 import printed_threshold
from theory.inverse_batch import InverseBatchPolynomial
from theory.variance_poly import variance_polynomial

POINTS = 240


@figure("thresholds")
def draw_threshold(findings: Findings, seed: int) -> Figure:
    """Theorem 3.5: var and -b dvar/db, whose last zeros are the printed b_0 and the true one."""
    two_atoms = pick(findings, lambda x: not is_gaussian(x), lambda x: x.rise is not None, _rises_beyond_print)
    gaussian = pick(findings, is_gaussian, lambda x: _variance(x).decreasing_from() != 1)
    v, w = _variance(two_atoms), _variance(gaussian)
    printed, true, late = float(printed_threshold(v)[1]), v.threshold, float(printed_threshold(w)[1])
    root = f"has its last root at {late:.4g}" if late else "has no positive root"
    return Figure(
        (threshold_panel(v, printed, true, "fig-3-5-zeros"), _rise_panel(w, "fig-3-5-rise")),
        rf"(a) {with_maths(two_atoms.name)}. The variance (solid) is zero at the printed \(b_0 = {printed:.4g}\), its derivative "
        r"(dashed, as \(-b\,\frac{d}{db}\mathrm{var}\), in the same units) at the true one, "
        rf"\(b_0 = {true:.4g}\): between the two the variance rises. Circles are integer batch sizes. "
        rf"(b) {with_maths(gaussian.name)}. The printed polynomial {root}, yet the variance still rises up to "
        rf"\(b_0 = {w.threshold:.5g}\). Drawn from the exact polynomials of degree {v.degree} and {w.degree}.",
    )


def threshold_panel(v: InverseBatchPolynomial, printed: float, true: float, name: str) -> str:
    """var (solid) and -b dvar/db (dashed) around their last zeros, with integer batch sizes marked."""
    end = 3 * math.ceil(true)
    slope = v.derivative()
    with panel() as axes:
        b = grid(1, end)
        axes.plot(floats(b), values(v, b), color=BLUE, label=r"$\mathrm{var}(b)$")
        axes.plot(
            floats(b),
            [-float(x * slope(x)) for x in b],
            color=ORANGE,
            linestyle=(0, (5, 2)),
            label=r"$-b\ d\,\mathrm{var}/db$",
        )
        whole = range(1, end + 1)
        axes.plot(whole, values(v, whole), "o", color=BLUE, markerfacecolor="none", markeredgewidth=1.4)
        axes.axhline(0, color=MUTED, linewidth=0.9)
        _mark(axes, printed, "printed \n$b_0$", 0.84, side="right" if printed < true else "left")
        _mark(axes, true, "true $b_0$", 0.03)
        highest = max(values(v, b))
        axes.set_ylim(min(-0.5 * highest, 1.6 * min(values(v, b))), 1.2 * highest)
        batch_axis(axes, 1, end)
        axes.set_ylabel("variance")
        axes.legend(loc="lower right")
        return svg(
            axes,
            name,
            "The variance, its derivative, and the two thresholds",
            f"The variance is zero at the printed threshold {printed:.4g} and rises until the zero of its derivative at "
            f"{true:.4g}, then falls.",
        )


def _rise_panel(w: InverseBatchPolynomial, name: str) -> str:
    """The last rise and what follows, on a linear scale."""
    top, end = float(w(Fraction(w.threshold))), 6 * w.threshold
    b = [x for x in grid(w.threshold / 3, end) if w(x) <= Fraction(11, 10) * Fraction(top)]
    with panel() as axes:
        axes.plot(floats(b), _scaled(w, b, top), color=BLUE)
        _mark(axes, w.threshold, "true $b_0$", 0.03)
        axes.set_xscale("log")
        plain_ticks(axes, [round(float(b[0]), -1), round(w.threshold), 2 * round(w.threshold), 4 * round(w.threshold)])
        axes.set_xlabel("batch size $b$")
        axes.set_ylabel(r"$\mathrm{var}(b)\,/\,\mathrm{var}(b_0)$")
        title = "Gaussian inputs: the variance rises up to the true threshold"
        return svg(axes, name, title, f"Up to b = {w.threshold:.5g} the variance rises, then it falls for good.")


def towards_limit(name: str, v: InverseBatchPolynomial, colour: str, title: str, axis: str, curve: str, limit_label: str) -> str:
    """An expectation against b on a logarithmic axis, with its constant term as a dashed line."""
    limit, sizes, marked = float(v.coefficients[0]), grid(1, 64), [2**k for k in range(7)]
    with panel() as axes:
        axes.plot(floats(sizes), values(v, sizes), color=colour, label=curve)
        axes.plot(marked, values(v, marked), "o", color=colour, markerfacecolor="none", markeredgewidth=1.4)
        axes.axhline(limit, color=MUTED, linestyle=(0, (4, 3)), linewidth=1.2, label=limit_label)
        batch_axis(axes, 1, 64)
        axes.set_ylabel(axis)
        axes.legend(loc="best")
        description = f"From {float(v(1)):.4g} at b = 1 to {float(v(64)):.4g} at b = 64, towards {limit:.4g}."
        return svg(axes, name, title, description)


def pick(findings: Findings, *wanted: Callable[[Any], bool]) -> Any:
    """The first instance among the showcases that is all that is wanted. Raises LookupError when there is none."""
    for examined in findings.examined:
        if examined.instance is not None and all(is_so(examined.instance) for is_so in wanted):
            return examined.instance
    raise LookupError(f"claim {findings.claim.id} has no showcase that its figure can be drawn from")


def is_gaussian(instance: Any) -> bool:
    return bool(instance.problem.inputs.is_centred_gaussian)


def _rises_beyond_print(instance: Any) -> bool:
    """Whether var still rises between batch sizes beyond the printed threshold."""
    v = _variance(instance)
    return 0 < printed_threshold(v)[1] < v.threshold and v.decreasing_from() not in (None, 1)


def _variance(instance: Any) -> InverseBatchPolynomial:
    return variance_polynomial(instance.problem, instance.step, instance.layer)


def values(v: InverseBatchPolynomial, sizes: Iterable[Any]) -> list[float]:
    return [float(v(Fraction(b))) for b in sizes]


def floats(sizes: Iterable[Fraction]) -> list[float]:
    return [float(b) for b in sizes]


def _scaled(v: InverseBatchPolynomial, sizes: Iterable[Any], unit: float) -> list[float]:
    return [y / unit for y in values(v, sizes)]


def grid(low: float, high: float) -> list[Fraction]:
    """Batch sizes in geometric progression, none below 1, with small denominators: exact evaluation is then cheap."""
    ratio = (high / low) ** (1 / (POINTS - 1))
    return [max(Fraction(1), Fraction(low * ratio**i).limit_denominator(500)) for i in range(POINTS)]


def plain_ticks(axes: Axes, ticks: Iterable[float]) -> None:
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))


def batch_axis(axes: Axes, low: float, high: float, every: bool = False) -> None:
    axes.set_xlabel("batch size $b$")
    if every:
        axes.xaxis.set_major_locator(FixedLocator(range(math.ceil(low), math.floor(high) + 1)))
        return
    axes.set_xscale("log")
    exponents = range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1)
    stride = max(1, math.ceil(len(exponents) / 7))
    plain_ticks(axes, [2.0**k for k in exponents][::stride])


def _mark(axes: Axes, b: float, label: str, height: float, side: Literal["left", "right"] = "left") -> None:
    """A vertical line at b, its label beside it: `side` is the end of the label that touches the line."""
    true = label.startswith("true")
    axes.axvline(b, color=GREEN if true else INK, linewidth=1.1, linestyle="-" if true else (0, (1.5, 2)))
    where, text = axes.get_xaxis_transform(), f" {label} "
    axes.text(b, height, text, transform=where, ha=side, va="bottom", fontsize=10.5, linespacing=1.0)
