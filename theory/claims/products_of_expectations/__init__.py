"""Lines 290-292: var(g_t), E L(w_t) and var(L(w_t)) from expectations of products of letters, as Theorem 3.3 has them."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np

from theory import enumeration
from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.claims.support.gradient_at_step import GradientAtStep
from theory.claims.theorem_3_5 import smallest_rise
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.trace_forms import TraceForm, W, constant, g, teacher, tr
from theory.variance_poly import expectation


def check(instance: GradientAtStep) -> Evidence:
    """var(g), E L and var(L) from expectations of products of letters alone, products of two of them subtracted."""
    problem, t, k, sizes = instance.problem, instance.step, instance.layer, instance.batch_sizes
    loss = loss_form(problem, t)
    mean_loss = expectation(problem, loss)
    var_loss = expectation(problem, loss * loss) - mean_loss * mean_loss
    var_g = expectation(problem, tr(g(t, k).T @ g(t, k)))
    for entry in entries(problem, t, k):
        mean = expectation(problem, entry)
        var_g = var_g - mean * mean
    left = [(F(var_g(b)), F(mean_loss(b)), F(var_loss(b))) for b in sizes]
    right = [
        (
            enumeration.variance(problem, t, k, batch_size=b),
            enumeration.loss(problem, t, batch_size=b),
            enumeration.loss_variance(problem, t, batch_size=b),
        )
        for b in sizes
    ]
    return Evidence(
        statement=r"\(\mathbb{E}\,L(w_t)\) is a sum of expectations of products of letters, and \(\mathrm{var}(g_t)\), "
        r"\(\mathrm{var}(L(w_t))\) are sums of these and of products of two of them",
        instance=instance.name,
        left_route="Theorem 3.3 for every product: var(g), E L, var(L)",
        left=tabulated("b", sizes, left),
        right_route="enumeration of every mini-batch: var(g), E L, var(L)",
        right=tabulated("b", sizes, right),
        holds=left == right,
        difference=max(abs(x - y) for p, q in zip(left, right, strict=True) for x, y in zip(p, q, strict=True)),
    )


def loss_form(problem: TeacherStudent, step: int) -> TraceForm:
    """L(w_t) = 1/2 tr( D Sigma D^T ), D = W_2 W_1 - W*_2 W*_1, Sigma = E[x x^T]."""
    gap = W(step, 2) @ W(step, 1) - teacher(2) @ teacher(1)
    return tr(gap @ constant("Sigma", problem.inputs.second_moment) @ gap.T) * F(1, 2)


def entries(problem: TeacherStudent, step: int, layer: int) -> list[TraceForm]:
    """The entries g_ij = tr( e_j e_i^T g ) of the gradient."""
    rows, columns = problem.sizes[layer], problem.sizes[layer - 1]

    def unit(i: int, j: int) -> np.ndarray:
        return np.outer(np.eye(columns, dtype=int)[j], np.eye(rows, dtype=int)[i])

    return [tr(constant(f"e{j}e{i}", unit(i, j)) @ g(step, layer)) for i in range(rows) for j in range(columns)]


def scalar() -> GradientAtStep:
    """The smallest integers."""
    found = smallest_rise()
    return GradientAtStep(found.name, found.problem, 1, 1)


def wide() -> GradientAtStep:
    """Sizes 2-2-1, three atoms."""
    law = Discrete([(1, 0), (1, 2), (0, -1)], [F(1, 2), F(1, 4), F(1, 4)])
    problem = TeacherStudent([[[1, F(1, 2)], [0, -1]], [[F(1, 2), 1]]], [[[0, 1], [1, 0]], [[1, 1]]], law, F(1, 5))
    return GradientAtStep("sizes 2-2-1, three atoms, alpha = 1/5, t = 1, layer 1", problem, 1, 1)


def second_step() -> GradientAtStep:
    """t = 2."""
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), F(1, 4))
    return GradientAtStep("x in {1, 2} equally likely, w = (1, 2), w* = 0, alpha = 1/4, t = 2, layer 2", problem, 2, 2)


CLAIM = Claim(
    id="3.1.2 terms",
    module=__name__,
    verdict=Verdict.HOLDS,
    check=check,
    showcases=(
        Showcase("the smallest integers", scalar),
        Showcase("two layers of two units", wide),
        Showcase("after two steps", second_step),
    ),
)
