"""Everything symbolic: the two routes agree, and with numbers put in they are the engine's polynomials."""

from __future__ import annotations

import time
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import fractions, gaussians, input_laws, learning_rates, problems, two_layer_sizes
from theory import Gaussian, InverseBatchPolynomial, TeacherStudent, Uniform
from theory.budget import Budget, CannotError
from theory.degrees import variance_degree
from theory.engines.base import Quantity
from theory.engines.wishart import Wishart
from theory.exact import to_fmpq
from theory.references.symbolic import SymbolicNetwork


@pytest.mark.parametrize("sizes", [(1, 1, 1), (1, 2, 1), (1, 1, 2), (2, 1, 1)], ids=str)
@pytest.mark.parametrize("layer", [1, 2])
@pytest.mark.parametrize("step", [0, 1])
def test_the_routes_agree_for_every_network(sizes, step, layer):
    network = SymbolicNetwork(sizes, covariance="symbolic")
    found = network.variance_by_generator(step, layer)
    assert found == network.variance_by_partitions(step, layer)
    coefficients = network.coefficients(found)
    assert not coefficients[0] and len(coefficients) - 1 == variance_degree(step)


def test_the_leading_coefficient_of_the_scalar_network():
    """7680 = 2 * (2 * 4 * 6 * 8 * 10): the leading coefficients of 1 + 2 eps and of E s^6."""
    network = SymbolicNetwork((1, 1, 1), covariance="symbolic")
    w1, w2, v1, v2, sigma, alpha, *_ = network.context.gens()
    leading = network.coefficients(network.variance_by_generator(1, 1))[6]
    assert leading == 7680 * alpha**6 * w1**4 * w2**2 * (w1 * w2 - v1 * v2) ** 6 * sigma**8


def test_the_teacher_acts_through_its_product():
    factors, product = SymbolicNetwork((1, 1, 1)), SymbolicNetwork((1, 1, 1), teacher="product")
    w1, w2, v1, v2, alpha, eps, _ = factors.context.gens()
    inserted = product.variance_by_generator(1, 2).compose(w1, w2, v1 * v2, alpha, eps, eps, ctx=factors.context)
    assert inserted == factors.variance_by_generator(1, 2)


@given(*[fractions] * 4, learning_rates, st.integers(1, 2))
def test_with_numbers_put_in(w1, w2, v1, v2, rate, layer):
    network = SymbolicNetwork((1, 1, 1))
    values = dict(zip(network.context.names(), map(to_fmpq, (w1, w2, v1, v2, rate)), strict=False))
    found = network.variance_by_generator(1, layer).subs(values)
    problem = TeacherStudent([[[w1]], [[w2]]], [[[v1]], [[v2]]], Gaussian(1), rate)
    assert network.in_inverse_batch_size(found) == Wishart().compute(problem, Quantity("variance", 1, layer))


@given(problems(two_layer_sizes(2), laws=gaussians, steps=1), st.integers(0, 1), st.integers(1, 2))
def test_a_problem_by_generator_and_by_the_engine(problem, step, layer):
    network = SymbolicNetwork.of(problem)
    found = network.in_inverse_batch_size(network.variance_by_generator(step, layer))
    assert found == Wishart().compute(problem, Quantity("variance", step, layer))


@given(problems(two_layer_sizes(2), laws=input_laws, steps=1), st.integers(0, 1), st.integers(1, 2))
def test_a_problem_by_partitions_and_by_the_engine(problem, step, layer):
    network = SymbolicNetwork.of(problem)
    found = network.in_inverse_batch_size(network.variance_by_partitions(step, layer))
    assert found == Wishart().compute(problem, Quantity("variance", step, layer))


def test_bad_arguments():
    network = SymbolicNetwork((1, 1, 1))
    with pytest.raises(ValueError, match="step must be 0 or 1"):
        network.variance_by_generator(2, 1)
    with pytest.raises(ValueError, match="teacher must be"):
        SymbolicNetwork((1, 1, 1), teacher="none")
    with pytest.raises(ValueError, match="covariance must be"):
        SymbolicNetwork((1, 1, 1), covariance="any")
    with pytest.raises(ValueError, match="no variable but eps"):
        network.in_inverse_batch_size(network.variance_by_generator(0, 1))
    with pytest.raises(ValueError, match="two linear layers"):
        SymbolicNetwork.of(TeacherStudent([[[1]]], [[[1]]], Gaussian(1), 1))
    uniform = SymbolicNetwork.of(TeacherStudent([[[1]], [[1]]], [[[0]], [[1]]], Uniform(1, 0, 1), []))
    assert uniform.in_inverse_batch_size(uniform.variance_by_partitions(0, 1)) == InverseBatchPolynomial([0, F(1, 5) - F(1, 9)])
    with pytest.raises(CannotError, match="Gaussian inputs"):
        uniform.variance_by_generator(0, 1)
    with pytest.raises(ValueError, match=r"layer must be in 1\.\.2"):
        network.variance_by_generator(0, 3)
    with pytest.raises(ValueError, match=r"sizes must be \(p, p_1, p_2\)"):
        SymbolicNetwork((1, 1))


@pytest.mark.parametrize("ask, message", [
    (lambda: SymbolicNetwork((2, 3, 3)).variance_by_generator(1, 1), r"var\(g\) by generator at t = 1 would cost .*or a larger budget"),
    (lambda: SymbolicNetwork((2, 3, 3)).variance_by_partitions(1, 2), r"var\(g\) by partitions at t = 1 would cost"),
    (lambda: SymbolicNetwork((1, 1, 1)).variance_by_partitions(1, 1, budget=Budget(seconds=1e-6)), "would cost about .* 1e-06 s"),
    (lambda: SymbolicNetwork((300, 300, 300)), "sizes must be smaller: the ring would cost"),
    (lambda: SymbolicNetwork.of(TeacherStudent([[[1] * 12]], [[[1] * 12]], Gaussian(12), 1)), "two linear layers"),
    (lambda: SymbolicNetwork.of(wide(12)).variance_by_partitions(1, 1), r"var\(g\) by partitions at t = 1 would cost"),
])  # fmt: skip
def test_what_has_too_many_terms_is_refused_at_once(ask, message):
    began = time.perf_counter()
    with pytest.raises(ValueError, match=message):
        ask()
    assert time.perf_counter() - began < 2


def wide(p):
    return TeacherStudent([[[1] * p], [[1]]], [[[2] * p], [[1]]], Gaussian(p), 1)


def test_predicted_costs_grow_with_the_network():
    for route in ("generator", "partitions"):
        costs = [SymbolicNetwork(sizes).predicted_cost(1, route).seconds for sizes in [(1, 1, 1), (1, 2, 1), (1, 2, 2), (2, 2, 2)]]
        assert costs == sorted(set(costs)) and costs[0] < 0.1
        assert SymbolicNetwork((2, 1, 1)).predicted_cost(0, route).seconds < SymbolicNetwork((2, 1, 1)).predicted_cost(1, route).seconds
        assert SymbolicNetwork.of(wide(2)).predicted_cost(1, route).seconds < SymbolicNetwork((2, 1, 1)).predicted_cost(1, route).seconds
