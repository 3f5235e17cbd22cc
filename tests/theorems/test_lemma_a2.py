"""Lemma A.2 for random joint laws, exactly; and the print on its own terms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import discrete_laws, input_laws, matrices
from theory.claims.lemma_a2 import CLAIM, Instance, first_coordinates_vanish, laws, one_draw_twice, with_pattern
from theory.inputs import Gaussian
from theory.kronecker import StackedSamples, direct_quadratic_product, expected_quadratic_product

pytestmark = pytest.mark.theorems


@st.composite
def forms(draw: st.DrawFn, m: int, p1: int, n: int, p2: int) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """A_1..A_m and D_0..D_n."""
    rows, columns = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    a = tuple(draw(matrices(p1, p1)) for _ in range(m))
    d = (draw(matrices(rows, p2)), *(draw(matrices(p2, p2)) for _ in range(n - 1)), draw(matrices(p2, columns)))
    return a, d


@st.composite
def any_joint_law(draw: st.DrawFn) -> Instance:
    """One discrete law for the whole stack of y's and z's."""
    m, n, p1, p2 = (draw(st.integers(low, 2)) for low in (0, 1, 1, 1))
    p1 = p1 if m else 1
    a, d = draw(forms(m, p1, n, p2))
    return Instance(f"m = {m}, n = {n}, p_1 = {p1}, p_2 = {p2}, any joint law", draw(discrete_laws(m * p1 + n * p2)), a, d)


@st.composite
def equal_and_independent_samples(draw: st.DrawFn) -> Instance:
    """Every pattern of coinciding samples, for every law of the package."""
    m, n, p = draw(st.integers(0, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    law = draw(input_laws(p))
    names = tuple(draw(st.lists(st.integers(0, 2), min_size=m + n, max_size=m + n)))
    a, d = draw(forms(m, p, n, p))
    return Instance(f"m = {m}, n = {n}, p = {p}, {law}, drawn as {names}", StackedSamples(names, (law,) * (m + n)), a, d)


@given(instance=any_joint_law())
def test_any_joint_law(ledger, instance):
    ledger.record("A.2", CLAIM.check(instance))


@given(instance=equal_and_independent_samples())
def test_equal_and_independent_samples(ledger, instance):
    ledger.record("A.2", CLAIM.check(instance))


def test_two_different_laws(ledger):
    """y ~ D_1 in R, z ~ D_2 in R^2, independent: the lemma as it was meant."""
    stack = StackedSamples(("y1", "y2", "z1", "z2"), (Gaussian(cov=[[2]]),) * 2 + (Gaussian(cov=[[2, 1], [1, 1]]),) * 2)
    instance = Instance("y ~ N(0, 2), z ~ N(0, Sigma), independent", stack, ([[3]], [[1]]), ([[1, 2]], [[1, 1], [0, 2]], [[1], [3]]))
    ledger.record("A.2", CLAIM.check(instance))


@pytest.mark.parametrize("law", laws())
@pytest.mark.parametrize("pattern", ["aa", "aab", "aaa", "aba", "aabb", "aaaa"])
def test_dependent_samples_need_the_joint_law(ledger, law, pattern):
    """Letters name y_1, ..., z_n, equal ones the same draw: the joint law's C_uv are right, those of independent draws are wrong."""
    instance = with_pattern(law, pattern)
    ledger.record("A.2", CLAIM.check(instance))
    assert (_by_independent_draws(instance) != direct_quadratic_product(instance.law, instance.a, instance.d)).any()


def _by_independent_draws(instance):
    return expected_quadratic_product(instance.law.independent(), instance.a, instance.d)


@pytest.mark.parametrize("make", [one_draw_twice, first_coordinates_vanish])
def test_the_lemma_holds_where_the_print_fails(ledger, make):
    ledger.record("A.2", CLAIM.check(make()))


def test_no_constants_rescue_the_sum_over_the_first_p1():
    """z_1 = e_2 and D_0 = e_2^T: the expectation is 1, and D_0 e_1 = 0 makes every term of the printed sum zero."""
    assert CLAIM.check_printed is not None
    evidence = CLAIM.check_printed(first_coordinates_vanish())
    assert [side["the expectation"] for side in (evidence.left, evidence.right)] == [1, 1]
    assert evidence.holds is False and list(evidence.right.values())[1] == 0


def test_constants_of_independent_draws_are_right_for_independent_draws():
    """So what fails above is the dependence and nothing else."""
    instance = with_pattern("three atoms", "abcd")
    assert (_by_independent_draws(instance) == direct_quadratic_product(instance.law, instance.a, instance.d)).all()


def test_where_no_row_is_left_out_the_printed_range_is_not_tried():
    assert CLAIM.check_printed is not None
    with pytest.raises(ValueError, match="p_1 must be less than p_2"):
        CLAIM.check_printed(with_pattern("three atoms", "abcd"))
