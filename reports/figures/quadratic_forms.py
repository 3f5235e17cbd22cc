"""Lemma A.2 on random joint laws: constants built from the joint law are right; those of a product law only for independent samples."""

from __future__ import annotations

import random
from fractions import Fraction as F

import numpy as np

from reports.figures.registry import figure
from reports.figures.style import BLUE, MUTED, ORANGE, Figure, panel, svg
from reports.findings import Findings
from theory.inputs import Discrete
from theory.kronecker import StackedSamples, direct_quadratic_product, moment_matrices, quadratic_product_from

CASES = 18  # of each kind
Case = tuple[F, F, F]  # the expectation itself; the lemma with the joint law; with the product law


@figure("quadratic forms")
def draw(findings: Findings, seed: int) -> Figure:
    """The expectation against the lemma's sum, with constants from the joint law and from the product law."""
    generator = random.Random(seed)
    kinds = {"independent": ("y", "z", "w"), "dependent": None}
    cases = {kind: [_case(generator, names) for _ in range(CASES)] for kind, names in kinds.items()}
    wrong = {kind: sum(truth != of_product for truth, _, of_product in cases[kind]) for kind in cases}
    right = all(truth == joint for kind in cases for truth, joint, _ in cases[kind])
    return Figure(
        (
            _panel("fig-a2-joint", cases, 1, "C from the joint law"),
            _panel("fig-a2-product", cases, 2, "C from a product law"),
        ),
        rf"\(\mathbb{{E}}[D_0 z_1 z_2^T D_2\,(z_1^T D_1 z_2)(y_1^T A_1 y_1)]\) for {2 * CASES} random laws and matrices "
        rf"(seed {seed}), samples in "
        r"\(\mathbb{R}^2\) with two atoms each: circles where \(y_1, z_1, z_2\) are independent, crosses where some of "
        r"them are the "
        r"same draw. Across: the expectation by enumeration. Up: the lemma's sum over \(u, v\), with \(C_{uv}\) built (a) "
        r"from the "
        rf"joint law: {'equal in every case' if right else 'NOT EQUAL in every case'}; (b) from the product of the "
        r"marginal laws: "
        rf"wrong in {wrong['dependent']} of {CASES} dependent cases and in {wrong['independent']} of {CASES} independent "
        r"ones. Exact rationals, drawn on "
        r"a scale that is linear near zero and logarithmic beyond.",
    )


def _case(generator: random.Random, names: tuple[str, str, str] | None) -> Case:
    chosen = names or generator.choice([("x", "x", "x"), ("x", "x", "y"), ("x", "y", "y"), ("x", "y", "x")])
    laws = {name: Discrete([_vector(generator), _vector(generator)]) for name in dict.fromkeys(chosen)}
    law = StackedSamples(chosen, tuple(laws[name] for name in chosen))
    a = [_matrix(generator, 2, 2)]
    d = [_matrix(generator, 1, 2), _matrix(generator, 2, 2), _matrix(generator, 2, 1)]
    forms = [np.array(x, dtype=object) for x in a], [np.array(x, dtype=object) for x in d]
    truth = direct_quadratic_product(law, a, d)
    joint = quadratic_product_from(moment_matrices(law, y_count=1, y_dimension=2, z_count=2, z_dimension=2), *forms)
    of_product = quadratic_product_from(moment_matrices(law.independent(), y_count=1, y_dimension=2, z_count=2, z_dimension=2), *forms)
    return F(truth[0, 0]), F(joint[0, 0]), F(of_product[0, 0])


def _vector(generator: random.Random) -> list[int]:
    return [generator.choice((-2, -1, 1, 2, 3)) for _ in range(2)]


def _matrix(generator: random.Random, rows: int, columns: int) -> list[list[F]]:
    return [[F(generator.randint(-3, 3), generator.randint(1, 2)) for _ in range(columns)] for _ in range(rows)]


def _panel(name: str, cases: dict[str, list[Case]], column: int, title: str) -> str:
    with panel() as axes:
        for kind, colour, marker in (("independent", BLUE, "o"), ("dependent", ORANGE, "x")):
            x, y = [float(c[0]) for c in cases[kind]], [float(c[column]) for c in cases[kind]]
            axes.plot(x, y, marker, color=colour, markerfacecolor="none", markeredgewidth=1.5, label=kind)
        axes.set_xscale("symlog", linthresh=10)
        axes.set_yscale("symlog", linthresh=10)
        low, high = min(axes.get_xlim()[0], axes.get_ylim()[0]), max(axes.get_xlim()[1], axes.get_ylim()[1])
        axes.plot([low, high], [low, high], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_xlim(low, high)
        axes.set_ylim(low, high)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks([t for t in (-1000, -100, 0, 100, 1000) if low <= t <= high])
        axes.set_xlabel("expectation")
        axes.set_ylabel(title)
        axes.legend(loc="upper left")
        off = sum(c[0] != c[column] for chosen in cases.values() for c in chosen)
        return svg(axes, name, f"Lemma A.2 with {title}", f"{off} of {2 * CASES} points are off the line of equality.")
