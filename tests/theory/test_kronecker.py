"""What the functions of Lemmas A.1 and A.2 compute and refuse; the lemmas themselves are tested in tests/theorems."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest

from theory.budget import UnaffordableError
from theory.inputs import Discrete, Gaussian, Uniform
from theory.kronecker import (
    StackedSamples,
    direct_quadratic_product,
    expected_quadratic_product,
    kronecker_of_rows,
    kronecker_product,
    moment_matrices,
    product_of_columns,
)


def test_kronecker_product_by_hand():
    a, b = np.array([[1, 2]], dtype=object), np.array([[3], [F(1, 2)]], dtype=object)
    assert kronecker_product([a, b]).tolist() == [[3, 6], [F(1, 2), 1]]
    assert kronecker_product([]).tolist() == [[1]]


def test_floats_are_the_rationals_that_they_are():
    assert kronecker_of_rows([[[[0.1]], [[2]]]])[0, 0] == 2 * F(0.1)


def test_one_quadratic_form_by_hand():
    """m = 1, n = 1: E[D_0 z z^T D_1 (y^T A y)], y independent of z, is tr(A Sigma_y) D_0 Sigma_z D_1."""
    stack = StackedSamples(("y", "z"), (Gaussian(cov=[[2]]), Gaussian(cov=[[1, 1], [1, 3]])))
    value = expected_quadratic_product(stack, [[[5]]], [[[1, 0], [0, 1]], [[1, 0], [0, 1]]])
    assert value.tolist() == [[10, 10], [10, 30]]


def test_the_constants_by_hand():
    """m = 1, n = 1, p_1 = 2, p_2 = 1, the same draw in both: C_11 = E[z^2 y y^T]."""
    law = Discrete([(1, 3, 1), (2, 0, 2)])  # y in R^2, z = y_1
    c = moment_matrices(law, y_count=1, y_dimension=2, z_count=1, z_dimension=1)
    assert c.shape == (1, 1)
    assert c[0, 0].tolist() == [[F(1 + 16, 2), F(3, 2)], [F(3, 2), F(9, 2)]]


def test_enumeration_and_joint_moments_agree(monkeypatch):
    """The two ways to the left-hand side, on a law that has both."""
    law = StackedSamples(("x", "x", "z"), (Discrete([(1, 2), (0, -1)]),) * 2 + (Discrete([(1, 1), (3, 0)]),))
    a, d = [[[1, 2], [0, 1]]], [[[1, 2]], [[1, 1], [0, 2]], [[1], [3]]]
    enumerated = direct_quadratic_product(law, a, d)
    monkeypatch.setattr(StackedSamples, "support", lambda self: None)
    assert (direct_quadratic_product(law, a, d) == enumerated).all()


def test_stacks_share_draws_by_name():
    coin = Discrete([0, 2])
    same, apart = (StackedSamples(names, (coin, coin)) for names in (("x", "x"), ("x", "y")))
    assert (same.moment((2, 2)), apart.moment((2, 2))) == (8, 4)
    assert (len(same.support()[0]), len(apart.support()[0])) == (2, 4)
    assert same.independent().moment((2, 2)) == 4
    draws = same.sample(np.random.default_rng(0), 5)
    assert (draws[:, 0] == draws[:, 1]).all()
    assert StackedSamples(("x", "y"), (coin, Uniform(1))).support() is None


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: kronecker_of_rows([[[[1, 2]], [[1]]]]), r"rows\[0\] must chain"),
        (lambda: kronecker_of_rows([[]]), r"rows\[0\] must have at least one matrix"),
        (lambda: product_of_columns([[[[1]]], [[[1]], [[1]]]]), r"rows must have one length, but had \[1, 2\]"),
        (lambda: product_of_columns([[[[1, 2]], [[1]]]]), "columns 0 and 1 must chain"),
        (lambda: kronecker_product([np.eye(9)] * 6), r"the Kronecker product of matrices would cost .*2.82e\+11 entries"),
        (
            lambda: moment_matrices(Gaussian(22), y_count=10, y_dimension=2, z_count=1, z_dimension=2),
            "the matrices C_uv for y_count and z_count would cost",
        ),
        (lambda: expected_quadratic_product(Gaussian(3), [[[1]]], [[[1]], [[1]]]), r"law must be a law on R\^2"),
        (lambda: expected_quadratic_product(Gaussian(2), [], [[[1]]]), "d must have at least D_0 and D_1"),
        (lambda: expected_quadratic_product(Gaussian(2), [[[1, 2]]], [[[1]], [[1]]]), r"a\[0\] must have shape"),
        (lambda: direct_quadratic_product(Gaussian(2), [[[1]]], [[[1]], [[1, 2], [3, 4]]]), r"d\[1\] must chain with D_0"),
        (lambda: StackedSamples(("x",), ()), "laws must have one entry for each of the 1 names"),
        (lambda: StackedSamples(("x", "x"), (Gaussian(1), Gaussian(1))), "laws must give one law to the samples named 'x'"),
        (lambda: StackedSamples(("x",), (3,)), r"laws\[0\] must be an input law such as Gaussian\(2\), but was 3"),
    ],
)
def test_bad_input_names_the_argument(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


@pytest.mark.parametrize("power", [6, 20, 400])
@pytest.mark.parametrize("dimension", [1, 2, 10**400])
def test_moment_matrices_of_any_number_of_samples_are_refused_with_a_figure(power, dimension):
    n, d = 10**power, dimension
    with pytest.raises(UnaffordableError, match=r"C_uv for y_count and z_count would cost .*a larger budget$"):
        moment_matrices(Gaussian(n * d), y_count=n - 1, y_dimension=d, z_count=1, z_dimension=d)
