"""Theorem A.5: unrolling one step, and what its check would notice."""

from __future__ import annotations

import dataclasses

import pytest

from theory import Discrete, TeacherStudent
from theory.claims.theorem_a5 import CLAIM, broken_counts
from theory.recursion import KroneckerForm, unroll
from theory.trace_forms import W

pytestmark = pytest.mark.theorems("A.5")


def test_a_wrong_coefficient_is_noticed():
    instance = CLAIM.showcases[0].make()
    result = unroll(instance.form, instance.problem, instance.step)
    wrong = [dataclasses.replace(term, coefficient=-term.coefficient) for term in result.terms]
    assert broken_counts(instance, result) == []
    assert broken_counts(instance, KroneckerForm(wrong))


def test_step_zero_is_refused():
    problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[0]]], Discrete([1, 2]), learning_rates=1)
    with pytest.raises(ValueError, match="step must be at least 1"):
        unroll(KroneckerForm.from_rows([W(0, 1)]), problem, 0)
