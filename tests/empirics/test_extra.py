"""Without what the extra installs, every name says what is missing and how to get it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.stored_run import ROOT

SCRIPT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {module!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
import empirics
from empirics import arguments
for name in empirics.__all__:
    try:
        getattr(empirics, name)
    except ImportError as error:
        print(error)
"""


@pytest.mark.parametrize(("module", "least"), [("torch", 5), ("xarray", 3), ("h5netcdf", 3), ("psutil", 3), ("threadpoolctl", 3)])
def test_what_is_missing_is_named_by_every_name(module, least):
    script = SCRIPT.format(module=module)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", cwd=ROOT)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) >= least, done.stderr
    assert any(line.startswith("empirics.simulate needs") for line in lines)
    for line in lines:
        assert line.endswith(f"needs {module}: pip install 'batchlaw[experiments]'")
