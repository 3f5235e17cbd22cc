"""CONTRIBUTING.md is true: its examples, added to a copy of the repository as they stand there, touch three files each and work.

What their commands change besides is generated: README's tables.

A block of code belongs to the line in front of it: a new file (`path`:), lines to insert (`path`, after `line`:), or commands (sh).
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.import_rules import HOUSE, TOP_LEVEL, read_imports, violations

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MOST_FILES = 3
GENERATED = {"README.md"}
MADE_BY_THE_WAY = {"build", "__pycache__", ".pytest_cache", ".hypothesis", ".ruff_cache", ".benchmarks"}

SECTION = re.compile(r"^## (?=An? )", re.M)
PLACE = r"^`(?P<path>[^`\n]+)`(?:, after `(?P<anchor>[^`\n]+)`)?:\n\n"
BLOCK = re.compile(rf"(?:{PLACE})?^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Example:
    """A section: the edits that it asks for, and the commands that show that they were enough."""

    name: str
    edits: tuple[tuple[str, str | None, str], ...]
    commands: tuple[str, ...]


def examples() -> list[Example]:
    found = []
    for section in SECTION.split(TEXT)[1:]:
        blocks = list(BLOCK.finditer(section))
        edits = tuple((b["path"], b["anchor"], b["code"]) for b in blocks if b["path"])
        commands = tuple(line for b in blocks if b["language"] == "sh" for line in b["code"].splitlines())
        found.append(Example(section.splitlines()[0], edits, commands))
    return found


def apply(tree: Path, path: str, anchor: str | None, code: str) -> None:
    """A new file, or lines after the one line of a file that says what the anchor says."""
    file = tree / path
    if anchor is None:
        assert not file.exists(), f"{path} is there already"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code, encoding="utf-8")
        return
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    places = [n for n, line in enumerate(lines) if line.strip() == anchor]
    assert len(places) == 1, f"{path} has the line {anchor!r} {len(places)} times"
    lines.insert(places[0] + 1, code)
    file.write_text("".join(lines), encoding="utf-8")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the repository in which every example has been added, each after the ones before it."""
    place = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for name in sorted(TOP_LEVEL):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=ignored)
        elif (ROOT / name).is_file():
            shutil.copy(ROOT / name, place / name)
    for example in examples():
        for edit in example.edits:
            apply(place, *edit)
    return place


def contents(tree: Path) -> dict[str, bytes]:
    """Every file of the repository; no caches."""
    files = (path for path in tree.rglob("*") if path.is_file() and not MADE_BY_THE_WAY & set(path.relative_to(tree).parts))
    return {str(path.relative_to(tree)): path.read_bytes() for path in files}


def run(tree: Path, *command: str) -> None:
    done = subprocess.run([sys.executable, *command], cwd=tree, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"


def test_there_is_an_example_of_each_kind():
    assert [example.name for example in examples()] == ["A claim", "An engine", "An input law", "A figure", "A page of measurements"]
    assert all(example.edits and example.commands for example in examples())


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_an_example_touches_three_files_at_most(example):
    assert len({path for path, _, _ in example.edits}) <= MOST_FILES


@pytest.mark.slow
@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_an_example_works(tree, example):
    before = contents(tree)
    for command in example.commands:
        interpreter, *arguments = shlex.split(command)
        assert interpreter == "python"
        run(tree, *arguments)
    after = contents(tree)
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} <= GENERATED


@pytest.mark.slow
def test_what_is_generated_is_up_to_date_in_the_end(tree):
    run(tree, "-m", "reports.site.readme", "--check")


def test_the_copy_keeps_the_rules_of_the_house(tree):
    assert violations(read_imports(tree)) == []
    run(tree, "-m", "ruff", "check", "--quiet", *HOUSE, "tests")
    run(tree, "-m", "ruff", "format", "--check", "--quiet", *HOUSE, "tests")


def test_edits_that_do_not_fit_are_seen(tmp_path):
    (tmp_path / "a.py").write_text("x = (\n)\n", encoding="utf-8")
    apply(tmp_path, "a.py", "x = (", "    1,\n")
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == "x = (\n    1,\n)\n"
    for path, anchor in (("a.py", "y = ("), ("a.py", None)):
        with pytest.raises(AssertionError):
            apply(tmp_path, path, anchor, "2\n")
