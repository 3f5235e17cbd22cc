"""A report made in a user's own process leaves matplotlib as it was, and looks the same whatever the user's settings."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib
import pytest

from reports.figures import generic
from reports.figures.style import panel, svg
from reports.findings import examine
from reports.site.build import build
from tests.reports.cli.fakes import claim

STATE = """
import sys
import matplotlib
matplotlib.use("pdf")
matplotlib.rcParams.update({"lines.linewidth": 7.5, "axes.grid": True, "figure.dpi": 33})
def state():
    return {key: matplotlib.rcParams._get(key) if hasattr(matplotlib.rcParams, "_get") else matplotlib.rcParams[key]
            for key in matplotlib.rcParams}
before = state()
from reports.site import build, figure_1, readme
from reports.figures import style
from theory.claims import LEDGER
readme.picture()
build.build([claim for claim in LEDGER if claim.id in ("A.1", "3.5")], sys.argv[1])
changed = sorted(key for key, value in state().items() if value != before[key])
print(changed, matplotlib.get_backend(), "matplotlib.pyplot" in sys.modules)
"""


def drawing() -> str:
    with panel() as axes:
        axes.plot([1, 2, 3], [1, 4, 9], label="squares")
        axes.set_xlabel("$b$")
        axes.legend()
        return svg(axes, "p", "title", "description")


def settings() -> dict[str, object]:
    return dict(dict.items(matplotlib.rcParams))  # not [key], which would choose a backend


def test_a_whole_site_leaves_backend_and_settings(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", STATE, str(tmp_path / "site")], capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout.split()[-3:]) == (0, ["[]", "pdf", "False"]), done.stdout + done.stderr


@pytest.mark.parametrize(
    "mine",
    [{"font.size": 30, "axes.facecolor": "red"}, {"text.usetex": True}, {"lines.linewidth": 9, "figure.dpi": 300, "axes.grid": False}],
)
def test_a_user_s_settings_decide_nothing(mine: dict[str, object]) -> None:
    usual = drawing()
    with matplotlib.rc_context(mine):
        before = settings()
        assert drawing() == usual and settings() == before


def test_threads_take_turns() -> None:
    before, usual = settings(), drawing()
    findings = examine(claim("T.1"))
    with ThreadPoolExecutor(4) as pool:
        drawings = [pool.submit(drawing) for _ in range(12)]
        figures = [pool.submit(generic.draw, findings, 0) for _ in range(12)]
        assert {d.result() for d in drawings} == {usual} and len({f.result() for f in figures}) == 1
    assert settings() == before


def test_settings_are_restored_when_a_drawing_fails() -> None:
    before = settings()
    with pytest.raises(ZeroDivisionError), panel():
        raise ZeroDivisionError
    assert settings() == before


def test_two_sites_in_two_threads(tmp_path: Path) -> None:
    before = settings()
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda name: build([claim("T.1")], tmp_path / name), ("one", "two")))
    pages = [report.index.with_name("t-1.html").read_bytes() for report in made]
    assert pages[0] == pages[1] and settings() == before
