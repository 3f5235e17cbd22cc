"""run.json: every changed bit is found, and nothing that it says is believed before it is there."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from empirics import load, simulate
from empirics.runs.run_file import read_run
from tests.stored_run import PROBLEM, REQUEST, shards


def test_every_changed_bit_is_found(store, expected):
    path = store / "run.json"
    content = path.read_bytes()
    for place in range(len(content)):
        for bit in (0x01, 0x10):
            path.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
            with pytest.raises(ValueError, match=r"store must hold the run\.json of a run"):
                read_run(store)
    path.write_bytes(content)
    assert load(store, PROBLEM).identical(expected)


def spoil(store, **change):
    """As somebody would who knows how the digest is made: with the one that fits."""
    from empirics.runs.run_file import _digest

    run = json.loads((store / "run.json").read_text(encoding="utf-8"))
    run.pop("digest")
    for key, value in change.items():
        place = run["request"] if key in run["request"] else run
        place[key] = value
    (store / "run.json").write_text(json.dumps(run | {"digest": _digest(run)}), encoding="utf-8")


@pytest.mark.parametrize("change", [
    {"replicas": 10**15}, {"replicas": 67}, {"steps": 10**12}, {"steps": 4}, {"batch_sizes": list(range(1, 10_000))}, {"shard_replicas": 2},
    {"batch_sizes": "4"}, {"replicas": None}, {"replicas": 1e300}, {"seed": "5"}, {"dtype": 64}, {"device": "tpu"}, {"device": ["cpu"]},
    {"identity": {}}, {"identity": {"steps": 3}}, {"fingerprint": "0" * 64}, {"learning_rates": ["x"]},
    {"learning_rates": [0.05] * 100_000},
    {"learning_rates": None}, {"request": {}}, {"request": {"steps": 3}}, {"request": {"steps": 3, "nonsense": 1}}, {"estimator": "naive"},
], ids=lambda change: str(change)[:40])  # fmt: skip
def test_what_run_json_says_is_not_believed(store, change):
    if change == {"learning_rates": [0.05] * 100_000}:
        change |= {"steps": 100_001}
    spoil(store, **change)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"^store must"):
        load(store, PROBLEM)
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()
    assert len(shards(store)) == 8


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 5000, "null", "3", '"run"', "\xff\xfe", "{}", "[[]]", '{"identity": {}}'])
def test_what_is_no_run_json(store, content):
    (store / "run.json").write_text(content, encoding="latin-1")
    for act in (lambda: load(store, PROBLEM), lambda: simulate(PROBLEM, **REQUEST, store=store)):
        with pytest.raises(ValueError, match=r"store must hold the run\.json of a run"):
            act()


def test_without_a_digest_the_fingerprint_is_compared(store, expected):
    run = json.loads((store / "run.json").read_text(encoding="utf-8"))
    run.pop("digest")
    (store / "run.json").write_text(json.dumps(run), encoding="utf-8")
    with pytest.raises(ValueError, match="no digest"):
        load(store, PROBLEM)


@pytest.mark.parametrize("problem", [None, "problem", 3, {"student": 1}])
def test_loading_with_something_else_than_a_problem(store, problem):
    with pytest.raises(TypeError, match="problem must be a TeacherStudent"):
        load(store, problem)


@pytest.mark.parametrize(("place", "error"), [
    ("a\0b", ValueError), ("a\ud800b", ValueError), ("", ValueError), ("x" * 5000, ValueError), (b"run", TypeError),
    (5, TypeError), (None, TypeError), (["run"], TypeError), (True, TypeError),
], ids=lambda value: repr(value)[:20])  # fmt: skip
def test_places_that_are_none(tmp_path, place, error, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match="store must"):
        load(place, PROBLEM)
    if place is not None:
        with pytest.raises(error, match="store must"):
            simulate(PROBLEM, **REQUEST, store=place)
    assert not list(tmp_path.iterdir())
