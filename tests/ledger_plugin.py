"""The table that ends a run of the theorem suite: each claim's verdict, the instances checked, the largest difference.

A test takes the session fixture `ledger` and calls

    ledger.record("A.7", evidence)      the statement must hold
    ledger.refuted("A.7", evidence)     the printed statement, or a step of its proof, must fail
    ledger.vacuous("A.7", reason)       an instance that could not be checked

The mark `theorems("A.7")` says the same of a test before it records anything, so that its failure has a name. What a
test recorded travels on its report: the table is the same under xdist, and a process that dies takes only its own test
with it. A claim of which nothing was checked is "not checked", never "holds".
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import pytest
from _pytest.terminal import TerminalReporter

from reports.text.terminal import spelled_for


class Evidence(Protocol):
    """What a check returns: whether the statement held (None: could not be checked) and the size of the difference."""

    @property
    def holds(self) -> bool | None: ...
    @property
    def difference(self) -> Fraction | float | None: ...


@dataclass
class Tally:
    """What is known of one claim; plain numbers and strings only, because it crosses process borders."""

    checked: int = 0
    refuted: int = 0
    vacuous: dict[str, int] = field(default_factory=dict)
    worst: float | None = None
    exact: bool = True
    passed: int = 0
    failed: int = 0

    def add(self, other: Tally) -> None:
        """Take in what another test, or another process, found."""
        self.checked += other.checked
        self.refuted += other.refuted
        self.vacuous = dict(Counter(self.vacuous) + Counter(other.vacuous))
        if other.worst is not None:
            self.worst = other.worst if self.worst is None else max(self.worst, other.worst)
        self.exact = self.exact and other.exact
        self.passed += other.passed
        self.failed += other.failed

    @property
    def outcome(self) -> str:
        """FAILED if any test of the claim failed; "not checked" if none showed anything."""
        if self.failed:
            return "FAILED"
        return "passed" if self.checked or self.refuted else "not checked"

    @property
    def difference(self) -> str:
        """The largest difference; "0 exactly" when every one was a rational zero."""
        if self.worst is None:
            return "-"
        return "0 exactly" if self.exact and self.worst == 0 else f"{self.worst:.2e}"


class Ledger:
    """Counts what the tests of this process record, until the report of the running test takes it away."""

    def __init__(self) -> None:
        self._pending: dict[str, Tally] = {}

    def record(self, claim_id: str, evidence: Evidence) -> None:
        """The statement must hold; AssertionError, with the evidence, when it does not or the difference is not finite.

        Evidence whose `holds` is None was not checked: it counts as vacuous.
        """
        tally = self._pending.setdefault(claim_id, Tally())
        holds = _truth(evidence)
        if holds is None:
            self.vacuous(claim_id, getattr(evidence, "reason", "") or "the check could not be carried out")
            return
        assert holds, f"{claim_id} does not hold\n{evidence}"
        difference = evidence.difference
        if difference is not None:
            size = _size(difference)
            assert math.isfinite(size), f"{claim_id}: the difference is {difference}\n{evidence}"
            tally.worst = size if tally.worst is None else max(tally.worst, size)
            tally.exact = tally.exact and isinstance(difference, Fraction | int)
        tally.checked += 1

    def refuted(self, claim_id: str, evidence: Evidence) -> None:
        """The printed statement must fail. AssertionError when it holds, and when nothing was shown."""
        tally = self._pending.setdefault(claim_id, Tally())
        assert _truth(evidence) is False, f"{claim_id}: the printed statement was to fail and did not\n{evidence}"
        difference = evidence.difference
        assert difference is None or not math.isnan(_size(difference)), f"{claim_id}: the difference is NaN\n{evidence}"
        tally.refuted += 1

    def vacuous(self, claim_id: str, reason: str) -> None:
        """An instance of which nothing was checked, and why."""
        tally = self._pending.setdefault(claim_id, Tally())
        tally.vacuous[reason] = tally.vacuous.get(reason, 0) + 1

    def drain(self) -> dict[str, Tally]:
        """What was recorded since the last call."""
        pending, self._pending = self._pending, {}
        return pending


def _truth(evidence: Evidence) -> bool | None:
    holds: Any = evidence.holds
    if holds is None:
        return None
    # numpy's truth values are not `True` and `False`: without this, a comparison by `is` would let a failure pass
    if isinstance(holds, bool | np.bool_):
        return bool(holds)
    raise TypeError(f"evidence.holds must be True, False or None, but was {holds!r}")


def _size(difference: Fraction | float) -> float:
    try:
        size = abs(float(difference))
    except OverflowError:
        return math.inf
    return math.ulp(0.0) if size == 0 and difference != 0 else size  # a rational too small for a float is still not zero


class LedgerTable:
    """Carries tallies from the tests to the table: one object in every process; the one with a terminal prints."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.tallies: dict[str, Tally] = {}
        self.nameless: list[str] = []
        self._claims_of_test: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when == "setup":
            self._claims_of_test = {str(name) for mark in item.iter_markers("theorems") for name in mark.args}
        found = self.ledger.drain()
        self._claims_of_test |= set(found)
        for claim_id in self._claims_of_test:
            tally = found.setdefault(claim_id, Tally())
            if report.failed:
                tally.failed += 1
            elif report.skipped:
                reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else "an expected failure"
                tally.vacuous[reason] = tally.vacuous.get(reason, 0) + 1
            elif call.when == "call":
                tally.passed += 1
        vars(report)["ledger"] = {claim_id: asdict(tally) for claim_id, tally in found.items()}
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        found: dict[str, dict[str, Any]] = getattr(report, "ledger", {})
        for claim_id, tally in found.items():
            self.tallies.setdefault(claim_id, Tally()).add(Tally(**tally))
        if report.failed and not found and ("theorems" in report.keywords or not hasattr(report, "ledger")):
            self.nameless.append(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter, config: pytest.Config) -> None:
        suite = config.option.markexpr == "theorems"
        if not self.tallies and not suite:
            return
        claims, elsewhere = load_claims(), 0
        whole = config.args_source is not pytest.Config.ArgsSource.ARGS and not config.option.keyword
        if not whole or config.option.markexpr not in ("", "theorems"):
            claims, elsewhere = [c for c in claims if c[0] in self.tallies], len(claims)
            elsewhere -= len(claims)
        rows = [tuple(spelled_for(cell, sys.stdout) for cell in row) for row in table(claims, self.tallies)]
        if not rows and not self.nameless:
            return
        terminalreporter.section("the ledger")

        def write(line: str) -> None:
            """pytest would show what the terminal cannot as its number."""
            terminalreporter.write_line(spelled_for(line, sys.stdout))

        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            write("  ".join(cells).rstrip())
        for claim_id, tally in sorted(self.tallies.items()):
            for reason, count in sorted(tally.vacuous.items()):
                write(f"vacuous: {claim_id}: {count} x {reason}")
        for nodeid in self.nameless:
            write(f"FAILED, before it recorded anything of a claim: {nodeid}")
        if elsewhere:
            write(f"{elsewhere} more claims of the ledger have no test in this run")


HEADER = ("theorem", "verdict", "checked", "print fails", "vacuous", "largest difference", "tests")


def table(claims: Iterable[tuple[str, str, str]], tallies: dict[str, Tally]) -> Iterable[tuple[str, ...]]:
    """Rows of the table, the header first: the ledger's claims in its order, then ids that the ledger does not have."""
    claims = list(claims)
    known = {claim_id for claim_id, _, _ in claims}
    strangers = [(claim_id, "", "not in the ledger") for claim_id in sorted(tallies) if claim_id not in known]
    if not claims and not strangers:
        return
    yield HEADER
    for claim_id, title, verdict in [*claims, *strangers]:
        tally = tallies.get(claim_id, Tally())
        name = f"{claim_id}  {title}".strip()
        yield (
            name if len(name) <= 60 else name[:57] + "...",
            verdict if tally.checked or tally.refuted or tally.failed else "not checked",
            str(tally.checked),
            str(tally.refuted),
            str(sum(tally.vacuous.values())),
            tally.difference,
            tally.outcome,
        )


def _load_claims() -> list[tuple[str, str, str]]:
    """(id, title, verdict) of every claim, read only when the table is printed: collecting tests imports no claims."""
    try:
        ledger = import_module("theory.claims").LEDGER
    except (ImportError, AttributeError):
        return []
    return [(str(claim.id), str(claim.title), str(claim.verdict.value)) for claim in ledger]


load_claims: Callable[[], list[tuple[str, str, str]]] = _load_claims


@pytest.fixture(scope="session")
def ledger(pytestconfig: pytest.Config) -> Ledger:
    """Where theorem tests record their evidence. Of session scope, so that Hypothesis may use it."""
    table = pytestconfig.pluginmanager.get_plugin("ledger-table")
    assert isinstance(table, LedgerTable)
    return table.ledger


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(LedgerTable(), "ledger-table")
