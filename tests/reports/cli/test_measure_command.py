"""`batchlaw measure`: a model of the user's own from MODULE:FUNCTION, tables, files, and errors in one line."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import xarray as xr
from typer.testing import CliRunner, Result

from reports.cli import app

SOURCE = """
import torch
from torch import nn

def make():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    X, y = torch.randn(24, 2), torch.randn(24, 1)
    return net, nn.MSELoss(), (X, y)

def coupled():
    net, loss, data = make()
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)), loss, data

def frozen():
    net, loss, data = make()
    net[0].weight.requires_grad_(False)
    return net.eval(), loss, data

def with_optimizer():
    return *make(), lambda parameters: torch.optim.SGD(parameters, lr=0.1)

def number(): return 1
def pair(): return 1, 2
def fails(): return {}["no such key"]
def leaves(): raise SystemExit(3)
not_a_function = 3
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with modules of the user's, and nothing of them left in this process."""
    (tmp_path / "own_net.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "own_broken.py").write_text("def make(:\n", encoding="utf-8")
    (tmp_path / "own_needy.py").write_text("import no_such_module\n", encoding="utf-8")
    (tmp_path / "own_package").mkdir()
    (tmp_path / "own_package" / "inner.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in [name for name in sys.modules if name.startswith("own_")]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["measure", *arguments], env={"COLUMNS": "160", "NO_COLOR": "1"})


def test_tables_a_picture_and_a_file(here: Path) -> None:
    shown = run("own_net:make", "--batch-sizes", "1", "4", "24", "--picture", "law.svg", "--out", "noise.nc", "--population")
    assert shown.exit_code == 0, shown.output
    with xr.open_dataset(here / "noise.nc", engine="h5netcdf") as noise:
        assert noise.layer.values.tolist() == ["0.weight", "0.bias", "2.weight", "2.bias"]
        trace, var = float(noise.total_trace_covariance), noise.total_var_gradient.values
    assert var.tolist() == pytest.approx([trace, trace / 4 * 20 / 23, 0.0])
    rows = {line.split()[0]: line.split() for line in shown.stdout.splitlines() if line}
    assert float(rows["all"][1]) == pytest.approx(trace, rel=1e-3) and float(rows["4"][1]) == pytest.approx(var[1], rel=1e-3)
    assert float(rows["4"][3]) == pytest.approx(20 / 23, rel=1e-3) and rows["24"][1] == "0"
    assert shown.stdout.startswith("own_net:make: 4 layers of parameters in train mode, 24 examples")
    assert "noise scale tr Cov / ||grad||^2 = " in shown.stdout
    drawing = (here / "law.svg").read_text(encoding="utf-8")
    assert drawing.startswith("<svg") and "b = 1 to " in drawing and "at b = 4" in drawing  # at b = N it is 0, and not on the axis


def test_the_same_from_a_package(here: Path) -> None:
    assert (
        run("own_package.inner:make", "--batch-sizes", "4").stdout.splitlines()[1:]
        == run("own_net:make", "--batch-sizes", "4").stdout.splitlines()[1:]
    )


def test_by_resampling_and_with_replacement() -> None:
    shown = run("own_net:coupled", "--batch-sizes", "4", "8", "--batches", "32")
    assert shown.exit_code == 0 and "the same tr Cov at all of these b: p = " in shown.stdout and "one of 1 raised" not in shown.stderr
    shown = run("own_net:make", "--batch-sizes", "4", "100", "--replacement")
    assert shown.exit_code == 0 and re.search(r"^100 .* 1$", shown.stdout, re.MULTILINE) and "with replacement" in shown.stdout
    shown = run("own_net:frozen", "--batch-sizes", "4")
    assert shown.exit_code == 0 and "frozen: 0.weight" in shown.stdout and "in eval mode" in shown.stdout


def test_runs(here: Path) -> None:
    options = ("--batch-sizes", "4", "12", "--runs", "4", "--steps", "3", "--out", "runs.nc", "--picture", "runs.svg", "--store", "kept")
    shown = run("own_net:make", *options, "--learning-rate", "0.1", "--seed", "5")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("own_net:make: 4 runs at every batch size, 3 looks from step 0 to 2")
    with xr.open_dataset(here / "runs.nc", engine="h5netcdf") as result:
        last = result.total_var_gradient.sel(step=2, batch_size=12)
        rows = [line.split() for line in shown.stdout.splitlines()]
        assert next(float(row[2]) for row in rows if row[:2] == ["2", "12"]) == pytest.approx(float(last), rel=1e-3)
    assert "step 0: " in (here / "runs.svg").read_text(encoding="utf-8")
    again = run("own_net:make", *options, "--learning-rate", "0.1", "--seed", "5", "--resume")
    assert again.exit_code == 0 and again.stdout == shown.stdout
    shown = run("own_net:with_optimizer", "--batch-sizes", "4", "--runs", "2", "--epochs", "1")
    assert shown.exit_code == 0 and "2 looks from epoch 0 to 1" in shown.stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        ("own_net:make", "batch_sizes must be given, as in --batch-sizes 4 16 64"),
        ("own_net:make --batch-sizes four", "batch_sizes must be integers"),
        ("own_net:make --batch-sizes 25", r"batch_sizes\[0\] must be at most 24"),
        ("own_net --batch-sizes 4", "model must be MODULE:FUNCTION, such as my_net:make, but was 'own_net'"),
        ("own_net.py:make --batch-sizes 4", "of a file own_net.py say own_net:make"),
        ("own_nett:make --batch-sizes 4", "there is no own_nett in "),
        ("own_net.inner:make --batch-sizes 4", "there is no own_net.inner in "),
        ("own_net:mak --batch-sizes 4", "own_net has no such name: 'mak'; did you mean 'make'"),
        ("own_net:not_a_function --batch-sizes 4", "own_net has 3 there: 'not_a_function'"),
        ("own_broken:make --batch-sizes 4", r"own_broken could not be imported: SyntaxError: .*own_broken.py, line 1\)"),
        ("own_needy:make --batch-sizes 4", "own_needy could not be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        (
            "own_net:number --batch-sizes 4",
            r"own_net:number must return \(model, loss, dataset\), and may add an optimizer, but returned 1",
        ),
        ("own_net:pair --batch-sizes 4", "but returned a tuple of 2"),
        ("own_net:fails --batch-sizes 4", r"own_net:fails failed: KeyError: 'no such key' \(.*own_net.py, line 25\)"),
        ("own_net:leaves --batch-sizes 4", "own_net:leaves failed: SystemExit: 3"),
        ("own_net:make --batch-sizes 4 --epochs 2", "epochs must be left out without --runs"),
        ("own_net:make --batch-sizes 4 --runs 2 --examples 3", "examples must be left out with --runs"),
        ("own_net:make --batch-sizes 4 --resume", "resume must be left out without --runs"),
        ("own_net:make --batch-sizes 4 --runs 2 --resume", "store must be given with --resume or --repair"),
        ("own_net:make --batch-sizes 4 --runs 2 --epochs 1", "learning_rate must be given with --runs"),
        ("own_net:with_optimizer --batch-sizes 4 --runs 2 --epochs 1 --learning-rate 1", "learning_rate must be left out where"),
        ("own_net:make --batch-sizes 4 --runs 2 --epochs 1 --learning-rate -1", "learning_rate must not be negative, but was -1"),
        ("own_net:make --batch-sizes 4 --picture law.png", "picture must be a .svg file, but was 'law.png'"),
        ("own_net:make --batch-sizes 4 --out nowhere/x.nc", "out must be in a directory that can be written"),
        ("own_net:make --batch-sizes 4 --level 2", "level must be between 0 and 1"),
        ("own_net:make --batch-sizes 4 --max-gigabytes 1e-9", "gradient_noise"),
    ],
)
def test_errors_are_one_line(arguments: str, words: str) -> None:
    shown = run(*arguments.split())
    assert shown.exit_code == 2 and shown.stdout == ""
    assert len(shown.stderr.splitlines()) == 1 and shown.stderr.startswith("error: ")
    assert re.search(words, shown.stderr), shown.stderr
