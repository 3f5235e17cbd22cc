"""Theorem A.6 (informally 3.3): down to the initial weights, and how high the degree in 1/b can be."""

from __future__ import annotations

from fractions import Fraction as F
from typing import Any

from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.support.recursion_cases import MixedProduct, at_batch_size, difference, held_exactly, mean_given_start
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.recursion import (
    KroneckerForm,
    degree_bound,
    initial_values,
    printed_degree_bound,
    to_initial_weights,
)
from theory.trace_forms import W, g
from theory.trace_forms.letters import CONSTANT, TEACHER, weights


def check(instance: MixedProduct) -> Evidence:
    """The recursion down to W_0 against enumeration of every path, at more batch sizes than the degree; letters and degrees."""
    form, problem = instance.form, instance.problem
    alphas = to_initial_weights(form, problem)
    values = [alpha.evaluate(initial_values(problem), problem) for alpha in alphas]
    sharp, printed = degree_bound(form), printed_degree_bound(form)
    sizes = range(1, sharp + 3)
    left = {b: at_batch_size(values, b) for b in sizes}
    right = {b: mean_given_start(instance, b) for b in sizes}
    return held_exactly(
        instance,
        rf"its expectation given \(w_0\) is a polynomial of degree at most {sharp} in \(1/b\) (printed bound: {printed})",
        f"Theorems A.4 and A.5 down to step 0: degree {_degree(values)}, {sum(len(a.terms) for a in alphas)} terms",
        left,
        "enumeration of every path of SGD",
        right,
        broken_bounds(alphas, values, sharp, printed),
    )


def broken_bounds(alphas: list[KroneckerForm], values: list[Any], sharp: int, printed: int) -> list[str]:
    """Whether a bound is exceeded, or a letter other than W_0, W* and constants is left."""
    faults = [] if len(alphas) - 1 <= sharp <= printed else [f"q_t = {len(alphas) - 1}, bounds {sharp} and {printed}"]
    if _degree(values) > sharp:
        faults.append(f"degree {_degree(values)}")
    left = {x for alpha in alphas for x in alpha.letters if x.kind not in (TEACHER, CONSTANT)} - weights(0)
    if left:
        faults.append(f"letters {', '.join(map(str, sorted(left)))}")
    return faults


def _degree(values: list[Any]) -> int:
    """The largest s whose value is not zero."""
    return max((s for s, value in enumerate(values) if difference(value, 0)), default=0)


def _scalar(form_row: Any, open_row: Any = None) -> MixedProduct:
    problem = TeacherStudent([[[1]], [[2]]], [[[1]], [[F(1, 2)]]], Discrete([1, 2], [F(1, 3), F(2, 3)]), learning_rates=F(1, 4))
    return MixedProduct(problem, (form_row,), None, open_row)


def _norm() -> MixedProduct:
    return _scalar(g(1, 1).T @ g(1, 1))


def _planar() -> MixedProduct:
    problem = TeacherStudent(
        student=[[[1, F(1, 2)]], [[-1]]],
        teacher=[[[0, 1]], [[2]]],
        inputs=Discrete([(1, 0), (F(1, 2), -1)], [F(1, 3), F(2, 3)]),
        learning_rates=F(1, 3),
    )
    return MixedProduct(problem, (W(1, 1).T @ W(1, 2),), [[1, -2]], W(1, 1) @ g(0, 1).T)


def _two_steps() -> MixedProduct:
    return _scalar(W(1, 1) @ g(0, 2), W(1, 2))


CLAIM = Claim(
    id="A.6",
    module=__name__,
    verdict=Verdict.HOLDS,
    figure="degree bounds",
    check=check,
    showcases=(
        Showcase("the norm of a scalar gradient at step 1", _norm),
        Showcase("p = 2, a general C and a matrix", _planar),
        Showcase("weights of step 1 and a gradient of step 0", _two_steps),
    ),
)
