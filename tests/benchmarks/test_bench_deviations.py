"""Coefficients of var(g_t) in doubles with radii, beside rationals where those are affordable too."""

from __future__ import annotations

from fractions import Fraction as F

import pytest

from tests.instances import network
from theory import Gaussian
from theory.engines.base import Quantity
from theory.engines.deep_moments import DeepMoments
from theory.engines.deviations import Deviations
from theory.engines.wishart import Wishart


@pytest.mark.parametrize("layer", [1, 2])
@pytest.mark.benchmark(group="3-2-1 N, t = 2: degree 23")
def test_three_inputs(benchmark, is_measured, layer):
    p = 3 if is_measured else 1
    problem, quantity = network((p, 2, 1), Gaussian(p), rates=F(1, 20)), Quantity("variance", 2, layer)
    benchmark.extra_info["target"] = "5 minutes"
    benchmark.extra_info["predicted"] = str(Deviations().cost(problem, quantity))
    found = benchmark.pedantic(Deviations().compute, args=(problem, quantity), rounds=1)
    assert found.degree == 23 and found.error(8) <= 1e-6 * found(8)


@pytest.mark.benchmark(group="2-2-1 N, t = 3, E loss: degree 49")
def test_three_steps(benchmark, is_measured):
    p = 2 if is_measured else 1
    problem, quantity = network((p, 2, 1), Gaussian(p), rates=F(1, 20)), Quantity("loss", 3)
    benchmark.extra_info["predicted"] = str(Deviations().cost(problem, quantity))
    assert benchmark.pedantic(Deviations().compute, args=(problem, quantity), rounds=1).error(8) < 1e-3


@pytest.mark.parametrize("engine", [Deviations(), Wishart(), DeepMoments()], ids=["deviations", "wishart", "deep_moments"])
@pytest.mark.benchmark(group="1-1-1 N, t = 3: degree 76")
def test_one_weight_a_layer(benchmark, engine):
    problem, quantity = network((1, 1, 1), Gaussian(1), rates=F(1, 20)), Quantity("variance", 3, 1)
    benchmark.extra_info["predicted"] = str(engine.cost(problem, quantity))
    found = benchmark.pedantic(engine.compute, args=(problem, quantity), rounds=1 if isinstance(engine, DeepMoments) else 3)
    assert found.degree == 76
