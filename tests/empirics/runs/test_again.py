"""A result, or the file that it was written to, is enough to run it again to the bit; what it cannot hold is asked for by name."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
import xarray as xr

from empirics import DataSet, again, make_plan, simulate, synthetic
from tests.instances import network
from tests.stored_run import run_here
from theory import Discrete, Gaussian, Rademacher, TeacherStudent, Uniform
from theory.activations import custom

OPTIONS = {"batch_sizes": [2, 5], "steps": 3, "replicas": 20, "seed": 2**100 + 1}
POINTS = DataSet([[0.1, 1e-300], [3.0, 4.0], [1e100, -0.0], [0.3, 0.7]])
ROTATION = np.linalg.qr(np.random.default_rng(0).normal(size=(2, 2)))[0]
SINGULAR = ROTATION @ np.diag([1.0, 0.0]) @ ROTATION.T
SINE = custom(np.sin, np.cos, lipschitz=1, derivative_lipschitz=1)
PROBLEMS = {
    "fractions": (network((2, 3, 1), Gaussian(2), [F(1, 20), F(1, 30), F(7, 10**30)]), {}),
    "long": (TeacherStudent([[[F(10**5000 + 1, 10**5000)]]], [[[F(1, 3)]]], Gaussian(1), F(1, 3)), {"steps": 2}),
    "floats": (TeacherStudent([[[0.1, 5e-324]]], [[[1e308, -0.0]]], Rademacher(2), 0.1), {"steps": 1}),
    "a function of rates": (network((2, 3, 1), Uniform(2), lambda t: 0.1 / (t + 3)), {}),
    "singular": (network((2, 3, 1), Gaussian(cov=(SINGULAR + SINGULAR.T) / 2)), {}),
    "cov": (network((2, 3, 1), Gaussian(cov=[[F(1, 3), 0], [0, 2]])), {"dtype": "float32"}),
    "ends": (network((2, 3, 1), Uniform(2, F(-1, 3), 0.7)), {"every": 2}),
    "atoms": (network((2, 3, 1), Discrete([[1, F(1, 3)], [0.1, 2]], [0.3, 0.7])), {"estimator": "naive"}),
    "points": (network((2, 3, 1), POINTS, F(1, 10**9)), {"sampling": "without_replacement", "steps": 1, "batch_sizes": [3]}),
    "a name": (network((2, 3, 1), Gaussian(2), activation="leaky_relu(1/7)"), {"engine": "autograd", "replicas": 9}),
    "a polynomial": (network((2, 3, 1), Gaussian(2), F(1, 50), (F(1, 3), 1, 0.1)), {"shard_replicas": 7}),
}  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_result_and_its_file_run_again(case, tmp_path):
    problem, change = PROBLEMS[case]
    run = simulate(problem, **OPTIONS | change)
    run.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    for source in (run, tmp_path / "run.nc", str(tmp_path / "run.nc"), xr.load_dataset(tmp_path / "run.nc", engine="h5netcdf")):
        assert simulate(**again(source)).identical(run)
    assert simulate(**again(run, problem)).drop_attrs().identical(run.drop_attrs())
    mended = again(run) | {"replicas": 30}
    assert simulate(**mended).attrs["fingerprint"] == run.attrs["fingerprint"]


def test_the_problem_is_the_one_that_was_given():
    for problem, change in PROBLEMS.values():
        made = again(simulate(problem, **OPTIONS | change))["problem"]
        for side in ("student", "teacher"):
            for one, two in zip(getattr(made, side), getattr(problem, side), strict=True):
                assert one.dtype == two.dtype and (one == two).all()
        assert repr(made.inputs) == repr(problem.inputs) and str(made.activation) == str(problem.activation)


def test_what_no_attribute_can_hold_is_asked_for(monkeypatch):
    own = network((2, 3, 1), Gaussian(2), activation=SINE)
    run = simulate(own, **OPTIONS)
    with pytest.raises(ValueError, match=r"problem must be given: its activation, .*, is a function"):
        again(run)
    assert simulate(**again(run, own)).identical(run)
    monkeypatch.setattr("empirics.runs.problem_text.MOST_NUMBERS", 100)
    many = network((2, 3, 1), DataSet(np.arange(200.0).reshape(100, 2) / 100), F(1, 100))
    large = simulate(many, **OPTIONS)
    assert len(large.attrs["problem"]) < 300
    with pytest.raises(ValueError, match="problem must be given: it has more than 100 numbers"):
        again(large)
    assert simulate(**again(large, many)).identical(large)
    with pytest.raises(ValueError, match="problem must be that of the run"):
        again(large, network((2, 3, 1), Gaussian(2), F(1, 100)))


@pytest.mark.parametrize(("name", "value"), [
    ("request", None), ("request", "{}"), ("request", "[]"), ("request", "{"), ("request", 5), ("problem", None), ("problem", "{}"),
    ("problem", '{"student": 1}'), ("problem", "[" * 100_000), ("fingerprint", "0" * 64), ("fingerprint", None), ("rule", None),
])  # fmt: skip
def test_attributes_that_were_changed(name, value):
    run = simulate(network((2, 3, 1), Gaussian(2)), **OPTIONS)
    run.attrs.pop(name) if value is None else run.attrs.update({name: value})
    with pytest.raises(ValueError, match=r"source must be|fingerprints"):
        again(run)


@pytest.mark.parametrize("change", [{"seed": 4}, {"steps": 2}, {"dtype": "float32"}, {"nonsense": 1}, {"device": "tpu"}, {"device": None}])
def test_a_request_that_was_changed(change):
    run = simulate(network((2, 3, 1), Gaussian(2)), **OPTIONS)
    run.attrs["request"] = json.dumps(json.loads(run.attrs["request"]) | change)
    with pytest.raises(ValueError, match=r"source must be a result of this problem|fingerprints"):
        again(run)


def test_results_of_earlier_versions_have_other_draws():
    plan = replace(make_plan(network((2, 3, 1), Gaussian(2)), **OPTIONS), rule=1)
    run = run_here(plan)
    with pytest.raises(ValueError, match="made by an earlier version"):
        again(run)


@pytest.mark.parametrize("source", [None, 5, b"x", [], synthetic])
def test_what_is_no_source(source):
    with pytest.raises(TypeError, match="source must be a Dataset or a netCDF file"):
        again(source)


def test_files_that_are_none(tmp_path):
    (tmp_path / "text.nc").write_text("no netCDF", encoding="utf-8")
    for place in (tmp_path / "text.nc", tmp_path / "nowhere.nc", tmp_path, "a\0b", "a\ud800b", "x" * 5000):
        with pytest.raises(ValueError, match="source must be a netCDF file of a result"):
            again(place)
