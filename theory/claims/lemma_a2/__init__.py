"""Lemma A.2: the expectation of a product of quadratic forms as traces against constant matrices, for every joint law."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction as F
from typing import Any

import numpy as np

from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.exact import as_matrix
from theory.inputs import Discrete, Gaussian, InputLaw, Rademacher
from theory.kronecker import StackedSamples, direct_quadratic_product, expected_quadratic_product, moment_matrices, quadratic_product_from


@dataclass(frozen=True)
class Instance:
    """The joint law of (y_1, ..., y_m, z_1, ..., z_n), A_1, ..., A_m and D_0, ..., D_n."""

    name: str
    law: InputLaw
    a: tuple[Any, ...]
    d: tuple[Any, ...]

    @property
    def given(self) -> dict[str, Any]:
        """The joint law in words, and the matrices, for a page."""
        letters = {f"A_{i}": x for i, x in enumerate(self.a, start=1)} | {f"D_{j}": x for j, x in enumerate(self.d)}
        atoms = {} if isinstance(self.law, StackedSamples) else {"Joint law": self.law}
        return {"Samples": self.name} | atoms | {"Matrices": letters}


def check(instance: Instance) -> Evidence:
    """The corrected lemma for the instance's own joint law."""
    left = direct_quadratic_product(instance.law, instance.a, instance.d)
    right = expected_quadratic_product(instance.law, instance.a, instance.d)
    return Evidence(
        statement=r"the expectation equals the sum over \(u, v \in [p_2]\) with \(C_{u,v}\) from the joint law",
        instance=instance.name,
        left_route="average over all atoms" if instance.law.support() is not None else "expansion in coordinates, joint moments",
        left=left,
        right_route=r"Kronecker products against \(C_{u,v}\)",
        right=right,
        holds=_distance(left, right) == 0,
        difference=_distance(left, right),
    )


def check_printed(instance: Instance) -> Evidence:
    """The printed range, u in [p_1], where p_1 < p_2; the two ends of the chain as they should read, for otherwise nothing fits."""
    a = [as_matrix(x, "a") for x in instance.a]
    d = [as_matrix(x, "d") for x in instance.d]
    p1, p2 = a[0].shape[0], d[0].shape[1]
    if p1 >= p2:
        raise ValueError(f"p_1 must be less than p_2, or no row is left out, but they were {p1} and {p2}")
    confirmed = check(instance)
    c = moment_matrices(instance.law, y_count=len(a), y_dimension=p1, z_count=len(d) - 1, z_dimension=p2)
    printed = quadratic_product_from(c, a, d, rows=p1)
    assert isinstance(confirmed.left, np.ndarray)
    return replace(
        confirmed,
        statement=r"the expectation equals the sum over \(u \in [p_1]\), \(v \in [p_2]\) (as printed)",
        left={"the expectation": confirmed.left},
        right={"the expectation": confirmed.right, r"printed sum, \(u \in [p_1]\)": printed},
        holds=_distance(confirmed.left, printed) == 0 if confirmed.holds else None,
        reason="" if confirmed.holds else "the two routes to the expectation differ",
    )


def _distance(left: np.ndarray, right: np.ndarray) -> F:
    return max(abs(x - y) for x, y in zip(left.ravel(), right.ravel(), strict=True))


FORMS = ([[1, 2], [3, -1]], [[0, 1], [1, 1]])


def laws() -> dict[str, InputLaw]:
    """Three laws on R^2."""
    skewed = Discrete([(1, 2), (0, -1), (2, 1)], [F(1, 2), F(1, 4), F(1, 4)])
    return {"three atoms": skewed, "N(0, I)": Gaussian(2), "signs": Rademacher(2)}


def with_pattern(law_name: str, pattern: str) -> Instance:
    """Samples named by the letters of the pattern, all from one law."""
    m = len(pattern) // 2
    n = len(pattern) - m
    law = laws()[law_name]
    stack = StackedSamples(tuple(pattern), (law,) * len(pattern))
    d = ([[1, 2]], *[[[1, 1], [0, 2]]] * (n - 1), [[1], [3]])
    samples = ", ".join([f"y_{i}" for i in range(1, m + 1)] + [f"z_{j}" for j in range(1, n + 1)])
    return Instance(rf"\({samples}\) are the draws {', '.join(pattern)}; {law_name}", stack, FORMS[:m], d)


def not_even_identically_distributed() -> Instance:
    """One law for the whole stack (y_1, z_1, z_2), neither independent nor equal draws."""
    atoms = [(1, 0, 2, 1, 1), (0, 1, -1, 1, 0), (2, 1, 0, 0, 3), (1, 1, 1, -2, 1)]
    law = Discrete(atoms, [F(1, 2), F(1, 6), F(1, 6), F(1, 6)])
    return Instance(
        r"\(x = (y_1, z_1, z_2)\) in \(\mathbb{R} \times \mathbb{R}^2 \times \mathbb{R}^2\)",
        law,
        ([[2]],),
        ([[1, 2], [0, 1]], [[1, 1], [0, 2]], [[1], [3]]),
    )


def first_coordinates_vanish() -> Instance:
    """p_1 = 1 < p_2 = 2, z_1 = e_2 and D_0 = e_2^T: every term with u = 1 vanishes, whatever the C_uv."""
    stack = StackedSamples(("y", "z"), (Discrete([1]), Discrete([(0, 1)])))
    return Instance(r"\(y_1 = 1\), \(z_1 = (0, 1)^T\), always; \(p_1 = 1\), \(p_2 = 2\)", stack, ([[1]],), ([[0, 1]], [[1], [1]]))


def one_draw_twice() -> Instance:
    """y_1 = z_1 in {0, 2}: E[z_1^2 y_1^2] = E x^4 = 8, and (E x^2)^2 = 4 for independent draws."""
    coin = Discrete([0, 2])
    stack = StackedSamples(("x", "x"), (coin, coin))
    return Instance(r"\(y_1 = z_1 \in \{0, 2\}\), equally likely", stack, ([[1]],), ([[1]], [[1]]))


CLAIM = Claim(
    id="A.2",
    module=__name__,
    verdict=Verdict.MISPRINTED,
    figure="quadratic forms",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("neither independent nor equal draws", not_even_identically_distributed),
        Showcase("equal Gaussian samples", lambda: with_pattern("N(0, I)", "aabb")),
        Showcase("the same Gaussian sample three times", lambda: with_pattern("N(0, I)", "aaa")),
        Showcase("y and z the same draw", one_draw_twice),
        Showcase("a row left out", first_coordinates_vanish, printed=True),
    ),
)
