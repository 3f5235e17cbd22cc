"""The command line: what it prints, and how it refuses."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reports.cli import app, report_command, verify_command
from reports.cli.variance_command import outline
from reports.site import measured
from reports.site.measured_page import MeasuredPage
from reports.text.problem_text import KEYS
from tests.instances import PINNED
from tests.reports.cli.fakes import claim, differ
from theory import InverseBatchPolynomial, variance_poly
from theory.inputs import NAMED

ATOMS = [
    "variance",
    "--student",
    "1",
    "--student",
    "2",
    "--teacher",
    "0",
    "--teacher",
    "0",
    "--rates",
    "1/4",
    "--atoms",
    "1; 2",
    "--step",
    "1",
]


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160", "NO_COLOR": "1"})
    return result.exit_code, result.stdout, result.stderr


def test_variance_prints_the_polynomial_and_what_follows_from_it() -> None:
    code, out, err = run(*ATOMS, "--at", "1 2 3", "--engine", "frequencies")
    assert (code, err) == (0, "")
    for words in (
        "degree 6 (sharp bound 6)",
        "engine frequencies",
        "for every integer b >= 2",
        "12393/8192",
        "1335/1024",
        "b_0 = 2.15353",
    ):
        assert words in out, words


def test_json_is_exact_and_agrees_with_the_library() -> None:
    code, out, _ = run(*ATOMS, "--json", "--at", "2", "--engine", "frequencies")
    v = variance_poly.variance_polynomial(PINNED["two atoms"], step=1, layer=1)
    data = json.loads(out)
    assert code == 0 and [F(c) for c in data["coefficients"]] == list(v.coefficients)
    assert data["values"] == {"2": "12393/8192"} and data["decreasing_from"] == 2 and data["engine"] == "frequencies"


def test_files_and_options_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "network.toml"
    path.write_text(
        'student = [[[1]], [[2]]]\nteacher = [[[0]], [[0]]]\nlearning_rates = "1/4"\ninputs = {law = "discrete", atoms = [1, 2]}\n',
        encoding="utf-8",
    )
    assert run("variance", str(path), "--step", "1", "--json")[1] == run(*ATOMS, "--json")[1]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["variance"], "problem must be a file, or --student and --teacher"),
        (["variance", "nowhere.toml"], "'nowhere.toml' cannot be read"),
        ([*ATOMS, "--layer", "3"], "layer must be in 1..2, but was 3"),
        ([*ATOMS, "--step", "-1"], "step must be at least 0, but was -1"),
        ([*ATOMS, "--engine", "magic"], "engine must be one of"),
        ([*ATOMS, "--engine", "trace_words"], "trace_words"),
        ([*ATOMS, "--at", "0"], "b must be at least 1, but was 0"),
        ([*ATOMS, "--at", "two"], "at must be a number"),
        ([*ATOMS, "--probabilities", "1/2 1/3"], "probabilities must sum to 1"),
        ([*ATOMS, "--rates", ""], "rates must hold at least one number"),
        (["verify", "A.99"], "id must be one of the ledger's"),
        (["report", "--only", "A.99"], "id must be one of the ledger's"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(arguments: list[str], words: str) -> None:
    code, out, err = run(*arguments)
    assert code == 2 and out == ""
    assert err.startswith("error: ") and words in err and err.count("\n") == 1


def test_a_report_over_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    code, _, err = run("report", "--out", str(tmp_path))
    assert code == 2 and "holds other files" in err


def test_verify_ends_well_or_badly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_command, "LEDGER", (claim("T.1"), claim("T.2", check=differ)))
    code, out, _ = run("verify", "T.1")
    assert code == 0 and "2/2" in out and "1/1" in out and "T.2" not in out
    code, out, _ = run("verify")
    assert code == 1 and "NO" in out and "T.2 is not confirmed: case 0: fails, but should hold" in out


def test_report_ends_with_the_path_of_the_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(report_command, "LEDGER", (claim("T.1"), claim("T.2", check=differ)))
    monkeypatch.setattr(measured, "MEASURED", ())
    code, out, _ = run("report", "--out", str(tmp_path / "site"), "--only", "T.1")
    assert code == 0 and out.splitlines()[-1] == str(tmp_path / "site" / "index.html")
    code, out, err = run("report", "--out", str(tmp_path / "site"))
    assert code == 1 and Path(out.splitlines()[-1]).is_file() and "T.2 is not confirmed" in err


def test_help_names_the_keys_of_a_file() -> None:
    code, out, _ = run("variance", "--help")
    of_laws = {key for law in NAMED.values() for key in inspect.signature(law).parameters} - {"dimension"}
    assert code == 0 and all(key in out for key in (*KEYS, *NAMED, *of_laws))


SMALL = ("--student", "1", "--student", "2", "--teacher", "0", "--teacher", "0", "--rates", "1/4")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--student", "1e200000", "--teacher", "0", "--rates", "1"), "student[0] must have a decimal exponent of at most"),
        ((*SMALL, "--at", " "), "at must hold at least one number"),
        ((*SMALL, "--at", "1/2"), "b must be at least 1"),
    ],
)
def test_numbers_that_cannot_be_meant(arguments: tuple[str, ...], words: str) -> None:
    code, _, error = run("variance", *arguments)
    assert code == 2 and words in error


@pytest.mark.parametrize("option", [("--inputs", "uniform"), ("--activation", "0 1 1"), ("--rates", "1")])
def test_a_file_and_options_are_not_mixed(tmp_path: Path, option: tuple[str, str]) -> None:
    path = tmp_path / "network.json"
    inputs = {"law": "gaussian"}
    path.write_text(json.dumps({"student": [[[1]]], "teacher": [[[0]]], "learning_rates": 1, "inputs": inputs}), encoding="utf-8")
    assert run("variance", str(path))[0] == 0
    code, _, error = run("variance", str(path), *option)
    assert code == 2 and "not in both" in error


def test_a_file_with_an_endless_exponent_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.json"
    text = '{"student": [[[1e999999999]]], "teacher": [[[0]]], "learning_rates": 1, "inputs": {"law": "gaussian"}}'
    path.write_text(text, encoding="utf-8")
    code, _, error = run("variance", str(path))
    assert code == 2 and "exponent" in error


@pytest.mark.parametrize("coefficients", [[0], [0, 1], [0, -1, 2], [0, 10**40, 0, 3]])
def test_a_short_polynomial_is_outlined_in_full(coefficients: list[int]) -> None:
    text = outline(InverseBatchPolynomial(coefficients))
    assert "..." not in text and text.count("/b") == sum(c != 0 for c in coefficients)


@pytest.mark.parametrize(
    "name, message", [("sigmoid", "chebyshev.approximate('sigmoid'"), ("sigmoyd", "activation must be one of sigmoid")]
)
def test_a_named_activation_is_refused_with_advice(name: str, message: str) -> None:
    options = ["--student", "1", "--student", "2", "--teacher", "0", "--teacher", "0", "--atoms", "0; 1", "--rates", "1/4"]
    shown = CliRunner().invoke(app, ["variance", *options, "--activation", name])
    assert shown.exit_code == 2 and message in shown.stderr


def test_a_report_of_nothing_but_measurements(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    quick = tuple(replace(page, make=lambda seed, directory: MeasuredPage("", "nothing")) for page in measured.MEASURED)
    monkeypatch.setattr(measured, "MEASURED", quick)
    monkeypatch.setattr(report_command.os, "cpu_count", lambda: 1)
    code, out, _ = run("report", "--out", str(tmp_path / "site"), "--only", "Agreement")
    written = {p.name for p in (tmp_path / "site").iterdir()}
    pages = {"index.html", "agreement.html", "errata.html", "errata.md", "certificate.html", "certificate.json"}
    assert code == 0 and written == pages and "nothing" in out


@pytest.mark.parametrize("words", [["--figure-1", "{}"], ["--figure-1={}"], ["--results", "figure-1={}"], ["--stored", "Figure 1={}"]])
def test_a_wrong_directory_for_figure_1_is_one_line(words: list[str], tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    code, _, err = run("report", "--out", str(tmp_path / "site"), *(word.format(nowhere) for word in words))
    assert code == 2 and err.count("\n") == 1 and "figure-1" in err and nowhere in err and not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--results", "figure-1"], "results must be NAME=DIR with a page of figure 1"),
        (["--results", "=x"], "results must be NAME=DIR"),
        (["--results", "figure-1="], "results must be NAME=DIR"),
        (["--results", "agreement=x"], "results must be NAME=DIR"),
        (["--results", "figure2=x"], "Did you mean"),
        (["--only", "agreement", "--results", "figure 1=x"], "not among those to be made"),
        (["--figure-1"], "figure-1"),
    ],
)
def test_stored_results_are_for_a_page_that_shows_them(words: list[str], said: str, tmp_path: Path) -> None:
    code, _, err = run("report", "--out", str(tmp_path / "site"), *words)
    assert code == 2 and said.lower() in err.lower() and not (tmp_path / "site").exists()


def test_a_mean_in_options_is_the_mean_of_a_file(tmp_path):
    path = tmp_path / "biases.toml"
    path.write_text(
        """student = [[[1, 2]], [[1]]]
teacher = [[[0, 1]], [[1]]]
learning_rates = "1/10"
[inputs]
law = "gaussian"
mean = [1, 0]
cov = [[0, 0], [0, 1]]
""",
        encoding="utf-8",
    )
    layers = ("--student", "1 2", "--student", "1", "--teacher", "0 1", "--teacher", "1", "--rates", "1/10", "--step", "1", "--json")
    given = run("variance", *layers, "--mean", "1 0", "--cov", "0 0; 0 1")
    assert given[0] == 0 and given[1] == run("variance", str(path), "--step", "1", "--json")[1]
    assert given[1] != run("variance", *layers, "--cov", "0 0; 0 1")[1]
    assert (
        "mean must have one entry for each of the 2 rows of cov, but had 1"
        in run("variance", *layers, "--mean", "1", "--cov", "0 0; 0 1")[2]
    )
