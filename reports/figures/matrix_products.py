"""Products of matrices letter by letter, as tall and as wide as each letter is; how many products are needed, and how long they are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from reports.figures.registry import figure
from reports.figures.style import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, WIDTH, Figure, panel, svg
from reports.findings import Findings
from reports.text.numbers import log10
from theory.claims.quadratic_networks import CORRECTED, PRINTED, word
from theory.polynomial_networks import count_products, fewest_products, gradient_products, printed_counts
from theory.polynomial_networks.letters import Letter

LINE, SIZES = 711, (3, 2, 4)
LONG, QUADRATIC = (2, 3, 2, 1), (0, 0, 1)
LETTERS_A_ROW = 9
DEPTHS = range(2, 10)
STYLES = {2: (BLUE, "o"), 3: (ORANGE, "s"), 4: (GREEN, "^"), 8: (PURPLE, "D")}


@figure("letters that chain")
def draw_lines(findings: Findings, seed: int) -> Figure:
    """One printed term beside the term as it should read."""
    printed, corrected = (word(lines[LINE], SIZES, 1, 2) for lines in (PRINTED, CORRECTED))
    broken = _broken(printed)
    return Figure(
        (
            _word_panel("fig-a12-printed", printed, "As printed"),
            _word_panel("fig-a12-corrected", corrected, "As it should read"),
        ),
        rf"The first term of (A.9), line {LINE}, for \(p = {SIZES[0]}\), \(p_1 = {SIZES[1]}\), \(p_2 = {SIZES[2]}\), "
        r"\(j = 1\), \(k = 2\): each letter is a box as tall as it has rows and as wide as it has columns. (a) As printed: "
        rf"{broken} of {len(printed) - 1} seams, marked, join a letter to one that has not as many rows as it has columns. "
        rf"(b) The same letters as they should stand: {_broken(corrected)} such seams.",
    )


@figure("one long product")
def draw_product(findings: Findings, seed: int) -> Figure:
    """One of the longest products of three quadratic layers."""
    products = gradient_products(LONG, QUADRATIC, 1)
    first = next(iter(products))
    return Figure(
        (_word_panel("fig-a8-product", first.letters, "One product of three layers"),),
        rf"One of the {count_products(LONG, QUADRATIC, 1).products:,} products for \(\nabla_{{W_1}}\) of a network of sizes "
        rf"{'-'.join(map(str, LONG))} with \(\sigma(z) = z^2\): {len(first.letters)} letters, {_broken(first.letters)} seams that do not "
        r"chain. Each letter is a box as tall as it has rows and as wide as it has columns; "
        r"\(E_j = e_j e_j^T\). The whole has the shape of \(W_1\).",
    )


@figure("products needed")
def draw_counts(findings: Findings, seed: int) -> Figure:
    """What is needed over the printed J, by depth and degree; the longest product beside the printed K."""
    return Figure(
        (_needed_panel(), _length_panel()),
        r"(a) The fewest products that represent the gradients when every width is 1, the monomials of the largest one, over "
        r"the printed \(J\): above the line the print is too small. (b) Matrices of the longest product of the list for "
        r"\(D = 2\), with \(e_j e_j^T\) as one constant and as two, and the printed \(K\).",
    )


def _broken(letters: Sequence[Letter]) -> int:
    return sum(a.columns != b.rows for a, b in pairwise(letters))


def _word_panel(name: str, letters: Sequence[Letter], title: str) -> str:
    rows = [letters[i : i + LETTERS_A_ROW] for i in range(0, len(letters), LETTERS_A_ROW)]
    height = max(letter.rows for letter in letters) + 2.6
    with panel(WIDTH, 0.55 + 0.72 * len(rows)) as axes:
        for n, row in enumerate(rows):
            before = rows[n - 1][-1] if n else None
            _draw_row(axes, row, before, -n * height, height)
        widest = max(sum(a.columns + 1.6 for a in row) for row in rows)
        axes.set_xlim(-1.4, widest)
        axes.set_ylim(-(len(rows) - 0.5) * height, height / 2 - 0.8)
        axes.set_title(title, fontsize=11)
        axes.grid(False)
        axes.set_axis_off()
        text = " ".join(map(str, letters))
        return svg(axes, name, title, f"{text}; {_broken(letters)} of {len(letters) - 1} seams do not chain.")


def _draw_row(axes: Axes, row: Sequence[Letter], before: Letter | None, y: float, height: float) -> None:
    x = 0.0
    for letter in row:
        if before is not None:
            sound = before.columns == letter.rows
            axes.plot([x - 0.8], [y], *(["."] if sound else ["x"]), color=MUTED if sound else ORANGE, markersize=3 if sound else 8)
        filled = letter.kind in ("e", "E", "1")
        axes.add_patch(
            Rectangle(
                (x, y - letter.rows / 2), letter.columns, letter.rows, fill=filled, facecolor=BLUE, edgecolor=INK, linewidth=1, alpha=0.9
            )
        )
        axes.text(x + letter.columns / 2, y - height / 2 + 0.55, f"${_label(letter)}$", ha="center", va="center", fontsize=9)
        x += letter.columns + 1.6
        before = letter


def _label(letter: Letter) -> str:
    return f"E_{{{letter.index}}}" if letter.kind == "E" else letter.latex().replace(r"\mathbf", r"\mathrm")


def _needed_panel() -> str:
    with panel() as axes:
        for degree, (colour, marker) in STYLES.items():
            ratios = [_ratio(depth, degree) for depth in DEPTHS]
            axes.plot(DEPTHS, ratios, marker + "-", color=colour, label=f"$D = {degree}$")
        axes.axhline(0, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_ylim(-4, 8)
        axes.set_xlabel("layers $H$")
        axes.set_ylabel(r"$\log_{10}$ (needed / printed $J$)")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper left")
        first = {d: next((h for h in DEPTHS if _ratio(h, d) > 0), None) for d in STYLES}
        words = ", ".join(f"D = {d}: H = {h}" for d, h in first.items())
        return svg(axes, "fig-a13-needed", "Products needed over the printed J", f"The print is too small from these depths on: {words}.")


def _ratio(depth: int, degree: int) -> float:
    needed = max(fewest_products(depth=depth, degree=degree, layer=s) for s in range(1, depth + 1))
    return log10(needed) - log10(printed_counts((1,) * (depth + 1), degree=degree).products)


def _length_panel() -> str:
    depths = list(range(2, 7))
    sizes = [(1,) * (h + 1) for h in depths]
    plain, fused = ([count_products(p, QUADRATIC, 1, fused=f).letters for p in sizes] for f in (False, True))
    printed = [printed_counts(p, degree=2).letters for p in sizes]
    with panel() as axes:
        axes.plot(depths, plain, "s-", color=ORANGE, markerfacecolor="none", label=r"$e_j$ and $e_j^T$")
        axes.plot(depths, printed, "x--", color=MUTED, markersize=8, label="printed $K$")
        axes.plot(depths, fused, "o-", color=BLUE, label=r"$e_j e_j^T$ as one")
        axes.set_yscale("log")
        axes.set_yticks([10, 20, 50, 100, 200, 400], ["10", "20", "50", "100", "200", "400"])
        axes.set_yticks([], minor=True)
        axes.set_xlabel("layers $H$")
        axes.set_ylabel("matrices of the longest product")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper left")
        worst = int(np.max(np.array(printed) - np.array(fused)))
        return svg(
            axes,
            "fig-a13-length",
            "Matrices of the longest product",
            f"For H = {depths[0]} to {depths[-1]}: printed {printed}, with one constant {fused}, at most {worst} less; with two {plain}.",
        )
