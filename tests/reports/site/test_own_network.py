"""The guide: its files and commands are those that were run when the page was made, in a directory that has nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

pytest.importorskip("torch")

from reports.site import measured, own_network
from reports.site.build import build
from reports.site.measured_page import MeasuredPage
from tests.reports.cli.fakes import claim
from tests.reports.site.pages import defects


@pytest.fixture(scope="module")
def page() -> str:
    """With every command run, in a process of its own."""
    made = own_network.make(0)
    assert not made.alarm, made.html
    assert made.finding == "3 commands run, as printed on the page"
    return made.html


def test_what_a_reader_copies_is_what_was_run(page: str) -> None:
    blocks = [unescape(text) for text in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)]
    assert [text for text in blocks if text.startswith("import torch")] == list(own_network.FILES.values())
    assert all(f"<code>{name}</code>" in page for name in own_network.FILES)
    printed = {text.splitlines()[0]: text.splitlines()[1:] for text in blocks if text.startswith("$ ")}
    assert list(printed) == [f"$ {command}" for command in own_network.COMMANDS.values()]
    noise, train, runs = printed.values()
    law = {line.split()[0]: float(line.split()[1]) for line in noise if re.match(r" *\d+ ", line)}
    assert law["8"] == pytest.approx(law["1"] / 8 * (1000 - 8) / 999, rel=2e-3) and law["1000"] == 0
    assert len(train) == 2 and all(re.fullmatch(r"step \d+: noise scale \d+, between \d+ and (\d+|inf)", line) for line in train)
    first = [line.split() for line in runs if re.match(r" *0 ", line)]
    assert [float(row[2]) for row in first] == pytest.approx([law["20"], law["100"]], rel=2e-3)  # at w_0 both measure the same


def test_the_page_has_no_defects(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = replace(measured.page_of("your network"), make=lambda seed, directory: MeasuredPage(page, "found"))
    monkeypatch.setattr(measured, "MEASURED", (*(other for other in measured.MEASURED if other.id != alone.id), alone))
    assert defects(build((claim("T.1"),), tmp_path / "site", measure=["your network"]).index.parent) == []


def test_a_command_that_fails_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_network, "COMMANDS", dict.fromkeys(("noise", "train", "runs"), "python no_such_file.py"))
    made = own_network.make(0)
    assert made.alarm and made.finding == "python no_such_file.py failed" and 'role="alert"' in made.html
