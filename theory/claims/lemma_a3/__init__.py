"""Lemma A.3: the expectation over gradients of single samples has the same form, without them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from math import comb

from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.support.recursion_cases import (
    MixedProduct,
    degrees,
    held_exactly,
    lookup_after,
    mean_over_samples,
)
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.recursion import KroneckerForm, remove_gradient_layer
from theory.trace_forms import W, g


def check(instance: MixedProduct) -> Evidence:
    """The value by cutting at every x x^T against the sum over all draws of the samples; every count and degree of the statement."""
    result = remove_gradient_layer(instance.form, instance.problem, instance.step)
    left, right = result.evaluate(lookup_after(instance), instance.problem), mean_over_samples(instance)
    return held_exactly(
        instance,
        r"its expectation given \(\mathcal{F}_t\), and the stated counts and degrees of its terms",
        f"Lemma A.3: {len(result.terms)} terms of {len(result.terms[0].rows)} rows",
        left,
        "sum over all draws of the samples, Kronecker products multiplied out",
        right,
        broken_counts(instance, result),
    )


def broken_counts(instance: MixedProduct, result: KroneckerForm) -> list[str]:
    """Which of the statement's counts and degree identities the terms break; empty when they keep all of them."""
    before, t, p = instance.form.terms[0], instance.step, instance.problem.sizes[0]
    old = degrees(before.letters, t)
    d = old[f"G_{t} by sample"]
    d_0 = degrees(before.open or (), t)[f"G_{t} by sample"]
    open_terms = p**2 if d_0 else 1
    faults = []
    if len(result.terms) != 2**d * open_terms:
        faults.append(f"L = {len(result.terms)}")
    picks: dict[int, int] = {}
    for term in result.terms:
        new = degrees(term.letters, t)
        k, odd = divmod(new["W*"] - old["W*"], 2)
        picks[k] = picks.get(k, 0) + 1
        expected = old | {f"G_{t} by sample": 0, f"W_{t}": old[f"W_{t}"] + 3 * d - 2 * k, "W*": old["W*"] + 2 * k}
        if new != expected or odd or not 0 <= k <= d:
            faults.append(f"degrees {new} for {expected}")
        if term.coefficient != (-1) ** k:
            faults.append(f"coefficient {term.coefficient} with {k} teacher picks")
        if len(term.rows) != len(before.rows) + (d - d_0) + max(d_0 - 1, 0):
            faults.append(f"m' = {len(term.rows)}")
        if term.row_length > before.row_length + 5:
            faults.append(f"a row of length {term.row_length} from {before.row_length}")
    if picks != {k: comb(d, k) * open_terms for k in range(d + 1)}:
        faults.append(f"terms by teacher picks {picks}")
    return faults


def check_printed(instance: MixedProduct) -> Evidence:
    """The print with m' = m + d - 2 rows beside row 0, where that leaves no room for the letters that the printed degrees ask for.

    For m' = -1 the multi-set Q_l is empty. For m' = 0 there is row 0 alone; where it is 1 x 1 and all widths are more than 1, no letter W
    or W* fits into it, since the printed constants are square.
    """
    before, t = instance.form.terms[0], instance.step
    old = degrees(before.letters, t)
    d = old[f"G_{t} by sample"]
    rows = len(before.rows) + d - 2
    needed = old[f"W_{t}"] + old["W*"] + 3 * d
    no_room = rows < 0 or (rows == 0 and before.open is None and min(instance.problem.sizes) > 1)
    order = homogeneous_order(instance) if no_room else None
    reason = "" if no_room else "there are rows for the letters: the print only says that some multi-set exists"
    if no_room and order != needed:
        reason = "the letters and the order of the expectation in all weights disagree"
    return Evidence(
        statement=r"\(\deg(W_t; \mathcal{Q}_l) + \deg(W^*; \mathcal{Q}_l) = "
        r"\deg(W_t; \mathcal{M}) + \deg(W^*; \mathcal{M}) + 3d\) with the rows "
        r"\(u = 0, \ldots, m'\), \(m' = m + d - 2\), in \(\mathcal{Q}_l\)",
        instance=str(instance),
        left_route="the letters, counted",
        left={"m', as printed": rows, "needed by the identity": needed} | ({"in the rows 0 to m'": 0} if no_room else {}),
        right_route="how often 2 divides the factor by which the expectation grows when all weights are doubled",
        right={"needed by the identity": order},
        holds=None if reason else needed == 0,
        difference=None if reason else F(0),
        reason=reason,
    )


def homogeneous_order(instance: MixedProduct) -> int | None:
    """k where the expectation is multiplied by 2^k when student and teacher are doubled, at step 0; None where it is 0 or no such k."""
    problem = instance.problem
    doubled = replace(problem, student=tuple(2 * w for w in problem.student), teacher=tuple(2 * w for w in problem.teacher_weights))
    plain, larger = mean_over_samples(instance), mean_over_samples(replace(instance, problem=doubled))
    exponents = [k for k in range(64) if plain and larger == plain * 2**k]
    return exponents[0] if exponents else None


def _two_atoms() -> TeacherStudent:
    return TeacherStudent(
        student=[[[1, F(1, 2)]], [[-1], [2]]],
        teacher=[[[0, 1]], [[1], [1]]],
        inputs=Discrete([(1, 0), (F(1, 2), -1)], [F(1, 3), F(2, 3)]),
        learning_rates=F(1, 2),
    )


def _dependent() -> MixedProduct:
    return MixedProduct(
        problem=_two_atoms(),
        rows=(g(0, 1, 1).T @ W(0, 2).T @ g(0, 2, 1), W(0, 1) @ g(0, 1, 2).T),
        constant=[[1, -2]],
        open_row=g(0, 2, 1).T @ g(0, 2, 2),
    )


def _one_row() -> MixedProduct:
    problem = TeacherStudent([[[1, 2]], [[3]]], [[[1, 1]], [[1]]], Discrete([(1, 0), (1, 1)]), learning_rates=1)
    return MixedProduct(problem=problem, rows=(g(0, 1, 1).T @ g(0, 1, 1),))


def _no_gradient() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), learning_rates=1)
    return MixedProduct(problem=problem, rows=(W(0, 1),))


def _one_gradient() -> MixedProduct:
    problem = TeacherStudent([[[1, 0], [1, 1]], [[1, 1], [0, 1]]], [[[1, 1], [0, 1]], [[0, 1], [1, 0]]], Discrete([(1, 0), (1, 1)]), 1)
    return MixedProduct(problem=problem, rows=(g(0, 1, 1),))


CLAIM = Claim(
    id="A.3",
    module=__name__,
    verdict=Verdict.CORRECTED,
    figure="rows and terms",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("dependent samples in two rows and in row 0", _dependent),
        Showcase("the square of one sample's gradient", _one_row),
        Showcase("one gradient, one row", _one_gradient, printed=True),
        Showcase("no gradient, one row", _no_gradient, printed=True),
    ),
)
