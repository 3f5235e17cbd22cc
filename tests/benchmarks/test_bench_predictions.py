"""Predicted and measured costs side by side: a table under `make benchmark`. No test fails on a clock.

In the ordinary suite every prediction of the grid is finite and positive, and the cheap cases are computed.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from empirics import make_plan, predict
from empirics.runs import cost as run_cost
from empirics.runs.process_state import PROCESS_BYTES
from empirics.runs.work import run_shard
from tests.benchmarks.calibrate import fitted, written
from tests.benchmarks.cost_grid import Case, atoms, grid, measured_bytes, measured_seconds, network, points
from theory import Gaussian, Rademacher, Uniform
from theory.budget import Cost, size, unit_costs

GRID = grid()
RUNS = {
    "two_linear, N": (lambda: network((8, 16, 4), Gaussian(8), floats=True), {}),
    "two_linear, atoms": (lambda: network((2, 4, 1), atoms(5, 2)), {}),
    "two_linear, uniform, float32": (lambda: network((4, 8, 2), Uniform(4), floats=True), {"dtype": "float32"}),
    "networks, signs, relu": (lambda: network((4, 8, 8, 1), Rademacher(4), floats=True, activation="relu"), {}),
    "networks, quadratic": (lambda: network((2, 4, 1), atoms(3, 2), activation=(0, 1, 1)), {}),
    "autograd": (lambda: network((2, 2, 1), Gaussian(2)), {"engine": "autograd", "replicas": 8, "steps": 4}),
    "epochs": (lambda: network((2, 4, 1), points(5000, 2)), {"sampling": "epochs"}),
    "without replacement": (lambda: network((2, 4, 1), points(5000, 2)), {"sampling": "without_replacement", "replicas": 100}),
}


@pytest.mark.parametrize("case", GRID, ids=lambda case: f"{case.kind}: {case.name}")
def test_predictions_are_finite_and_what_is_cheap_is_computed(case):
    cost = case.predict(case.make())
    assert 0 < cost.seconds < math.inf and 0 < cost.bytes < math.inf and cost.basis
    if case.is_cheap:
        case.compute(case.make())


def _run(name: str) -> Case:
    make, options = RUNS[name]

    def plan(_):
        return make_plan(make(), **{"batch_sizes": [4, 16], "steps": 60, "replicas": 1000} | options)

    def run(made):
        for shard in made.shards():
            run_shard(made, shard)

    def told(made):
        found = predict(made, workers=1)
        return Cost(found.seconds, found.memory - PROCESS_BYTES, "trial")

    return Case("simulation", name, lambda: plan(None), told, run)


@pytest.mark.parametrize("name", RUNS)
def test_predictions_of_runs_are_finite(name, monkeypatch):
    monkeypatch.setattr(run_cost, "TRIAL_SECONDS", 0.01)
    case = _run(name)
    cost = case.predict(case.make())
    assert 0 < cost.seconds < math.inf and 0 < cost.bytes < math.inf


def test_a_fit_finds_the_units_that_made_the_seconds(monkeypatch):
    cases = [case for case in GRID if case.kind in ("quadrature", "quadratic forms")]
    monkeypatch.setattr(unit_costs, "UNITS", unit_costs.UNITS)
    before = dict(unit_costs.UNITS)
    seconds = np.array([1.7 * case.predict(case.make()).seconds for case in cases])
    try:
        units = fitted(cases, seconds)
    finally:
        unit_costs.UNITS.update(before)
    assert 1.2 < units["quadrature.call"] / before["quadrature.call"] < 2.5
    assert units["frequencies.bit"] == pytest.approx(before["frequencies.bit"])
    text = Path(unit_costs.__file__).read_text(encoding="utf-8")
    again: dict = {}
    exec(written(text, units), again)
    assert again["UNITS"] == pytest.approx({name: float(f"{value:.2g}") for name, value in units.items()})
    assert set(again["MACHINE"]) == set(unit_costs.MACHINE) and re.fullmatch(r"\d{4}-\d\d-\d\d", again["MACHINE"]["date"])


def test_bench_predictions(benchmark, request, is_measured):
    """The table; memory is what a copy of the process grows by, where the system tells."""
    if not is_measured:
        pytest.skip("measured by make benchmark")
    lines = [f"{'':64s} {'predicted':>10s} {'measured':>10s} {'ratio':>6s} {'predicted':>10s} {'measured':>10s}"]
    ratios = []
    for case in [*GRID, *map(_run, RUNS)]:
        cost, seconds = case.predict(case.make()), measured_seconds(case)
        ratios.append(cost.seconds / seconds)
        figures = f"{cost.seconds:8.2g} s {seconds:8.2g} s {ratios[-1]:6.2f} {size(cost.bytes):>10s} {size(measured_bytes(case)):>10s}"
        lines.append(f"{case.kind + ': ' + case.name:64s} {figures}")
    benchmark.pedantic(lambda: [case.predict(case.make()) for case in GRID[:20]], rounds=1)
    inside = sum(1 / 3 < r < 3 for r in ratios)
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n" + "\n".join(lines) + f"\n{inside} of {len(ratios)} within a factor of 3; fitted on {unit_costs.MACHINE}")
