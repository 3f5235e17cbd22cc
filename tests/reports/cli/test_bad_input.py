"""Bad input is answered before anything heavy loads, names what is wrong, and suggests what may have been meant."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from empirics import extra
from reports.cli import app

ROOT = Path(__file__).resolve().parents[3]
NETWORK = ["--student", "1", "--student", "2", "--teacher", "0", "--teacher", "0", "--atoms", "1; 2", "--rates", "1/4"]

#: What `simulate` is given after "synthetic --batch-sizes 4", and what it says.
WRONG = {
    "--batch-sizes 4,x": "batch_sizes must be integers", "--batch-sizes 0": r"batch_sizes\[1\] must be at least 1",
    "--batch-sizes 4": "batch_sizes must be different", "--steps 0": "steps must be at least 1",
    "--replicas 1": "replicas must be at least 2", "--seed -3": "seed must be at least 0",
    "--dtype float46": "dtype must be one of .* did you mean 'float64'",
    "--sampling epoch": "sampling must be one of .* did you mean 'epochs'",
    "--sampling epochs": "sampling must be 'independent' unless",
    "--estimator naiv": "estimator must be one of .* did you mean 'naive'", "--engine two-linear": "did you mean 'two_linear'",
    "--every 0": "every must be at least 1", "--workers 0": "workers must be at least 1",
    "--max-hours -1": "max_hours must be positive", "--max-hours nan": "max_hours must be finite",
    "--device gpu": "device must be 'auto', 'cpu', 'cuda' or 'cuda:N', but was 'gpu'", "--device cuda:x": "device must be",
    "--out result.csv": "out must be a .nc file", "--out nowhere/at/all.nc": "out must be in a directory",
    "--store setup.cfg --resume": "store must be a directory, but", "--repair": "store must be given",
    "--inputs gausian": "did you mean 'gaussian'", "--problem-seed -1": "problem_seed must be at least 0",
    "--estimator controlled --every 2": "every must be 1 for estimator",
    "--engine autograd --estimator controlled": "estimator must be 'naive'", "--steps 1e3": "valid int",
    "--replica 8": "--replicas", "--dry-run --workers 0": "workers must be at least 1",
}  # fmt: skip
PROBLEMS = {
    "sinthetic": "did you mean 'synthetic'", "network.tml": "problem must be a .toml or .json file", "nowhere.toml": "cannot be read",
    "broken.json": "not valid JSON", "strange.toml": "did you mean 'teacher'", "law.toml": "did you mean 'rademacher'",
}  # fmt: skip

SCRIPT = """
import json, sys
from typer.testing import CliRunner
from reports.cli import app
answers = []
for arguments in json.load(sys.stdin):
    done = CliRunner().invoke(app, ["simulate", *arguments])
    heavy = [name for name in ("torch", "xarray", "dask", "distributed", "matplotlib", "h5netcdf") if name in sys.modules]
    answers.append([done.exit_code, done.stderr, heavy])
print(json.dumps(answers))
"""


def test_what_is_wrong_is_said_without_torch(tmp_path):
    (tmp_path / "setup.cfg").write_text("", encoding="utf-8")
    (tmp_path / "broken.json").write_text('{"student": [', encoding="utf-8")
    (tmp_path / "strange.toml").write_text("student = [[[1]]]\nteahcer = [[[1]]]\n", encoding="utf-8")
    (tmp_path / "law.toml").write_text('student = [[[1]]]\nteacher = [[[1]]]\ninputs = "radmacher"\n', encoding="utf-8")
    cases = {("synthetic", "--batch-sizes", "4", *options.split()): said for options, said in WRONG.items()}
    cases |= {(problem, "--batch-sizes", "4"): said for problem, said in PROBLEMS.items()}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=json.dumps(list(cases)), capture_output=True, encoding="utf-8", cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "COLUMNS": "200"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for (arguments, said), (code, message, heavy) in zip(cases.items(), json.loads(done.stdout), strict=True):
        assert code == 2 and heavy == [], (arguments, code, message, heavy)
        assert re.search(said, message), (arguments, message)


@pytest.mark.parametrize(
    "arguments, meant",
    [
        (["verify", "A.77"], "a.7"),
        (["verify", "conjectur"], "conjecture"),
        (["report", "--only", "figure1"], "figure 1"),
        (["report", "--only", "agrement"], "agreement"),
        (["variance", *NETWORK, "--engine", "wishard"], "wishart"),
        (["variance", *NETWORK, "--activation", "tahn"], "tanh"),
        (["variance", *NETWORK, "--inputs", "descrete"], "discrete"),
        (["varaince"], "variance"),
        (["variance", "--laier", "1"], "--layer"),
    ],
)
def test_what_may_have_been_meant(arguments, meant):
    shown = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert shown.exit_code == 2 and re.search(rf"([Dd]id you mean:? '?|Possible options: ){re.escape(meant)}", shown.stderr), shown.stderr


def test_a_refusal_names_the_options_that_raise_the_budget():
    many = ["variance", *NETWORK, "--step", "3"]
    refused = CliRunner().invoke(app, [*many, "--max-seconds", "1e-9"])
    assert refused.exit_code == 2 and "--max-seconds" in refused.stderr and "--max-gigabytes" in refused.stderr
    assert "budget=" not in refused.stderr
    refused = CliRunner().invoke(app, [*many, "--max-gigabytes", "1e-9"])
    assert refused.exit_code == 2 and "a larger budget (--max-seconds, --max-gigabytes)" in refused.stderr
    assert CliRunner().invoke(app, ["variance", *NETWORK, "--max-seconds", "inf", "--max-gigabytes", "inf"]).exit_code == 0


@pytest.mark.parametrize("option", ["--max-seconds", "--max-gigabytes"])
@pytest.mark.parametrize("value", ["0", "-1", "nan"])
def test_a_budget_is_positive(option, value):
    shown = CliRunner().invoke(app, ["variance", *NETWORK, option, value])
    assert shown.exit_code == 2 and f"{option[2:]} must be positive" in shown.stderr and len(shown.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [["simulate", "synthetic", "--batch-sizes", "4"], ["report", "--figure-1", "."], ["report", "--only", "agreement"]],
)
@pytest.mark.parametrize("module", ["torch", "distributed"])
def test_a_missing_extra_is_named(arguments, module, monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == module else True)
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 2 and f"needs {module}: pip install 'batchlaw[experiments]'" in shown.stderr


def test_a_directory_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    shown = CliRunner().invoke(app, ["report", "--out", str(tmp_path / "file" / "site"), "--only", "A.1"])
    assert shown.exit_code == 2 and shown.stderr.startswith("error: ") and len(shown.stderr.splitlines()) == 1
