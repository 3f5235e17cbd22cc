"""Theorem A.5: unrolling one step, and what its check would notice."""

from __future__ import annotations

import dataclasses

import pytest

from tests.instances import PINNED
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
    with pytest.raises(ValueError, match="step must be at least 1"):
        unroll(KroneckerForm.from_rows([W(0, 1)]), PINNED["units"], 0)
