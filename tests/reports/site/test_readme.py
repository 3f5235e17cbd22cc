"""README.md: its example runs, its picture and its table are current."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reports.cli import app
from reports.site import readme
from reports.site.readme import same_drawing, table, with_part
from tests.reports.cli.fakes import claim


def test_the_worked_example_runs_as_printed() -> None:
    blocks = re.findall(r"```pycon\n(.*?)```", readme.README.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        example = doctest.DocTestParser().get_doctest(block, {}, "README.md", "README.md", 0)
        outcome = doctest.DocTestRunner().run(example)
        assert outcome.attempted > 5 and outcome.failed == 0


def test_the_file_runs_as_the_command_beside_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = readme.README.read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (command,) = re.findall(r"`batchlaw (variance network\.toml [^`]*)`", text)
    (tmp_path / "network.toml").write_text(block, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, command.split(), env={"COLUMNS": "160", "NO_COLOR": "1"})
    assert shown.exit_code == 0
    assert "degree 6" in shown.stdout and "b_0 = 2.4017" in shown.stdout and "  5/16\n" in shown.stdout


def test_commands_are_those_that_there_are() -> None:
    used = set(re.findall(r"`batchlaw (\w+)", readme.README.read_text(encoding="utf-8")))
    names = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    assert used == {name.split()[0] for name in names}


def test_the_long_runs_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = re.findall(r"^    batchlaw (simulate .*)$", readme.README.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(lines) >= 2
    for line in lines:
        shown = CliRunner().invoke(app, [*line.split(), "--dry-run"])
        assert shown.exit_code == 0 and "predicted time" in shown.stdout and "refused" not in shown.stdout


def test_picture_and_table_are_current() -> None:
    assert readme.stale() == []


def test_links_lead_to_files_that_are_there() -> None:
    text = readme.README.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert links and all((readme.ROOT / link).is_file() for link in links)


def test_the_table_has_one_row_per_claim() -> None:
    rows = table((claim("T.1"), claim("T|2"))).splitlines()
    assert len(rows) == 4 and rows[2] == r"| T.1 | The degree is $3^{t+1} - t - 2$. | ✎ holds, corrected | slips |"


def test_an_edited_table_is_noticed_and_made_anew() -> None:
    begin, end = readme.markers("theorems")
    made = table((claim("T.1"),))
    text = with_part(f"before\n{begin}\n{end}\nafter\n", "theorems", made)
    edited = text.replace("holds, corrected", "holds")
    assert edited != text and with_part(edited, "theorems", made) == text
    with pytest.raises(ValueError, match="markers"):
        with_part("no markers", "theorems", made)


def test_drawings_are_compared_up_to_rounding() -> None:
    drawing = readme.picture()
    assert same_drawing(drawing, drawing)
    moved = re.sub(r"L (\d+)\.(\d+) ", lambda m: f"L {int(m[1]) + 1}.{m[2]} ", drawing, count=1)
    assert moved != drawing and not same_drawing(drawing, moved)
    assert same_drawing('<path d="M 1.000001 2"/>', '<path d="M 1 2.000001"/>')
    assert not same_drawing('<path d="M 1 2"/>', '<path d="L 1 2"/>')


def test_check_and_write_are_the_only_ways(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert readme.main([]) == 2 and "usage" in capsys.readouterr().err
    text = readme.README.read_text(encoding="utf-8")
    monkeypatch.setattr(readme, "ROOT", tmp_path)
    monkeypatch.setattr(readme, "README", tmp_path / "README.md")
    monkeypatch.setattr(readme, "PICTURE", tmp_path / "picture.svg")
    (tmp_path / "README.md").write_text(with_part(with_part(text, "theorems", ""), "engines", ""), encoding="utf-8")
    assert readme.main(["--check"]) == 1
    told = capsys.readouterr().out
    assert all(name in told for name in ("picture.svg", "table of engines", "table of theorems"))
    assert readme.main(["--write"]) == 0 and readme.main(["--check"]) == 0
