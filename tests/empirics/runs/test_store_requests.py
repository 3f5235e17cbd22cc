"""What a store is asked for: its own run, more of it, less of it, or another; and loading."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from empirics import DataSet, load, make_plan, simulate
from empirics.runs.execution import pending_share
from empirics.runs.store import Store
from empirics.runs.work import run_shard
from tests.instances import network
from tests.stored_run import PROBLEM, REQUEST, shards
from theory import Gaussian


@pytest.mark.parametrize(("problem", "change", "named"), [
    (PROBLEM, {"seed": 6}, "seed = 5 where this one has 6"),
    (PROBLEM, {"dtype": "float32"}, "dtype = 'float64'"),
    (PROBLEM, {"estimator": "naive"}, "estimator = 'controlled'"), (PROBLEM, {"shard_replicas": 8}, "shard_replicas = 16"),
    (network((2, 3, 1), Gaussian(2), F(1, 20), seed=4), {}, "with other weights or learning rates"), (network((2, 3, 1),
    Gaussian(2), F(1, 21), seed=3), {}, "with other weights or learning rates"),
], ids=str)  # fmt: skip
def test_a_store_of_another_run_is_refused_and_untouched(store, problem, change, named):
    before = {p: p.read_bytes() for p in store.iterdir()}
    with pytest.raises(ValueError, match=rf"store must belong to this run, but .* holds another one.*({named})"):
        simulate(problem, **REQUEST | change, store=store)
    assert {p: p.read_bytes() for p in store.iterdir()} == before


def test_more_batch_sizes_use_what_is_there(store, counted):
    more = REQUEST | {"batch_sizes": [4, 2, 1]}
    assert simulate(PROBLEM, **more, store=store).identical(simulate(PROBLEM, **more))
    assert {s.batch_size for s in counted[:4]} == {2} and len(counted) == 4 + 12


def test_more_replicas_use_what_is_there(store, counted):
    more = REQUEST | {"replicas": 130}
    result = simulate(PROBLEM, **more, store=store)
    assert len(counted) == 2 * (8 - 3)  # the last shard, of 18 replicas, is not one of theirs
    assert result.identical(simulate(PROBLEM, **more))


def test_fewer_replicas_too(store, counted, expected):
    fewer = REQUEST | {"replicas": 48}
    result = simulate(PROBLEM, **fewer, store=store)
    assert not counted and result.identical(simulate(PROBLEM, **fewer))
    assert simulate(PROBLEM, **REQUEST, store=store).identical(expected)


def test_without_resume_finished_shards_are_refused(store, counted):
    with pytest.raises(ValueError, match=r"store must have no shards of this run without resume, but .* holds 8 of them"):
        simulate(PROBLEM, **REQUEST, store=store, resume=False)
    assert not counted and len(shards(store)) == 8


def test_without_resume_a_new_store_is_fine(tmp_path, expected):
    assert simulate(PROBLEM, **REQUEST, store=tmp_path / "run", resume=False).identical(expected)


def test_loading_runs_nothing(store, expected, counted):
    assert load(store, PROBLEM).identical(expected) and load(str(store), PROBLEM).identical(expected) and not counted


def test_loading_gives_the_last_request(store, counted):
    fewer = simulate(PROBLEM, **REQUEST | {"replicas": 48}, store=store)
    assert load(store, PROBLEM).identical(fewer) and not counted


def test_loading_needs_all_shards_and_the_problem(store, tmp_path):
    with pytest.raises(ValueError, match="store must belong to this run"):
        load(store, network((2, 3, 1), Gaussian(2), F(1, 20), seed=4))
    shards(store)[5].unlink()
    with pytest.raises(ValueError, match=r"store must hold the whole run, but .* lacks 1 of 8 shards"):
        load(store, PROBLEM)
    with pytest.raises(ValueError, match=r"store must be a directory"):
        load(tmp_path / "nothing", PROBLEM)
    assert not (tmp_path / "nothing").exists()


def test_results_of_a_gpu_can_be_loaded_without_one(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    here = make_plan(PROBLEM, **REQUEST, device="cpu")
    there = Store(tmp_path / "run", replace(here, device="cuda"))
    there.begin()
    for shard in here.shards():
        there.write(run_shard(here, shard))
    assert load(tmp_path / "run", PROBLEM).sizes["step"] == 3


def test_the_store_has_the_problems_numbers(tmp_path):
    problem = network((2, 3, 1), DataSet([[1.0, 2.0], [3.0, 4.0]]), F(1, 20))
    simulate(problem, **REQUEST, store=tmp_path / "run")
    with np.load(tmp_path / "run" / "problem.npz") as arrays:
        for side in ("student", "teacher"):
            for k, w in enumerate(getattr(problem, side), 1):
                assert (arrays[f"{side}_{k}"] == w.astype(float)).all()
        assert arrays["points"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    run = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert run["learning_rates"] == [0.05, 0.05] and run["request"]["replicas"] == 66


def test_versions_are_those_of_the_makers(store, monkeypatch):
    monkeypatch.setattr("empirics.runs.work.version", lambda name: "99.0")
    assert "99.0" not in load(store, PROBLEM).attrs["versions"]
    path = shards(store)[0]
    path.unlink()
    assert simulate(PROBLEM, **REQUEST, store=store).attrs["versions"].count("batchlaw") == 2


def test_only_shards_of_the_plan_count_as_there(store):
    """One replica more, and the last shard is another one."""
    plans = [make_plan(PROBLEM, **REQUEST | change) for change in ({}, {"replicas": 67}, {"batch_sizes": [1, 4, 8]})]
    assert [pending_share(plan, Store(store, plan)) for plan in plans] == [0, pytest.approx(1 - 48 / 67), pytest.approx(1 / 3)]


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="store must be a directory, but there is none at"):
        load(tmp_path / "nowhere", PROBLEM)
