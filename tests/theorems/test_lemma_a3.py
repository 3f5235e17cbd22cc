"""Lemma A.3: what its check would notice; dependent samples; the print where it fails."""

from __future__ import annotations

import dataclasses
from fractions import Fraction as F

import numpy as np
import pytest
from flint import fmpq, fmpq_mat

from tests.instances import PINNED
from theory import Discrete, TeacherStudent
from theory.claims.lemma_a3 import CLAIM, broken_counts, check, check_printed
from theory.claims.support.recursion_cases import MixedProduct, difference, lookup_after, mean_over_samples
from theory.recursion import KroneckerForm, remove_gradient_layer
from theory.recursion.sample_moments import moment_tensor
from theory.trace_forms import W, g, teacher
from theory.trace_forms.letters import identity_letter

pytestmark = pytest.mark.theorems("A.3")


def test_the_print_is_not_judged_where_it_says_only_that_a_multiset_exists():
    instance = next(s for s in CLAIM.showcases if not s.printed).make()
    assert check_printed(instance).holds is None


def test_without_a_row_the_print_is_judged_only_where_no_letter_fits_into_row_0():
    def trace_of_a_gradient(width):
        ones, zeros = ([[[k] * width] * width] * 2 for k in (1, 0))
        return MixedProduct(TeacherStudent(ones, zeros, Discrete([[1] * width, range(1, width + 1)]), 1), (g(0, 1, 1),))

    assert [check_printed(trace_of_a_gradient(width)).holds for width in (1, 2, 3)] == [None, False, False]


def test_a_product_law_for_dependent_samples_is_wrong(ledger):
    # two gradients of one sample, x in {1, 2}: E x^4 = 17/2, but E x^2 E x^2 = 25/4
    same = MixedProduct(PINNED["units"], (g(0, 1, 1) @ g(0, 2, 1),))
    other = MixedProduct(PINNED["units"], (g(0, 1, 1) @ g(0, 2, 2),))
    ledger.record("A.3", check(same))
    ledger.record("A.3", check(other))
    assert (mean_over_samples(same), mean_over_samples(other)) == (fmpq(17, 2), fmpq(25, 4))


def test_the_printed_set_of_constants_does_not_hold_the_identity():
    # x = e_1 almost surely: every element is e_a e_b^T, a Kronecker product of unit vectors, so of rank 1; tr(I g^T g) needs I_2
    law = Discrete([(1, 0)])
    tensor = moment_tensor(law, 4)  # E[(x x^T) (x) (x x^T)]
    rows, columns = tensor.transpose(0, 2, 1, 3).reshape(4, 4), fmpq_mat(2, 2, [1, 0, 0, 1])
    assert fmpq_mat(rows.tolist()).rank() == 1
    assert columns.rank() == 2


def test_degrees_count_symbols_not_values():
    # read by value, the printed formula I{A = M} + I{A^T = M} counts a symmetric matrix twice
    identity = identity_letter(2)
    by_value = sum(int(np.array_equal(identity.matrix, m)) for m in (identity.matrix, identity.matrix.T))
    form = KroneckerForm.from_rows([W(0, 1).T @ W(0, 1)])
    assert by_value == 2
    assert form.degree(W(0, 1).letters) == 2
    assert KroneckerForm.from_rows([teacher(1).T]).degree(teacher(1).letters) == 1


def test_a_wrong_sign_or_a_lost_term_is_noticed():
    instance = CLAIM.showcases[1].make()
    result = remove_gradient_layer(instance.form, instance.problem, 0)
    flipped = [dataclasses.replace(result.terms[0], coefficient=F(-1)), *result.terms[1:]]
    assert broken_counts(instance, KroneckerForm(flipped))
    assert broken_counts(instance, KroneckerForm(result.terms[1:]))
    assert broken_counts(instance, result) == []
    wrong = KroneckerForm(flipped).evaluate(lookup_after(instance), instance.problem)
    assert difference(wrong, mean_over_samples(instance)) != 0


def test_batch_gradients_are_refused():
    with pytest.raises(ValueError, match="gradients of single samples"):
        remove_gradient_layer(KroneckerForm.from_rows([g(0, 1)]), PINNED["units"], 0)
