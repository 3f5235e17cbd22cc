"""Coefficients by order, and degrees against the step: what is attained, what is sharp, what is printed."""

from __future__ import annotations

from fractions import Fraction as F

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator

from reports.figures.registry import figure
from reports.figures.style import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, Figure, panel, svg
from reports.findings import Findings
from reports.text.numbers import log10
from theory.degrees import printed_variance_degree_a7, printed_variance_degrees_3_4, variance_degree
from theory.inputs import Gaussian
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent
from theory.variance_poly import variance_polynomial

STEPS = range(4)


def scalar_network() -> TeacherStudent:
    """Two linear layers of one unit with Gaussian inputs: the smallest network, small enough for three steps."""
    return TeacherStudent([[[F(1, 2)]], [[F(-2, 3)]]], [[[F(3, 4)]], [[1]]], Gaussian(1), learning_rates=F(1, 10))


@figure("coefficients by order")
def draw_a7(findings: Findings, seed: int) -> Figure:
    """Theorem A.7: the coefficients of var(g_{2,1}) by order, and the degree against its print."""
    v = variance_polynomial(scalar_network(), 2, 1)
    return Figure(
        (coefficients_panel(v, "fig-a7-orders"), degrees_panel("fig-a7-degrees", _a7_prints())),
        rf"(a) The coefficients \(\beta_s\) of \(\mathrm{{var}}(g_{{2,1}}) = \sum_s \beta_s b^{{-s}}\), size and sign, "
        r"for two linear layers of one unit, "
        r"\(w = (1/2, -2/3)\), \(w^* = 3/4\), \(x \sim N(0, 1)\), \(\alpha = 1/10\): the last one is "
        rf"\(\beta_{{{v.degree}}}\), and there is no constant term. "
        rf"(b) The degree attained by the same network at \(t = 0, \ldots, {STEPS[-1]}\), the sharp bound \(3^{{t+1}} "
        rf"- t - 2\) and the printed \(3^{{t+1}} - 1\). "
        "Computed exactly.",
    )


@figure("degrees by step")
def draw_3_4(findings: Findings, seed: int) -> Figure:
    """Theorem 3.4: attained degrees against both printed bounds; the bounds against the depth."""
    first, second = (next(t for t in STEPS if too_small[t] < variance_degree(t)) for too_small in _prints_3_4().values())
    return Figure(
        (degrees_panel("fig-3-4-degrees", _prints_3_4()), depth_panel("fig-3-4-depth")),
        r"(a) The degree of \(\mathrm{var}(g_{t,1})\) in \(1/b\) attained by two linear layers of one unit "
        r"(\(w = (1/2, -2/3)\), \(w^* = 3/4\), \(x \sim N(0,1)\), \(\alpha = 1/10\); exact), the sharp bound "
        r"\(3^{t+1} - t - 2\), and the two bounds printed for \(D = 1\), \(2^{t+1} - 1\) and \(2^{t+2} - 1\): "
        rf"the first is too small from \(t = {first}\) on, the second from \(t = {second}\). "
        r"(b) The sharp bound for linear networks of depth \(H = 1, \ldots, 4\), and the larger of the printed ones, "
        r"which do not depend on \(H\).",
    )


def coefficients_panel(v: InverseBatchPolynomial, name: str) -> str:
    """log10 |beta_s| against s: filled circles for positive coefficients, open squares for negative ones."""
    orders = [(s, log10(F(c)), c > 0) for s, c in enumerate(v.coefficients) if c]
    floor = min(y for _, y, _ in orders) - 1
    with panel() as axes:
        axes.vlines([s for s, _, _ in orders], floor, [y for _, y, _ in orders], color=MUTED, linewidth=0.8)
        for positive, colour, marker, face, label in (
            (True, BLUE, "o", BLUE, r"$\beta_s > 0$"),
            (False, ORANGE, "s", "none", r"$\beta_s < 0$"),
        ):
            chosen = [(s, y) for s, y, sign in orders if sign == positive]
            if chosen:
                axes.plot(
                    *zip(*chosen, strict=True),
                    marker,
                    color=colour,
                    markerfacecolor=face,
                    markeredgewidth=1.4,
                    label=label,
                )
        axes.set_ylim(floor, max(y for _, y, _ in orders) + 1)
        axes.set_xlabel("order $s$")
        axes.set_ylabel(r"$\log_{10} |\beta_s|$")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="best")
        negative = sum(not sign for _, _, sign in orders)
        return svg(
            axes,
            name,
            "Coefficients by order",
            f"Orders 1 to {v.degree}; {negative} of {len(orders)} coefficients are negative.",
        )


def degrees_panel(name: str, prints: dict[str, list[int]]) -> str:
    """Degrees attained at t = 0, 1, ... with the sharp bound and the printed ones."""
    attained = [variance_polynomial(scalar_network(), t, 1).degree for t in STEPS]
    sharp = [variance_degree(t) for t in STEPS]
    with panel() as axes:
        axes.plot(STEPS, sharp, color=BLUE, label="sharp bound")
        for (label, values), colour, style in zip(prints.items(), (ORANGE, PURPLE), ((0, (5, 2)), (0, (1.5, 2))), strict=False):
            axes.plot(STEPS, values, color=colour, linestyle=style, label=label)
        axes.plot(STEPS, attained, "o", color=INK, label="attained")
        for t, degree in zip(STEPS, attained, strict=True):
            above = all(values[t] < degree for values in prints.values())  # no line is there
            place, side = ((-6, 4), "right") if above else ((7, -9), "left")
            axes.annotate(str(degree), (t, degree), place, textcoords="offset points", ha=side, fontsize=10.5)
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.5)
        _step_axis(axes)
        axes.set_ylabel("degree in $1/b$")
        axes.legend(loc="upper left")
        return svg(
            axes,
            name,
            "Degree of the variance by step",
            f"Attained degrees {attained}; sharp bound {sharp}; printed: {prints}.",
        )


def depth_panel(name: str) -> str:
    """Sharp bounds for linear networks of depth 1 to 4 and the larger printed one."""
    with panel() as axes:
        for depth, colour, marker in zip(range(1, 5), (BLUE, GREEN, PURPLE, INK), "osD^", strict=True):
            axes.plot(
                STEPS,
                [variance_degree(t, depth=depth) for t in STEPS],
                marker + "-",
                color=colour,
                linewidth=1.2,
                markerfacecolor="none",
                label=f"$H = {depth}$",
            )
        axes.plot(
            STEPS,
            [printed_variance_degrees_3_4(t)[1] for t in STEPS],
            color=ORANGE,
            linestyle=(0, (5, 2)),
            label="printed, any $H$",
        )
        axes.set_yscale("log")
        _step_axis(axes)
        axes.set_ylabel("degree in $1/b$")
        axes.legend(loc="upper left")
        return svg(
            axes,
            name,
            "Sharp degree by depth",
            "The sharp degree grows with the depth; from t = 2 on the printed bound lies below it for every depth above one.",
        )


def _a7_prints() -> dict[str, list[int]]:
    return {"printed bound": [printed_variance_degree_a7(t) for t in STEPS]}


def _prints_3_4() -> dict[str, list[int]]:
    first, second = zip(*(printed_variance_degrees_3_4(t) for t in STEPS), strict=True)
    return {"printed, first": list(first), "printed, second": list(second)}


def _step_axis(axes: Axes) -> None:
    axes.set_xlabel("step $t$")
    axes.xaxis.set_major_locator(FixedLocator(list(STEPS)))
    axes.margins(x=0.09)
