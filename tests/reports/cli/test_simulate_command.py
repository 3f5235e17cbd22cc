"""`batchlaw simulate`: options in the spelling that people use, predictions, stores, and errors in one line."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest
import xarray as xr
from typer.testing import CliRunner, Result

from empirics.runs.store import Store
from reports.cli import app
from reports.cli.run_options import _spread

PROBLEM = """
student = [[["1/2", 0], [0, 1]], [[1, -1]]]
teacher = [[[1, 0], [0, 1]], [[1, 1]]]
learning_rates = "1/10"
[inputs]
law = "rademacher"
"""


@pytest.fixture
def network(tmp_path: Path) -> str:
    (tmp_path / "network.toml").write_text(PROBLEM, encoding="utf-8")
    return str(tmp_path / "network.toml")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["simulate", *arguments], env={"COLUMNS": "160", "NO_COLOR": "1"})


@pytest.mark.parametrize(
    "written, meant",
    [
        ("x --batch-sizes 4 16 --steps 3", "x --batch-sizes 4 --batch-sizes 16 --steps 3"),
        ("--batch-sizes 4 16 64 x", "--batch-sizes 4 --batch-sizes 16 --batch-sizes 64 x"),
        ("--batch-sizes 4 --batch-sizes 16", "--batch-sizes 4 --batch-sizes 16"),
        ("--batch-sizes=4 16 x", "--batch-sizes=4 --batch-sizes 16 x"),
        ("--batch-sizes 4 -3 --seed 2 7", "--batch-sizes 4 --batch-sizes -3 --seed 2 7"),
        ("--steps 3", "--steps 3"),
        ("--batch-sizes", "--batch-sizes"),
    ],
)
def test_many_values_after_one_option(written, meant):
    assert list(_spread(written.split(), "--batch-sizes")) == meant.split()


def test_result_as_a_table_and_as_a_file(network, tmp_path):
    out = tmp_path / "result.nc"
    shown = run(network, "--batch-sizes", "2", "8", "--steps", "3", "--replicas", "64", "--out", str(out))
    assert shown.exit_code == 0, shown.output
    assert "step 2, the last one looked at; 64 replicas" in shown.stdout
    assert len(re.findall(r"^ *[28] +[12] ", shown.stdout, re.MULTILINE)) == 4
    with xr.open_dataset(out, engine="h5netcdf") as result:
        assert result.batch_size.values.tolist() == [2, 8] and result.sizes["step"] == 3


def test_again(network, tmp_path):
    """A file of --out is enough; what is said besides takes the place of what it says."""
    first, second, third = (tmp_path / f"{i}.nc" for i in range(3))
    options = ("--batch-sizes", "2", "8", "--steps", "3", "--replicas", "16", "--seed", "7", "--dtype", "float32")
    shown = run(network, *options, "--out", str(first))
    assert shown.exit_code == 0, shown.output
    once = run("--again", str(first), "--out", str(second))
    assert once.exit_code == 0 and once.stdout == shown.stdout
    with xr.open_dataset(first, engine="h5netcdf") as one, xr.open_dataset(second, engine="h5netcdf") as two:
        assert one.identical(two)
    assert run("--again", str(first), "--replicas", "24", "--steps", "5", "--out", str(third)).exit_code == 0
    assert run(network, *options, "--replicas", "24", "--steps", "5", "--out", str(second)).exit_code == 0
    with xr.open_dataset(third, engine="h5netcdf") as one, xr.open_dataset(second, engine="h5netcdf") as two:
        assert one.drop_attrs().identical(two.drop_attrs()) and one.attrs["steps"] == 5 and one.attrs["seed"] == 7
    assert "predicted time" in run("--again", str(first), "--dry-run").stdout


@pytest.mark.parametrize(
    "options, said",
    [
        ((), "problem must be given, as in synthetic, or --again"),
        (("synthetic",), "batch_sizes must be given, as in --batch-sizes 4 16 64"),
        (("synthetic", "--again", "x.nc"), "problem must be left out with --again"),
        (("--problem-seed", "0", "--again", "x.nc"), "problem_seed must be left out with --again"),
        (("--again", "nowhere.nc"), "source must be a netCDF file of a result"),
    ],
)
def test_again_with_what_does_not_go_with_it(options, said):
    shown = run(*options)
    assert shown.exit_code == 2 and said in shown.stderr and len(shown.stderr.splitlines()) == 1


@pytest.mark.parametrize(("replicas", "few"), [("8", True), ("64", False)])
def test_too_few_replicas_for_a_standard_error_are_said(network, replicas, few):
    shown = run(network, "--batch-sizes", "2", "--steps", "3", "--replicas", replicas)
    assert shown.exit_code == 0 and ("standard errors: NaN where fewer than 3 degrees of freedom" in shown.stdout) == few


def test_dry_run_predicts_and_does_nothing(tmp_path):
    shown = run("synthetic", "--batch-sizes", "4", "64", "--dry-run", "--dtype", "float32", "--store", str(tmp_path / "store"))
    assert shown.exit_code == 0, shown.output
    assert re.search(r"predicted time .* memory .* store ", shown.stdout) and "b = 64" in shown.stdout
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    "limit, said",
    [
        (("--max-hours", "1e-9"), r"the budget is max_hours = 1e-09\. Alternatives: "),
        (("--max-gigabytes", "0.001"), r"the budget is max_gigabytes = 0\.001\. Alternatives: "),
    ],
)
def test_a_dry_run_says_what_the_run_would(network, limit, said):
    arguments = (network, "--batch-sizes", "2", "--steps", "3", "--replicas", "8", *limit)
    refused, dry = run(*arguments), run(*arguments, "--dry-run")
    assert refused.exit_code == 2 and re.match(f"error: the run.* would cost .*{said}", refused.stderr)
    assert dry.exit_code == 0 and re.search(f"it would be refused: the run.* would cost .*{said}", dry.stdout)
    assert "8 replicas x 3 steps x 1 batch size, 1 shard, " in dry.stdout and "1 worker\n" in dry.stdout


def test_within_its_limits_nothing_is_refused(network):
    dry = run(network, "--batch-sizes", "2", "--steps", "3", "--replicas", "8", "--max-hours", "1", "--max-gigabytes", "2", "--dry-run")
    assert dry.exit_code == 0 and "refused" not in dry.stdout


def test_resume(network, tmp_path):
    store = str(tmp_path / "store")
    arguments = (network, "--batch-sizes", "4", "--steps", "2", "--replicas", "16", "--store", store)
    first = run(*arguments)
    assert first.exit_code == 0
    again = run(*arguments)
    assert again.exit_code == 2 and "--resume" in again.stderr and again.stderr.startswith("error: store")
    resumed = run(*arguments, "--resume")
    assert resumed.exit_code == 0 and resumed.stdout == first.stdout
    shard = next(Path(store).glob("*.nc"))
    shard.write_bytes(shard.read_bytes()[:-1])
    broken = run(*arguments, "--resume")
    assert broken.exit_code == 2 and shard.name in broken.stderr and "--repair" in broken.stderr
    assert run(*arguments, "--repair").stdout == first.stdout
    assert "the store has 100% of it" in run(*arguments, "--dry-run").stdout


@pytest.mark.parametrize(
    "options, said",
    [
        (("--batch-sizes", "4", "0"), "batch_sizes[1] must be at least 1"),
        (("--batch-sizes", "4", "--replicas", "1"), "replicas must be at least 2"),
        (("--batch-sizes", "4", "--device", "cuda:99"), "device must be present"),
        (("--batch-sizes", "4", "--estimator", "best"), "estimator must be one of"),
        (("--batch-sizes", "4", "--store", "/proc/nowhere"), "store must be a directory that can be written"),
        (("--batch-sizes", "4", "--out", "result.txt"), "out must be a .nc file"),
        (
            ("--batch-sizes", "4", "--inputs", "uniform"),
            "inputs must be left out unless problem is 'synthetic', but --inputs was given with",
        ),
        (("--batch-sizes", "4", "--inputs", "gaussian"), "inputs must be left out unless problem is 'synthetic'"),
        (
            ("--batch-sizes", "4", "--problem-seed", "0"),
            "problem_seed must be left out unless problem is 'synthetic', but --problem-seed was",
        ),
        (("--batch-sizes", "4", "--max-hours", "0"), "max_hours must be positive"),
        (("--batch-sizes", "4", "--max-gigabytes", "0"), "max_gigabytes must be positive"),
        (("--batch-sizes", "4", "1.5"), "batch_sizes must be integers, as in --batch-sizes 4 16 64, but had '1.5'"),
        (("--batch-sizes", "4,x"), "batch_sizes must be integers"),
        (("--batch-sizes", "4", "--resume"), "store must be given with --resume or --repair"),
        (("--batch-sizes", "4", "--out", "/proc/x.nc"), "out must be in a directory that can be written"),
        (("--batch-sizes", "4", "--problem-seed", "-1"), "problem_seed must be at least 0"),
    ],
)
def test_bad_input_is_one_line(network, options, said):
    shown = run(network, *options)
    assert shown.exit_code == 2 and said in shown.stderr and len(shown.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", ["--inputs", "--problem-seed"])
def test_help_says_what_goes_with_synthetic_alone(option):
    line = next(line for line in run("--help").stdout.splitlines() if option in line)
    assert "With synthetic alone" in line


def test_a_full_disk_is_one_line_and_loses_nothing(network, tmp_path, monkeypatch):
    flush, calls = os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) > 3:  # problem.npz, run.json and a shard
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr("empirics.runs.cuts.SHARD_SECONDS", 1e-9)
    store = tmp_path / "store"
    shown = run(network, "--batch-sizes", "4", "--steps", "2", "--replicas", "12", "--store", str(store))
    assert shown.exit_code == 1
    last = shown.stderr.splitlines()[-1]
    assert str(store) in last and "the disk is full" in last and "1 finished shard" in last
    assert len(list(store.glob("*.nc"))) == 1 and not list(store.glob(".*part"))


def test_a_dry_run_of_far_too_much_is_refused_before_the_store_is_compared(tmp_path, monkeypatch):
    """The comparison goes through all learning rates."""
    store = str(tmp_path / "store")
    assert run("synthetic", "--batch-sizes", "4", "--steps", "1", "--replicas", "8", "--store", store).exit_code == 0
    monkeypatch.setattr(Store, "__init__", lambda *arguments, **options: pytest.fail("the store was opened"))
    shown = run("synthetic", "--batch-sizes", "4", "--steps", str(10**10), "--dry-run", "--store", store)
    assert shown.exit_code == 2 and "that are free" in shown.stderr
