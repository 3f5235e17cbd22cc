"""Labelled data: the polynomial of var(g_1), all b at once, beside batches of one point followed one by one, and the frequencies."""

from __future__ import annotations

import pytest

from tests.benchmarks.cost_grid import labelled
from tests.theory.engines.data.test_data_sets import digits, directly
from theory.engines.base import Quantity
from theory.engines.data import DataSets
from theory.engines.frequencies import Frequencies

TARGET = "1,797 digits of 64 pixels, ten classes, a layer: minutes on two cores"


@pytest.mark.parametrize("layer", [1, 2])
@pytest.mark.parametrize("sampling", ["independent", "without_replacement"])
@pytest.mark.benchmark(group="64-32-10 on 1,797 points, t = 1")
def test_as_many_points_as_digits(benchmark, is_measured, sampling, layer):
    problem, *_ = digits(1797 if is_measured else 40, sampling, hidden=32)
    quantity = Quantity("variance", 1, layer)
    benchmark.extra_info["target"] = TARGET
    benchmark.extra_info["predicted"] = str(DataSets().cost(problem, quantity))
    found = benchmark.pedantic(DataSets().compute, args=(problem, quantity), rounds=1)
    assert found.error(8) <= 1e-8 * found(8)


@pytest.mark.benchmark(group="64-32-10 on 1,797 points, t = 1")
def test_batches_of_one_followed_one_by_one(benchmark, is_measured):
    """One b, with everything that is in the polynomial's value there."""
    problem, x, y, w = digits(1797 if is_measured else 40, hidden=32)
    squares, means, _ = benchmark.pedantic(directly, args=(problem, x, y, w, [[n] for n in range(len(x))], 1), rounds=1)
    for k in (0, 1):
        assert squares[k] - means[k] == pytest.approx(DataSets().compute(problem, Quantity("variance", 1, k + 1))(1), rel=1e-9)


@pytest.mark.parametrize("engine", [DataSets("exact"), DataSets("doubles"), Frequencies()], ids=["exact", "doubles", "frequencies"])
@pytest.mark.benchmark(group="2-3-2 on 6 points without replacement, t = 1")
def test_few_points(benchmark, engine):
    problem, quantity = labelled(6, (2, 3, 2)), Quantity("variance", 1, 1)
    found = benchmark.pedantic(engine.compute, args=(problem, quantity), rounds=3)
    assert float(found(2)) == pytest.approx(float(DataSets("exact").compute(problem, quantity)(2)), rel=1e-9)
