"""Without what the extra installs, every way in says what is missing and how to get it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest

from empirics.extra import LIBRARIES
from tests.stored_run import ROOT

SCRIPT = """
import sys
from importlib import import_module
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {module!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
import empirics
from empirics import arguments
ways = [(name, lambda name=name: getattr(empirics, name)) for name in empirics.__all__]
ways += [(name, lambda name=name: import_module(name)) for name in {modules}]
for name, enter in ways:
    try:
        enter()
    except ImportError as error:
        print(name, error, sep=": ")
"""
MODULES = ["empirics.runs", "empirics.runs.cluster", "empirics.engines.ties", "empirics.estimation.intervals", "empirics.sampling.batches"]


@pytest.mark.parametrize("module", LIBRARIES)
def test_what_is_missing_is_named_whatever_is_imported(module):
    script = SCRIPT.format(module=module, modules=MODULES)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert {"simulate", "load", "predict", "compare", "interval", *MODULES} <= set(said)
    for message in said.values():
        assert re.fullmatch(
            rf"empirics\.(runs|engines|estimation|sampling|models) needs {module}: pip install 'batchlaw\[experiments\]'", message
        )


def test_the_libraries_are_those_of_the_extra():
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]["experiments"]
    assert {re.match(r"[\w-]+", line)[0] for line in extra} == set(LIBRARIES)
