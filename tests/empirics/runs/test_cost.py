"""Costs: predictions are of the right order, and what cannot be afforded is refused before it starts, with the figure."""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace
from fractions import Fraction as F
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from empirics import DataSet, UnaffordableError, make_plan, predict, simulate, synthetic
from empirics.engines.two_linear import TwoLinear
from empirics.runs import cost, replica_cost
from empirics.runs.cost import limits, require_affordable
from empirics.runs.replica_cost import memory_bytes, store_bytes
from empirics.runs.replicas import Replicas
from empirics.runs.store import Store
from empirics.runs.work import run_shard
from empirics.sampling.batches import DataRows, Draws, shuffle_bytes
from empirics.sampling.streams import streams
from tests.instances import network
from theory import Discrete, Gaussian, Rademacher, Uniform
from theory.budget import Budget, duration, size

PROBLEM = network((8, 16, 4), Gaussian(8), F(1, 2000))
GOOD = {"batch_sizes": [1, 16], "steps": 40, "replicas": 2000}


@pytest.fixture
def no_work(monkeypatch):
    monkeypatch.setattr("empirics.runs.replicas.run_shard", lambda *arguments: pytest.fail("work was done"))


@pytest.mark.parametrize(("problem", "options"), [
    (PROBLEM, {}), (PROBLEM, {"engine": "networks"}), (PROBLEM, {"estimator": "rao_blackwell", "every": 3}),
    (network((2, 4, 1), Discrete([(1, 0), (0, 1), (2, 2)]), F(1, 100), "tanh"), {}),
    (network((2, 2, 1), Gaussian(2), F(1, 2000)), {"engine": "autograd", "replicas": 20}),
], ids=["two_linear", "networks", "rao_blackwell", "atoms", "autograd"])  # fmt: skip
def test_predictions_are_of_the_right_order(problem, options, monkeypatch):
    """Clocks on busy machines err by much: a factor of 30 either way, and a tenth of a second for what a run starts with."""
    monkeypatch.setattr(cost, "TRIAL_SECONDS", 0.05)
    plan = make_plan(problem, **GOOD | options)
    found = predict(plan, workers=1)
    began = time.perf_counter()
    for shard in plan.shards():
        run_shard(plan, shard)
    taken = time.perf_counter() - began
    assert 0 < found.seconds < 30 * (taken + 0.1) and taken < 30 * (found.seconds + 0.1)
    assert set(found.microseconds) == set(plan.batch_sizes) and all(np.isfinite(v) and v > 0 for v in found.microseconds.values())


def test_predictions_scale_with_what_is_asked(monkeypatch):
    monkeypatch.setattr(Replicas, "trial", lambda plan, b, seconds: 1e-6 * b)
    one = predict(make_plan(PROBLEM, **GOOD, shard_replicas=100), workers=1)
    assert one.seconds == pytest.approx(17e-6 * 2000 * 40) and one.microseconds == {1: 1.0, 16: 16.0}
    last = 16e-6 * 100 * 40  # the longest shard, which may begin last
    four = predict(make_plan(PROBLEM, **GOOD, shard_replicas=100), workers=4).seconds
    assert four == pytest.approx(one.seconds / 4 + last / 2 + cost.START_SECONDS)
    assert predict(make_plan(PROBLEM, **GOOD, shard_replicas=100), workers=1, pending=0.25).seconds == pytest.approx(one.seconds / 4)
    hundred = predict(make_plan(PROBLEM, **GOOD, shard_replicas=1000), workers=100).seconds  # four shards
    assert hundred == pytest.approx(16e-6 * 1000 * 40 + cost.START_SECONDS)


def test_memory_does_not_grow_with_replicas_nor_with_weights_times_steps():
    few, many = (memory_bytes(make_plan(PROBLEM, **GOOD | {"replicas": n}, shard_replicas=400), 1) for n in (800, 80_000))
    assert 0 < many - few < 10**6  # the list of its shards
    wide, narrow = (network((8, h, 4), Gaussian(8)) for h in (2048, 16))
    growth = []
    for problem in (wide, narrow):
        few, many = (memory_bytes(make_plan(problem, **GOOD | {"steps": n}, shard_replicas=64), 1) for n in (40, 4000))
        growth.append(many - few)
    assert growth[0] == growth[1] > 0


def test_the_store_is_as_large_as_predicted(tmp_path):
    options = GOOD | {"steps": 200, "replicas": 64, "shard_replicas": 16}
    simulate(PROBLEM, **options, store=tmp_path / "run")
    found = sum(p.stat().st_size for p in (tmp_path / "run").iterdir())
    predicted = store_bytes(make_plan(PROBLEM, **options))
    assert found / 3 < predicted < 3 * found


def test_a_run_that_takes_too_long_is_refused(no_work):
    with pytest.raises(
        UnaffordableError, match=r"would cost .*; the budget is max_hours = 0\.001\. Alternatives: \d+ replicas would fit"
    ) as caught:
        simulate(PROBLEM, batch_sizes=[4], steps=1000, replicas=10**6, max_hours=1e-3)
    assert isinstance(caught.value, ValueError)


def test_what_would_fit_is_let_through(monkeypatch):
    monkeypatch.setattr(Replicas, "trial", lambda plan, b, seconds: 1e-3)
    problem = synthetic()
    options = {"batch_sizes": [4], "steps": 100}
    with pytest.raises(UnaffordableError) as caught:
        require_affordable(make_plan(problem, **options, replicas=10**6), 1, limits(1.0, None))
    fitting = int(re.search(r"(\d+) replicas would fit", str(caught.value))[1])
    assert fitting == pytest.approx(36_000 * cost.ROOM, abs=1)
    assert caught.value.alternatives[0] == f"{fitting} replicas would fit" and caught.value.cost.seconds == pytest.approx(10**5)
    require_affordable(make_plan(problem, **options, replicas=fitting), 1, limits(1.0, None))
    require_affordable(make_plan(problem, **options, replicas=140_000), 4, limits(1.0, None))


def test_a_run_beyond_the_memory_is_refused(monkeypatch, no_work):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=10**6))
    with pytest.raises(
        UnaffordableError,
        match=r"the run would cost .*, \d+ MB of memory .*the 1 MB of memory that are free\. Alternatives: fewer workers; smaller",
    ):
        simulate(PROBLEM, **GOOD)


@pytest.mark.parametrize("change", [
    {"replicas": 10**13}, {"replicas": 10**13, "scheduler": "tcp://127.0.0.1:9"}, {"replicas": 10**13, "max_hours": float("inf")},
    {"steps": 10**9}, {"steps": 10**9, "every": 10**9}, {"steps": 10**12, "every": 10**12}, {"replicas": 10**15},
    {"batch_sizes": range(1, 5000), "steps": 10**4, "replicas": 10**7},
], ids=str)  # fmt: skip
def test_what_is_far_too_large_is_refused_at_once(change, tmp_path, no_work):
    """A store that exists is compared by a digest over all steps: not before."""
    Store(tmp_path, make_plan(PROBLEM, batch_sizes=[1], steps=1, replicas=4)).begin()
    began = time.perf_counter()
    with pytest.raises(UnaffordableError, match=r"the run would cost .* [GTP]B of memory .*that are free|the run, at least, would cost"):
        simulate(PROBLEM, **GOOD | change, store=tmp_path)
    assert time.perf_counter() - began < 5


def test_a_trial_of_large_layers_takes_one_step(monkeypatch):
    steps = []
    step = TwoLinear.step
    monkeypatch.setattr(TwoLinear, "step", lambda self, *arguments: steps.append(step(self, *arguments)))
    monkeypatch.setattr(cost, "TRIALS_SECONDS", 1e-9)
    predict(make_plan(PROBLEM, **GOOD), 1)
    assert len(steps) == 2  # one for each batch size


def test_moments_are_kept_by_every_process_and_once_for_every_batch_size():
    one, two = (make_plan(PROBLEM, **GOOD | {"estimator": "controlled", "steps": n}, shard_replicas=64) for n in (100, 200))
    numbers = 100 * 2 * (13 + 9 + 36 + 16)  # steps, folds: means, squares, products with controls, products of controls
    for workers in (1, 3):
        growth = memory_bytes(two, workers) - memory_bytes(one, workers)
        assert growth == (3 * workers + 2) * 8 * numbers + 100 * replica_cost.STEP_BYTES


def test_small_runs_need_no_trial(monkeypatch):
    monkeypatch.setattr(Replicas, "trial", lambda plan, b, seconds: pytest.fail("a trial"))
    require_affordable(make_plan(PROBLEM, **GOOD), 1, limits(24, None))


def test_what_the_store_has_already_costs_nothing(tmp_path, monkeypatch):
    options = {"batch_sizes": [4], "steps": 5, "replicas": 40, "shard_replicas": 20}
    simulate(PROBLEM, **options, store=tmp_path / "run")
    monkeypatch.setattr(cost, "_bounds", lambda plan, workers, pending: (0.0, 1e9 * pending))
    simulate(PROBLEM, **options, store=tmp_path / "run", max_hours=1e-9)


def test_absurd_requests_are_refused_without_listing_their_shards(monkeypatch):
    listed = []
    monkeypatch.setattr(
        "empirics.runs.sharded.Shard", lambda *numbers: listed.append(numbers) or SimpleNamespace(batch_size=4, replicas=4, index=0)
    )
    monkeypatch.setattr(cost, "TRIAL_SECONDS", 0.01)
    with pytest.raises(UnaffordableError):
        simulate(PROBLEM, batch_sizes=[4], steps=1000, replicas=10**7, shard_replicas=64, max_hours=1e-6)
    assert len(listed) < 1000


def test_costs_as_people_say_them():
    text = str(cost.RunCost(7320, 3e9, "a trial", store=1500))
    assert text == "2 h 2 min, 3 GB of memory and 1.5 kB of store"
    assert [duration(s) for s in (0.04, 9.9, 10, 59, 60, 3599, 3600, 86400 * 3)] == [
        "0.04 s",
        "9.9 s",
        "10 s",
        "59 s",
        "1 min",
        "59 min 59 s",
        "1 h",
        "3 days",
    ]
    assert [size(n) for n in (0, 999, 1e6, 12e9, 5e12)] == ["0 B", "999 B", "1 MB", "12 GB", "5 TB"]


@pytest.mark.parametrize("law", [Rademacher(2), Uniform(2), DataSet([[1.0, 2.0], [0.5, 1.0]])], ids=str)
def test_rows_of_large_batches_count(law):
    """Of Gaussian inputs the cost does not depend on b; every other law has b rows."""
    problem = network((2, 3, 1), law)
    small, large = (memory_bytes(make_plan(problem, batch_sizes=[b], steps=1, replicas=200), 1) for b in (2, 10**7))
    assert large - small > 4 * 10**7 * 2 * 8
    with pytest.raises(UnaffordableError, match=r"the run would cost .* that are free"):
        simulate(problem, batch_sizes=[10**9], steps=1, replicas=200)
    with pytest.raises(UnaffordableError, match=r"the run would cost .* that are free"):
        predict(make_plan(problem, batch_sizes=[10**9], steps=1, replicas=200), 1)


def test_atoms_of_closed_forms_count():
    few, many = (network((2, 3, 1), DataSet(np.ones((n, 2)))) for n in (4, 10**6))
    plans = [make_plan(p, batch_sizes=[2], steps=1, replicas=200, estimator="rao_blackwell") for p in (few, many)]
    assert memory_bytes(plans[1], 1) > memory_bytes(plans[0], 1) + 4 * 10**6 * 8


@pytest.mark.parametrize("sampling", ["without_replacement", "epochs"])
@pytest.mark.parametrize(
    ("replicas", "points", "dtype"), [(5, 7, "float64"), (300, 5000, "float64"), (64, 30_000, "float32"), (3, 2_000_000, "float64")]
)
def test_orders_of_points_take_what_is_counted(sampling, replicas, points, dtype):
    """By torch's own account of what it allocates."""
    law = DataSet(np.arange(points, dtype=float)[:, None])
    cpu = torch.device("cpu")
    source = DataRows(law, 3, Draws(replicas, streams(0, (0, 0), cpu), cpu, getattr(torch, dtype)), sampling)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        source.draw()
    held = highest = 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            highest = max(highest, held)
    assert highest <= shuffle_bytes(law, sampling, replicas, 3) + 64 * replicas + 4096
    assert shuffle_bytes(law, sampling, replicas, 3) <= 3 * highest + 4096


def test_slices_of_orders_are_the_same_orders(monkeypatch):
    """The bits of stored runs: as if all numbers were sorted at once."""
    law, cpu = DataSet(np.arange(50.0)), torch.device("cpu")
    for sampling in ("without_replacement", "epochs"):
        source = DataRows(law, 7, Draws(11, streams(3, (1, 2), cpu), cpu, torch.float64), sampling)
        numbers = torch.rand(11, 50, generator=streams(3, (1, 2), cpu).torch, dtype=torch.float64)
        monkeypatch.setattr("empirics.sampling.batches.SORTED_AT_ONCE", 50 * 4 + 1)
        drawn = source.draw().clone()
        assert torch.equal(drawn, torch.from_numpy(law.points.copy())[numbers.argsort(dim=1)[:, :7]])


@pytest.mark.parametrize("sampling", ["without_replacement", "epochs"])
def test_orders_of_points_count_in_memory_and_time(sampling):
    options = {"batch_sizes": [4], "steps": 400, "replicas": 4000, "sampling": sampling, "estimator": "naive"}
    plans = [make_plan(network((2, 3, 1), DataSet(np.ones((n, 2)))), **options) for n in (40, 400_000)]
    few, many = (memory_bytes(plan, 1) for plan in plans)
    kept = math.prod(replica_cost.widest_group(plans[1], 4)) * 400_000 * 4 if sampling == "epochs" else 0
    assert many - few > max(kept, 24 * 400_000)
    assert plans[1].core_seconds > plans[0].core_seconds * (1000 if sampling == "without_replacement" else 0.9)
    with pytest.raises(UnaffordableError, match=r"the run(, at least,)? would cost"):
        require_affordable(replace(plans[1], replicas=10**6), 1, limits(1e-3, None))


@pytest.mark.parametrize("options", [
    {"batch_sizes": [4], "steps": 500}, {"batch_sizes": [1, 16, 256], "steps": 50}, {"batch_sizes": [4], "steps": 60, "engine": "networks"},
    {"batch_sizes": [8], "steps": 40, "shard_replicas": 16},
], ids=str)  # fmt: skip
@pytest.mark.parametrize(("workers", "hours"), [(1, 1e-3), (3, 0.02)])
def test_advice_is_taken_by_the_predictor_that_gave_it(options, workers, hours, monkeypatch):
    monkeypatch.setattr(Replicas, "trial", lambda plan, b, seconds: 2e-4 * (1 + b / 100))
    monkeypatch.setattr(cost, "_bounds", lambda plan, workers, pending: (0.0, math.inf))
    with pytest.raises(UnaffordableError) as caught:
        require_affordable(make_plan(PROBLEM, **options, replicas=10**8), workers, limits(hours, None))
    for advice in caught.value.alternatives:
        if found := re.fullmatch(r"(\d+) replicas would fit", advice):
            require_affordable(make_plan(PROBLEM, **options, replicas=int(found[1])), workers, limits(hours, None))
            with pytest.raises(UnaffordableError):
                require_affordable(
                    make_plan(PROBLEM, **options, replicas=int(int(found[1]) / cost.ROOM * 1.5) + 100), workers, limits(hours, None)
                )
            return
    refused = make_plan(PROBLEM, **options, replicas=2)
    assert cost._seconds(refused, 1, 1.0, {b: 2e-4 * (1 + b / 100) for b in refused.batch_sizes}) > cost.ROOM * 3600 * hours


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"max_hours": 1e-3}, r"max_hours = 0\.001"),
        ({"budget": Budget(seconds=3.6)}, r"3\.6 s and 8 GB"),
        ({"max_hours": math.inf, "budget": Budget(seconds=3.6)}, r"3\.6 s and 8 GB"),
        ({"max_hours": 1e-3, "budget": Budget(seconds=1e9)}, r"max_hours = 0\.001"),
        ({"budget": Budget(seconds=1e12, bytes=1e6)}, r"1e\+12 s and 1 MB"),
    ],
    ids=str,
)
def test_a_budget_stands_beside_or_in_the_place_of_hours(options, name, no_work):
    with pytest.raises(UnaffordableError, match=rf"would cost .*the budget is {name}\. Alternatives: .*larger budget$") as refusal:
        simulate(PROBLEM, batch_sizes=[4], steps=1000, replicas=10**6, **options)
    assert isinstance(refusal.value.cost, cost.RunCost) and refusal.value.cost.basis == "1000000 replicas of 1000 steps"


def test_a_budget_replaces_the_usual_day(monkeypatch):
    monkeypatch.setattr(Replicas, "trial", lambda plan, b, seconds: 1e-3)
    plan = make_plan(synthetic(), batch_sizes=[4], steps=100, replicas=10**6)  # 28 hours
    with pytest.raises(UnaffordableError, match="max_hours = 24"):
        require_affordable(plan, 1, limits(None, None))
    require_affordable(plan, 1, limits(None, Budget(seconds=2e5)))
    require_affordable(plan, 1, limits(30, None))


@pytest.mark.parametrize("budget", [3, "60 s", 1.5, (60, 1e9)])
def test_a_budget_is_a_budget(budget):
    with pytest.raises(TypeError, match="budget must be a Budget"):
        simulate(PROBLEM, **GOOD, budget=budget)
