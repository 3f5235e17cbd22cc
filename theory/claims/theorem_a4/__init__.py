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
        r"its expectation given \(\mathcal{F}_t\) is \(\alpha_0 + \cdots + \alpha_{d-1} / b^{d-1}\), with the stated degrees of all terms",
        rf"Theorem A.4: \(\alpha_0, \ldots, \alpha_{{{len(alphas) - 1}}}\) by set partitions and Stirling numbers",
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
    problem, left, right, reason = instance.problem, {}, {}, ""
    if degrees(instance.form.terms[0].letters, instance.step)["W*"] or instance.step:
        reason = "the instance must have no teacher letter and t = 0"
    else:
        doubled = replace(problem, teacher=tuple(w * 2 for w in problem.teacher_weights))
        both = {"the teacher of the instance": instance, "its matrices doubled": replace(instance, problem=doubled)}
        left = {name: mean_over_batches(product, 1) for name, product in both.items()}
        right = {name: _by_set_partitions(product) for name, product in both.items()}
        if any(difference(left[name], right[name]) for name in both):
            reason = "the two routes to the expectation differ"
    return Evidence(
        statement=r"\(\deg(W^*; \mathcal{Q}) = \deg(W^*; \mathcal{M}) = 0\): the expectation does not depend on the teacher",
        instance=str(instance),
        left_route=r"all samples summed over, \(b = 1\)",
        left={name: fractions(value) for name, value in left.items()},
        right_route="Theorem A.4, by set partitions",
        right={name: fractions(value) for name, value in right.items()},
        holds=None if reason else difference(*left.values()) == 0,
        difference=None if reason else F(0),
        reason=reason,
    )


def _by_set_partitions(instance: MixedProduct) -> Any:
    """E[ product | F_t ] at b = 1."""
    alphas, lookup = conditional_expectation(instance.form, instance.problem, instance.step), lookup_after(instance)
    return at_batch_size([alpha.evaluate(lookup, instance.problem) for alpha in alphas], 1)


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
