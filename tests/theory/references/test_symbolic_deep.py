"""Deep networks with every weight symbolic: identities for every network of a size; with numbers put in, the engine's polynomials."""

from __future__ import annotations

import time
from fractions import Fraction as F
from math import comb, factorial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import fractions, input_laws, learning_rates, problems
from theory import Gaussian, TeacherStudent
from theory.budget import Budget
from theory.degrees import loss_degree, variance_degree
from theory.engines.base import Quantity
from theory.engines.deep_moments import DeepMoments
from theory.exact import to_fmpq
from theory.references import symbolic_cost
from theory.references.symbolic_deep import SymbolicDeepNetwork

SQUARE, QUADRATIC = (0, 0, 1), (0, 1, F(1, 2))
activations = st.lists(fractions, min_size=2, max_size=3).filter(lambda c: any(c[1:])).map(tuple)


@pytest.mark.parametrize(
    ("sizes", "activation"), [((1, 1, 1), QUADRATIC), ((1, 2, 1), SQUARE), ((1, 1, 1, 1), (0, 1)), ((1, 1, 2), SQUARE)], ids=str
)
@pytest.mark.parametrize("step", [0, 1])
def test_for_every_network_of_the_size_the_variance_has_the_sharp_degree_and_no_constant_term(sizes, activation, step):
    network = SymbolicDeepNetwork(sizes, activation, Gaussian(1))
    shape = {"depth": len(sizes) - 1, "activation_degree": len(activation) - 1}
    for layer in (1, len(sizes) - 1):
        coefficients = network.coefficients(network.variance(step, layer))
        assert not coefficients[0] and len(coefficients) - 1 == variance_degree(step, **shape)
    losses = network.coefficients(network.loss(step))
    assert losses[0] and len(losses) - 1 == loss_degree(step, **shape)


def test_the_leading_coefficient_of_three_scalar_layers():
    """g_1 has degree 5 in s_0, and E s_0^10 = prod_{j < 10} (1 + 2 j eps) leads with 2^9 9!; E s_1^2 = 1 + 2 eps with 2."""
    network = SymbolicDeepNetwork((1, 1, 1, 1), (0, 1), Gaussian(1))
    w1, w2, w3, v1, v2, v3, alpha, *_ = network.context.gens()
    residual = w1 * w2 * w3 - v1 * v2 * v3
    moved = [w2 * w3, w1 * w3, w1 * w2]  # g_{0,k} = s_0 residual times the other weights
    top = (alpha * residual) ** 5 * moved[0] * moved[1] ** 2 * moved[2] ** 2
    assert network.coefficients(network.variance(1, 1))[10] == 2 * 2**9 * factorial(9) * top**2


@given(*[fractions] * 4, learning_rates, st.integers(1, 2))
@settings(max_examples=20)
def test_with_numbers_put_in(w1, w2, v1, v2, rate, layer):
    network = SymbolicDeepNetwork((1, 1, 1), SQUARE, Gaussian(1))
    values = dict(zip(network.context.names(), map(to_fmpq, (w1, w2, v1, v2, rate)), strict=False))
    found = network.in_inverse_batch_size(network.variance(1, layer).subs(values))
    problem = TeacherStudent([[[w1]], [[w2]]], [[[v1]], [[v2]]], Gaussian(1), rate, SQUARE)
    assert found == DeepMoments().compute(problem, Quantity("variance", 1, layer))


#: Their set partitions are a matter of seconds: three linear layers of one unit are done, quadratic ones have hundreds of millions.
MOST_FACTORS = 10
small = problems(st.sampled_from([(1, 1, 1), (1, 2, 1), (1, 1, 2), (1, 1, 1, 1), (1, 1)]), input_laws, activations, steps=1)


@given(small, st.integers(0, 1), st.data())
@settings(max_examples=25)
def test_a_problem_of_any_law_by_partitions_and_by_the_engine(problem, step, data):
    shape = {"depth": problem.depth, "activation_degree": problem.activation_degree}
    if variance_degree(step, **shape) > MOST_FACTORS:
        step = 0
    network, layer = SymbolicDeepNetwork.of(problem), data.draw(st.integers(1, problem.depth))
    assert network.in_inverse_batch_size(network.variance(step, layer)) == DeepMoments().compute(problem, Quantity("variance", step, layer))
    assert network.in_inverse_batch_size(network.loss(step)) == DeepMoments().compute(problem, Quantity("loss", step))


QUARTIC = (1, 1, 1, 1, 1)


@pytest.mark.parametrize("ask, message", [
    (lambda: SymbolicDeepNetwork((1, 1, 1, 1), QUADRATIC, Gaussian(1)).variance(1, 1), "symbolic weights at t = 1 would cost"),
    (lambda: SymbolicDeepNetwork((1, 2, 2), QUARTIC, Gaussian(1)).loss(1), r"E loss\(w\) with symbolic weights at t = 1 would cost"),
    (lambda: SymbolicDeepNetwork((1, 1, 1), SQUARE, Gaussian(1)).loss(1, budget=Budget(bytes=10)), "would cost about .* 10 B"),
    (lambda: SymbolicDeepNetwork((64, 3, 2), QUADRATIC, Gaussian(64)), "sizes must be smaller: the ring would cost"),
    (lambda: SymbolicDeepNetwork((1, 1, 1), SQUARE, Gaussian(2)), r"law must be a law on R\^1, by the sizes, but was on R\^2"),
    (lambda: SymbolicDeepNetwork((1,), SQUARE, Gaussian(1)), "sizes must be .* with at least one layer"),
    (lambda: SymbolicDeepNetwork((1, 1, 1), SQUARE, Gaussian(1)).variance(0, 3), r"layer must be in 1\.\.2"),
])  # fmt: skip
def test_what_has_too_many_terms_is_refused_at_once(ask, message):
    began = time.perf_counter()
    with pytest.raises(ValueError, match=message):
        ask()
    assert time.perf_counter() - began < 2


def test_counts_behind_predicted_costs():
    assert [n for n, _ in zip(symbolic_cost._bell_numbers(), range(7), strict=False)] == [1, 1, 2, 5, 15, 52, 203]
    assert all(symbolic_cost.multisets(n, k) == pytest.approx(comb(n + k - 1, n)) for n in range(9) for k in range(1, 9))
    assert symbolic_cost.multisets(5, 0) == 1 and symbolic_cost.multisets(10**9, 10**9) == symbolic_cost.multisets(10**400, 3) == 1e30
    assert symbolic_cost._degrees_in_x([1, 2], 3) == {1, 2, 3, 4} and symbolic_cost._degrees_in_x([0, 3], 2) == {0, 3}


@pytest.mark.parametrize(
    "sizes", [lambda k: (1, 1, k), lambda k: (k, 1, 1), lambda k: (1, k, 1), lambda k: (k, k), lambda k: (1, *[1] * k)]
)
def test_larger_networks_never_cost_less(sizes):
    for kind, step in (("variance", 0), ("variance", 1), ("loss", 0), ("loss", 1)):
        costs = [symbolic_cost.deep(sizes(k), [1], 2 * k, step, Gaussian(1), kind == "loss").seconds for k in (1, 2, 3, 5, 10, 40, 1200)]
        assert costs == sorted(costs), (kind, step, costs)


def test_later_steps_and_other_variables_are_refused():
    network = SymbolicDeepNetwork((1, 1, 1), SQUARE, Gaussian(1))
    with pytest.raises(ValueError, match="step must be 0 or 1, but was 2"):
        network.variance(2, 1)
    with pytest.raises(ValueError, match="no variable but eps"):
        network.in_inverse_batch_size(network.variance(0, 1))
