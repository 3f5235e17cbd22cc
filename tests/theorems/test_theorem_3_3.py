"""Theorem 3.3, its degree and what its check would notice; as printed, without a constant term, it fails."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from functools import reduce
from operator import matmul

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from theory import Discrete
from theory.claims import theorem_3_3
from theory.claims.support import partition_argument
from theory.claims.support.batch_means import attaining
from theory.claims.support.partition_argument import mean_given_initial_weights
from theory.claims.support.recursion_cases import MixedProduct
from theory.claims.theorem_3_3 import CLAIM, check, check_printed, scalar_network
from theory.recursion import degree_bound
from theory.trace_forms import W, g

pytestmark = pytest.mark.theorems("3.3")


@given(st.data(), st.sampled_from([(1, 2), (2, 1), (2, 2), (3, 1)]))
@settings(max_examples=12)
def test_the_degree_is_attained_by_every_multiset_of_scalar_letters(data, network):
    depth, degree = network
    letters = data.draw(
        st.lists(st.sampled_from([x(s, k) for x in (W, g) for s in (0, 1) for k in range(1, depth + 1)]), min_size=1, max_size=3)
    )
    instance = MixedProduct(attaining(depth, degree), (reduce(matmul, letters),))
    bound = degree_bound(instance.form, depth=depth, activation_degree=degree)
    assume(bound <= 20)
    mean = mean_given_initial_weights(instance)
    assert mean.degree == bound and any(mean.coefficients)


def test_two_steps_of_one_layer():
    """E||g_2||^2 of x in {1, 2}, one linear layer: three batches, against every path."""
    problem = scalar_network(1, (0, 1), Discrete([1, 2], [F(1, 3), F(2, 3)]))
    evidence = check(MixedProduct(replace(problem, student=([[2]],)), (g(2, 1).T @ g(2, 1),)))
    assert evidence.holds and "of degree at most 3" in evidence.statement and evidence.left_route.endswith("degree 3")


@pytest.mark.parametrize("showcase", [s for s in CLAIM.showcases if not s.printed], ids=lambda s: s.name)
@pytest.mark.parametrize("mutant", ["falling factorial", "a product is lost", "a smaller bound"])
def test_what_is_wrong_is_noticed(monkeypatch, showcase, mutant):
    if mutant == "falling factorial":
        monkeypatch.setattr(partition_argument, "prod", lambda values, start=1: start)
    elif mutant == "a product is lost":
        honest = partition_argument.gradient_products
        monkeypatch.setattr(partition_argument, "gradient_products", lambda *a: list(honest(*a))[1:])
    else:
        mean = mean_given_initial_weights(showcase.make())
        attained = max(v.degree for v in getattr(mean, "flat", [mean]))
        monkeypatch.setattr(theorem_3_3, "degree_bound", lambda *a, **k: attained - 1)
    assert check(showcase.make()).holds is False


def test_random_products_do_not_judge_the_print():
    assert check_printed(CLAIM.showcases[0].make()).holds is None
