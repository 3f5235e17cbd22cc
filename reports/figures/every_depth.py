"""Theorems 3.1, 3.2 and 3.3 as pictures: deep and polynomial networks beside two linear layers."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction as F
from functools import reduce
from operator import matmul, mul

from matplotlib.ticker import MaxNLocator

from reports.figures.recursion import EXPRESSIONS, LARGEST_D, random_forms, stirling_panel, unrolling
from reports.figures.registry import figure
from reports.figures.style import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, Figure, panel, svg
from reports.findings import Findings
from theory.claims.support.batch_means import attaining
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.recursion import degree_bound
from theory.trace_forms import W, g, tr
from theory.variance_poly import expectation

#: (H, D), and how it is drawn.
NETWORKS = (((2, 1), INK, "o"), ((2, 2), BLUE, "s"), ((3, 1), GREEN, "^"), ((3, 2), PURPLE, "D"))


def one_unit_layers(depth: int, activation_degree: int) -> TeacherStudent:
    """One unit in every layer, weights 1/2, 1, 3/2, ..., teacher 1, x in {1, 2}; sigma(z) = 1/2 + z + z^2 for D = 2."""
    sigma = (F(1, 2), 1, 1) if activation_degree == 2 else (0, 1)
    weights = [[[F(k, 2)]] for k in range(1, depth + 1)]
    return TeacherStudent(weights, [[[1]]] * depth, Discrete([1, 2], [F(1, 3), F(2, 3)]), F(1, 4), sigma)


@figure("powers of one batch, every depth")
def draw_3_1(findings: Findings, seed: int) -> Figure:
    """Theorem 3.1: the powers of 1/b that set partitions give, and the degree that networks of every kind attain."""
    orders = range(1, LARGEST_D + 1)
    with panel() as axes:
        axes.plot(orders, orders, color=ORANGE, linestyle=(0, (5, 2)), label="printed: $d$")
        axes.plot(orders, [d - 1 for d in orders], color=MUTED, label="sharp: $d - 1$")
        attained = []
        for n, ((depth, degree), colour, marker) in enumerate(NETWORKS):
            forms = [reduce(mul, [tr(g(0, 1))] * d) for d in orders]
            found = [expectation(attaining(depth, degree), form).degree for form in forms]
            attained.append(f"H = {depth}, D = {degree}: {', '.join(map(str, found))}")
            beside = [d + (n - 1.5) / 10 for d in orders]
            axes.plot(beside, found, marker, color=colour, markerfacecolor="none", label=f"$H = {depth},\\ D = {degree}$")
        axes.set_xlabel("$d$, gradient letters")
        axes.set_ylabel("degree in $1/b$")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper left")
        right = svg(axes, "fig-3-1-degree", "Degree attained", f"E of d gradients for d = 1 to {LARGEST_D}: {'; '.join(attained)}.")
    return Figure(
        (stirling_panel(LARGEST_D, "fig-3-1-stirling"), right),
        rf"(a) \((b)_j\, b^{{-d}} = \sum_s s_1(j, d - s)\, b^{{-s}}\) for \(d = {LARGEST_D}\): how a partition of the \(d\) gradients into "
        r"\(j\) classes of equal samples enters each power of \(1/b\), whatever the network. (b) The degree of "
        r"\(\mathbb{E}[\mathrm{tr}(g_{0,1})^d]\) for the network of the proof, two and three layers, linear and quadratic, computed "
        r"exactly; marks of one \(d\) are drawn side by side.",
    )


@figure("unrolled step, every depth")
def draw_3_2(findings: Findings, seed: int) -> Figure:
    """Theorem 3.2: a product of weights of three quadratic layers unrolled, beside the numbers that are printed."""
    layers = [1 + i % 3 for i in range(LARGEST_D)]
    word = r"\,".join(f"W_{{1,{k}}}" for k in layers)
    return unrolling(
        one_unit_layers(3, 2),
        tr(reduce(matmul, [W(1, k) for k in layers])),
        rf"\(\mathrm{{tr}}({word})\), three quadratic layers,",
        r"real numbers of either sign (the print has \(\mu_s \in \mathbb{N}^{+}\))",
    )


@figure("degree bounds, every depth")
def draw_3_3(findings: Findings, seed: int) -> Figure:
    """Theorem 3.3: for random trace forms, the degree attained against the sharp bound, by depth and degree."""
    forms = random_forms(seed, EXPRESSIONS)
    panels, met = [], []
    for name, networks in (("linear", NETWORKS[0:3:2]), ("quadratic", NETWORKS[1::2])):
        with panel() as axes:
            top = 0
            for (depth, degree), colour, marker in networks:
                points = [
                    (degree_bound(form, depth=depth, activation_degree=degree), expectation(one_unit_layers(depth, degree), form).degree)
                    for form in forms
                ]
                top = max(top, *(bound for bound, _ in points))
                met.append((depth, degree, sum(bound == found for bound, found in points)))
                axes.plot(*zip(*points, strict=True), marker, color=colour, markerfacecolor="none", label=f"$H = {depth},\\ D = {degree}$")
            axes.plot([0, top], [0, top], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
            axes.set_xlabel("sharp bound")
            axes.set_ylabel("degree in $1/b$, attained")
            axes.legend(loc="upper left")
            panels.append(svg(axes, f"fig-3-3-{name}", f"Degree against the sharp bound, {name} layers", _counts(met[-2:], len(forms))))
    return Figure(
        tuple(panels),
        rf"{len(forms)} random products of traces in \(W_0, g_0, W_1, g_1\) (seed {seed}), for networks of one unit in each layer with two "
        r"atoms as inputs: the exact degree of the expectation against \(\sum_f \max(D_f - 1, 0)\); the dashed line is equality. "
        rf"(a) Linear layers. (b) Quadratic ones. {_counts(met, len(forms))}",
    )


def _counts(met: list[tuple[int, int, int]], number: int) -> str:
    def line() -> Iterator[str]:
        for depth, degree, count in met:
            yield f"{count} of {number} (H = {depth}, D = {degree})"

    return f"The bound is attained by {', '.join(line())}."
