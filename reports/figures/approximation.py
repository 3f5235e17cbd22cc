"""Approximants and the two networks' gap: error curves in their certified bands, errors over the degree, gaps over the step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.figures.curves import pick, plain_ticks
from reports.figures.registry import figure
from reports.figures.style import BLUE, GREEN, MUTED, ORANGE, PURPLE, Figure, panel, svg
from reports.findings import Findings
from reports.text.names import with_maths
from reports.text.numbers import counted
from theory.approximation import GapBounds, gradient_gap_bound, product_gap_bound
from theory.chebyshev import ActivationPolynomial, approximate, convergence_rate
from theory.claims.theorem_a9 import Instance
from theory.references import ball_runs
from theory.trace_forms import TraceForm, W, g, tr

COLOURS, MARKERS = (BLUE, ORANGE, GREEN, PURPLE), ("o", "s", "^", "D")
SHOWN = ("sigmoid", 8, 20)  # activation, radius and degree of the error curves
RADIUS = 4
DEGREES = range(4, 41, 4)


@figure("approximants")
def draw_3_6(findings: Findings, seed: int) -> Figure:
    """sigma - P and sigma' - P' over the interval, inside the certified band."""
    name, radius, degree = SHOWN
    polynomial = approximate(name, radius, degree)
    return Figure(
        (_error_curve(polynomial, "value"), _error_curve(polynomial, "derivative")),
        rf"The {name} on \([-{radius}, {radius}]\) and its polynomial of degree {polynomial.degree} (the best uniform fit of "
        rf"\(\sigma'\), integrated): (a) \(\sigma - P\), (b) \(\sigma' - P'\), which equioscillates. The band is the certified bound, "
        rf"\({polynomial.value_error:.3g}\) and \({_latex(polynomial.derivative_error)}\); the lower bounds, certified too, are within "
        r"1 per cent of it. Curves in doubles, bands in ball arithmetic.",
    )


@figure("gradient gaps")
def draw_a9(findings: Findings, seed: int) -> Figure:
    """Certified errors over the degree beside the predicted rates, and gaps over the step below their bounds."""
    instance = pick(findings, lambda x: isinstance(x, Instance) and x.problem.depth == 3)
    rates = ", ".join(rf"{name} \({convergence_rate(name, RADIUS):.4g}\)" for name in ("sigmoid", "tanh", "softplus"))
    return Figure(
        (_degrees(), _steps(instance)),
        rf"(a) Certified error of the derivative on \([-{RADIUS}, {RADIUS}]\) over the degree (marks), beside lines through the middle "
        rf"mark with the slope predicted by the nearest singularity, \(\rho^{{-n}}\), \(\rho\): {rates}. (b) The network with "
        rf"{with_maths(instance.name)}: "
        r"\(\|g_{t,k}^S - g_{t,k}^P\|\) in ball arithmetic (marks) and the bound \(e_g(t, k)\) (lines of the same style), layers 1, 2, "
        r"3.",
    )


@figure("product gaps")
def draw_a10(findings: Findings, seed: int) -> Figure:
    """Products of one run: the gap over the step with the bound above, and many products at once."""
    instance = pick(findings, lambda x: hasattr(x, "run") and x.problem.depth == 3).run
    bounds = gradient_gap_bound(instance.problem, instance.polynomial, instance.batches, instance.envelope)
    return Figure(
        (_squared_norms(instance, bounds), _many_products(instance, bounds)),
        rf"The network with {with_maths(instance.name)}. (a) \(\mathrm{{tr}}(g_{{t,k}}^T g_{{t,k}})\): how far the two runs are apart "
        rf"(marks) and the telescoped bound "
        r"(lines). (b) The bound against what happened, at every step \(t\), for products of the first 1, 2, 4 and 6 letters of "
        r"\(g_{t,2}\, W_{t,2}^T\, g_{9,2}\, W_{9,2}^T\, W_{0,2}\, g_{t,2}^T\); the line is equality. What happened in ball arithmetic.",
    )


def error_and_band(polynomial: ActivationPolynomial, kind: str) -> tuple[np.ndarray, np.ndarray, float]:
    """(x, the error of the value or of the derivative at x, its certified bound)."""
    sigma, x = polynomial.activation, float(polynomial.radius) * np.cos(np.linspace(np.pi, 0, 1600))
    if kind == "value":
        return x, sigma.value(x) - polynomial(x), polynomial.value_error
    return x, sigma.derivative(x) - polynomial.derivative(x), polynomial.derivative_error


def _error_curve(polynomial: ActivationPolynomial, kind: str) -> str:
    sigma, radius = polynomial.activation, float(polynomial.radius)
    x, error, bound = error_and_band(polynomial, kind)
    label = r"$\sigma - P$"
    if kind == "derivative":
        label = "$\\sigma$′ $-$ $P$′"
    unit = 10.0 ** np.floor(np.log10(bound))
    with panel() as axes:
        axes.axhspan(-bound / unit, bound / unit, color=GREEN, alpha=0.14, linewidth=0)
        for edge in (-bound, bound):
            axes.axhline(edge / unit, color=GREEN, linewidth=1.1, linestyle=(0, (5, 2)))
        axes.plot(x, error / unit, color=BLUE, linewidth=1.3)
        axes.set_xlim(-radius, radius)
        axes.set_ylim(-1.25 * bound / unit, 1.25 * bound / unit)
        axes.set_xlabel("$x$")
        axes.set_ylabel(rf"{label}, units of $10^{{{int(np.log10(unit))}}}$")
        title = f"Error of the {kind} of a polynomial for {sigma}, inside the certified band"
        return svg(axes, f"fig-3-6-{kind}", title, f"The error stays within {bound:.4g} and touches it at its extrema.")


def _degrees() -> str:
    with panel() as axes:
        for name, colour, marker in zip(("sigmoid", "tanh", "softplus"), COLOURS, MARKERS, strict=False):
            errors = [approximate(name, RADIUS, n).derivative_error for n in DEGREES]
            shown = [(n, e) for n, e in zip(DEGREES, errors, strict=True) if e > 1e-13]
            n, e = zip(*shown, strict=True)
            axes.plot(n, e, marker, color=colour, markerfacecolor="none", markeredgewidth=1.4, label=name)
            axes.plot(n, predicted(name, n, e), color=colour, linewidth=1.0, linestyle=(0, (4, 3)))
        axes.set_yscale("log")
        axes.set_xlabel("degree $n$")
        axes.set_ylabel("certified $\\sup\\,|\\sigma$′ $-$ $P$′$|$")
        plain_ticks(axes, list(DEGREES)[::2])
        axes.legend(loc="lower left")
        description = f"Errors from degree {DEGREES[0]} to {DEGREES[-1]}, beside straight lines of the predicted slopes."
        return svg(axes, "fig-a9-degrees", "Certified errors over the degree, with predicted rates", description)


def predicted(name: str, degrees: Sequence[int], errors: Sequence[float]) -> list[float]:
    """Through the middle error, falling by the predicted rate on [-RADIUS, RADIUS] per degree."""
    rate, middle = convergence_rate(name, RADIUS), len(degrees) // 2
    return [errors[middle] * rate ** (degrees[middle] - n) for n in degrees]


def _steps(instance: Instance) -> str:
    polynomial = instance.polynomial
    bounds = gradient_gap_bound(instance.problem, polynomial, instance.batches, instance.envelope)
    gaps = ball_runs.distances(instance.problem, polynomial.activation, polynomial, instance.batches)["gradient"]
    seen = np.array([[float(x) for x in row] for row in gaps])
    return _lines("fig-a9-steps", seen, bounds.gradient, r"$\|g_{t,k}^S - g_{t,k}^P\|$", "Gaps of the gradients, and their bounds")


def _squared_norms(instance: Instance, bounds: GapBounds) -> str:
    polynomial = instance.polynomial
    steps, layers = bounds.gradient.shape
    forms = [[tr(g(t, k).T @ g(t, k)) for k in range(1, layers + 1)] for t in range(steps)]
    promised = np.array([[product_gap_bound(form, instance.problem, bounds) for form in row] for row in forms])
    seen = np.array([[_distance(instance, polynomial, form) for form in row] for row in forms])
    label = r"gap of $\mathrm{tr}(g_{t,k}^T g_{t,k})$"
    return _lines("fig-a10-norms", seen, promised, label, "Gaps of the gradients' squared norms, and their bounds")


def _lines(name: str, seen: np.ndarray, promised: np.ndarray, label: str, title: str) -> str:
    steps = range(len(seen))
    with panel() as axes:
        for k, (colour, marker) in enumerate(zip(COLOURS, MARKERS, strict=False)):
            if k < seen.shape[1]:
                axes.plot(steps, promised[:, k], color=colour, label=f"layer {k + 1}")
                axes.plot(steps, seen[:, k], marker, color=colour, markerfacecolor="none", markeredgewidth=1.4)
        axes.set_yscale("log")
        axes.set_xlabel("step $t$")
        axes.set_ylabel(label)
        plain_ticks(axes, list(steps))
        axes.set_ylim(None, promised.max() * 30)
        axes.legend(loc="upper left", ncols=3, columnspacing=1.2, handlelength=1.6)
        first, last = _ratio(promised[0], seen[0]), _ratio(promised[-1], seen[-1])
        description = f"At the first step the bounds are {first} times the gaps, at the last {last}."
        return svg(axes, name, title, description)


def _many_products(instance: Instance, bounds: GapBounds) -> str:
    polynomial, problem = instance.polynomial, instance.problem
    last = len(bounds.gradient) - 1
    with panel() as axes:
        smallest = np.inf
        for count, colour, marker in zip((1, 2, 4, 6), COLOURS, MARKERS, strict=True):
            forms = [_product(t, last, count) for t in range(last + 1)]
            seen = [_distance(instance, polynomial, form) for form in forms]
            promised = [product_gap_bound(form, problem, bounds) for form in forms]
            smallest = min(smallest, *(b / s for b, s in zip(promised, seen, strict=True)))
            axes.plot(seen, promised, marker, color=colour, markerfacecolor="none", markeredgewidth=1.4, label=counted(count, "letter"))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.axline((1e-7, 1e-7), (1e-3, 1e-3), color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_xlabel("what happened")
        axes.set_ylabel("bound")
        axes.legend(loc="lower right")
        return svg(axes, "fig-a10-products", "Bounds against gaps", f"The smallest ratio of a bound to its gap is {smallest:.3g}.")


def _product(step: int, last: int, count: int) -> TraceForm:
    """A square product of `count` letters of steps `step` and `last`: gradients and weights in turn."""
    pairs = [g(step, 2), W(step, 2).T, g(last, 2), W(last, 2).T, W(0, 2), g(step, 2).T]
    word = pairs[0]
    for letter in pairs[1:count]:
        word = word @ letter
    return word


def _distance(instance: Instance, polynomial: ActivationPolynomial, form: TraceForm) -> float:
    ball = ball_runs.form_distance(instance.problem, polynomial.activation, polynomial, instance.batches, form)
    return float(ball)


def _ratio(bounds: Sequence[float] | np.ndarray, seen: Sequence[float] | np.ndarray) -> str:
    return f"{max(b / s for b, s in zip(bounds, seen, strict=True) if s > 0):.3g}"


def _latex(value: float) -> str:
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    return rf"{mantissa}\cdot 10^{{{int(exponent)}}}" if exponent else mantissa
