"""Theorem 3.1, the informal version of Theorem A.4; two linear layers are checked."""

from __future__ import annotations

from fractions import Fraction as F

from theory.claims import theorem_a4
from theory.claims.record import Claim, Showcase, Verdict
from theory.claims.support.recursion_cases import MixedProduct
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.trace_forms import g

check = theorem_a4.check


def _norms() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[F(1, 2)]]], Discrete([1, 2], [F(1, 3), F(2, 3)]), learning_rates=F(1, 2))
    return MixedProduct(problem, (g(0, 1).T @ g(0, 1), g(0, 2).T @ g(0, 2)))


CLAIM = Claim(
    id="3.1",
    module=__name__,
    verdict=Verdict.HOLDS,
    figure="powers of one batch",
    check=check,
    showcases=(Showcase("the product of both layers' norms", _norms, note="d = 4: degree 3 in 1/b"),),
)
