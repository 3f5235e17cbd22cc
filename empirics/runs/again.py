"""A run from the attributes of its result: the whole problem and the whole request as JSON, every number exact.

problem     problem_text.py
request     the other arguments of `empirics.simulate` that decide the numbers
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import xarray as xr

from empirics.runs import problem_text
from empirics.runs.request import make_plan
from theory.exact import read_number, shown
from theory.optimizers import SGD
from theory.problem import TeacherStudent, as_problem


def again(source: xr.Dataset | str | os.PathLike[str], problem: TeacherStudent | None = None) -> dict[str, Any]:
    """The arguments of `empirics.simulate` that give a result again, to the bit on the same versions and device.

    Args:
        source: the Dataset, or the netCDF file that it was written to.
        problem: that of the run, where its attributes cannot hold it: functions, and more than half a million numbers; compared if given.

    Raises TypeError for something else, ValueError for a file that cannot be read, for what is no result or was changed, for a problem
    that is not the run's, and where `problem` is needed. Cost: reading the attributes.

    >>> from empirics import again, simulate, synthetic
    >>> run = simulate(synthetic(), batch_sizes=[4], steps=2, replicas=8)
    >>> simulate(**again(run)).identical(run)
    True
    """
    attributes = _attributes(source)
    try:
        request, text = json.loads(attributes["request"]), json.loads(attributes["problem"])
        if not isinstance(request, dict) or not isinstance(text, dict):
            raise ValueError("they do not hold tables")
        if attributes.get("rule") is None:
            raise ValueError("it was made by an earlier version, whose random numbers are different")
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"source must be a result of empirics.simulate with the attributes 'request' and 'problem': {error}") from error
    problem = _problem(text) if problem is None else as_problem(problem)
    try:
        plan = replace(make_plan(problem, **request | {"device": "cpu"}), device=str(torch.device(request["device"])))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"source must be a result of this problem, but its request is not valid for it: {error}") from error
    if plan.fingerprint != attributes.get("fingerprint"):
        raise ValueError("problem must be that of the run, and source as it was written: the fingerprints of the two differ")
    return {"problem": problem, **request}


def _problem(data: dict[str, Any]) -> TeacherStudent:
    """The inverse of `problem_text`. ValueError for what it could not hold."""
    if "sha256" in data:
        raise ValueError(
            f"problem must be given: it has more than {problem_text.MOST_NUMBERS:,} numbers, which the attributes name by a digest only"
        )
    try:
        sigma, inputs = data["activation"], dict(data["inputs"])
        law = inputs.pop("law")
        if isinstance(sigma, dict):
            raise ValueError(f"problem must be given: its activation, {sigma.get('function')}, is a function, which no attribute can hold")
        if law not in problem_text.LAWS:
            raise ValueError(f"problem must be given: its inputs, {law}, are a law of the user's, which no attribute can hold")
        of_law = {key: _read(value) for key, value in inputs.items()}
        student, teacher, rates = (_read(data[name]) for name in ("student", "teacher", "learning_rates"))
        optimizer = SGD(**{name: _read(value) for name, value in data.get("optimizer", {}).items()})
        activation, sampling = sigma if isinstance(sigma, str) else _read(sigma), data.get("sampling", "independent")
        return TeacherStudent(student, teacher, problem_text.LAWS[law](**of_law), rates, activation, optimizer, sampling)
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"source must be a result of empirics.simulate, but its attribute 'problem' does not hold one ({error})"
        ) from error


def _read(value: object) -> Any:
    """Nested lists with every text turned into the number that it spells."""
    if isinstance(value, list):
        return [_read(x) for x in value]
    return read_number(value, "a number of 'problem'") if isinstance(value, str) else value


def _attributes(source: object) -> dict[str, Any]:
    if isinstance(source, xr.Dataset):
        return dict(source.attrs)
    if not isinstance(source, str | os.PathLike):
        raise TypeError(f"source must be a Dataset or a netCDF file, but was {shown(source)}")
    path = Path(source)
    try:
        if not path.is_file():
            raise FileNotFoundError(2, "it does not exist")
        with xr.open_dataset(path, engine="h5netcdf") as data:
            return dict(data.attrs)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not a netCDF file"
        raise ValueError(f"source must be a netCDF file of a result, but {shown(str(source))} cannot be read: {reason}") from error
