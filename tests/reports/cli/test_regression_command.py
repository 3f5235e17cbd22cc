"""`batchlaw regression`: a table of the user's, its numbers those of the class, and what is wrong said in one line."""

from __future__ import annotations

from fractions import Fraction as F

from typer.testing import CliRunner

from reports.cli import app
from reports.text.numbers import decimal
from theory import SGD
from theory.linear_regression import LinearRegression


def run(*arguments):
    return CliRunner().invoke(app, ["regression", *arguments], env={"COLUMNS": "200", "NO_COLOR": "1"})


def test_values_are_those_of_the_class(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("one,x,y\n1,0,1\n1,1,0\n1,3,2\n", encoding="utf-8")
    said = run(str(path), "--raw", "--batch-sizes", "1", "2", "--steps", "5", "--rate", "1/10", "--momentum", "1/2")
    assert said.exit_code == 0, said.output
    model = LinearRegression([[1, 0], [1, 1], [1, 3]], [1, 0, 2], [0, 0], F(1, 10), optimizer=SGD(momentum=F(1, 2)))
    for b in (1, 2):
        path_of = model.trajectory(5, b)
        for value in (path_of.variance[5], path_of.full_gradient_variance[5], path_of.loss[2]):
            assert decimal(F(float(value)), 6) in said.output
        assert decimal(F(model.stationary(b).loss), 6) in said.output


def test_bad_input_is_one_line(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("x,y\n1,2\n", encoding="utf-8")
    for arguments, message in (
        ((str(tmp_path / "none.csv"),), "cannot be read"),
        ((str(path), "--target", "z"), "target must be a column"),
        ((str(path), "--momentum", "2"), "momentum must be in [0, 1)"),
        ((str(path), "--weight-decay", "x"), "weight_decay must be a number"),
        ((str(path), "--rate", "-1"), "rate must not be negative"),
        ((str(path), "--raw", "--batch-sizes", "5"), "batch_size must be at most n = 1"),
    ):
        said = run(*arguments)
        assert said.exit_code == 2 and message in said.output and len(said.output.strip().splitlines()) == 1
