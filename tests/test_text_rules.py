"""Every text file and pipe names its encoding, no command goes through a shell, and the checker that says so sees both."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.text_rules import breaches, in_text

ROOT = Path(__file__).resolve().parents[1]


def test_the_sources_keep_the_rules():
    assert breaches(ROOT, ("theory", "empirics", "reports", "tests")) == []


@pytest.mark.parametrize(
    "source",
    [
        "path.read_text()", "Path(x).write_text(text)", "open(name)", "open(name, 'w')", "open(name, mode='a')", "path.open()",
        "(a / b).open('w')", "io.open(name)", "os.fdopen(3, 'w')", "run(c, text=True)", "subprocess.Popen(c, universal_newlines=True)",
        "NamedTemporaryFile('w')", "tempfile.TemporaryFile(mode='r+')", "subprocess.run(c, shell=True)", "os.system('ls')",
        "os.popen('ls')", "def f():\n    with open(name) as g: pass", "io.TextIOWrapper(raw)",
    ],
)  # fmt: skip
def test_each_breach_is_seen(source):
    assert list(in_text(source))


@pytest.mark.parametrize(
    "source",
    [
        "path.read_text(encoding='utf-8')", "path.read_text('utf-8')", "path.write_text(text, 'utf-8')", "open(name, 'rb')",
        "open(name, encoding='utf-8')", "path.open('wb')", "os.open(name, os.O_RDONLY)", "NamedTemporaryFile(dir=d)", "h5py.File(name)",
        "run(command)", "run(command, text=True, encoding='utf-8')", "path.read_bytes()", "run(command, shell=False)",
        "xr.open_dataset(name)", "io.TextIOWrapper(raw, encoding='ascii')",
    ],
)  # fmt: skip
def test_what_names_its_encoding_is_let_pass(source):
    assert list(in_text(source)) == []


def test_the_makefile_takes_an_environment_whose_path_has_spaces():
    make = shutil.which("make")
    if make is None:
        pytest.skip("no make here")
    for target in ("test", "report", "lint", "types", "benchmark", "clean"):
        done = subprocess.run([make, "-n", "VENV=/nowhere/a b/ä".encode(), target], cwd=ROOT, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        recipes = [line for line in done.stdout.replace("\\\n", " ").splitlines() if not line.startswith("echo")]
        paths = [word for line in recipes for word in shlex.split(line) if "/nowhere" in word]
        assert paths and all(word.startswith("/nowhere/a b/ä") for word in paths), recipes
