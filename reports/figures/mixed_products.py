"""Lemma A.1: both orders of multiplication give the same matrix, at very different costs."""

from __future__ import annotations

import math
import random
from fractions import Fraction as F
from itertools import pairwise

import numpy as np
from matplotlib.ticker import MaxNLocator

from reports.figures.registry import figure
from reports.figures.style import BLUE, MUTED, ORANGE, Figure, panel, svg
from reports.findings import Findings
from theory.kronecker import kronecker_of_rows, product_of_columns

CASES, ROWS, LENGTH, SIZE = 12, 6, 3, 2


@figure("mixed products")
def draw(findings: Findings, seed: int) -> Figure:
    """Every entry by both orders for random rows that chain; multiplications needed by each order."""
    generator = random.Random(seed)
    pairs: list[tuple[F, F]] = []
    for _ in range(CASES):
        rows = [_row(generator) for _ in range(2)]
        left, right = kronecker_of_rows(rows), product_of_columns(rows)
        pairs += [(F(x), F(y)) for x, y in zip(left.ravel(), right.ravel(), strict=True)]
    equal = sum(x == y for x, y in pairs)
    return Figure(
        (_entries_panel(pairs), _cost_panel()),
        rf"(a) The {len(pairs)} entries of \(\bigotimes_i \prod_j M_{{ij}}\) and \(\prod_j \bigotimes_i M_{{ij}}\) for "
        rf"{CASES} random pairs of "
        rf"rows of {LENGTH} matrices, shapes from 1 to 3, chaining within each row (seed {seed}): {equal} of {len(pairs)} "
        r"are equal, exactly. "
        rf"(b) The multiplications of numbers that each order needs for \(m\) rows of {LENGTH} matrices of order {SIZE}: "
        r"multiplying "
        r"within the rows first is what makes the products of traces affordable.",
    )


def _row(generator: random.Random) -> list[np.ndarray]:
    sizes = [generator.randint(1, 3) for _ in range(LENGTH + 1)]
    return [
        np.array([[F(generator.randint(-3, 3), generator.randint(1, 3)) for _ in range(c)] for _ in range(r)], dtype=object)
        for r, c in pairwise(sizes)
    ]


def _entries_panel(pairs: list[tuple[F, F]]) -> str:
    with panel() as axes:
        axes.axline((0, 0), slope=1, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        x, y = zip(*((float(a), float(b)) for a, b in pairs), strict=True)
        axes.plot(x, y, "o", color=BLUE, markerfacecolor="none", markeredgewidth=1.2)
        axes.set_xscale("symlog", linthresh=1)
        axes.set_yscale("symlog", linthresh=1)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks([-100, -10, -1, 0, 1, 10, 100])
        axes.set_xlabel("rows first")
        axes.set_ylabel("columns first")
        return svg(axes, "fig-a1-entries", "Entries by both orders", f"{len(pairs)} entries, all on the line of equality.")


def _cost_panel() -> str:
    numbers = range(1, ROWS + 1)
    rows_first = [m * (LENGTH - 1) * SIZE**3 + sum(SIZE ** (2 * k) for k in range(2, m + 1)) for m in numbers]
    columns_first = [LENGTH * sum(SIZE ** (2 * k) for k in range(2, m + 1)) + (LENGTH - 1) * SIZE ** (3 * m) for m in numbers]
    with panel() as axes:
        axes.plot(numbers, columns_first, "s--", color=ORANGE, markerfacecolor="none", label="columns first")
        axes.plot(numbers, rows_first, "o-", color=BLUE, label="rows first")
        axes.set_yscale("log")
        axes.set_xlabel("rows $m$")
        axes.set_ylabel("multiplications")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper left")
        ratio = math.floor(columns_first[-1] / rows_first[-1])
        return svg(
            axes,
            "fig-a1-cost",
            "Multiplications by both orders",
            f"At {ROWS} rows, columns first takes {ratio} times as many.",
        )
