"""Theorem A.5 (informally 3.2): every weight of a step unrolled into the weight and the gradient of the step before."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from math import comb

from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.support.recursion_cases import MixedProduct, degrees, dense_value, difference, fractions, held_exactly, lookup_after
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.recursion import KroneckerForm, unroll
from theory.trace_forms import W, g, teacher


def check(instance: MixedProduct) -> Evidence:
    """The unrolled form on a path of SGD against the form itself on that path; number, coefficients and degrees of its terms."""
    result = unroll(instance.form, instance.problem, instance.step)
    lookup = lookup_after(instance)
    left, right = result.evaluate(lookup, instance.problem), dense_value(instance.form, lookup)
    statement = r"the product in the letters of step \(t - 1\): \(2^d\) terms, their coefficients and degrees"
    left_route = rf"\(W_t = W_{{t-1}} - \alpha_{{t-1}} g_{{t-1}}\) in every place: {len(result.terms)} terms"
    right_route = r"the product itself, \(W_t\) taken from the path of SGD"
    return held_exactly(instance, statement, left_route, left, right_route, right, broken_counts(instance, result))


def check_printed_proof(instance: MixedProduct) -> Evidence:
    """The proof as printed, W_t = W_{t-1} - alpha_t g_{t-1}: the same terms with the wrong learning rate."""
    problem = instance.problem
    shifted = replace(problem, learning_rates=lambda s: problem.learning_rate(s + 1))
    confirmed, lookup = check(instance), lookup_after(instance)
    printed = unroll(instance.form, shifted, instance.step).evaluate(lookup, problem)
    honest, name = confirmed.holds, r"with \(\alpha_t\), as printed"
    return replace(
        confirmed,
        statement=r"the product with \(W_t = W_{t-1} - \alpha_t g_{t-1}\) in every place (as printed)",
        left={r"with \(\alpha_{t-1}\)": confirmed.left, name: fractions(printed)},
        right={r"with \(\alpha_{t-1}\)": confirmed.right},
        holds=difference(printed, dense_value(instance.form, lookup)) == 0 if honest else None,
        reason="" if honest else "the two routes to the product differ",
    )


def broken_counts(instance: MixedProduct, result: KroneckerForm) -> list[str]:
    """Which of the statement's counts, coefficients and degree identities the terms break."""
    before, t = instance.form.terms[0], instance.step
    depth = instance.problem.depth
    old = degrees(before.letters, t, depth)
    d, rate = old[f"W_{t}"], F(instance.problem.learning_rate(t - 1))
    faults = [] if len(result.terms) == 2**d else [f"{len(result.terms)} terms for d = {d}"]
    picks: dict[int, int] = {}
    for term in result.terms:
        new = degrees(term.letters, t, depth)
        j = new[f"G_{t - 1}"] - old[f"G_{t - 1}"]
        picks[j] = picks.get(j, 0) + 1
        expected = old | {f"W_{t}": 0, f"G_{t - 1}": old[f"G_{t - 1}"] + j, f"W_{t - 1}": old[f"W_{t - 1}"] + d - j}
        if new != expected:
            faults.append(f"degrees {new} for {expected}")
        if term.coefficient != (-rate) ** j:
            faults.append(f"coefficient {term.coefficient} with {j} gradients")
        if (len(term.rows), term.row_length) != (len(before.rows), before.row_length):
            faults.append("other rows")
    if picks != {j: comb(d, j) for j in range(d + 1)}:
        faults.append(f"terms by gradient picks {picks}")
    return faults


def _two_rates(rates: list[F]) -> TeacherStudent:
    return TeacherStudent(
        student=[[[1, F(1, 2)]], [[-1]]],
        teacher=[[[0, 1]], [[2]]],
        inputs=Discrete([(1, 0), (F(1, 2), -1)], [F(1, 3), F(2, 3)]),
        learning_rates=rates,
    )


def _mixed() -> MixedProduct:
    rows = (W(2, 1).T @ g(1, 1), W(2, 2) @ teacher(1) @ W(2, 1).T)
    return MixedProduct(_two_rates([F(1, 2), F(1, 4), F(1, 8)]), rows, [[1, 2], [3, 4]], W(2, 2).T @ W(1, 2), history=((0, 1), (1, 1)))


def _two_weights() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), F(1, 5))
    return MixedProduct(problem, (W(1, 1) @ W(1, 2),), history=((0, 1),))


def _single() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[0]]], Discrete([1]), learning_rates=[F(1, 2), F(1, 4)])
    return MixedProduct(problem, (), None, W(1, 1), history=((0,),))


CLAIM = Claim(
    id="A.5",
    module=__name__,
    verdict=Verdict.HOLDS,
    figure="unrolled step",
    check=check,
    check_printed_proof=check_printed_proof,
    showcases=(
        Showcase("two weights of step 1", _two_weights),
        Showcase("four weights of step 2", _mixed),
        Showcase("one weight, two different learning rates", _single, printed_proof=True),
    ),
)
