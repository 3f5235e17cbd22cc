"""Progress: what is finished, and what is under way, wherever it runs."""

from __future__ import annotations

import pytest

from empirics import make_plan, simulate
from empirics.runs import cluster, progress
from empirics.runs.progress import Account
from empirics.runs.work import run_shard
from tests.instances import network
from theory import Gaussian

PROBLEM = network((2, 3, 1), Gaussian(2), seed=3)
REQUEST = {"batch_sizes": [1, 4], "steps": 300, "replicas": 70, "shard_replicas": 35}
TOTAL = 2 * 300 * 70


@pytest.fixture
def told_at_once(monkeypatch):
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    seen = []
    yield seen
    counts = [p.done + p.running for p in seen]
    assert counts == sorted(counts) and counts[0] == 0 and counts[-1] == TOTAL
    assert [p.done for p in seen if not p.running] == [0, TOTAL // 4, TOTAL // 2, 3 * TOTAL // 4, TOTAL]
    assert {p.total for p in seen} == {TOTAL}


def test_shards_under_way_are_told(told_at_once):
    simulate(PROBLEM, **REQUEST, workers=1, progress=told_at_once.append)
    assert len({p.running for p in told_at_once}) > 4
    assert all(p.running < TOTAL // 4 or p.running == TOTAL // 4 for p in told_at_once)


def test_workers_tell_of_shards_under_way(monkeypatch):
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    heard = []
    with cluster.local_client(1) as client:
        client.run(_tell_at_once)
        plan = make_plan(PROBLEM, **REQUEST)
        results = list(cluster.run_on(client, plan, plan.shards(), lambda shard, count: heard.append((shard, count))))
    assert {r.shard for r in results} == set(plan.shards()) and {shard for shard, _ in heard} <= set(plan.shards())
    assert heard and all(0 < count <= shard.replicas * plan.steps for shard, count in heard)


def _tell_at_once():
    from empirics.runs import cluster

    cluster.TELL_SECONDS = 0.0


def test_counts_within_a_shard_end_with_all_of_it():
    plan = make_plan(PROBLEM, **REQUEST)
    for shard in plan.shards():
        counts = []
        run_shard(plan, shard, counts.append)
        assert counts == sorted(set(counts)) and counts[-1] == shard.replicas * plan.steps and len(counts) >= 5


def test_what_comes_in_late_is_left_out(monkeypatch):
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    plan, seen = make_plan(PROBLEM, **REQUEST), []
    first, second, *_ = plan.shards()
    account = Account(plan, [], seen.append)
    account.ran(first, 100)
    account.ran(second, 50)
    account.finished(first)
    account.ran(first, 200)
    assert [(p.done, p.running) for p in seen] == [(0, 0), (0, 100), (0, 150), (35 * 300, 50)]
    assert Account(plan, [second], seen.append).resumed == 35 * 300 == seen[-1].done == seen[-1].resumed


def test_nothing_is_told_too_often():
    plan, seen = make_plan(PROBLEM, **REQUEST), []
    account = Account(plan, [], seen.append)
    for count in range(1000):
        account.ran(plan.shards()[0], count)
    assert len(seen) <= 3
