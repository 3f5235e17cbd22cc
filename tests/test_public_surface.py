"""What users type is there right after the import, is described where they look for it, and costs no time before it is used."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import assert_type

import numpy as np
import pytest

import empirics
import reports
import theory
from theory import Rademacher, TeacherStudent
from theory.activations import Activation
from theory.exact import Number, NumberLike

ROOT = Path(__file__).resolve().parents[1]

AT_ONCE = """
import sys, time
start = time.process_time()
import theory
seconds = time.process_time() - start
assert not {"theory.claims", "theory.variance_poly", "theory.enumeration"} & set(sys.modules), "loaded before they are used"
assert theory.variance_poly.variance_polynomial and theory.claims.LEDGER and theory.approximation.gradient_gap_bound
assert theory.gaussian_moments is sys.modules["theory.gaussian_moments"]
print(seconds)
"""


def test_every_name_is_there_at_once_and_the_import_is_short():
    runs = [subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, encoding="utf-8", cwd=ROOT) for _ in range(5)]
    assert all(run.returncode == 0 for run in runs), runs[0].stderr
    assert min(float(run.stdout) for run in runs) < 0.35  # the least: other processes only add to it


@pytest.mark.parametrize("package", [theory, empirics])
def test_names_are_listed_found_and_described(package):
    assert len(set(package.__all__)) == len(package.__all__)
    assert set(package.__all__) <= set(dir(package)) and not [name for name in dir(package) if name.startswith("_") and name[1] != "_"]
    described = set(package.__doc__.replace(",", " ").replace(";", " ").split())
    assert [name for name in package.__all__ if name not in described] == []
    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'nonsense'"):
        package.nonsense  # noqa: B018


def test_everything_is_imported_by_a_star():
    names: dict[str, object] = {}
    exec("from theory import *", names)
    assert set(theory.__all__) <= set(names)


PATHS = (
    *("variance_poly", "chebyshev", "approximation", "enumeration", "gaussian_moments", "kronecker", "trace_forms", "recursion"),
    *("claims", "inverse_batch", "inputs", "problem", "activations"),
)


@pytest.mark.parametrize("path", PATHS)
def test_paths_that_stay(path):
    assert getattr(theory, path) is import_module(f"theory.{path}") and path in theory.__all__


def test_names_of_the_simulation_that_stay():
    assert {"simulate", "load", "compare", "DataSet", "synthetic"} <= set(empirics.__all__)


def test_types_are_seen_from_outside():
    for package in (theory, empirics, reports):
        assert (Path(package.__file__).parent / "py.typed").is_file()


def test_fields_have_their_types_after_checking() -> None:
    problem = TeacherStudent([[["1/3"]], [[0.5]]], np.ones((2, 1, 1)), Rademacher(1), learning_rates=[1, "1/2"], activation="tanh")
    assert_type(problem.student, tuple[np.ndarray, ...])  # mypy reads these
    assert_type(problem.learning_rates, Number | tuple[Number, ...] | Callable[[int], NumberLike])
    assert_type(problem.activation, tuple[Number, ...] | Activation)
    assert all(isinstance(w, np.ndarray) for w in problem.networks) and problem.learning_rates == (
        1,
        Fraction(1, 2),
    )
    assert problem.activation_function.name == "tanh"
    with pytest.raises(ValueError, match="activation must be a polynomial"):
        _ = problem.polynomial
    with pytest.raises(ValueError, match=r"but was the polynomial \[0, 1, 1/3\]"):
        _ = replace(problem, activation=(0, 1, "1/3")).activation_function


def test_the_citation_is_of_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    citation, readme = ((ROOT / name).read_text(encoding="utf-8") for name in ("CITATION.cff", "README.md"))
    assert f"\nversion: {version}\n" in citation
    title = re.search(r'title: "(The impact [^"]*)"', citation)
    assert title is not None and title[1] in readme and title[1] in " ".join((theory.__doc__ or "").split())
    assert readme.count("arXiv:2004.13146") == citation.count("arXiv:2004.13146") == 1
