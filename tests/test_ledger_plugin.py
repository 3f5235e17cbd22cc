"""The ledger's table counts what was recorded, shows what was not, and says the same in one process and in two."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ledger_plugin import Ledger


@dataclass
class Evidence:
    """As a check returns it."""

    holds: Any
    difference: Any = None
    reason: str = ""


@pytest.mark.parametrize("holds", [False, np.bool_(False)])
@pytest.mark.parametrize("difference", [Fraction(1), 0.0, None])
def test_record_raises_when_the_statement_fails(holds, difference):
    with pytest.raises(AssertionError, match=r"A\.1 does not hold"):
        Ledger().record("A.1", Evidence(holds, difference))


@pytest.mark.parametrize("difference", [math.nan, math.inf, -math.inf, np.float64("nan"), Fraction(10) ** 400])
def test_record_raises_when_the_difference_is_not_finite(difference):
    with pytest.raises(AssertionError, match="the difference is"):
        Ledger().record("A.1", Evidence(True, difference))


@pytest.mark.parametrize("evidence", [Evidence(True, 0.0), Evidence(np.True_), Evidence(None, None, "too large")])
def test_refuted_raises_unless_the_statement_fails(evidence):
    with pytest.raises(AssertionError, match="was to fail and did not"):
        Ledger().refuted("A.1", evidence)


def test_refuted_raises_for_a_difference_of_nan():
    with pytest.raises(AssertionError, match="the difference is NaN"):
        Ledger().refuted("A.1", Evidence(False, math.nan))


@pytest.mark.parametrize("method", ["record", "refuted"])
@pytest.mark.parametrize("holds", ["yes", 1, 0, []])
def test_what_is_no_truth_value_is_refused(method, holds):
    with pytest.raises(TypeError, match=r"evidence\.holds must be"):
        getattr(Ledger(), method)("A.1", Evidence(holds, 0.0))


def test_nothing_that_raised_was_counted():
    ledger = Ledger()
    for evidence in (Evidence(False, 1.0), Evidence(True, math.nan)):
        with pytest.raises(AssertionError):
            ledger.record("A.1", evidence)
    tally = ledger.drain()["A.1"]
    assert (tally.checked, tally.refuted, tally.worst, tally.outcome) == (0, 0, None, "not checked")
    assert ledger.drain() == {}


def test_differences_keep_the_largest_and_whether_it_is_exact():
    ledger = Ledger()
    for difference in (Fraction(0), 0, None):
        ledger.record("exact", Evidence(True, difference))
    for size in (Fraction(0), 0.0, -2e-13, 1e-13):
        ledger.record("float", Evidence(True, size))
    ledger.record("tiny", Evidence(True, Fraction(1, 10**400)))
    found = {name: tally.difference for name, tally in ledger.drain().items()}
    assert found == {"exact": "0 exactly", "float": "2.00e-13", "tiny": "4.94e-324"}


ROOT = Path(__file__).resolve().parents[1]

CONFTEST = """
import tests.ledger_plugin as plugin
pytest_plugins = ["tests.ledger_plugin"]
plugin.load_claims = lambda: [
    ("A.1", "mixed products", "holds"),
    ("A.7", "degree", "holds, corrected"),
    ("3.4", "other degree", "refuted"),
    ("3.5", "decreasing", "holds"),
]
"""
INI = """
[pytest]
markers =
    theorems: of the ledger
testpaths = .
"""
# what every test below starts with
HEAD = """
import pytest
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

@dataclass
class Evidence:
    holds: Any
    difference: Any = None
    reason: str = ""
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Runs tests in a project of their own, in processes of their own, and returns the result."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    def go(tests: str, *arguments: str) -> pytest.RunResult:
        pytester.makeconftest(CONFTEST)
        pytester.makeini(INI)
        pytester.makepyfile(test_it=HEAD + tests)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    return go


def rows(result: pytest.RunResult) -> dict[str, list[str]]:
    """The table's rows by claim."""
    text = result.stdout.str()
    assert "the ledger" in text, text
    lines = text[text.index("the ledger") :].splitlines()
    cells = [re.split(r"\s{2,}", line.strip()) for line in lines]
    return {row[0]: row for row in cells if len(row) >= 7}


MIXED = """
@pytest.mark.theorems
@pytest.mark.parametrize("k", range(6))
def test_products(ledger, k):
    ledger.record("A.1", Evidence(True, Fraction(0)))

@pytest.mark.theorems
@pytest.mark.parametrize("k", range(4))
def test_degree(ledger, k):
    ledger.record("A.7", Evidence(True, k * 1e-12))
    ledger.refuted("A.7", Evidence(False, 2.0))
    ledger.vacuous("A.7", "no engine")

@pytest.mark.theorems
def test_unlucky(ledger):
    ledger.record("3.4", Evidence(None, None, "too large"))

def test_plain():
    pass
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["one process", "xdist"])
def test_counts_and_order_are_the_same_in_one_process_and_in_two(run, arguments):
    result = run(MIXED, *arguments)
    result.assert_outcomes(passed=12)
    found = rows(result)
    assert list(found) == ["theorem", "A.1", "A.7", "3.4", "3.5"]
    assert found["A.1"][1:] == ["mixed products", "holds", "6", "0", "0", "0 exactly", "passed"]
    assert found["A.7"][1:] == ["degree", "holds, corrected", "4", "4", "4", "3.00e-12", "passed"]
    assert found["3.4"][1:] == ["other degree", "not checked", "0", "0", "1", "-", "not checked"]
    assert found["3.5"][1:] == ["decreasing", "not checked", "0", "0", "0", "-", "not checked"]
    result.stdout.fnmatch_lines(["vacuous: 3.4: 1 x too large", "vacuous: A.7: 4 x no engine"])


def test_theorem_suite_shows_every_claim_even_when_nothing_was_recorded(run):
    found = rows(run(MIXED.replace("ledger.", "(lambda *a: None)  # "), "-m", "theorems"))
    assert {row[2] for name, row in found.items() if name != "theorem"} == {"not checked"}
    assert len(found) == 5


def test_a_part_of_the_suite_does_not_call_the_rest_unchecked(run):
    result = run(MIXED, "test_it.py::test_degree")
    assert list(rows(result)) == ["theorem", "A.7"]
    result.stdout.fnmatch_lines(["3 more claims of the ledger have no test in this run"])


def test_no_table_without_a_record(run):
    assert "the ledger" not in run(MIXED, "-k", "plain").stdout.str()


GOOD = "ledger.record('A.1', Evidence(True, Fraction(0)))"


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["one process", "xdist"])
def test_a_failure_marks_its_claim(run, arguments):
    bad = "def test_bad(ledger):\n    ledger.record('A.1', Evidence(False, 1.0))\n"
    result = run(f"{bad}def test_good(ledger):\n    {GOOD}", *arguments)
    result.assert_outcomes(passed=1, failed=1)
    assert rows(result)["A.1"][3:] == ["1", "0", "0", "0 exactly", "FAILED"]


def test_failure_names_the_evidence(run):
    result = run("def test_bad(ledger):\n    ledger.record('A.1', Evidence(False, 0.125, 'left is not right'))")
    result.stdout.fnmatch_lines(["*A.1 does not hold*", "*difference=0.125, reason='left is not right'*"])


def test_a_failure_outside_the_record_marks_the_claim_too(run):
    result = run(
        f"def test_after(ledger):\n    {GOOD}\n    assert False\n"
        "@pytest.mark.theorems('3.4')\ndef test_before(ledger):\n    assert False\n"
        "@pytest.mark.theorems\ndef test_nameless(ledger):\n    assert False"
    )
    found = rows(result)
    assert found["A.1"][-1] == found["3.4"][-1] == "FAILED"
    result.stdout.fnmatch_lines(["FAILED, before it recorded anything of a claim: test_it.py::test_nameless"])


def test_skipped_test_is_vacuous(run):
    found = rows(run("@pytest.mark.theorems('A.7')\ndef test_it(ledger):\n    pytest.skip('no browser')"))
    assert found["A.7"][2:] == ["not checked", "0", "0", "1", "-", "not checked"]


def test_unknown_claim_is_said_to_be_unknown(run):
    found = rows(run("def test_it(ledger):\n    ledger.record('Z.9', Evidence(True, Fraction(0)))"))
    assert found["Z.9"][1] == "not in the ledger"


def test_hypothesis_may_use_the_fixture(run):
    result = run(
        "from hypothesis import given, settings, strategies as st\n"
        "@settings(max_examples=7, database=None)\n@given(st.integers(0, 10**6))\n"
        "def test_it(ledger, n):\n    ledger.record('A.1', Evidence(True, Fraction(0)))"
    )
    result.assert_outcomes(passed=1)
    assert rows(result)["A.1"][3] == "7"


def test_a_process_that_dies_loses_only_its_own_test(run):
    dies = f"import os\ndef test_dies(ledger):\n    {GOOD}\n    os._exit(1)"
    result = run(f"def test_good(ledger):\n    {GOOD}\n{dies}", "-n", "1")
    assert rows(result)["A.1"][3] == "1"
    result.stdout.fnmatch_lines(["FAILED, before it recorded anything of a claim: test_it.py::test_dies"])


def test_the_table_is_spelled_for_the_terminal(run, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    result = run("""
def test_it(ledger):
    ledger.vacuous("A.1", "no engine for ± 1 ≤ “b”")
""")
    result.stdout.fnmatch_lines(['vacuous: A.1: 1 x no engine for +- 1 <= "b"'])
