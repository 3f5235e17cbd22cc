"""Numbers of ten thousand digits: a problem of them is made, printed, computed, simulated, written and read back, and refused in words."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpz
from typer.testing import CliRunner

import empirics
from reports.cli import app
from reports.text.problem_text import problem_json, read_problem
from theory import Discrete, Gaussian, Independent, TeacherStudent, Uniform, enumeration, variance_poly
from theory.exact import read_number
from theory.trace_forms import W, constant, tr

SHARE = F(7 * (10**10_000 - 1) // 9, 10**10_000 + 1)  # 0.777... of 10,000 digits over 10,001
HUGE = 10**10_000 + 3
PROBLEM = TeacherStudent(
    [[[SHARE, 1]], [[SHARE]]], [[[1, F(1, 3)]], [[2]]], Discrete([(SHARE, 1), (0, SHARE)], [F(1, 3), F(2, 3)]), SHARE / 100
)


def test_laws_and_problems_are_printed_in_full_or_in_outline() -> None:
    over, under = str(fmpz(SHARE.numerator)), str(fmpz(SHARE.denominator))
    for law in (PROBLEM.inputs, Gaussian(cov=[[SHARE, 0], [0, 1]]), Uniform(2, -SHARE, SHARE), Independent(2, [1, 0, SHARE])):
        assert f"{over}/{under}" in repr(law) and repr(copy.deepcopy(law)) == repr(pickle.loads(pickle.dumps(law))) == repr(law)
    assert len(repr(PROBLEM)) < 2000 and "(20002 characters)" in repr(PROBLEM)
    assert (
        repr(replace(PROBLEM, student=[np.ones((40, 2)), np.ones((1, 40))], teacher=[np.ones((40, 2)), np.ones((1, 40))])).count("<40 x 2>")
        == 2
    )
    name = "leaky_relu(1/1" + "0" * 5000 + ")"
    assert replace(PROBLEM, activation=name).activation_function.name == name and repr(replace(PROBLEM, activation=name))
    form = tr(constant("A", [[SHARE]]) @ W(0, 1)) * SHARE
    assert over in repr(form) and over in form.latex()


def test_a_file_holds_every_digit(tmp_path: Path) -> None:
    for problem in (PROBLEM, replace(PROBLEM, activation=(0, 1, SHARE), learning_rates=[SHARE, 0.1])):
        for suffix in (".json", ".toml"):
            path = tmp_path / f"p{suffix}"
            text = problem_json(problem)
            if suffix == ".toml":
                data = json.loads(text)
                law = data.pop("inputs")
                text = "\n".join(f"{key} = {json.dumps(value)}" for key, value in data.items())
                text += "\n[inputs]\n" + "\n".join(f"{key} = {json.dumps(value)}" for key, value in law.items())
            path.write_text(text, encoding="utf-8")
            again = read_problem(path)
            for ours, theirs in zip(problem.networks, again.networks, strict=True):
                assert (ours == theirs).all()
            assert repr(again.inputs) == repr(problem.inputs) and again.activation == problem.activation
            rates = problem.learning_rates if isinstance(problem.learning_rates, tuple) else (problem.learning_rates,)
            assert rates == (again.learning_rates if isinstance(again.learning_rates, tuple) else (again.learning_rates,))


@pytest.mark.parametrize(
    "activation", [(0, 1), (0, 1, SHARE), "tanh", "leaky_relu(1/1" + "0" * 5000 + ")"], ids=["linear", "polynomial", "tanh", "leaky"]
)
def test_long_numbers_are_simulated_as_the_doubles_next_to_them(activation: Any) -> None:
    exact = replace(PROBLEM, activation=activation)
    near = float(SHARE)
    rounded = replace(
        exact,
        student=[[[near, 1]], [[near]]],
        inputs=Discrete([(near, 1), (0, near)], [F(1, 3), F(2, 3)]),
        learning_rates=float(SHARE / 100),
    )
    if activation == (0, 1, SHARE):
        rounded = replace(rounded, activation=(0, 1, near))
    ours, theirs = (empirics.simulate(p, batch_sizes=[1, 2], steps=2, replicas=64) for p in (exact, rounded))
    np.testing.assert_allclose(ours["var_gradient"].values, theirs["var_gradient"].values, rtol=1e-12)
    assert read_number(json.loads(ours.attrs["problem"])["student"][0][0][0], "x") == SHARE


def test_long_numbers_are_computed_with_and_printed(tmp_path: Path) -> None:
    v = variance_poly.variance_polynomial(PROBLEM, step=0, layer=1)
    assert v(1) == enumeration.variance(PROBLEM, batch_size=1, step=0, layer=1)
    assert len(str(v)) > 10_000 and len(v.latex()) > 10_000 and len(repr(v)) < 200
    (tmp_path / "p.json").write_text(problem_json(PROBLEM), encoding="utf-8")
    for more in ([], ["--json"]):
        result = CliRunner().invoke(app, ["variance", str(tmp_path / "p.json"), "--step", "0", *more])
        assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    "refused",
    [
        lambda: TeacherStudent([[[1]]], [[[1]]], Gaussian(1), -HUGE),
        lambda: TeacherStudent([[[1]]], [[[1]]], HUGE, 1),
        lambda: TeacherStudent([[[1]]], [[[1]]], Gaussian(1), 1, HUGE),
        lambda: PROBLEM.check_layer(HUGE),
        lambda: PROBLEM.check_step(-HUGE),
        lambda: Discrete([1, 2], [HUGE, -HUGE]),
        lambda: Discrete([1, 2], [HUGE, HUGE]),
        lambda: Uniform(1, HUGE, -HUGE),
        lambda: Gaussian(cov=[[1, HUGE], [-HUGE, 1]]),
        lambda: Gaussian(2).moment([HUGE, HUGE]),
        lambda: variance_poly.variance_polynomial(PROBLEM, HUGE, HUGE),
        lambda: variance_poly.variance_polynomial(PROBLEM, 1, 1, engine=HUGE),
        lambda: variance_poly.variance_polynomial(HUGE, 1, 1),
        lambda: variance_poly.variance_polynomial(PROBLEM, 0, 1)(-HUGE),
        lambda: empirics.simulate(PROBLEM, batch_sizes=[HUGE], steps=1, replicas=2),
        lambda: empirics.simulate(PROBLEM, batch_sizes=[1], steps=1, replicas=2, every=-HUGE),
        lambda: empirics.simulate(PROBLEM, batch_sizes=[1], steps=1, replicas=2, sampling=HUGE),
    ],
)
def test_refusals_spell_numbers_that_python_does_not_print(refused: Any) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        refused()
    assert "integer string conversion" not in str(caught.value) and len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"student": [[[HUGE, 1]], [[1]]]}, r"student\[0\]\[0, 0\]"),
        ({"teacher": [[[1, 1]], [[-HUGE]]]}, r"teacher\[1\]\[0, 0\]"),
        ({"learning_rates": HUGE}, "learning_rates"),
        ({"learning_rates": [1, HUGE]}, r"learning_rates\[1\]"),
        ({"learning_rates": lambda t: HUGE}, r"learning_rates\(0\)"),
        ({"activation": (0, 1, HUGE)}, r"activation\[2\]"),
        ({"inputs": Discrete([(HUGE, 1), (1, 1)])}, r"atoms\[0, 0\]"),
        ({"inputs": Discrete([(10**200, 1), (1, 1)])}, r"inputs.second_moment\[0, 0\]"),
        ({"inputs": Gaussian(cov=[[HUGE, 0], [0, 1]])}, r"inputs.second_moment\[0, 0\]"),
        ({"inputs": Uniform(2, -HUGE, HUGE)}, "low"),
    ],
)
def test_what_no_run_can_hold_is_refused_before_any_work(changes: dict[str, Any], name: str) -> None:
    problem = replace(PROBLEM, **changes)
    with pytest.raises(ValueError, match=rf"^{name} must be within the range of doubles, but was -?1?0?"):
        empirics.simulate(problem, batch_sizes=[1], steps=3, replicas=10**6)
    if "inputs" in changes and "second" not in name:
        with pytest.raises(ValueError, match="must be within the range of doubles"):
            problem.inputs.sample(np.random.default_rng(0), 3)
