"""What a text of the repository points to is in the repository: modules and names, files, documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.import_rules import HOUSE, TOP_LEVEL

ROOT = Path(__file__).resolve().parents[1]
#: CONTRIBUTING.md points to what would be added: tests/test_contributing.py adds it.
DOCUMENTS = [ROOT / name for name in ("README.md", "CITATION.cff", "Makefile", "pyproject.toml", ".ci/run")]
SOURCES = [path for name in HOUSE for path in sorted((ROOT / name).rglob("*")) if path.suffix in (".py", ".jinja", ".html", ".css", ".md")]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

_PACKAGES = "|".join((*HOUSE, "tests"))
NAME = re.compile(rf"(?<![\w./@-])(?:{_PACKAGES})(?:\.[A-Za-z_]\w*)+")  # theory.problem.TeacherStudent
PATH = re.compile(rf"(?<![\w./-])(?:{_PACKAGES})/[\w./-]*\w")  # theory/problem.py
DOCUMENT = re.compile(r"(?<![\w/])[A-Z]{3,}\.md\b")  # README.md
ELSEWHERE = re.compile(r"(?<![\w.:/~-])/(?:work|home|root|Users|mnt|opt)/\w")  # a path of somebody's machine


def dangling(text: str) -> Iterator[str]:
    """What the text points to and is not there."""
    yield from (name for name in NAME.findall(text) if not _is_there(name.split(".")))
    yield from (path for path in PATH.findall(text) if not (ROOT / path).exists())


def outside(text: str) -> Iterator[str]:
    """Documents that are not at the root, and paths of one machine."""
    yield from (name for name in DOCUMENT.findall(text) if name not in TOP_LEVEL)
    yield from ELSEWHERE.findall(text)


def _is_there(parts: list[str]) -> bool:
    """Whether a dotted name is that of a folder, a module, or of what a module holds."""
    length = next(n for n in range(len(parts), 0, -1) if (file := ROOT.joinpath(*parts[:n])).is_dir() or file.with_suffix(".py").is_file())
    if length == len(parts):
        return True
    held: object = import_module(".".join(parts[:length]))
    for name in parts[length:]:
        if not hasattr(held, name):
            return False
        held = getattr(held, name)
    return True


def test_no_reference_dangles():
    texts = {path: path.read_text(encoding="utf-8") for path in (*DOCUMENTS, *SOURCES) if path.is_file()}
    assert len(texts) > 100
    assert {str(path.relative_to(ROOT)): found for path, text in texts.items() if (found := list(dangling(text)))} == {}
    others = {path: path.read_text(encoding="utf-8") for path in TESTS if path != Path(__file__)}
    assert {str(path.relative_to(ROOT)): found for path, text in (texts | others).items() if (found := list(outside(text)))} == {}


@pytest.mark.parametrize(
    "words, path",
    [
        ("theorem_a9", "theory/claims/theorem_a9"),
        ("engines wishart", "theory/engines/wishart"),
        ("enumeration", "theory/enumeration"),
        ("sampling batches", "empirics/sampling/batches.py"),
        ("standard_errors", "empirics/estimation/standard_errors.py"),
        ("shard_files", "empirics/runs/shard_files.py"),
        ("claims", "theory/claims"),
        ("cli", "reports/cli"),
        ("runs cost", "empirics/runs/cost.py"),
        ("chebyshev", "theory/chebyshev"),
    ],
)
def test_things_are_found_by_name(words, path):
    files = {str(p.relative_to(ROOT)).removesuffix("/__init__.py") for p in SOURCES if p.suffix == ".py"}
    found = [p for p in files if all(word in re.split(r"[/.]", p) for word in words.split())]
    assert min(found, key=lambda p: p.count("/")) == path  # what stands highest, and nothing else as high
    assert sum(p.count("/") == path.count("/") for p in found) == 1


@pytest.mark.parametrize(
    "text",
    ["see theory.problem.TeacherStudnet", "theory.nowhere", "`reports.text.nothing`", "theory/problems.py", "empirics/runs/shards/"],
)
def test_what_dangles_is_seen(text):
    assert list(dangling(text))


@pytest.mark.parametrize("text", ["as PLAN.md has it", "in /home/me/results"])
def test_what_is_outside_is_seen(text):
    assert list(outside(text))


@pytest.mark.parametrize(
    "text", ["theory.variance_poly.variance_polynomial", "theory/engines/wishart", "README.md", "https://a.org/work/x"]
)
def test_what_is_there_is_let_pass(text):
    assert [*dangling(text), *outside(text)] == []
