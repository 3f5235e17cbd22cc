"""Lemma A.3 and Theorems A.4, A.5, A.6 as pictures: what the rewriting steps produce, beside what the print says."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction as F
from functools import reduce
from operator import matmul, mul

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator

from reports.figures.registry import figure
from reports.figures.style import BLUE, GREEN, INK, MUTED, ORANGE, Figure, panel, svg
from reports.findings import Findings
from theory.budget import Budget, UnaffordableError
from theory.inputs import Gaussian
from theory.problem import TeacherStudent
from theory.recursion import degree_bound, expectation, printed_degree_bound, remove_gradient_layer, unroll
from theory.recursion.kronecker_forms import KroneckerForm
from theory.recursion.partitions import stirling_first
from theory.trace_forms import TraceForm, W, g, tr

LARGEST_D = 5
EXPRESSIONS = 60


def problem() -> TeacherStudent:
    """Two linear layers of one unit, Gaussian inputs: every product of letters chains, nothing vanishes by accident."""
    return TeacherStudent([[[F(1, 2)]], [[F(-2, 3)]]], [[[F(3, 4)]], [[1]]], Gaussian(1), learning_rates=F(1, 10))


@figure("rows and terms")
def draw_a3(findings: Findings, seed: int) -> Figure:
    """Lemma A.3: rows and terms that come out, against the print."""
    degrees = range(LARGEST_D + 1)
    rows, terms = [], []
    for d in degrees:
        form = KroneckerForm.from_rows([_word(d, sample=True)])
        out = remove_gradient_layer(form, problem(), 0) if d else form
        rows.append(max(len(t.rows) for t in out.terms))
        terms.append(len(out.terms))
    sizes = range(1, 7)
    with panel() as axes:
        axes.plot(degrees, rows, "o-", color=BLUE, label="what comes out: $m + d$\u2032")
        axes.plot(
            degrees,
            [d - 1 for d in degrees],
            "x",
            color=ORANGE,
            linestyle=(0, (5, 2)),
            markeredgewidth=1.6,
            label="printed: $m + d - 2$",
        )
        axes.axhline(0, color=MUTED, linewidth=0.9)
        axes.set_xlabel("$d$, gradient letters in the one row ($m = 1$)")
        axes.set_ylabel("Kronecker rows $m$\u2032")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper left")
        left = svg(
            axes,
            "fig-a3-rows",
            "Rows after Lemma A.3",
            f"Rows that come out for d = 0 to {LARGEST_D}: {rows}; printed: d - 1, which is -1 at d = 0.",
        )
    with panel() as axes:
        axes.plot(
            sizes,
            [2**2 * p ** (2 * 1 + 2) for p in sizes],
            "x",
            color=ORANGE,
            linestyle=(0, (5, 2)),
            markeredgewidth=1.6,
            label="printed, $m = d$\u2032 $= 2$",
        )
        axes.plot(sizes, [2**2 * p**2 for p in sizes], "s-", color=GREEN, markerfacecolor="none", label="row 0 has gradients")
        axes.plot(sizes, [2**2 for _ in sizes], "o-", color=BLUE, label="row 0 has none")
        axes.set_yscale("log")
        axes.set_xlabel("input dimension $p$")
        axes.set_ylabel("terms $L$ for $d = 2$")
        axes.legend(loc="upper left")
        right = svg(
            axes,
            "fig-a3-terms",
            "Terms after Lemma A.3",
            "Four terms, or 4 p^2 when row 0 has gradients; the print counts 4 p^4 for two rows.",
        )
    return Figure(
        (left, right),
        r"(a) The number of Kronecker rows that the lemma, carried out on one row with \(d\) gradients of single "
        rf"samples, produces ({_listed(rows)} for "
        rf"\(d = 0, \ldots, {LARGEST_D}\); {_listed(terms)} terms), and the printed \(m' = m + d - 2\). (b) The number "
        r"of terms for \(d = 2\), "
        r"\(L = 2^d p^{2 [d_0 \ge 1]}\), against the printed \(2^d p^{d'(m-1)+2}\) at \(m = d' = 2\).",
    )


@figure("powers of one batch")
def draw_a4(findings: Findings, seed: int) -> Figure:
    """Theorem A.4: the Stirling numbers that turn class counts into powers of 1/b, and the degrees attained."""
    orders = range(1, LARGEST_D + 1)
    forms = [reduce(mul, [tr(g(0, 1))] * d) for d in orders]
    attained = [expectation(form, problem()).degree for form in forms]
    with panel() as axes:
        axes.plot(orders, orders, color=ORANGE, linestyle=(0, (5, 2)), label="printed: $d$")
        axes.plot(orders, [d - 1 for d in orders], color=BLUE, label="sharp: $d - 1$")
        axes.plot(orders, attained, "o", color=INK, label="attained")
        axes.set_xlabel("$d$, gradient letters")
        axes.set_ylabel("degree in $1/b$")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper left")
        right = svg(
            axes,
            "fig-a4-degree",
            "Degree attained",
            f"E of d gradients for d = 1 to {LARGEST_D} has degrees {attained}, one less than printed.",
        )
    return Figure(
        (stirling_panel(LARGEST_D, "fig-a4-stirling"), right),
        rf"(a) \((b)_j\, b^{{-d}} = \sum_s s_1(j, d - s)\, b^{{-s}}\) for \(d = {LARGEST_D}\): how a partition of the "
        r"\(d\) gradients into \(j\) classes of equal "
        r"samples enters each power of \(1/b\). Signs alternate, every row but the last starts later, and no row reaches "
        r"\(b^{-d}\). "
        r"(b) The degree of \(\mathbb{E}[\mathrm{tr}(g_{0,1})^d]\) for two layers of one unit with Gaussian inputs, "
        r"computed exactly.",
    )


def stirling_panel(d: int, name: str) -> str:
    """Which powers of 1/b a partition into j classes contributes to."""
    with panel() as axes:
        for j in range(1, d + 1):
            for s in range(d + 1):
                number = stirling_first(j, d - s) if 0 <= d - s <= j else 0
                colour = BLUE if number > 0 else ORANGE if number < 0 else MUTED
                axes.text(
                    s,
                    j,
                    f"{number:+d}".replace("-", "\u2212") if number else "·",
                    ha="center",
                    va="center",
                    color=colour,
                    fontsize=11.5,
                )
        axes.axvline(d - 0.5, color=MUTED, linestyle=(0, (1.5, 2)))
        axes.text(d, d + 0.62, "printed\nonly", ha="center", va="center", fontsize=10)
        axes.set_xlim(-0.6, d + 0.6)
        axes.set_ylim(0.4, d + 1.1)
        axes.grid(False)
        axes.set_xlabel("power $s$ of $1/b$")
        axes.set_ylabel("classes $j$")
        axes.xaxis.set_major_locator(FixedLocator(range(d + 1)))
        axes.yaxis.set_major_locator(FixedLocator(range(1, d + 1)))
        return svg(
            axes,
            name,
            "Signed Stirling numbers of the first kind",
            f"The coefficient of each power of 1/b in b(b-1)...(b-j+1)/b^{d}, for j = 1 to {d} classes.",
        )


@figure("unrolled step")
def draw_a5(findings: Findings, seed: int) -> Figure:
    """Theorem A.5: the terms of one unrolling by the number of gradients picked, and their degrees."""
    word = reduce(matmul, [W(1, 1)] * LARGEST_D)
    return unrolling(
        problem(),
        tr(word),
        rf"\(\mathrm{{tr}}(W_{{1,1}}^{LARGEST_D})\), two linear layers,",
        r"the rate of the step before (the printed proof has \(\alpha_t\))",
    )


def unrolling(network: TeacherStudent, product: TraceForm, name: str, coefficients: str) -> Figure:
    """`product` has d weights of step 1; `name` says of which network, `coefficients` what they are and what is printed for them."""
    d = len(product.terms[0].letters)
    form = KroneckerForm.from_trace_form(product)
    terms = unroll(form, network, 1).terms
    gradients = [sum(x.kind == "g" for x in t.letters) for t in terms]
    count, rate = Counter(gradients), network.learning_rate(0)
    weights = {j: {sum(x.kind == "W" for x in t.letters) for t, k in zip(terms, gradients, strict=True) if k == j} for j in count}
    signs = {j: {t.coefficient == (-F(rate)) ** j for t, k in zip(terms, gradients, strict=True) if k == j} for j in count}
    right_sizes = all(value == {True} for value in signs.values())
    with panel() as axes:
        for even, colour, face, label in ((True, BLUE, BLUE, "sign $+$"), (False, ORANGE, "none", "sign $-$")):
            chosen = [j for j in sorted(count) if (j % 2 == 0) == even]
            axes.bar(chosen, [count[j] for j in chosen], color=face, edgecolor=colour, linewidth=1.6, width=0.6, label=label)
        for j in sorted(count):
            axes.annotate(str(count[j]), (j, count[j]), (0, 3), textcoords="offset points", ha="center", fontsize=10.5)
        axes.set_xlabel("$j$, gradients picked")
        axes.set_ylabel("terms")
        axes.margins(y=0.15)
        axes.legend(loc="upper right")
        left = svg(
            axes,
            "fig-a5-terms",
            "Terms of one unrolling",
            f"{len(terms)} terms in all, by the number of gradients picked: {dict(sorted(count.items()))}.",
        )
    with panel() as axes:
        picked = sorted(count)
        axes.plot(picked, [max(weights[j]) for j in picked], "o-", color=BLUE, label="letters $W_{t-1}$")
        axes.plot(picked, picked, "s--", color=GREEN, markerfacecolor="none", label="letters $g_{t-1}$")
        axes.set_xlabel("$j$, gradients picked")
        axes.set_ylabel("letters in each term")
        axes.legend(loc="upper center")
        right = svg(axes, "fig-a5-letters", "Letters of each term", f"A term with j gradients keeps {d} - j weights.")
    return Figure(
        (left, right),
        rf"{name} unrolled once: {len(terms)} terms, of which "
        rf"{_listed(count[j] for j in sorted(count))} have \(j = 0, \ldots, {d}\) letters of \(g_0\). "
        rf"{'Every coefficient is' if right_sizes else 'NOT every coefficient is'} \((-\alpha_0)^j\), {coefficients}.",
    )


@figure("degree bounds")
def draw_a6(findings: Findings, seed: int) -> Figure:
    """Theorem A.6: for random trace forms, the sharp bound and the degree attained against the printed bound."""
    points = [point for point in (_degrees(form) for form in random_forms(seed, EXPRESSIONS)) if point]
    printed, sharp, attained = (np.array(column) for column in zip(*points, strict=True))
    with panel() as axes:
        _scatter(axes, printed, sharp, attained)
        left = svg(
            axes,
            "fig-a6-scatter",
            "Degree against the printed bound",
            f"{len(points)} random trace forms: attained and sharp degrees lie below the printed bound.",
        )
    gap = Counter((sharp - attained).tolist())
    with panel() as axes:
        saved = Counter((printed - sharp).tolist())
        axes.bar(sorted(saved), [saved[k] for k in sorted(saved)], color=BLUE, width=0.6)
        axes.set_xlabel("printed bound minus sharp bound")
        axes.set_ylabel("trace forms")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        right = svg(
            axes,
            "fig-a6-saved",
            "What the sharp bound saves",
            f"The printed bound minus the sharp bound: {dict(sorted(saved.items()))}.",
        )
    return Figure(
        (left, right),
        rf"{len(points)} random products of traces in \(W_0, g_0, W_1, g_1\) (seed {seed}) for two layers of one unit "
        r"with Gaussian inputs. (a) The exact degree of the "
        r"expectation (dots) and the sharp bound \(\sum_f \max(D_f - 1, 0)\) (squares) against "
        r"the printed bound \(\sum_f D_f\); the dashed line is equality. "
        rf"The sharp bound is attained by {gap[0]} of them. (b) By how much the sharp bound lies below the other.",
    )


def _scatter(axes: Axes, printed: np.ndarray, sharp: np.ndarray, attained: np.ndarray) -> None:
    top = int(printed.max()) + 1
    axes.plot([0, top], [0, top], color=ORANGE, linestyle=(0, (5, 2)), label="printed bound")
    axes.plot(printed, sharp, "s", color=BLUE, markerfacecolor="none", markersize=7, label="sharp bound")
    axes.plot(printed, attained, "o", color=INK, markersize=3.2, label="attained")
    axes.set_xlabel("printed bound")
    axes.set_ylabel("degree in $1/b$")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="upper left")


def random_forms(seed: int, number: int) -> list[TraceForm]:
    """Products of one to three traces of short random words in letters of steps 0 and 1, none a constant."""
    generator = random.Random(seed)
    letters = (W(0, 1), g(0, 1), g(0, 2), W(1, 1), W(1, 2), g(1, 1), g(1, 2))
    forms: list[TraceForm] = []
    while len(forms) < number:
        traces = [
            tr(reduce(lambda word, letter: word @ letter, generator.choices(letters, k=generator.randint(1, 2))))
            for _ in range(generator.randint(1, 2))
        ]
        forms.append(reduce(mul, traces))
    return forms


def _degrees(form: TraceForm) -> tuple[int, int, int] | None:
    """(printed bound, sharp bound, degree attained); None for a form that is too dear for a picture."""
    try:
        attained = expectation(form, problem(), budget=Budget(seconds=0.5)).degree
    except UnaffordableError:
        return None
    return printed_degree_bound(form), degree_bound(form), attained


def _word(d: int, sample: bool) -> TraceForm:
    """W_0 g_1 g_2 ... g_d, each gradient of a sample of its own."""
    return reduce(lambda word, s: word @ (g(0, 1, sample=s) if sample else g(0, 1)), range(1, d + 1), W(0, 1))


def _listed(numbers: object) -> str:
    return ", ".join(map(str, numbers))  # type: ignore[call-overload]
