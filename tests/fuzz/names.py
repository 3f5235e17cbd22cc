"""The names that occur in drawn expressions: the packages, awkward values, files and stores made once a process."""

# ruff: noqa: F401  (drawn expressions use the names)

from __future__ import annotations

import contextlib
import copy
import io
import itertools
import json
import math
import pickle
import shutil
import tempfile
import warnings
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from typing import Any

import click
import mpmath
import numpy as np
import pandas as pd
import torch
import xarray as xr
from flint import arb, fmpq, fmpq_mat, fmpz
from mpmath import mpf
from typer.testing import CliRunner

import empirics
from empirics import DataSet
from reports.cli import app
from reports.text import problem_text
from tests.fuzz.refusal import CliRefusalError, DefectError
from theory import (
    SGD,
    Discrete,
    Gaussian,
    Independent,
    InverseBatchPolynomial,
    Rademacher,
    TeacherStudent,
    Uniform,
    approximation,
    budget,
    chebyshev,
    degrees,
    enumeration,
    gaussian_moments,
    kronecker,
    large_batch,
    polynomial_networks,
    recursion,
    variance_poly,
)
from theory.activations import activation, custom, leaky_relu
from theory.budget import Budget
from theory.chebyshev import approximate
from theory.claims import LEDGER
from theory.gaussian_moments import Wishart
from theory.linear_regression import LinearRegression, Table, load_diabetes, read_table
from theory.references import quadrature
from theory.trace_forms import W, constant, g, identity, teacher, tr

F, nan, inf = Fraction, math.nan, math.inf
_COUNT = itertools.count()
PAIRS = torch.arange(12.0).reshape(6, 2), torch.ones(6, 1)
P = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([0, 1]), Fraction(1))


def csv_of(rows: Any) -> Path:
    """A file of these rows."""
    path = fresh().with_suffix(".csv")
    path.write_text("\n".join(",".join(map(str, row)) for row in np.asarray(rows, dtype=object).tolist()), encoding="utf-8")
    return path


class Weird:
    """Says that it has a length and can be iterated, and fails."""

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __iter__(self) -> Any:
        raise RuntimeError("no items")

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")


class _Affordably:
    """variance_poly with a budget of a second, as nobody waits for a fuzz."""

    def __getattr__(self, name: str) -> Any:
        return partial(getattr(variance_poly, name), budget=Budget(1.0, 3e8))


affordably = _Affordably()


@cache
def _room() -> Path:
    room = Path(tempfile.mkdtemp(prefix="fuzz-"))
    import atexit

    atexit.register(shutil.rmtree, room, ignore_errors=True)
    return room


def fresh() -> Path:
    return _room() / f"new-{next(_COUNT)}"


def empty() -> Path:
    place = fresh()
    place.mkdir()
    return place


def deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@cache
def _store() -> tuple[Path, Any]:
    place = _room() / "good"
    return place, empirics.simulate(P, batch_sizes=[2, 3], steps=3, replicas=64, store=place, shard_replicas=32)


def good_store() -> Path:
    return Path(shutil.copytree(_store()[0], fresh()))


def good_result() -> Any:
    return _store()[1].copy()


def corrupt_store() -> Path:
    place = good_store()
    shard = sorted(place.glob("*.nc"))[0]
    shard.write_bytes(shard.read_bytes()[:-7])
    return place


def other_store() -> Path:
    place = empty()
    (place / "holiday.jpg").write_bytes(b"x")
    return place


def result_file() -> Path:
    place = fresh().with_suffix(".nc")
    good_result().to_netcdf(place, engine="h5netcdf")
    return place


def spoilt_run(key: str, value: Any) -> Path:
    """A store whose run.json has another value somewhere."""
    place = good_store()
    run = json.loads((place / "run.json").read_text(encoding="utf-8"))
    table, *inner = key.split(".")
    if inner:
        run[table][inner[0]] = value
    else:
        run[table] = value
    (place / "run.json").write_text(json_of(run), encoding="utf-8")
    return place


def fitted(problem: Any) -> Any:
    """A polynomial for the activation of a problem."""
    return approximate(problem.activation, 8, 15)


def samples(problem: Any, steps: int, batch_size: Any) -> Any:
    return problem.inputs.sample(np.random.default_rng(0), (steps, batch_size))


def json_of(table: Any) -> str:
    return json.dumps(table, default=lambda x: "strange")


def written(content: Any, suffix: Any) -> Path:
    path = _room() / f"file-{next(_COUNT)}{suffix}"
    path.write_bytes(content if isinstance(content, bytes) else str(content).encode("utf-8", "surrogatepass"))
    return path


def digits(spoilt: str = "", content: Any = b"") -> Path:
    """A directory with the four IDX files of six small images, one of them spoilt."""
    place = empty()
    for part in ("train", "t10k"):
        for kind, sizes in (("images-idx3", (6, 3, 2)), ("labels-idx1", (6,))):
            header = bytes((0, 0, 8, len(sizes))) + b"".join(n.to_bytes(4, "big") for n in sizes)
            (place / f"{part}-{kind}-ubyte").write_bytes(header + bytes(range(math.prod(sizes))))
    if spoilt:
        (place / spoilt).write_bytes(content if isinstance(content, bytes) else str(content).encode("utf-8", "surrogatepass"))
    return place


def reviews(more: Any = "") -> Path:
    """A CSV file of twelve reviews, and what comes after them."""
    lines = "".join(f'"{1 + i % 2}","the tea was {"good" if i % 2 else "bad"} {i}"\n' for i in range(12))
    return written(more if isinstance(more, bytes) else lines + str(more), ".csv")


def path_text(path: Any) -> str:
    return str(path)


def kronecker_form(form: Any) -> Any:
    return recursion.KroneckerForm.from_trace_form(form)


def cli(*words: Any) -> str:
    """The command, in this process. DefectError for an exception, or for a refusal that says nothing."""
    with contextlib.redirect_stderr(io.StringIO()):
        result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit | click.exceptions.Exit):
        raise DefectError(f"{type(result.exception).__name__}: {result.exception}") from result.exception
    if result.exit_code not in (0, 1, 2):
        raise DefectError(f"exit code {result.exit_code}")
    if result.exit_code and not (result.stderr or result.stdout).strip():
        raise DefectError("a refusal without a word")
    if result.exit_code:
        raise CliRefusalError(f"exit code {result.exit_code}: {result.stderr.strip()[-200:]}")
    return result.stdout


NAMES = {name: value for name, value in globals().items() if not name.startswith("_")}
warnings.simplefilter("ignore")
