"""After the timings, each benchmark's median beside the figure that it aims at and whatever else it says of itself."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def is_measured(request: pytest.FixtureRequest) -> bool:
    """Whether times count: in the ordinary suite benchmarks run once, and those that take long on something small."""
    return bool(request.config.getoption("--benchmark-enable", default=False))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    session = getattr(config, "_benchmarksession", None)
    told = [b for b in getattr(session, "benchmarks", []) if b and b.extra_info]
    if not told:
        return
    terminalreporter.section("figures and targets")
    for benchmark in told:
        rest = {name: value for name, value in benchmark.extra_info.items() if name != "target"}
        target = benchmark.extra_info.get("target", "none: for comparison")
        terminalreporter.write_line(f"{benchmark.name}: median {benchmark.stats.median:.3g} s; target: {target}")
        for name, value in rest.items():
            terminalreporter.write_line(f"    {name.replace('_', ' ')}: {value}")
