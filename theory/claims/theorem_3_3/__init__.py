"""Theorem 3.3, the informal version of Theorem A.6: the sum must start at s = 0."""

from __future__ import annotations

from fractions import Fraction as F

from theory.claims import theorem_a6
from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.support.recursion_cases import MixedProduct, difference, fractions, mean_given_start
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.trace_forms import W, g

check = theorem_a6.check


def check_printed(instance: MixedProduct) -> Evidence:
    """The sum as printed starts at s = 1, so that the expectation tends to 0 as b grows; a product without randomness is constant."""
    letters = instance.form.letters
    random = any(x.kind == "g" or (x.kind == "W" and x.step) for x in letters)
    values = [] if random else [mean_given_start(instance, b) for b in (1, 2)]
    distance = None if random else difference(values[0], 0)
    return Evidence(
        statement="E[ tr(C (x) rows) row_0 | w_0 ] = Q_1 / b + ... + Q_S / b^S for every b",
        instance=str(instance),
        left_route="the product, which has no randomness and the same value for every b",
        left=None if random else fractions(values[0]),
        right_route="the only constant of that form, the limit as b grows",
        right=0,
        holds=None if distance is None else distance == 0,
        difference=distance,
        reason="the instance must have no random letter" if random else "",
    )


def _norm() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), learning_rates=F(1, 4))
    return MixedProduct(problem, (W(1, 2).T @ W(1, 2), g(0, 1)))


def _constant() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[0]]], Discrete([1]), learning_rates=1)
    return MixedProduct(problem, (W(0, 1),))


CLAIM = Claim(
    id="3.3",
    module=__name__,
    verdict=Verdict.CORRECTED,
    figure="degree bounds, informal",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("a norm of weights times a gradient", _norm),
        Showcase("a product without randomness", _constant, printed=True),
    ),
)
