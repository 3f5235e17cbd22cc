"""Theorem 3.2 with natural coefficients, as printed, fails for every learning rate."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.strategies import learning_rates
from theory import Discrete, TeacherStudent
from theory.claims.support.recursion_cases import MixedProduct
from theory.claims.theorem_3_2 import CLAIM, check_printed
from theory.trace_forms import W

pytestmark = pytest.mark.theorems("3.2")


@given(learning_rates)
def test_the_print_fails_for_every_learning_rate(ledger, rate):
    problem = TeacherStudent([[[0]], [[1]]], [[[1]], [[1]]], Discrete([1, 2]), learning_rates=rate)
    ledger.refuted("3.2", check_printed(MixedProduct(problem, (), None, W(1, 1), history=((0,),))))


def test_other_instances_do_not_judge_the_print():
    assert check_printed(CLAIM.showcases[0].make()).holds is None
