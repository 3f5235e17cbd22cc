"""Theorem 3.1: the degree is attained, and what its check would notice."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory import Discrete, Gaussian
from theory.budget import CannotError
from theory.claims import theorem_3_3
from theory.claims.support import batch_means, partition_argument
from theory.claims.support.partition_argument import mean_over_last_batch
from theory.claims.support.recursion_cases import MixedProduct
from theory.claims.support.sample_rules import gauss_hermite
from theory.claims.theorem_3_1 import CLAIM, check
from theory.trace_forms import W, g

pytestmark = pytest.mark.theorems("3.1")


@given(st.integers(1, 5), st.integers(1, 3), st.integers(1, 2))
@settings(max_examples=10)
def test_the_degree_is_attained(d, depth, degree):
    letters = g(0, 1)
    for k in range(1, d):
        letters = letters @ g(0, 1 + k % depth)
    assert mean_over_last_batch(MixedProduct(batch_means.attaining(depth, degree), (letters,))).degree == d - 1


@pytest.mark.parametrize("showcase", CLAIM.showcases, ids=lambda s: s.name)
@pytest.mark.parametrize("mutant", ["falling factorial", "a product is lost", "another moment", "a smaller bound"])
def test_what_is_wrong_is_noticed(monkeypatch, showcase, mutant):
    if mutant == "falling factorial":
        monkeypatch.setattr(partition_argument, "prod", lambda values, start=1: start)
    elif mutant == "a product is lost":
        honest = partition_argument.gradient_products
        monkeypatch.setattr(partition_argument, "gradient_products", lambda *a: list(honest(*a))[1:])
    elif mutant == "another moment":
        law = type(showcase.make().problem.inputs)
        honest_moment = law.moment
        monkeypatch.setattr(law, "moment", lambda self, powers: honest_moment(self, powers) + (sum(powers) > 0))
    else:
        monkeypatch.setattr("theory.claims.theorem_3_1.gradients_of_last_batch", lambda i: batch_means.gradients_of_last_batch(i) - 1)
    assert check(showcase.make()).holds is False


@pytest.mark.parametrize("degree", range(12))
def test_quadrature_has_the_moments_of_the_gaussian_law(degree):
    law = Gaussian(cov=[[F(1, 4)]])
    points, weights = gauss_hermite(law, degree)
    for k in range(degree + 1):
        total = sum(w * x[0, 0] ** k for x, w in zip(points, weights, strict=True))
        assert abs(float(total) - float(law.moment((k,)))) < 1e-12
    assert len(points) == degree // 2 + 1


def test_quadrature_is_for_scalar_gaussian_inputs():
    with pytest.raises(CannotError, match="inputs must be scalar Gaussian, but were Gaussian"):
        gauss_hermite(Gaussian(2), 2)


def test_weights_after_the_batch_move_with_it():
    """E W_{1,1} = W_{0,1} - alpha E g_{0,1}, whatever the batch size: 1 - 1/4 * 1 * (4/3 + 1/3)."""
    problem = theorem_3_3.scalar_network(1, (0, 1), Discrete([1, 2], [F(1, 3), F(2, 3)]))
    other = MixedProduct(problem, (W(1, 1),))
    assert partition_argument.mean_given_initial_weights(other)(3) == batch_means.mean_over_all_batches(other, 3)
