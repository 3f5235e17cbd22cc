"""The critical batch size: the last integer that fails, by going through them all; and its estimate from beta_2."""

from __future__ import annotations

import math
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import fractions, positive_fractions
from tests.theory.large_batch.test_large_batch import network
from theory import Gaussian, InverseBatchPolynomial
from theory.large_batch import LargeBatchLaw, critical_batch_size, large_batch_law
from theory.variance_poly import variance_polynomial


def is_right(v, b, tolerance):
    return abs(v.coefficients[1] / b - v(b)) <= tolerance * v(b)


@given(positive_fractions, st.lists(fractions, max_size=4), st.sampled_from([F(1, 10), F(1, 3), F(9, 10)]))
def test_it_is_the_first_batch_size_from_which_all_are_right(first, rest, tolerance):
    v = InverseBatchPolynomial([0, first, *rest])
    found = critical_batch_size(v, tolerance)
    b, bound = found.batch_size, math.ceil(2 + 2 * sum(map(abs, rest)) / (tolerance * first))  # beyond it the rest is too small
    assert found.is_exact and found.standard_error == 0
    assert all(is_right(v, n, tolerance) for n in range(b, bound + b)) and (b == 1 or not is_right(v, b - 1, tolerance))


@pytest.mark.parametrize("beta2", [1000, -1000])
def test_the_estimate_is_exact_for_two_coefficients(beta2):
    zero = np.zeros(1)
    law = LargeBatchLaw((2,), zero, np.array([1.0]), np.array([float(beta2)]), zero, zero + 10, "probes", 64)
    found = critical_batch_size(law, "1/3")
    assert not found.is_exact and found.standard_error[0] == pytest.approx(found.batch_size[0] / 100)
    assert critical_batch_size(InverseBatchPolynomial([0, 1, beta2]), F(1, 3)).batch_size == round(found.batch_size[0])


def test_a_network_at_one_step():
    problem = network((2, 2, 1), Gaussian(2), seed=3)
    exact = critical_batch_size(variance_polynomial(problem, 1, 1), "1/100").batch_size
    estimate = critical_batch_size(large_batch_law(problem, [1], 1), "1/100").batch_size[0]
    assert exact > 20 and abs(estimate - exact) < 0.1 * exact


def test_sources_that_cannot_say():
    law = large_batch_law(network((1, 1, 1), Gaussian(1)), [1], 1, order=1)
    with pytest.raises(ValueError, match="beta_2"):
        critical_batch_size(law)
    with pytest.raises(TypeError, match="source must be"):
        critical_batch_size(3)
    with pytest.raises(ValueError, match="tolerance must be between 0 and 1"):
        critical_batch_size(law, 1)
    for coefficients in ([1, 1], [0], [0, 0, 1], [0, -1]):
        with pytest.raises(ValueError, match="source must be a variance with noise"):
            critical_batch_size(InverseBatchPolynomial(coefficients))
    with pytest.raises(ValueError, match="exact coefficients"):
        critical_batch_size(InverseBatchPolynomial([0, 1], radii=[0, 0.1]))
