"""A longer run begins as a shorter one does, to the bit: a store is extended by steps as it is by replicas."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from empirics import DataSet, load, make_plan, simulate
from empirics.runs.store import Store
from empirics.runs.work import run_shard
from tests.instances import network
from tests.stored_run import PROBLEM, REQUEST, run_here, shards
from theory import Discrete, Gaussian, Rademacher, TeacherStudent, Uniform

POINTS = DataSet(np.random.default_rng(0).normal(size=(9, 2)))
WIDE = Discrete([[1, 2], [0, 1], [3, 1]])
CASES = {
    "bartlett": (network((2, 3, 1), Gaussian(2), F(1, 20)), {}), "cov": (network((2, 3, 1), Gaussian(cov=[[2, 1], [1, 1]]), F(1, 20)), {}),
    "signs": (network((2, 3, 1), Rademacher(2), F(1, 20)), {}), "uniform": (network((2, 3, 1), Uniform(2, 0, 1), F(1, 20)), {}),
    "counts": (network((2, 3, 1), WIDE, F(1, 60)), {"batch_sizes": [2, 7]}), "naive": (PROBLEM, {"estimator": "naive"}),
    "rao_blackwell": (PROBLEM, {"estimator": "rao_blackwell", "every": 3}),
    "single": (PROBLEM, {"dtype": "float32"}), "networks": (PROBLEM, {"engine": "networks"}),
    "tanh": (network((2, 3, 3, 1), Gaussian(2), F(1, 20), "tanh"), {}), "points": (network((2, 3, 1), POINTS, F(1, 20), "gelu"), {}),
    "epochs": (network((2, 3, 1), POINTS, F(1, 20)), {"sampling": "epochs"}),
    "without": (network((2, 3, 1), POINTS, F(1, 20)), {"sampling": "without_replacement"}),
    "autograd": (network((2, 2, 1), Gaussian(2), F(1, 20), "tanh"), {"engine": "autograd", "replicas": 9, "batch_sizes": [2]}),
    "one layer": (network((2, 1), Rademacher(2), F(1, 20)), {}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("few", "many"), [(1, 2), (3, 7), (64, 66), (5, 130)])
def test_longer_runs_begin_as_shorter_ones(case, few, many, monkeypatch):
    """Several groups to a shard, several steps to a digest."""
    problem, change = CASES[case]
    if case == "autograd" and many > 60:
        few, many = 7, 20
    monkeypatch.setattr("empirics.runs.cuts.LOCKSTEP_REPLICAS", {"cpu": 8})
    options = {"batch_sizes": [1, 5], "replicas": 21, "seed": 3, "shard_replicas": 21} | change
    short, long = (make_plan(problem, **options, steps=steps) for steps in (few, many))
    for shard in short.shards():
        assert len(short.groups(shard)) > 1
        one, two = run_shard(short, shard), run_shard(long, shard).first(len(short.recorded))
        for name in ("count", "mean", "yy", "yc", "cc"):
            assert np.array_equal(getattr(one.moments, name), getattr(two.moments, name), equal_nan=True), name
        assert np.array_equal(one.diverged, two.diverged)


@pytest.mark.parametrize("rates", [F(1, 20), [F(1, 20), F(1, 30), F(1, 40), F(1, 50), F(1, 60), F(1, 70)]], ids=["one", "list"])
def test_more_steps_and_fewer_in_one_store(tmp_path, counted, rates):
    """Learning rates are given as far as they are needed; those that are known are compared."""

    def problem(steps):
        known = rates[: steps - 1] if isinstance(rates, list) else rates
        return TeacherStudent(PROBLEM.student, PROBLEM.teacher, PROBLEM.inputs, known)

    def asked(steps, **change):
        return simulate(problem(steps), **REQUEST | {"steps": steps} | change)

    place = tmp_path / "run"
    fresh = {steps: asked(steps) for steps in (1, 2, 3, 4, 6, 7)}
    counted.clear()
    for steps, computed in ((3, 8), (2, 0), (6, 8), (4, 0), (3, 0), (1, 0), (6, 0), (7, 8), (7, 0), (6, 0)):
        assert asked(steps, store=place).identical(fresh[steps]), steps
        assert len(counted) == computed, steps
        assert load(place, problem(steps)).identical(fresh[steps])
        counted.clear()
    more = asked(6, replicas=130)
    counted.clear()
    assert asked(6, replicas=130, store=place).identical(more) and len(counted) == 10
    assert asked(7, store=place).identical(fresh[7])


def test_other_rates_are_another_run(tmp_path):
    def asked(rates, steps):
        problem = TeacherStudent(PROBLEM.student, PROBLEM.teacher, PROBLEM.inputs, rates)
        return simulate(problem, **REQUEST | {"steps": steps}, store=tmp_path / "run")

    asked([F(1, 20), F(1, 30)], 3)
    for rates, steps in (([F(1, 20), F(1, 31), 0], 4), ([F(1, 21)], 2), ([F(1, 20), F(1, 31)], 3)):
        with pytest.raises(ValueError, match=r"store must belong to this run.*with other weights or learning rates"):
            asked(rates, steps)
    asked([F(1, 20)], 2)
    asked([F(1, 20), F(1, 30), 7], 4)


def test_an_extension_that_was_cut_off_goes_on(store, counted):
    def stop(progress):
        if progress.done > 100:
            raise KeyboardInterrupt

    more = REQUEST | {"steps": 5}
    with pytest.raises(KeyboardInterrupt):
        simulate(PROBLEM, **more, store=store, progress=stop)
    before = len(counted)
    assert 0 < before < 8
    expected = simulate(PROBLEM, **more)
    counted.clear()
    assert simulate(PROBLEM, **more, store=store).identical(expected) and len(counted) == 8 - before
    assert simulate(PROBLEM, **REQUEST, store=store).identical(simulate(PROBLEM, **REQUEST))


def first_rule(path):
    """A store as earlier versions made them: cut by the first rule, without a digest, steps unsaid in the names."""
    plan = replace(make_plan(PROBLEM, **REQUEST), rule=1)
    old = Store(path, plan)
    for shard in plan.shards():
        old.write(run_shard(plan, shard))
    for file in shards(path):
        file.rename(file.with_name(file.name.replace("-t3-", "-")))
    run = {"fingerprint": plan.fingerprint, "identity": plan.identity(), "request": plan.request()}
    (path / "run.json").write_text(json.dumps(run | {"learning_rates": plan.rates[:-1].tolist()}, indent=1), encoding="utf-8")
    return plan


def test_stores_of_earlier_versions_are_read_by_the_rule_they_were_made_with(tmp_path, counted):
    path = tmp_path / "run"
    plan = first_rule(path)
    assert "rule" not in plan.identity()
    loaded = load(path, PROBLEM)
    assert loaded.identical(run_here(plan))
    shards(path)[2].unlink()
    assert simulate(PROBLEM, **REQUEST, store=path).identical(loaded) and len(counted) == 1
    assert simulate(PROBLEM, **REQUEST | {"replicas": 130}, store=path).sizes["step"] == 3
    assert load(path, PROBLEM).attrs["replicas"] == 130
    for steps in (2, 4):
        with pytest.raises(ValueError, match="made by an earlier version, whose draws depend on the number of steps: take a new store"):
            simulate(PROBLEM, **REQUEST | {"steps": steps}, store=path)


def test_groups_have_streams_of_their_own_by_the_second_rule_only(monkeypatch):
    monkeypatch.setattr("empirics.runs.cuts.LOCKSTEP_REPLICAS", {"cpu": 8})
    plan = make_plan(PROBLEM, **REQUEST)
    first, second = (run_shard(replace(plan, rule=rule), plan.shards()[0]).moments for rule in (1, 2))
    assert not np.array_equal(first.mean, second.mean)
