"""The import rules of the house hold, and the checker that says so catches a breach of each of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import theory
from tests.import_rules import HOUSE, TOP_LEVEL, floor, read_imports, shadowed, violations

ROOT = Path(__file__).resolve().parents[1]


def test_the_sources_keep_the_rules():
    imports = read_imports(ROOT)
    assert {"theory", "theory.problem", "empirics.runs.simulation"} <= set(imports), "the checker did not find the sources"
    assert "theory.problem" in imports["theory"], "the checker does not see imports that are there"
    assert violations(imports) == []


def test_every_floor_is_there_and_the_map_of_theory_shows_them():
    for package, floors in HOUSE.items():
        for place in (place for places in floors.values() for place in places if place != package):
            assert (ROOT / package / place).is_dir() or (ROOT / package / f"{place}.py").is_file(), f"there is no {package}/{place}"
    lines = (theory.__doc__ or "").partition("The house, from the ground up")[2].split("\n\n")[1].splitlines()
    drawn = dict(line.strip().split("  ", 1) for line in lines)
    assert {name: tuple(places.strip().split(", ")) for name, places in drawn.items()} == HOUSE["theory"]


def test_no_name_of_a_package_is_also_a_module(tmp_path):
    assert shadowed(ROOT) == []
    package = tmp_path / "theory" / "enumeration"
    package.mkdir(parents=True)
    text = "from theory.enumeration.walk import loss, Path\nfrom theory.enumeration import walk\n"
    (package / "__init__.py").write_text(text, encoding="utf-8")
    (package / "walk.py").write_text("", encoding="utf-8")
    assert shadowed(tmp_path) == []
    (package / "loss.py").write_text("", encoding="utf-8")
    assert shadowed(tmp_path) == ["theory.enumeration.loss is also a module"]


SOUND = {
    "theory/__init__.py": "from theory.problem import TeacherStudent\nfrom theory import variance_poly",
    "theory/exact/__init__.py": "import math\nimport numpy as np\nfrom flint import fmpq\nfrom theory.exact.text import read",
    "theory/exact/text.py": "import re",
    "theory/budget/__init__.py": "",
    "theory/inputs/__init__.py": "from theory.exact import as_number",
    "theory/problem.py": "from .inputs import Gaussian",
    "theory/kronecker.py": "import scipy.linalg",
    "theory/backpropagation.py": "from theory.problem import TeacherStudent",
    "theory/trace_forms/__init__.py": "from theory.problem import TeacherStudent",
    "theory/gaussian_moments/__init__.py": "from theory.kronecker import kron",
    "theory/recursion/__init__.py": "from theory import trace_forms",
    "theory/engines/__init__.py": "",
    "theory/engines/base.py": "from theory.problem import TeacherStudent",
    "theory/engines/wishart/__init__.py": "from theory.engines.base import Engine\nfrom theory.engines.wishart import cost",
    "theory/engines/wishart/cost.py": "from theory.gaussian_moments import wishart",
    "theory/engines/frequencies/__init__.py": "from theory.engines.base import Engine",
    "theory/enumeration/__init__.py": "from theory import backpropagation\nfrom theory.enumeration import paths",
    "theory/enumeration/paths.py": "from theory.budget import Cost",
    "theory/references/symbolic.py": "from theory.problem import TeacherStudent",
    "theory/variance_poly.py": "from theory.engines import base, wishart",
    "theory/claims/__init__.py": "from theory.claims.theorem_a7 import CLAIM",
    "theory/claims/record.py": "",
    "theory/claims/theorem_a7.py": "from .record import Claim\nfrom theory import Gaussian, recursion",
    "empirics/__init__.py": "from empirics.runs import store",
    "empirics/sampling/sgd.py": "import torch\nfrom theory import problem\nfrom theory.exact import Number",
    "empirics/runs/store.py": "from empirics.sampling import sgd",
    "reports/__init__.py": "",
    "reports/site/__init__.py": "import jinja2\nfrom theory.claims import LEDGER",
    "reports/cli/__init__.py": "from empirics.sampling import sgd\nimport theory\nfrom reports import site",
}


def _breaches(tmp_path: Path, changes: dict[str, str]) -> list[str]:
    for name, text in (SOUND | changes).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return violations(read_imports(tmp_path))


def test_a_sound_house_has_no_breach(tmp_path):
    assert _breaches(tmp_path, {}) == []


@pytest.mark.parametrize(
    "where, text, breach",
    [
        ("theory/exact/text.py", "import torch", "theory.exact.text imports torch: theory stands on"),
        ("theory/exact/text.py", "def f():\n    from torch.func import vmap", "imports torch.func: theory stands on"),
        ("theory/exact/text.py", "import importlib\nimportlib.import_module('torch')", "imports torch: theory stands on"),
        ("theory/claims/record.py", "import matplotlib.pyplot", "imports matplotlib.pyplot: theory stands on"),
        ("theory/claims/record.py", "from empirics.sampling import sgd", "imports empirics.sampling.sgd: theory stands on"),
        ("theory/claims/record.py", "import reports", "theory.claims.record imports reports: only reports"),
        ("empirics/runs/store.py", "from reports.cli import app", "imports reports.cli: only reports"),
        ("empirics/runs/store.py", "from theory import variance_poly", "imports theory.variance_poly: evidence must"),
        ("empirics/runs/store.py", "from theory import TeacherStudent", "store imports theory: evidence must"),
        ("empirics/sampling/sgd.py", "from empirics.runs import store", "imports empirics.runs.store: it stands"),
        ("reports/site/__init__.py", "from reports.cli import app", "imports reports.cli: it stands"),
        ("theory/problem.py", "from theory import trace_forms", "problem imports theory.trace_forms: it stands"),
        ("theory/kronecker.py", "from theory.recursion import step", "kronecker imports theory.recursion: it stands"),
        ("theory/kronecker.py", "from theory.engines.base import Quantity", "imports theory.engines.base: it stands"),
        ("theory/recursion/__init__.py", "from theory import variance_poly", "imports theory.variance_poly: it stands"),
        ("theory/engines/wishart/cost.py", "import theory.variance_poly", "imports theory.variance_poly: it stands"),
        ("theory/engines/wishart/cost.py", "from theory.engines import frequencies", "imports theory.engines.frequencies: no engine"),
        ("theory/engines/base.py", "from theory.engines.wishart import cost", "imports theory.engines.wishart.cost: no engine"),
        ("theory/variance_poly.py", "from theory.claims import LEDGER", "imports theory.claims: it stands"),
        ("theory/__init__.py", "from theory.claims import LEDGER", "theory imports theory.claims: it stands"),
        ("theory/kronecker.py", "from theory import TeacherStudent", "theory.kronecker imports theory: it stands"),
        ("theory/references/symbolic.py", "from theory.engines import wishart", "imports theory.engines.wishart: the slow"),
        ("theory/enumeration/paths.py", "from theory.engines import wishart", "imports theory.engines.wishart: the slow"),
        ("theory/enumeration/__init__.py", "from theory import gaussian_moments", "imports theory.gaussian_moments: the slow"),
        ("theory/enumeration/paths.py", "from theory import enumeration", "circular import: theory.enumeration ->"),
        ("theory/references/symbolic.py", "from theory import recursion", "imports theory.recursion: the slow"),
        ("theory/inputs/text.py", "from theory.problem import TeacherStudent", "circle of folders: theory.problem -> theory.inputs"),
        ("theory/novelty.py", "", "theory.novelty has no floor"),
        ("empirics/novelty.py", "", "empirics.novelty has no floor"),
    ],
)
def test_each_breach_is_caught(tmp_path, where, text, breach):
    found = _breaches(tmp_path, {where: text})
    assert any(breach in line for line in found), found


def test_a_folder_is_one_floor():
    assert floor("theory.engines.wishart.cost") == floor("theory.engines") == floor("theory.engines.base")
    assert floor("theory.exact") == 0
    order = ["theory.exact", "theory.problem", "theory.recursion", "theory.engines", "theory.variance_poly", "theory", "theory.claims"]
    assert sorted(order, key=lambda name: floor(name) or 0) == order
    assert floor("theory.novelty") is None


def test_nothing_else_at_the_top_level():
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, encoding="utf-8")
    if listing.returncode != 0:
        pytest.skip(f"git does not list this tree: {listing.stderr.strip()}")
    top = {name.split("/")[0] for name in listing.stdout.split("\0") if name}
    assert top <= TOP_LEVEL


# Reading modules is what importing does; writing files, starting programs and opening connections is not.
_IMPORT_EVERYTHING = """
import os, pkgutil, sys
import numpy, scipy, flint
forbidden = []
def watch(event, args):
    writes = event == "open" and (args[2] or 0) & (os.O_WRONLY | os.O_RDWR)
    if writes or event in ("subprocess.Popen", "os.system", "os.fork", "os.mkdir", "os.remove", "socket.connect"):
        forbidden.append((event, str(args[0])))
sys.addaudithook(watch)
import theory
print("public:", *sorted({name.split(".")[0] for name in sys.modules}))
for module in pkgutil.walk_packages(theory.__path__, "theory."):
    __import__(module.name)
print("all:", *sorted({name.split(".")[0] for name in sys.modules}))
print("forbidden:", *forbidden)
"""


def test_importing_theory_loads_no_heavy_module_and_touches_nothing():
    run = subprocess.run([sys.executable, "-B", "-c", _IMPORT_EVERYTHING], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    lines = dict(line.split(":", 1) for line in run.stdout.splitlines() if ":" in line)
    heavy = {"torch", "matplotlib", "jinja2", "typer", "rich", "latex2mathml", "pytest", "empirics", "reports"}
    assert "theory" in lines["public"].split()
    assert not heavy & set(lines["public"].split())
    assert not heavy & set(lines["all"].split())
    assert lines["forbidden"].strip() == ""
    assert len(run.stdout.splitlines()) == 3, f"a module of theory prints when imported:\n{run.stdout}"
