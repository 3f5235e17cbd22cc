"""Exact variance polynomials for small input dimensions: the engine beside polynomials expanded in all batches at once."""

from __future__ import annotations

import pytest

from tests.instances import drawn, scalar
from tests.oracles import CHI_SQUARE
from theory import Gaussian, Uniform
from theory.degrees import variance_degree
from theory.engines.base import Quantity
from theory.engines.wishart import Wishart
from theory.engines.wishart.batch_moments import batch_moments
from theory.engines.wishart.last_batch import pair_moments
from theory.references.symbolic import SymbolicNetwork
from theory.trace_forms import g, tr

ENGINE = Wishart()


def by_engine(problem, step, layer):
    batch_moments.cache_clear()
    pair_moments.cache_clear()
    return ENGINE.compute(problem, Quantity("variance", step, layer))


def measured(benchmark, problem, step, layer, target, rounds=3):
    benchmark.extra_info["target"] = target
    benchmark.extra_info["predicted"] = str(ENGINE.cost(problem, Quantity("variance", step, layer)))
    found = benchmark.pedantic(by_engine, args=(problem, step, layer), rounds=rounds)
    assert found.degree == variance_degree(step) and found.coefficients[0] == 0


@pytest.mark.benchmark(group="p = 1, t = 3, degree 76, one layer")
def test_scalar_three_steps(benchmark):
    measured(benchmark, scalar(Gaussian(1)), 3, 1, "0.1 s (0.2 s expanded)")


@pytest.mark.benchmark(group="p = 1, t = 3, degree 76, one layer")
def test_scalar_three_steps_expanded(benchmark):
    problem = scalar(Gaussian(1))
    found = benchmark.pedantic(CHI_SQUARE.polynomial, args=(problem, Quantity("variance", 3, 1)), rounds=1)
    assert found == by_engine(problem, 3, 1)


@pytest.mark.benchmark(group="p = 1, t = 4, degree 237, one layer")
def test_scalar_four_steps(benchmark):
    measured(benchmark, scalar(Gaussian(1)), 4, 1, "8 s (17 s expanded)", rounds=1)


@pytest.mark.parametrize("layer", [1, 2])
@pytest.mark.parametrize("sizes", [(2, 1, 1), (2, 4, 2)], ids=str)
@pytest.mark.benchmark(group="p = 2, t = 2, degree 23, one layer")
def test_plane_two_steps(benchmark, sizes, layer):
    measured(benchmark, drawn(1, sizes, Gaussian(2)), 2, layer, "3 s a layer (14 s by the generator)", rounds=1)


@pytest.mark.benchmark(group="p = 2, t = 2, degree 23, one layer")
def test_plane_two_steps_uniform_inputs(benchmark):
    measured(benchmark, drawn(1, (2, 2, 1), Uniform(2, 0, 1)), 2, 1, "3 s a layer (4-6 s expanded)", rounds=1)


@pytest.mark.benchmark(group="p = 2, t = 2, degree 23, one layer")
def test_plane_two_steps_expanded(benchmark):
    """E||g||^2 as a polynomial in the entries of all three batches."""
    if not benchmark.enabled:
        pytest.skip("measured by `make benchmark` alone; the same route is tested at t = 1")
    problem = drawn(1, (2, 1, 1), Gaussian(2))
    form = tr(g(2, 1).T @ g(2, 1))
    found = benchmark.pedantic(ENGINE.compute, args=(problem, Quantity("trace_form", 2, None, form)), rounds=1)
    assert found == ENGINE.compute(problem, Quantity("second_moment", 2, 1))


@pytest.mark.parametrize(("p", "target"), [(2, "0.02 s"), (3, "0.2 s"), (4, "6 s")])
@pytest.mark.benchmark(group="t = 1, degree 6, sizes (p, 2, 2), one layer")
def test_one_step(benchmark, p, target):
    measured(benchmark, drawn(1, (p, 2, 2), Gaussian(p)), 1, 1, target)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.benchmark(group="t = 1, degree 6, sizes (p, 2, 2), one layer")
def test_one_step_by_the_generator(benchmark, p):
    problem = drawn(1, (p, 2, 2), Gaussian(p))
    network = SymbolicNetwork.of(problem)
    found = benchmark.pedantic(network.variance_by_generator, args=(1, 1), rounds=1)
    assert network.in_inverse_batch_size(found) == by_engine(problem, 1, 1)
