"""The meter under DistributedDataParallel, in two processes that talk by gloo."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.empirics.models.meter.two_processes import PROCESSES, SCENARIOS

ROOT = Path(__file__).resolve().parents[4]
RUN = "import sys; from tests.empirics.models.meter.two_processes import work; work(int(sys.argv[1]), sys.argv[2])"
DIFFERENT = "processes hold different gradients at the end of the last backward pass"
SAID = {
    "not reduced": [DIFFERENT, DIFFERENT],
    "one-sided": [DIFFERENT, DIFFERENT],
    "checkpointed, reentrant": [DIFFERENT, DIFFERENT],
    "one more": ["processes have seen different numbers of micro-batches: 2, 3"] * 2,
    "moved in the second process": ["process 1 has refused the step", "weights have changed since the first micro-batch"],
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Of every process: what came out, by scenario."""
    directory = tmp_path_factory.mktemp("two processes")
    commands = [[sys.executable, "-c", RUN, str(rank), str(directory)] for rank in range(PROCESSES)]
    started = [subprocess.Popen(c, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8") for c in commands]
    try:
        told = [process.communicate(timeout=240)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    assert all(process.returncode == 0 for process in started), told
    return [json.loads((directory / f"{rank}.json").read_text(encoding="utf-8")) for rank in range(PROCESSES)]


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in SAID])
def test_every_step_is_that_of_all_micro_batches(found, name):
    for mine in found:
        assert "failed" not in mine[name], mine[name]["failed"]
    assert found[0][name] == found[1][name]


@pytest.mark.parametrize("name", SAID)
def test_what_cannot_be_told_is_refused_in_both_processes(found, name):
    for mine, words in zip(found, SAID[name], strict=True):
        assert "failed" not in mine[name], mine[name]["failed"]
        assert mine[name]["said"].startswith(words)
