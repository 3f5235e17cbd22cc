"""The Dataset: its dims, coordinates and names, attributes that suffice to run it again, and a round trip through netCDF."""

from __future__ import annotations

import json
import pickle
from fractions import Fraction as F

import numpy as np
import pytest
import torch
import xarray as xr

import empirics
from empirics import DataSet, again, make_plan, simulate, synthetic
from empirics.runs.work import run_shard
from tests.instances import network
from theory import Gaussian, Rademacher, TeacherStudent

LINEAR = network((2, 3, 1), Gaussian(2), [F(1, 20), F(1, 30), F(1, 40)], seed=3)
DATA = network((2, 2, 2, 1), DataSet([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), F(1, 30), "tanh")
CASES = {
    "linear": (LINEAR, {}), "naive": (LINEAR, {"estimator": "naive", "dtype": "float32"}), "every": (LINEAR, {"every": 2}),
    "networks": (LINEAR, {"engine": "networks", "seed": 8}), "data": (DATA, {"sampling": "without_replacement"}),
    "epochs": (DATA, {"sampling": "epochs"}),
    "shards": (LINEAR, {"shard_replicas": 9}), "autograd": (DATA, {"engine": "autograd"}),
}  # fmt: skip
LAYERED = ("var_gradient", "var_full_gradient", "second_moment", "mean_norm_squared")


def result_of(case, **options):
    problem, change = CASES[case]
    return problem, simulate(problem, **{"batch_sizes": [3, 1], "steps": 4, "replicas": 20} | change | options)


@pytest.mark.parametrize("case", CASES)
def test_dims_coordinates_and_names(case):
    problem, data = result_of(case)
    step = 2 if case == "every" else 1
    assert data.step.values.tolist() == list(range(0, 4, step)) and data.layer.values.tolist() == list(range(1, problem.depth + 1))
    assert data.batch_size.values.tolist() == [3, 1]
    names = (*LAYERED, "loss")
    assert set(data.data_vars) == {f"{n}{suffix}" for n in names for suffix in ("", "_se", "_df")} | {"diverged"}
    for name, variable in data.data_vars.items():
        of = name.removesuffix("_se").removesuffix("_df")
        assert variable.dims == (("step", "batch_size", "layer") if of in LAYERED else ("step", "batch_size")), name
        assert variable.dtype == np.float64 and variable.attrs["long_name"]
    for name in names:
        error, df = data[f"{name}_se"], data[f"{name}_df"]
        assert np.isfinite(data[name]).all() and (np.isnan(error) == np.isnan(df)).all() and not (error < 0).any() and not (df < 3).any()
        assert ("few blocks" in error.attrs.get("note", "")) == bool(np.isnan(df).any())


@pytest.mark.parametrize("case", CASES)
def test_again(case):
    problem, data = result_of(case)
    again = eval(data.attrs["again"], {"empirics": empirics, "problem": problem})
    assert again.identical(data)


@pytest.mark.parametrize("case", CASES)
def test_netcdf_and_back(case, tmp_path):
    _, data = result_of(case)
    data.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    assert xr.load_dataset(tmp_path / "run.nc", engine="h5netcdf").identical(data)
    assert pickle.loads(pickle.dumps(data)).identical(data)


def test_netcdf_with_a_long_seed(tmp_path):
    _, data = result_of("linear", seed=2**100 + 1)
    data.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")


def test_weights_teacher_and_rates_can_be_read_back():
    _, data = result_of("linear")
    text = json.loads(data.attrs["problem"])
    student, teacher = ([[[F(x) for x in row] for row in w] for w in text[side]] for side in ("student", "teacher"))
    rates = json.loads(data.attrs["learning_rates"])
    assert (
        data.attrs["inputs"] == "Gaussian(2)"
        and json.loads(data.attrs["activation"]) == ["0", "1"]
        and json.loads(data.attrs["sizes"]) == [2, 3, 1]
    )
    problem = TeacherStudent(student, teacher, eval(data.attrs["inputs"], {"Gaussian": Gaussian}), rates)
    again = eval(data.attrs["again"], {"empirics": empirics, "problem": problem})
    assert again.drop_attrs().identical(data.drop_attrs())


def test_attributes_say_what_was_run():
    _, data = result_of("data", seed=4)
    attrs = data.attrs
    assert (
        attrs["seed"] == 4 and attrs["sampling"] == "without_replacement" and attrs["estimator"] == "controlled" and attrs["replicas"] == 20
    )
    assert attrs["inputs"] == DATA.inputs.digest and attrs["activation"] == "tanh" and attrs["steps"] == 4 and attrs["device"] == "cpu"
    assert (
        attrs["fingerprint"] == make_plan(DATA, batch_sizes=[1], steps=4, replicas=20, seed=4, sampling="without_replacement").fingerprint
    )
    assert all(word in attrs["versions"] for word in ("batchlaw", "Python", "torch", "numpy"))


@pytest.mark.parametrize(("case", "replicas", "word"), [
    ("naive", 20, "naive"), ("every", 20, "Rao-Blackwell: "), ("linear", 20, r"too few blocks for controls"),
    ("linear", 400, "martingale controls"),
    ("networks", 20, "naive"),
])  # fmt: skip
def test_each_variable_says_how_it_was_estimated(case, replicas, word):
    _, data = result_of(case, replicas=replicas)
    for name in ("var_gradient", "second_moment", "mean_norm_squared"):
        assert word in data[name].attrs["estimator"]
    assert "exact gradients of the expected loss" in data.var_full_gradient.attrs["estimator"]
    assert "exact given w_t" in data.loss.attrs["estimator"]


def test_without_a_population_it_says_so():
    data = simulate(network((2, 2, 1), Gaussian(2), F(1, 40), "tanh"), batch_sizes=[2], steps=2, replicas=20)
    assert "pairs of samples within the mini-batch" in data.var_full_gradient.attrs["estimator"]
    assert "mini-batch loss" in data.loss.attrs["estimator"]


@pytest.mark.parametrize(("replicas", "known"), [(2, False), (8, False), (51, False), (52, True), (53, True)])
def test_standard_errors_need_thirteen_blocks(replicas, known):
    problem = network((2, 3, 1), Rademacher(2), F(1, 20), seed=3)
    data = simulate(problem, batch_sizes=[1, 3], steps=3, replicas=replicas)
    for n in (*LAYERED, "loss"):
        later = data.isel(step=slice(1, None))
        assert np.isfinite(data[n]).all() and bool(np.isfinite(later[f"{n}_se"]).all()) == known
        assert known or np.isnan(later[f"{n}_se"]).all()


@pytest.mark.parametrize("estimator", ["naive", "rao_blackwell"])
def test_what_is_no_sample_has_its_rounding_only_however_few_the_replicas(estimator):
    data = simulate(LINEAR, batch_sizes=[2], steps=2, replicas=3, estimator=estimator).sel(batch_size=2, step=0)
    closed = {"var_full_gradient", "loss"} | (set(LAYERED) if estimator != "naive" else set())
    for n in (*LAYERED, "loss"):
        assert (data[f"{n}_df"] == np.inf).all() == (n in closed) and np.isfinite(data[f"{n}_se"]).all() == (n in closed)
        assert n not in closed or (data[f"{n}_se"] <= 1e-12 * data.second_moment.max()).all()


@pytest.mark.parametrize("estimator", ["naive", "rao_blackwell", "controlled"])
def test_second_moment_is_variance_plus_mean(estimator):
    _, data = result_of("linear", estimator=estimator, replicas=400)
    total = data.var_gradient + data.mean_norm_squared
    assert np.abs(data.second_moment - total).max() <= 1e-12 * data.second_moment.max()


def test_the_attributes_of_a_file_are_enough_to_run_it_again(tmp_path):
    simulate(synthetic(), batch_sizes=[2], steps=3, replicas=8).to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    data = xr.load_dataset(tmp_path / "run.nc", engine="h5netcdf")
    assert data.attrs["inputs"] == "Gaussian(64)" and simulate(**again(data)).identical(data)


def test_large_problems_are_named_by_their_digest(monkeypatch):
    monkeypatch.setattr("empirics.runs.problem_text.MOST_NUMBERS", 1000)
    data = simulate(synthetic(), batch_sizes=[2], steps=1, replicas=4)
    text = json.loads(data.attrs["problem"])
    assert text["sizes"] == [64, 256, 128] and len(text["sha256"]) == 64 and len(data.attrs["problem"]) < 300


def test_seeds_matter_and_repeat():
    one, two, other = (result_of("linear", seed=seed)[1] for seed in (1, 1, 2))
    assert one.identical(two) and not (one.loss == other.loss).all()


def test_more_replicas_begin_with_the_same_runs():
    """Of four shards the first two are a run of two shards: merged means say what the others must be."""
    problem, options = LINEAR, {"batch_sizes": [2], "steps": 3, "shard_replicas": 8, "estimator": "naive", "seed": 1}
    two, four = (simulate(problem, **options, replicas=n) for n in (16, 32))
    seen = []
    plan = make_plan(problem, **options, replicas=32)
    for shard in plan.shards()[:2]:
        moments = run_shard(plan, shard).moments
        seen.append((moments.mean * moments.count[:, None]).sum(1) / moments.count.sum())
    assert np.mean(seen, axis=0)[:, -1] == pytest.approx(two.loss.values[:, 0], rel=1e-12) and not (two.loss == four.loss).all()


def test_threads_are_as_before():
    before = torch.get_num_threads()
    result_of("linear")
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("inputs", ["gaussian", "rademacher", "uniform"])
def test_the_papers_problem(inputs):
    problem = synthetic(inputs, seed=1)
    assert problem.sizes == (64, 256, 128) and [problem.learning_rate(t) for t in (0, 9)] == [F(1, 10), F(1, 100)]
    for w in (*problem.student, *problem.teacher):
        bound = w.shape[1] ** -0.5
        assert 0.99 * bound < np.abs(w).max() <= bound and abs(w.mean()) < bound / 50
    assert (problem.inputs.second_moment.astype(float) == np.eye(64)).all()
    with pytest.raises(ValueError, match="inputs must be one of gaussian, rademacher, uniform"):
        synthetic("cauchy")
