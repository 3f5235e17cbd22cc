"""A finished run and its store."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from empirics import simulate
from empirics.runs import replicas
from empirics.runs.work import run_shard
from tests.stored_run import PROBLEM, REQUEST


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("finished") / "run"
    return path, simulate(PROBLEM, **REQUEST, store=path)


@pytest.fixture
def store(finished, tmp_path):
    """A finished one, to be spoilt."""
    return Path(shutil.copytree(finished[0], tmp_path / "run"))


@pytest.fixture
def counted(monkeypatch):
    """Shards that were computed."""
    done = []

    def run(plan, shard, ran):
        done.append(shard)
        return run_shard(plan, shard, ran)

    monkeypatch.setattr(replicas, "run_shard", run)
    return done


@pytest.fixture(scope="session")
def expected():
    return simulate(PROBLEM, **REQUEST)
