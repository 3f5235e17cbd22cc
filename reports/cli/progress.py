"""How far a simulation is, on stderr: a bar on a terminal; elsewhere a plain line at the start, every minute and at the end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

from reports.text import terminal
from theory.budget import duration

SECONDS = 60.0  # between lines


class Pace:
    """Replica-steps a second since the first were heard of: the start of processes is no part of the rate."""

    def __init__(self) -> None:
        self.since: tuple[float, int] | None = None

    def told(self, progress: Any) -> str:
        now, there = time.monotonic(), progress.done + progress.running
        if self.since is None and there > progress.resumed:
            self.since = now, there
        if there == progress.total:
            return "finished"
        if self.since is None or now <= self.since[0] or there <= self.since[1]:
            return "starting"
        rate = (there - self.since[1]) / (now - self.since[0])
        return f"{rate:,.0f} replica-steps/s, {duration((progress.total - there) / rate)} left"


@contextmanager
def shown_progress() -> Iterator[Any]:
    """A callback for `simulate`. What is refused before any work is not told of, and shows nothing."""
    is_terminal = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    with _bar() if is_terminal else _lines() as told:
        yield told


@contextmanager
def _bar() -> Iterator[Any]:
    columns = TextColumn("simulating"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[pace]}")
    bar, pace = Bar(*columns, console=Console(stderr=True)), Pace()
    task = bar.add_task("", total=None, pace="starting")

    def told(progress: Any) -> None:
        bar.start()
        bar.update(task, total=progress.total, completed=progress.done + progress.running, pace=pace.told(progress))

    try:
        yield told
    finally:
        if bar.live.is_started:
            bar.stop()


@contextmanager
def _lines() -> Iterator[Any]:
    pace, waiting, last = Pace(), "", -float("inf")

    def told(progress: Any) -> None:
        nonlocal waiting, last
        share = (progress.done + progress.running) / progress.total
        waiting = f"simulating: {100 * share:.0f} %, {pace.told(progress)}"
        if time.monotonic() - last >= SECONDS:
            say()

    def say() -> None:
        nonlocal waiting, last
        terminal.say(waiting, error=True)
        waiting, last = "", time.monotonic()

    try:
        yield told
    finally:
        if waiting:
            say()
