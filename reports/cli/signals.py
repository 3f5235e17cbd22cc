"""Signals that end a command, as Ctrl-C does: so that what was kept is said, and workers are ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("SIGTERM", "SIGHUP")


class EndedError(KeyboardInterrupt):
    """One of NAMES has come. Whoever is prepared for a Ctrl-C is prepared for it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number  #: the exit code by which shells know it


def exit_code(error: KeyboardInterrupt) -> int:
    """130 for a Ctrl-C."""
    return error.code if isinstance(error, EndedError) else 128 + signal.SIGINT


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """NAMES raise EndedError meanwhile. What is ignored, as by nohup or in the background of a shell, stays ignored, and what somebody else
    handles stays theirs; other threads than the main one can install nothing."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
        before = {number: signal.signal(number, _raise) for number in numbers if signal.getsignal(number) is signal.SIG_DFL}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise(number: int, frame: Any) -> None:
    raise EndedError(number)
