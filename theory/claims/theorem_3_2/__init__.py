"""Theorem 3.2, the informal version of Theorem A.5: as printed, with coefficients that are natural numbers, it fails."""

from __future__ import annotations

from fractions import Fraction as F

from theory.claims import theorem_a5
from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.support.recursion_cases import MixedProduct, lookup_after
from theory.exact import to_fraction
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.recursion import unroll
from theory.trace_forms import W, g
from theory.trace_forms.letters import gradient_letter, weight_letter

check = theorem_a5.check


def check_printed(instance: MixedProduct) -> Evidence:
    """W_{1,1} as a sum of letters of step 0 with coefficients in {1, 2, ...}, for a scalar network with W_{0,1} = 0.

    Then g_{0,2} = 0, so that g_{0,1} is the only random letter of step 0, and its coefficients sum to the slope of W_{1,1} in g_{0,1}.
    """
    problem = instance.problem
    form, reason = instance.form.terms[0], ""
    if form.rows or form.open != (weight_letter(1, 1),) or problem.sizes != (1, 1, 1) or problem.student[0][0, 0] != 0:
        reason = "the instance must be W(1, 1) alone, in a scalar network with W_{0,1} = 0"
    points = []
    for atom in range(2):
        lookup = lookup_after(MixedProduct(problem, (), None, W(1, 1), history=((atom,),)))
        points.append(tuple(to_fraction(lookup(x)[0, 0]) for x in (gradient_letter(0, 1), weight_letter(1, 1))))
    (g_a, w_a), (g_b, w_b) = points
    if not reason and g_a == g_b:
        reason = "both atoms give the same gradient"
    slope = None if reason else (w_b - w_a) / (g_b - g_a)
    terms = unroll(instance.form, problem, 1).terms if slope is not None else ()
    unrolled = sum((t.coefficient for t in terms if t.open == (gradient_letter(0, 1),)), F(0))
    if slope is not None and slope != unrolled:
        reason = "the slope and the unrolled coefficient differ"
    name, nearest = r"the sum of the \(\mu_s\) at \(g_{0,1}\)", None if slope is None else max(round(slope), 0)
    return Evidence(
        statement=r"\(W_{1,1} = \sum_s \mu_s M_s\), each \(M_s\) one letter of step 0, \(\mu_s \in \mathbb{N}^{+}\)",
        instance=str(instance),
        left_route=r"the slope of \(W_{1,1}\) in \(g_{0,1}\), from the batches \(\{x\}\) and \(\{x'\}\) of the two atoms",
        left={name: slope},
        right_route="the step unrolled, and the nearest that the print allows",
        right={name: unrolled, "the nearest of 0, 1, 2, ...": nearest},
        holds=None if reason else slope == nearest,
        difference=None if reason else F(0),
        reason=reason,
    )


def _mixed() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], Discrete([1, 2]), learning_rates=[F(1, 2), F(1, 4)])
    return MixedProduct(problem, (W(1, 1) @ W(1, 2), W(1, 2) @ g(0, 1)), None, W(1, 1), history=((0, 1),))


def _three_quadratic_layers() -> MixedProduct:
    law = Discrete([(1, 0), (F(1, 2), -1)], [F(1, 3), F(2, 3)])
    student, target = [[[1, 1]], [[1], [-1]], [[1, 2]]], [[[0, 1]], [[1], [0]], [[1, 1]]]
    problem = TeacherStudent(student, target, law, [F(1, 2), F(1, 4)], (1, 1, 1))
    return MixedProduct(problem, (W(1, 2).T @ W(1, 3).T, g(0, 1).T @ W(1, 1)), [[1, 2], [0, 1]], W(1, 3), history=((0, 1, 1),))


def _vanishing() -> MixedProduct:
    problem = TeacherStudent([[[0]], [[1]]], [[[1]], [[1]]], Discrete([1, 2]), learning_rates=[F(1, 2), F(1, 2)])
    return MixedProduct(problem, (), None, W(1, 1), history=((0,),))


CLAIM = Claim(
    id="3.2",
    module=__name__,
    verdict=Verdict.MISPRINTED,
    figure="unrolled step, every depth",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("four weights of step 1", _mixed),
        Showcase("H = 3, D = 2: four weights of step 1", _three_quadratic_layers),
        Showcase("a weight that starts at zero", _vanishing, printed=True),
    ),
)
