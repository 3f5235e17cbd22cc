"""Progress where there is no terminal: plain lines, one at the start, one a minute and one at the end."""

from __future__ import annotations

import pytest

from empirics.runs.progress import Progress
from reports.cli import progress


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_line_a_minute(clock, capsys):
    with progress.shown_progress() as told:
        for second in range(201):
            clock[0] = 1000.0 + second
            told(Progress(done=10 * (second // 10), total=200, resumed=0, running=second % 10))
    lines = capsys.readouterr().err.splitlines()
    paces = ("starting", *(f"1 replica-steps/s, {left} left" for left in ("2 min 20 s", "1 min 20 s", "20 s")), "finished")
    shares = (0, 30, 60, 90, 100)
    assert lines == [f"simulating: {share} %, {pace}" for share, pace in zip(shares, paces, strict=True)]


def test_the_first_and_the_last_of_a_short_run(clock, capsys):
    with progress.shown_progress() as told:
        for done in (5, 7, 9):
            told(Progress(done=done, total=9, resumed=5))
    assert capsys.readouterr().err.splitlines() == ["simulating: 56 %, starting", "simulating: 100 %, finished"]


def test_what_is_refused_before_any_work_shows_nothing(capsys):
    with pytest.raises(ValueError), progress.shown_progress():
        raise ValueError
    assert capsys.readouterr().err == ""


def test_the_last_that_was_known_is_said_when_a_run_is_ended(clock, capsys):
    def run():
        with progress.shown_progress() as told:
            told(Progress(0, 10, 0))
            clock[0] += 5
            told(Progress(4, 10, 0, 1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and lines[1].startswith("simulating: 50 %") and all(line.isprintable() for line in lines)
