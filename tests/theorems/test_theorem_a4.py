"""Theorem A.4: the polynomial in 1/b of one batch by a second formula; the print where it fails."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from math import factorial, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.instances import PINNED
from tests.strategies import input_laws
from theory import Discrete
from theory.claims.support.recursion_cases import MixedProduct
from theory.claims.theorem_a4 import CLAIM, check, check_printed
from theory.recursion import KroneckerForm, conditional_expectation
from theory.recursion.partitions import bell, set_partitions, stirling_first, stirling_second
from theory.recursion.sample_moments import joint_moments, weighted_moments
from theory.trace_forms import W, g

pytestmark = pytest.mark.theorems("A.4")


def test_the_print_is_not_judged_with_a_teacher_letter():
    instance = next(s for s in CLAIM.showcases if not s.printed).make()
    assert check_printed(instance).holds is None


@given(st.data(), st.integers(1, 2), st.integers(1, 3))
@settings(max_examples=15)
def test_the_coefficients_are_products_of_joint_cumulants(data, p, d):
    """sum over pi of s_1(|pi|, d - s) E_pi = sum over |pi| = d - s of the product over blocks of joint cumulants."""
    law = data.draw(input_laws(p))
    for s in range(d):
        total = 0
        for partition in set_partitions(d):
            if max(partition) + 1 == d - s:
                total = total + _cumulants(law, partition, d)
        assert np.array_equal(weighted_moments(law, d, s), total)


def _cumulants(law, partition, d):
    """Product over the blocks of kappa(block) = sum over partitions of the block of (-1)^(k-1) (k-1)! times products of moments."""
    blocks = [[q for q in range(d) if partition[q] == block] for block in range(max(partition) + 1)]
    total = 0
    for choice in _products([list(set_partitions(len(block))) for block in blocks]):
        weight = prod((-1) ** max(part) * factorial(max(part)) for part in choice)
        samples = [None] * d
        for k, (block, part) in enumerate(zip(blocks, choice, strict=True)):
            for q, piece in zip(block, part, strict=True):
                samples[q] = (k, piece)
        total = total + joint_moments(law, samples) * weight
    return total


def _products(lists):
    return [(first, *rest) for first in lists[0] for rest in _products(lists[1:])] if lists else [()]


@given(st.integers(1, 6), st.integers(1, 12))
def test_index_tuples_fall_into_patterns_of_equalities(d, b):
    """b^d tuples, b(b-1)...(b-k+1) for every partition into k blocks; the falling factorial has Stirling coefficients."""
    falling = [prod(range(b, b - k, -1)) for k in range(d + 1)]
    assert all(falling[k] == sum(stirling_first(k, j) * b**j for j in range(k + 1)) for k in range(d + 1))
    assert b**d == sum(stirling_second(d, k) * falling[k] for k in range(d + 1))
    assert sum(1 for _ in set_partitions(d)) == bell(d) == sum(stirling_second(d, k) for k in range(d + 1))


def test_base_b_digits_are_no_coefficients():
    # the number of index tuples with two different samples, b(b-1), written in base b: the digits change with b
    digits = {b: ((b * (b - 1)) % b, (b * (b - 1)) // b) for b in (2, 3, 10)}
    assert digits == {b: (0, b - 1) for b in (2, 3, 10)}
    assert [stirling_first(2, j) for j in range(3)] == [0, -1, 1]


def test_degree_d_is_never_reached_and_d_minus_1_is():
    # unequal chances: with equal ones the law of x^2 is symmetric and its third cumulant vanishes
    problem = replace(PINNED["units"], inputs=Discrete([1, 2], [F(1, 3), F(2, 3)]))
    for d in (1, 2, 3, 4):
        form = KroneckerForm.from_rows([g(0, 1)] * d)
        assert len(conditional_expectation(form, problem, 0)) == d
        assert any(x for x in weighted_moments(problem.inputs, d, d - 1).flat)


def test_without_gradients_nothing_changes(ledger):
    problem = replace(PINNED["units"], learning_rates=F(1, 2))
    ledger.record("A.4", check(MixedProduct(problem, (W(1, 1),), [[3]], W(0, 2), history=((0, 1),))))


def test_single_samples_are_refused():
    with pytest.raises(ValueError, match="batch gradients"):
        conditional_expectation(KroneckerForm.from_rows([g(0, 1, 1)]), PINNED["units"], 0)
