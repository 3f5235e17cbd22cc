"""No public call runs far beyond what it predicted: with sizes from small to absurd, it answers or refuses, within memory and time."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.theory.large_calls import CALLS, SIZES


@pytest.fixture(scope="module")
def outcomes():
    """One process, a copy of it with limits of its own for every call; see `large_calls`."""
    run = subprocess.run([sys.executable, "-m", "tests.theory.large_calls"], capture_output=True, encoding="utf-8", check=True)
    return {(name, n): (kind, message) for name, n, kind, message, *_ in map(json.loads, run.stdout.splitlines())}


@pytest.mark.parametrize("name", CALLS)
def test_answers_or_refuses(outcomes, name):
    found = {n: outcomes[name, n] for n in SIZES}
    assert {n: message for n, (kind, message) in found.items() if kind == "failed"} == {}
    assert all(message for kind, message in found.values() if kind == "refused")


@pytest.mark.parametrize("name", ["threshold, bits", "identity", "trace forms, products", "decreasing range"])
def test_refusals_are_of_costs(outcomes, name):
    kind, message = outcomes[name, 10**30]
    assert kind == "refused" and ("would cost" in message or "would follow" in message) and "Error: " not in message
