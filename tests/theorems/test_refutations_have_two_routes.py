"""A counterexample's numbers are computed twice: where the two routes differ, nothing is refuted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from theory.claims import (
    lemma_a2,
    lemma_a3,
    theorem_3_2,
    theorem_3_3,
    theorem_3_6,
    theorem_a4,
    theorem_a5,
    theorem_a7,
    theorem_a9,
    theorem_a10,
)
from theory.claims.support import first_gradients


def verdict(claim, name):
    (showcase,) = (s for s in claim.CLAIM.showcases if s.name == name)
    return claim.CLAIM.check_of(showcase)(showcase.make()).holds


ROUTES = [
    (lemma_a2, "direct_quadratic_product", "a row left out"),
    (theorem_a4, "_by_set_partitions", "E g depends on the teacher"),
    (theorem_3_3, "mean_given_start", "a product without randomness"),
    (theorem_a10, "by_the_chain_rule", "a large constant"),
    (theorem_a10, "by_the_chain_rule", "many factors"),
    (theorem_a9, "_by_the_chain_rule", "the teacher leaves the interval"),
    (theorem_a9, "_by_the_chain_rule", "close in value only"),
]


@pytest.mark.parametrize(("claim", "route", "name"), ROUTES, ids=[f"{c.CLAIM.id}: {n}" for c, _, n in ROUTES])
def test_a_route_that_is_off_refutes_nothing(monkeypatch, claim, route, name):
    assert verdict(claim, name) is False
    honest = getattr(claim, route)
    monkeypatch.setattr(claim, route, lambda *a, **k: honest(*a, **k) + 1)
    assert verdict(claim, name) is None


def test_a_sign_of_the_printed_proofs_refutes_nothing_when_the_truth_is_not_confirmed(monkeypatch):
    honest = theorem_a7.gamma
    monkeypatch.setattr(theorem_a7, "gamma", lambda problem, step, layer, sign=-1: honest(problem, step, layer, sign) * 2)
    assert verdict(theorem_a7, "two atoms against the plus sign") is None
    monkeypatch.undo()
    assert verdict(theorem_a7, "two atoms against the plus sign") is False
    unrolled = theorem_a5.unroll
    monkeypatch.setattr(theorem_a5, "unroll", lambda form, problem, step: unrolled(form, replace(problem, learning_rates=[1, 1]), step))
    assert verdict(theorem_a5, "one weight, two different learning rates") is None


def test_a_slope_that_is_not_the_coefficient_refutes_nothing(monkeypatch):
    honest = theorem_3_2.unroll
    monkeypatch.setattr(theorem_3_2, "unroll", lambda form, problem, step: honest(form, replace(problem, learning_rates=[1, 1]), step))
    assert verdict(theorem_3_2, "a weight that starts at zero") is None


def test_a_count_of_letters_is_the_order_in_all_weights(monkeypatch):
    assert lemma_a3.homogeneous_order(lemma_a3._no_gradient()) == 1
    assert lemma_a3.homogeneous_order(lemma_a3._one_row()) == 6  # two gradients of order 3
    assert lemma_a3.homogeneous_order(lemma_a3._dependent()) is not None
    monkeypatch.setattr(lemma_a3, "homogeneous_order", lambda instance: 2)
    assert verdict(lemma_a3, "no gradient, one row") is None


def test_the_chain_rule_is_backpropagation():
    problem, sigma = theorem_3_6.gaussian_inputs().problem, np.tanh
    assert first_gradients.first_gradients(problem, (sigma, lambda h: 1 - sigma(h) ** 2), 2.0) == pytest.approx(
        (np.tanh(2) * (1 - np.tanh(2) ** 2) * 2, np.tanh(2) ** 2)
    )
    with pytest.raises(ValueError, match="problem must have sizes 1-1-1"):
        first_gradients.first_gradients(theorem_a9.sigmoid_two_layers().problem, (np.sin, np.cos), 1.0)
    assert first_gradients.same([1.0], [1.0 + 1e-8])[0] is False and first_gradients.same([1e-12], [0.0])[0] is True
