"""Problem files as other programs and other people leave them: read as they are meant, or refused in words that name the file."""

from __future__ import annotations

import json
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import pytest

from reports.text.problem_text import make_problem, parse_list, read_problem

GOOD: dict[str, Any] = {"student": [[["1/3", 1]]], "teacher": [[[0, 1]]], "learning_rates": "1/4", "inputs": "gaussian"}
TOML = 'student = [[["1/3", 1]]]\nteacher = [[[0, 1]]]\nlearning_rates = "1/4"\ninputs = "gaussian"\n'


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte-order mark"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path, mark: str, line_end: str) -> None:
    for name, text in (("p.toml", TOML), ("p.json", json.dumps(GOOD, indent=1))):
        (tmp_path / name).write_bytes((mark + text).replace("\n", line_end).encode())
        problem = read_problem(tmp_path / name)
        assert problem.student[0].tolist() == [[F(1, 3), F(1)]] and problem.learning_rates == F(1, 4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"student": [[[1]]], "student": [[[2]]]}', "'student' was there 2 times"),
        ('{"inputs": {"law": "uniform", "low": 0, "high": 1, "low": -1}}', "'low' was there 2 times"),
        ('{"a": 1, "b": 2, "a": 1, "a": 3}', "'a' was there 3 times"),
        ('{"student": NaN}', "must be a number"),
        ('{"student": -Infinity}', "must be a number"),
        ('{"student": 1e-99999999}', "must have a decimal exponent of at most 10,000"),
        ('{"student": 1e99999}', "must have a decimal exponent of at most 10,000"),
        ("", "is not valid JSON"),
        ("\x00", "is not valid JSON"),
    ],
)
def test_json_that_is_no_problem_says_why(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "p.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"^problem 'p.json' is not valid JSON: ") as caught:
        read_problem(tmp_path / "p.json")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("student = 1\nstudent = 2", "is not valid TOML"),
        ("student = nan", "must be a number"),
        ("student = 1e-99999999", "must have a decimal exponent of at most 10,000"),
        ("student = " + "7" * 5000, "write long integers in quotes"),
    ],
    ids=["twice", "nan", "exponent", "long"],
)
def test_toml_that_is_no_problem_says_why(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"^problem 'p.toml' is not valid TOML: ") as caught:
        read_problem(tmp_path / "p.toml")
    assert words in str(caught.value)


def test_long_integers_need_no_quotes_in_json(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(GOOD).replace('"1/3"', "7" * 10_000), encoding="utf-8")
    assert read_problem(tmp_path / "p.json").student[0][0, 0] == 7 * (10**10_000 - 1) // 9


@pytest.mark.parametrize("depth", [3, 4, 90, 900, 5_000, 100_000])
@pytest.mark.parametrize("suffix", [".json", ".toml"])
@pytest.mark.parametrize("key", ["student", "learning_rates", "activation", "inputs", "atoms"])
def test_deep_nesting_is_refused_in_words(tmp_path: Path, depth: int, suffix: str, key: str) -> None:
    nested = "[" * depth + "1" + "]" * depth
    if key == "atoms":
        law = f'{{"law": "discrete", "atoms": {nested}}}'
        text = json.dumps(GOOD | {"inputs": 0}).replace('"inputs": 0', f'"inputs": {law}')
        toml = TOML.replace('inputs = "gaussian"\n', f'[inputs]\nlaw = "discrete"\natoms = {nested}\n')
    else:
        text = json.dumps(GOOD | {key: 0}).replace(f'"{key}": 0', f'"{key}": {nested}')
        toml = "".join(line + "\n" for line in TOML.splitlines() if not line.startswith(key)) + f"{key} = {nested}\n"
    path = tmp_path / f"p{suffix}"
    path.write_text(text if suffix == ".json" else toml, encoding="utf-8")
    with pytest.raises((ValueError, TypeError)) as caught:
        read_problem(path)
    assert "must" in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"studnet": 1}, "had 'studnet'; did you mean 'student'?"),
        ({"Teacher": 1}, "had 'Teacher'; did you mean 'teacher'?"),
        ({"learning_rate": 1}, "had 'learning_rate'; did you mean 'learning_rates'?"),
        ({"inputs": "gausian"}, "was 'gausian'; did you mean 'gaussian'?"),
        ({"inputs": {"law": "discrete", "atom": [1]}}, "had 'atom'; did you mean 'atoms'?"),
        ({"activation": "sigmoyd"}, "was 'sigmoyd'; did you mean 'sigmoid'?"),
        ({"x": 1}, "had 'x'"),
    ],
)
def test_unknown_words_are_answered_with_known_ones(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError) as caught:
        make_problem(GOOD | change)
    assert str(caught.value).endswith(words)


@pytest.mark.parametrize("value", [True, {}, "x", [], [None], [[True]], [["1/3"]], [[[None]]], [[{}]], 10**400, "1e99999999"], ids=str)
@pytest.mark.parametrize(
    "key", ["student", "teacher", "learning_rates", "activation", "inputs", "inputs.cov", "inputs.atoms", "inputs.low"]
)
def test_what_does_not_belong_in_a_key_names_it(value: Any, key: str) -> None:
    laws = {"inputs.cov": "gaussian", "inputs.atoms": "discrete", "inputs.low": "uniform"}
    more = {"high": 10**5} if key == "inputs.low" else {}
    data = GOOD | ({"inputs": {"law": laws[key], key.split(".")[1]: value} | more} if key in laws else {key: value})
    words = refusal(data)
    if words is None:
        assert (key, value) in [("learning_rates", []), ("learning_rates", 10**400)] or key == "inputs.cov"
    else:
        assert "must" in words and (key.split(".")[-1] in words or "student[0] must have one column" in words)


def refusal(data: dict[str, Any]) -> str | None:
    """The words in which a problem is refused; None for one that is taken."""
    try:
        make_problem(data)
    except (ValueError, TypeError) as error:
        return str(error)
    return None


def test_options_have_the_same_limits() -> None:
    with pytest.raises(ValueError, match=r"^rates must have a decimal exponent of at most 10,000"):
        parse_list("1 1e-99999999", "rates")
    assert parse_list("0.1, 1/3 " + "7" * 5000, "rates")[:2] == [F(1, 10), F(1, 3)]
