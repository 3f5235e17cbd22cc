"""Problems from files and options are the problems that they spell, or an error that names what is wrong."""

from __future__ import annotations

import json
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.text.problem_text import make_problem, parse_matrix, problem_json, read_problem
from theory import SGD, DataSet, Discrete, Gaussian, Rademacher, TeacherStudent, Uniform
from theory.activations import custom
from theory.inputs import Independent, InputLaw

TOML = """
student = [[["1/2", 1]], [[0.1]]]
teacher = [[[0, "-3/4"]], [[1]]]
learning_rates = ["1/10", 0.05]
[inputs]
law = "discrete"
atoms = [[1, 2], [0, "1/3"]]
probabilities = [0.25, "3/4"]
"""
GOOD: dict[str, Any] = {
    "student": [[[1, 0]], [[2]]],
    "teacher": [[[0, 1]], [[1]]],
    "learning_rates": "1/4",
    "inputs": "gaussian",
}


def test_toml_and_json_spell_the_same_exact_problem(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(TOML, encoding="utf-8")
    as_json = {
        "student": [[["1/2", 1]], [[0.1]]],
        "teacher": [[[0, "-3/4"]], [[1]]],
        "learning_rates": ["1/10", 0.05],
        "inputs": {"law": "discrete", "atoms": [[1, 2], [0, "1/3"]], "probabilities": [0.25, "3/4"]},
    }
    (tmp_path / "p.json").write_text(json.dumps(as_json), encoding="utf-8")
    for name in ("p.toml", "p.json"):
        problem = read_problem(tmp_path / name)
        assert problem.student[0].tolist() == [[F(1, 2), F(1)]] and problem.student[1].tolist() == [[F(1, 10)]]
        assert problem.learning_rates == (F(1, 10), F(1, 20)) and problem.is_exact(2)
        assert isinstance(problem.inputs, Discrete) and problem.inputs.probabilities == (F(1, 4), F(3, 4))


@pytest.mark.parametrize(
    "law, kind",
    [
        ("gaussian", Gaussian),
        ({"law": "gaussian", "cov": [[2, "1/2"], ["1/2", 1]]}, Gaussian),
        ("rademacher", Rademacher),
        ({"law": "uniform", "low": 0, "high": "1/2"}, Uniform),
    ],
)
def test_laws_take_their_dimension_from_the_student(law: Any, kind: type) -> None:
    problem = make_problem(GOOD | {"inputs": law})
    assert isinstance(problem.inputs, kind) and problem.inputs.dimension == 2 and problem.is_exact(1)


@pytest.mark.parametrize(
    "law",
    [
        Gaussian(2),
        Gaussian(cov=[[2, F(1, 2)], [F(1, 2), 1]]),
        Gaussian(mean=[F(1, 3), 2]),
        Gaussian(mean=[1, 0], cov=[[0, 0], [0, F(1, 2)]]),
        Rademacher(2),
        Uniform(2),
        Uniform(2, F(-1, 3), 2),
        Discrete([(1, 2), (0, F(1, 3))]),
        Discrete([(1, 2), (0, 10**20)], [F(1, 7), F(6, 7)]),
    ],
)
@pytest.mark.parametrize("rates", [F(1, 4), [F(1, 2), 3], []])
@pytest.mark.parametrize("activation", [(0, 1), (1, F(1, 2), 3), "sigmoid", "leaky_relu(1/5)"])
def test_what_is_written_is_read_back(tmp_path: Path, law: InputLaw, rates: Any, activation: Any) -> None:
    problem = TeacherStudent([[[1, F(1, 3)]], [[0.1]]], [[[F(-2, 7), 10**30]], [[1]]], law, rates, activation)
    (tmp_path / "p.json").write_text(problem_json(problem), encoding="utf-8")
    again = read_problem(tmp_path / "p.json")
    for ours, theirs in ((problem.student, again.student), (problem.teacher_weights, again.teacher_weights)):
        assert [[F(x) for x in w.ravel()] for w in ours] == [[F(x) for x in w.ravel()] for w in theirs]
    assert repr(again.inputs) == repr(law)
    assert again.learning_rates == problem.learning_rates and again.activation == problem.activation


@pytest.mark.parametrize("sampling", ["independent", "without_replacement"])
@pytest.mark.parametrize("optimizer", [SGD(), SGD(momentum=F(9, 10), nesterov=True), SGD(0.5, F(1, 3), weight_decay="0.01")], ids=str)
def test_labels_and_optimizers_are_read_back(tmp_path: Path, optimizer: SGD, sampling: str) -> None:
    data = DataSet([[0.1, 2], [3, 1e-300]], [1, -0.3])
    problem = TeacherStudent([[[1, F(1, 3)]]], None, data, F(1, 7), optimizer=optimizer, sampling=sampling)
    (tmp_path / "p.json").write_text(problem_json(problem), encoding="utf-8")
    again = read_problem(tmp_path / "p.json")
    assert again.inputs.identity == data.identity and again.optimizer == optimizer
    assert again.sampling == sampling and again.teacher is None and again.learning_rates == F(1, 7)
    taught = make_problem(GOOD | {"inputs": {"law": "data_set", "points": [[0, 1], [1, 0]]}, "optimizer": {"momentum": "1/2"}})
    assert taught.optimizer == SGD(momentum=F(1, 2)) and taught.teacher is not None and isinstance(taught.inputs, DataSet)


def test_what_no_file_can_hold_is_not_written() -> None:
    with pytest.raises(ValueError, match="learning_rates must be numbers"):
        problem_json(TeacherStudent([[[1]]], [[[1]]], Gaussian(1), lambda t: 1))
    with pytest.raises(ValueError, match="inputs must be of the laws that files name, Gaussian, Rademacher, Uniform, Discrete"):
        problem_json(TeacherStudent([[[1]]], [[[1]]], Independent(1, [1, 0, 1]), 1))
    sine = custom(np.sin, np.cos, lipschitz=1, derivative_lipschitz=1)
    with pytest.raises(ValueError, match="activation must be a polynomial or a named one"):
        problem_json(TeacherStudent([[[1]]], [[[1]]], Gaussian(1), 1, sine))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"inputs": "cauchy"}, "inputs.law must be one of gaussian.*'cauchy'"),
        ({"inputs": {"law": "rademacher", "cov": [[1]]}}, "'rademacher' take no further keys.*'cov'"),
        ({"inputs": 3}, "inputs must be a table"),
        ({"student": [[["1/0", 1]], [[1]]]}, r"student\[0\]\[0, 0\] must be a number.*'1/0'"),
        ({"student": [[["x", 1]], [[1]]]}, r"student\[0\]\[0, 0\] must be a number.*'x'"),
        ({"learning_rate": 1}, "problem must have the keys.*'learning_rate'; did you mean 'learning_rates'"),
        ({"teacher": [[[1, 0]]]}, "teacher must have the shapes of student"),
        ({"student": 3}, "student must be a sequence"),
        ({"activation": "sine"}, "activation must be one of sigmoid.*'sine'"),
        ({"activation": ["1", "x"]}, r"activation\[1\] must be a number"),
        ({"optimizer": 3}, "optimizer must be a table"),
        ({"optimizer": {"moment": 1}}, "optimizer takes momentum.*'moment'; did you mean 'momentum'"),
        ({"optimizer": {"momentum": 2}}, r"momentum must be in \[0, 1\)"),
        ({"inputs": {"law": "data_set", "points": [[1, 2]], "targets": ["x"]}}, r"targets\[0\] must be a number"),
        ({"inputs": {"law": "data_set", "points": [["1/3", 2]]}}, r"points\[0, 0\] must be a number that a double holds"),
        ({"sampling": "without_replacement"}, "sampling must be 'independent' unless inputs are a DataSet"),
        ({"inputs": {"law": "data_set", "points": [[1, 2]], "targets": [1]}}, "teacher must be None where the inputs have targets"),
        ({"inputs": {"law": "discrete"}}, "inputs of law 'discrete' must have 'atoms'"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        make_problem(GOOD | change)


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("p.yaml", "", r"problem must be a \.toml or \.json file"),
        ("p.toml", "student = [", "'p.toml' is not valid TOML"),
        ("p.json", "{", "'p.json' is not valid JSON"),
        ("p.json", "[1]", "problem must be a table"),
        ("p.toml", "student = nan", "not valid TOML"),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises((ValueError, TypeError), match=message):
        read_problem(tmp_path / name)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read_problem(tmp_path / "none.toml")


def test_a_missing_part_says_so() -> None:
    with pytest.raises(ValueError, match="problem must have 'teacher'"):
        make_problem({"student": [[[1]]], "inputs": "gaussian"})


def test_matrices_of_the_command_line() -> None:
    assert parse_matrix("1 1/2; 0, 0.25", "w") == [[1, F(1, 2)], [0, F(1, 4)]]
    with pytest.raises(ValueError, match="w must hold at least one number"):
        parse_matrix("1;;2", "w")
