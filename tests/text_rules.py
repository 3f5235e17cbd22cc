"""The rules of text and commands, read from the sources: every text file and pipe names its encoding, no command goes through a shell.

Without a name the encoding is the locale's: a program that works on one machine fails on another, or under LC_ALL=C. A command that a shell
reads breaks at the first path with a space.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

#: Functions of subprocess, by name: `text=True` makes their pipes text.
RUNNERS = frozenset({"run", "Popen", "check_output", "check_call", "call"})
#: Openers of files, and the place of `mode` among their arguments.
OPENERS = {"open": 1, "fdopen": 1, "TemporaryFile": 0, "NamedTemporaryFile": 0, "SpooledTemporaryFile": 1}
#: Modules whose `open` gives no text by default.
OTHER_OPENERS = frozenset({"os", "zipfile", "tarfile", "h5py", "webbrowser", "dbm", "shelve", "gzip", "bz2", "lzma"})
BINARY_BY_DEFAULT = frozenset({"TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile"})


def breaches(root: Path, folders: tuple[str, ...]) -> list[str]:
    """Every breach below the folders, as a line that names file and line."""
    paths = [path for folder in folders for path in sorted((root / folder).rglob("*.py"))]
    return [f"{p.relative_to(root)}:{line}: {why}" for p in paths for line, why in in_text(p.read_text(encoding="utf-8"))]


def in_text(source: str) -> Iterator[tuple[int, str]]:
    """(line, what is wrong) of a source."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            for why in _objections(node):
                yield node.lineno, why


def _objections(call: ast.Call) -> Iterator[str]:
    name, owner = _names(call.func)
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if _is_true(given.get("shell")) or (owner == "os" and name in ("system", "popen")):
        yield "a command goes through a shell"
    if "encoding" in given or None in given:  # **options are not looked into
        return
    if name in ("read_text", "write_text") and len(call.args) <= (name == "write_text"):
        yield f"{name} without an encoding"
    if name in RUNNERS and (_is_true(given.get("text")) or _is_true(given.get("universal_newlines"))):
        yield f"{name} with text pipes and no encoding"
    if name in OPENERS and not (owner in OTHER_OPENERS and name == "open") and _is_text(call, name, owner, given):
        yield f"{name} of a text file without an encoding"
    if name == "TextIOWrapper" and len(call.args) < 2:
        yield "a TextIOWrapper without an encoding"


def _is_text(call: ast.Call, name: str, owner: str | None, given: dict[str | None, ast.expr]) -> bool:
    place = OPENERS[name] - (name == "open" and owner is not None and owner != "io")  # path.open(mode)
    if name == "open" and owner is not None and len(call.args) > place + 1 and owner != "io":
        return False  # more than a mode: no path's open
    mode = given.get("mode") or (call.args[place] if len(call.args) > place else None)
    if mode is None:
        return name not in BINARY_BY_DEFAULT
    return isinstance(mode, ast.Constant) and isinstance(mode.value, str) and "b" not in mode.value


def _names(function: ast.expr) -> tuple[str, str | None]:
    """`read_text` and `path` of `path.read_text`; the owner is "" where it is no plain name."""
    if isinstance(function, ast.Attribute):
        return function.attr, function.value.id if isinstance(function.value, ast.Name) else ""
    return (function.id, None) if isinstance(function, ast.Name) else ("", None)


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
