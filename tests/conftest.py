"""Hypothesis profiles, the ledger's table, and the mark of everything under tests/theorems."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

pytest_plugins = ["pytester", "tests.ledger_plugin"]

# Exact arithmetic takes as long as its numbers are long: no deadline in any profile, and slow generation is no defect.
# No explain phase: it traces every line of the exact arithmetic, and a failure would take minutes to be told.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink)
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=_PHASES)
settings.register_profile("dev", settings(_PATIENT, max_examples=25))
# Derandomised: a red run is a defect, never luck. What the other profiles find becomes a pinned example.
settings.register_profile("ci", settings(_PATIENT, max_examples=40, derandomize=True, print_blob=True))
settings.register_profile("thorough", settings(_PATIENT, max_examples=1000, print_blob=True))
_IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if _IN_CI else "dev"))

_THEOREMS = Path(__file__).parent / "theorems"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if " at 0x" in item.nodeid:  # processes that share the tests would not find the same ones
            raise pytest.UsageError(f"the name of a test must be the same in every process, but was {item.nodeid}")
        if _THEOREMS in item.path.parents and item.get_closest_marker("theorems") is None:
            item.add_marker(pytest.mark.theorems)
