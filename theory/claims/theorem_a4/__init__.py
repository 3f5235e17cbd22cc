"""Theorem A.4 (informally 3.1): the expectation over one batch is a polynomial in 1/b of degree at most d - 1."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from typing import Any

from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.support.recursion_cases import (
    MixedProduct,
    at_batch_size,
    degrees,
    difference,
    fractions,
    held_exactly,
    lookup_after,
    mean_over_batches,
)
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.recursion import KroneckerForm, conditional_expectation
from theory.trace_forms import W, g

BATCH_SIZES = (1, 2, 3, 4)


def check(instance: MixedProduct) -> Evidence:
    """The polynomial from set partitions against the sum over all lists of b samples, b = 1..4; its length; every degree identity."""
    alphas = conditional_expectation(instance.form, instance.problem, instance.step)
    lookup = lookup_after(instance)
    values = [alpha.evaluate(lookup, instance.problem) for alpha in alphas]
    left = {b: at_batch_size(values, b) for b in BATCH_SIZES}
    right = {b: mean_over_batches(instance, b) for b in BATCH_SIZES}
    return held_exactly(
        instance,
        "E[ tr(C (x) rows) row_0 | F_t ] = alpha_0 + ... + alpha_{d-1} / b^(d-1), and the degrees of its terms",
        f"Theorem A.4: alpha_0, ..., alpha_{len(alphas) - 1} by set partitions and Stirling numbers",
        left,
        "sum over all lists of b samples, Kronecker products multiplied out",
        right,
        broken_degrees(instance, alphas),
    )


def broken_degrees(instance: MixedProduct, alphas: list[KroneckerForm]) -> list[str]:
    """Which counts and degree identities the terms of the alphas break."""
    t = instance.step
    old = degrees(instance.form.terms[0].letters, t)
    d = old[f"G_{t}"]
    faults = [] if len(alphas) == max(d, 1) else [f"{len(alphas)} powers of 1/b for d = {d}"]
    for term in (term for alpha in alphas for term in alpha.terms):
        new = degrees(term.letters, t)
        k, odd = divmod(new["W*"] - old["W*"], 2)
        expected = old | {f"G_{t}": 0, f"W_{t}": old[f"W_{t}"] + 3 * d - 2 * k, "W*": old["W*"] + 2 * k}
        if new != expected or odd or not 0 <= k <= d:
            faults.append(f"degrees {new} for {expected}")
    return faults


def check_printed(instance: MixedProduct) -> Evidence:
    """The last line of the print, deg(W*; Q) = deg(W*; M): with no teacher in M, the expectation could not depend on the teacher."""
    problem, form = instance.problem, instance.form
    if degrees(form.terms[0].letters, instance.step)["W*"] or instance.step:
        return _printed(instance, None, None, "the instance must have no teacher letter and t = 0")
    doubled = tuple(w * 2 for w in problem.teacher)
    other = MixedProduct(
        replace(problem, teacher=doubled),
        instance.rows,
        instance.constant,
        instance.open_row,
    )
    return _printed(instance, mean_over_batches(instance, 1), mean_over_batches(other, 1), "")


def _printed(instance: MixedProduct, left: Any, right: Any, reason: str) -> Evidence:
    distance = None if reason else difference(left, right)
    return Evidence(
        statement="deg(W*; Q) = deg(W*; M) = 0: the expectation does not depend on the teacher",
        instance=str(instance),
        left_route="with the teacher of the instance, b = 1, all samples summed over",
        left=None if left is None else fractions(left),
        right_route="with both teacher matrices doubled",
        right=None if right is None else fractions(right),
        holds=None if distance is None else distance == 0,
        difference=distance,
        reason=reason,
    )


def _mixed() -> MixedProduct:
    problem = TeacherStudent(
        student=[[[1, F(1, 2)]], [[-1]]],
        teacher=[[[0, 1]], [[2]]],
        inputs=Discrete([(1, 0), (F(1, 2), -1)], [F(1, 3), F(2, 3)]),
        learning_rates=F(1, 2),
    )
    return MixedProduct(problem, (g(1, 1).T @ g(1, 1), W(1, 2) @ g(0, 2)), [[1, 0], [2, 1]], g(1, 2), history=((0, 1, 1),))


def _norm() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), learning_rates=1)
    return MixedProduct(problem, (g(0, 1).T @ g(0, 1),))


def _mean_gradient() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[1]]], [[[1]], [[1]]], Discrete([1]), learning_rates=1)
    return MixedProduct(problem, (), None, g(0, 1))


CLAIM = Claim(
    id="A.4",
    module=__name__,
    verdict=Verdict.CORRECTED,
    figure="powers of one batch",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("three gradients after one step", _mixed),
        Showcase("the norm of a scalar gradient", _norm),
        Showcase("E g depends on the teacher", _mean_gradient, printed=True),
    ),
)
