"""Many calls in processes that are watched: what hangs or grows is ended, and the next process goes on behind it.

python -m tests.fuzz.campaign --calls 30000 [--seed 0] [--entry NAME] [--processes 2]
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psutil

from tests.fuzz.worker import ROOT

MOST_SECONDS, MOST_BYTES = 5.0, 1 << 30
#: Of the clock, for what waits without working.
MOST_WAIT = 120.0
#: How a call may end; void calls, which fail before they reach us, are counted apart.
ENDINGS = ("answered", "refused", "void")
#: Calls of one process; caches grow.
TURN = 1000


@dataclass
class Found:
    """One call that did not end as it must."""

    index: int
    entry: str
    expression: str
    result: str
    error: str
    where: str = ""

    def __str__(self) -> str:
        return f"[{self.result}] {self.entry} #{self.index}: {self.error}\n    at {self.where}\n    {self.expression[:600]}"


@dataclass
class Campaign:
    """Counts by entry and outcome, and everything that was found."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)

    def total(self, result: str) -> int:
        return sum(n for (_, r), n in self.counts.items() if r == result)


def run(calls: int, seed: int = 0, only: str | None = None, processes: int = 1) -> Campaign:
    """Make these calls and report."""
    campaign = Campaign()
    turns = [(first, min(first + TURN, calls)) for first in range(0, calls, TURN)]
    with ThreadPoolExecutor(processes) as pool:
        for lines in pool.map(lambda turn: list(_turn(seed, turn[0], turn[1], only)), turns):
            for line in lines:
                campaign.counts[line["entry"], line["result"]] += 1
                if line["result"] not in ENDINGS:
                    campaign.found.append(Found(**{key: line.get(key, "") for key in Found.__dataclass_fields__}))
    return campaign


def _turn(seed: int, first: int, last: int, only: str | None) -> Iterator[dict[str, Any]]:
    while first < last:
        begun = first
        for line in _process(seed, first, last, only):
            first = line["index"] + 1
            yield line
        if first == begun:
            raise RuntimeError(
                f"the process of call {first} of seed {seed} ended before it told of one: python -m tests.fuzz.worker says why"
            )


def _process(seed: int, first: int, last: int, only: str | None) -> Iterator[dict[str, Any]]:
    """The outcomes of one process, until it has ended or had to be ended."""
    command = [sys.executable, "-m", "tests.fuzz.worker", str(seed), str(first), str(last), *([only] if only else [])]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "200"}
    with (
        tempfile.TemporaryDirectory() as room,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=room, env=environment
        ) as process,
    ):
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        watch, rest, current = psutil.Process(process.pid), b"", None
        began, spent = time.monotonic(), 0.0
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                if selector.select(0.2):
                    data = process.stdout.read()
                    if data == b"":
                        break
                    *lines, rest = (rest + (data or b"")).split(b"\n")
                    for text in lines:
                        line = json.loads(text)
                        if "expression" in line:
                            current, began, spent = line, time.monotonic(), _cpu(watch)
                            continue
                        assert current is not None
                        over = line["cpu"] > MOST_SECONDS
                        done = current | line
                        if over:
                            done |= {"result": "slow", "error": f"{line['cpu']:.1f} s of CPU; {line.get('error', 'answered')}"}
                        current = None
                        yield done
                elif current is not None and (reason := _excess(watch, spent, began)):
                    process.kill()
                    yield current | {"result": "hang" if " s " in reason else "memory", "error": reason}
                    return
        process.wait()
        if current is not None:
            yield current | {"result": "death", "error": f"the process ended with {process.returncode}"}


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
        return times.user + times.system
    except psutil.Error:
        return 0.0


def _excess(process: psutil.Process, spent: float, began: float) -> str | None:
    try:
        resident = process.memory_info().rss
    except psutil.Error:
        return None
    if resident > MOST_BYTES:
        return f"{resident / 1e9:.2f} GB"
    if _cpu(process) - spent > 3 * MOST_SECONDS:
        return f"more than {3 * MOST_SECONDS:.0f} s of CPU"
    if time.monotonic() - began > MOST_WAIT:
        return f"more than {MOST_WAIT:.0f} s of waiting"
    return None


def table(campaign: Campaign) -> str:
    """Answered, refused, found, by entry."""
    names = sorted({entry for entry, _ in campaign.counts})
    rows = [f"{'entry':45}{'answered':>9}{'refused':>9}{'void':>6}{'found':>7}"]
    for name in names:
        by = {result: n for (entry, result), n in campaign.counts.items() if entry == name}
        answered, refused, void = (by.pop(ending, 0) for ending in ENDINGS)
        rows.append(f"{name:45}{answered:>9}{refused:>9}{void:>6}{sum(by.values()):>7}")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--entry")
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args()
    campaign = run(asked.calls, asked.seed, asked.entry, asked.processes)
    print(table(campaign))
    for found in campaign.found:
        print(found)
    kinds = Counter(found.result for found in campaign.found)
    print(
        f"{sum(campaign.counts.values())} calls: {campaign.total('answered')} answered, {campaign.total('refused')} refused, found {dict(kinds)}"
    )


if __name__ == "__main__":
    main()
