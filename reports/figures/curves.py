"""Polynomials in 1/b over the batch size: where the variance falls and rises, and what the loss does."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from reports.figures.style import BLUE, GREEN, INK, MUTED, ORANGE, Figure, panel, svg
from reports.findings import Examined, Findings
from reports.numbers import decimal
from theory.claims.theorem_3_5 import printed_threshold
from theory.inverse_batch import InverseBatchPolynomial
from theory.variance_poly import loss_polynomial, variance_polynomial

POINTS = 240


def draw_threshold(findings: Findings, seed: int) -> Figure:
    """Theorem 3.5: var and -b dvar/db, whose last zeros are the printed b_0 and the true one."""
    two_atoms, gaussian = (
        _instance(findings, "two atoms, rising from zero"),
        _instance(findings, "Gaussian, rising at t = 3"),
    )
    v, w = _variance(two_atoms), _variance(gaussian)
    (_, printed), true = printed_threshold(v), v.threshold
    return Figure(
        (threshold_panel(v, float(printed), true, "fig-3-5-zeros"), _rise_panel(w, "fig-3-5-rise")),
        rf"(a) {two_atoms.name}. The variance (solid) is zero at the printed \(b_0 = {float(printed):.4g}\), its "
        r"derivative "
        rf"(dashed, as \(-b\,\frac{{d}}{{db}}\mathrm{{var}}\), in the same units) at the true one, \(b_0 = {true:.4g}\): "
        r"between the two the variance rises. "
        rf"Circles are integer batch sizes. (b) {gaussian.name}. The printed polynomial has "
        rf"{'no positive root' if printed_threshold(w)[1] == 0 else 'its last root at ' + format(float(printed_threshold(w)[1]), '.4g')}, "
        rf"yet the variance still rises up to \(b_0 = {w.threshold:.5g}\). Drawn from the exact polynomials of degree "
        rf"{v.degree} and {w.degree}.",
    )


def threshold_panel(v: InverseBatchPolynomial, printed: float, true: float, name: str) -> str:
    """var (solid) and -b dvar/db (dashed) around their last zeros, with integer batch sizes marked."""
    end = 3 * math.ceil(true)
    slope = v.derivative()
    with panel() as axes:
        b = _grid(1, end)
        axes.plot(_floats(b), _values(v, b), color=BLUE, label=r"$\mathrm{var}(b)$")
        axes.plot(
            _floats(b),
            [-float(x * slope(x)) for x in b],
            color=ORANGE,
            linestyle=(0, (5, 2)),
            label=r"$-b\ d\,\mathrm{var}/db$",
        )
        whole = range(1, end + 1)
        axes.plot(whole, _values(v, whole), "o", color=BLUE, markerfacecolor="none", markeredgewidth=1.4)
        axes.axhline(0, color=MUTED, linewidth=0.9)
        _mark(axes, printed, "printed $b_0$", 0.9)
        _mark(axes, true, "true $b_0$", 0.03)
        highest = max(_values(v, b))
        axes.set_ylim(min(-0.5 * highest, 1.6 * min(_values(v, b))), 1.2 * highest)
        _batch_axis(axes, 1, end)
        axes.legend(loc="lower right")
        return svg(
            axes,
            name,
            "The variance, its derivative, and the two thresholds",
            f"The variance is zero at the printed threshold {printed:.4g} and rises until the zero of its derivative at "
            f"{true:.4g}, then falls.",
        )


def draw_conjecture(findings: Findings, seed: int) -> Figure:
    """The conjecture for every b: the Gaussian rise, enlarged, and the two-atom rises."""
    gaussian = _instance(findings, "Gaussian, t = 3")
    atoms = [_instance(findings, "two atoms, from zero"), _instance(findings, "two atoms")]
    w = _variance(gaussian)
    low, high = gaussian.pair
    with panel() as axes:
        whole = range(1, 13)
        for instance, colour, marker in zip(atoms, (BLUE, ORANGE), ("o", "s"), strict=True):
            v = _variance(instance)
            scale = float(v(2))
            axes.plot(
                whole,
                [y / scale for y in _values(v, whole)],
                marker + "-",
                color=colour,
                markerfacecolor="none",
                linewidth=1.2,
                label=_short(instance.name),
            )
        _batch_axis(axes, 1, 12, every=True)
        axes.set_ylabel(r"$\mathrm{var}(b)\,/\,\mathrm{var}(2)$")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
        right = svg(
            axes,
            "fig-conjecture-atoms",
            "Two atoms: the variance rises from b = 1 to b = 2",
            "Both variances at b = 1, ..., 12, relative to b = 2; both rise from 1 to 2 and fall from then on.",
        )
    return Figure(
        (_inset_panel(w, "fig-conjecture-rise", (low, high)), right),
        rf"(a) {gaussian.name}: the exact polynomial of degree {w.degree}; the inset enlarges the rise from \(b = "
        rf"{low}\), "
        rf"\(\mathrm{{var}} = {_latex(w(low))}\), to \(b = {high}\), \({_latex(w(high))}\). (b) Two atoms, \(t = 1\), "
        rf"each at integer batch sizes, relative to its value at \(b = 2\).",
    )


def _rise_panel(w: InverseBatchPolynomial, name: str) -> str:
    """The last rise and what follows, on a linear scale."""
    top, end = float(w(Fraction(w.threshold))), 6 * w.threshold
    b = [x for x in _grid(w.threshold / 3, end) if w(x) <= Fraction(11, 10) * Fraction(top)]
    with panel() as axes:
        axes.plot(_floats(b), _scaled(w, b, top), color=BLUE)
        _mark(axes, w.threshold, "true $b_0$", 0.03)
        axes.set_xscale("log")
        _plain_ticks(axes, [round(float(b[0]), -1), round(w.threshold), 2 * round(w.threshold), 4 * round(w.threshold)])
        axes.set_xlabel("batch size $b$")
        axes.set_ylabel(r"$\mathrm{var}(b)\,/\,\mathrm{var}(b_0)$")
        title = "Gaussian inputs: the variance rises up to the true threshold"
        return svg(axes, name, title, f"Up to b = {w.threshold:.5g} the variance rises, then it falls for good.")


def _inset_panel(w: InverseBatchPolynomial, name: str, pair: tuple[int, int]) -> str:
    """The whole curve, over many powers of ten, and the rise enlarged."""
    end, (low, high) = 40 * w.threshold, pair
    near = _grid(low / 1.12, high * 1.25)
    with panel() as axes:
        b = _grid(w.threshold / 40, end)
        axes.plot(_floats(b), _values(w, b), color=BLUE)
        axes.set_yscale("log")
        _batch_axis(axes, float(b[0]), end)
        axes.set_ylabel(r"$\mathrm{var}(b)$")
        small = axes.inset_axes((0.42, 0.42, 0.56, 0.5))
        small.plot(_floats(near), _scaled(w, near, 1e-4), color=BLUE)
        ends = _scaled(w, pair, 1e-4)
        small.plot(pair, ends, "o", color=ORANGE)
        small.set_ylim(ends[0] - 0.6 * (ends[1] - ends[0]), ends[1] + 0.6 * (ends[1] - ends[0]))
        small.set_xscale("log")
        _plain_ticks(small, pair)
        small.set_title(r"$10^4\,\mathrm{var}(b)$", fontsize=10.5)
        small.tick_params(labelsize=9.5)
        title = "Gaussian inputs: the variance rises, then falls"
        description = (
            f"The variance for b from {float(b[0]):.3g} to {end:.4g}, enlarged from {low} to {high}, where it rises."
        )
        return svg(axes, name, title, description)


def draw_loss(findings: Findings, seed: int) -> Figure:
    """E loss against b: rising near a saddle, falling in one layer."""
    panels: list[str] = []
    captions: list[str] = []
    for name, colour, text in (
        ("near a saddle", ORANGE, "rises for every b"),
        ("one layer", BLUE, "falls for every b"),
    ):
        instance = _instance(findings, name)
        v = loss_polynomial(instance.problem, instance.step)
        limit = float(v.coefficients[0])
        with panel() as axes:
            b = _grid(1, 64)
            axes.plot(_floats(b), _values(v, b), color=colour, label=r"$\mathrm{E}\ \mathrm{loss}(w_t)$")
            whole = [2**k for k in range(7)]
            axes.plot(whole, _values(v, whole), "o", color=colour, markerfacecolor="none", markeredgewidth=1.4)
            axes.axhline(limit, color=MUTED, linestyle=(0, (4, 3)), linewidth=1.2, label="full gradient descent")
            _batch_axis(axes, 1, 64)
            if max(_values(v, [1])) > 50 * max(limit, 1e-300):
                axes.set_yscale("log")
            axes.legend(loc="best")
            panels.append(
                svg(
                    axes,
                    f"fig-loss-{len(panels)}",
                    f"Expected loss, {name}",
                    f"The expected loss {text}, from {float(v(1)):.4g} at b = 1 towards {limit:.4g}.",
                )
            )
        captions.append(f"{instance.name}: the expected loss {text}")
    return Figure(
        tuple(panels),
        f"(a) {captions[0]}: small batches leave the saddle sooner. (b) {captions[1]}. The dashed line is the "
        "constant term, the loss of full-gradient "
        "descent after as many steps. Drawn from the exact polynomials; circles at powers of two.",
    )


def _instance(findings: Findings, name: str) -> Any:
    return example(findings, name).instance


def example(findings: Findings, name: str) -> Examined:
    """The showcase of that name."""
    return next(e for e in findings.examined if e.showcase.name == name)


def _variance(instance: Any) -> InverseBatchPolynomial:
    return variance_polynomial(instance.problem, instance.step, instance.layer)


def _values(v: InverseBatchPolynomial, sizes: Iterable[Any]) -> list[float]:
    return [float(v(Fraction(b))) for b in sizes]


def _floats(sizes: Iterable[Fraction]) -> list[float]:
    return [float(b) for b in sizes]


def _scaled(v: InverseBatchPolynomial, sizes: Iterable[Any], unit: float) -> list[float]:
    return [y / unit for y in _values(v, sizes)]


def _grid(low: float, high: float) -> list[Fraction]:
    """Batch sizes in geometric progression, none below 1, with small denominators: exact evaluation is then cheap."""
    ratio = (high / low) ** (1 / (POINTS - 1))
    return [max(Fraction(1), Fraction(low * ratio**i).limit_denominator(500)) for i in range(POINTS)]


def _plain_ticks(axes: Axes, ticks: Iterable[float]) -> None:
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))


def _batch_axis(axes: Axes, low: float, high: float, every: bool = False) -> None:
    axes.set_xlabel("batch size $b$")
    if every:
        axes.xaxis.set_major_locator(FixedLocator(range(math.ceil(low), math.floor(high) + 1)))
        return
    axes.set_xscale("log")
    exponents = range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1)
    stride = max(1, math.ceil(len(exponents) / 7))
    _plain_ticks(axes, [2.0**k for k in exponents][::stride])


def _mark(axes: Axes, b: float, label: str, height: float) -> None:
    axes.axvline(
        b,
        color=GREEN if label.startswith("true") else INK,
        linewidth=1.1,
        linestyle="-" if label.startswith("true") else (0, (1.5, 2)),
    )
    axes.text(b, height, f" {label}", transform=axes.get_xaxis_transform(), ha="left", va="bottom", fontsize=10.5)


def _short(name: str) -> str:
    return name.split(" equally likely, ")[-1].split(", t =")[0].replace("*", r"$^*$").replace("alpha", r"$\alpha$")


def _latex(value: Any) -> str:
    mantissa, _, exponent = decimal(value, 5).partition("e")
    return rf"{mantissa}\cdot 10^{{{exponent}}}" if exponent else mantissa
