"""The table of what can be computed says what the engines do, and what stands for a kind stands for the whole kind."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from reports.cli import app
from reports.text import engine_table
from theory import variance_poly
from theory.budget import CannotError

ROWS = engine_table.rows()


def row(network, law):
    (found,) = [r for r in ROWS if r[0] == network and law in r[1].split(", ")]
    return found


@pytest.mark.parametrize("law", engine_table.LAWS)
@pytest.mark.parametrize("network", engine_table.NETWORKS)
def test_what_is_said_is_what_happens(network, law):
    problem = engine_table.problem(law, *engine_table.NETWORKS[network])
    entries = [entry.partition(" (") for entry in row(network, law)[2].split("; ")]
    said = {name: 2 if "t ≥ 2" in limits else 0 for name, _, limits in entries if name != "none"}
    for engine in variance_poly.ENGINES:
        if engine.name in said:
            v = variance_poly.variance_polynomial(problem, said[engine.name], 1, engine=engine.name)
            assert v(1) >= -v.error(1)
        else:
            with pytest.raises(CannotError):
                variance_poly.variance_polynomial(problem, 0, 1, engine=engine.name)
    if not said:
        with pytest.raises(CannotError, match="no engine can compute"):
            variance_poly.variance_polynomial(problem, 0, 1)


@pytest.mark.parametrize("law", engine_table.LAWS)
@pytest.mark.parametrize(
    "network, depth, activation",
    [
        ("linear, three layers or more", 4, (0, 1)), ("linear, three layers or more", 7, (0, 1)),
        ("polynomial activation, two layers or more", 2, (1, 0, 0, 2)), ("polynomial activation, two layers or more", 5, (0, 1, 1)),
        *(("sigmoid, tanh, softplus, GELU, SiLU or ELU", 3, name) for name in ("sigmoid", "softplus", "gelu", "silu", "elu")),
        ("ReLU or leaky ReLU", 4, "leaky_relu(1/7)"),
    ],
)  # fmt: skip
def test_one_stands_for_its_kind(network, depth, activation, law):
    assert engine_table._answer(law, depth, activation) == row(network, law)[2:]


def test_limits_are_where_engines_stop():
    for depth, network in ((2, "linear, two layers"), (5, "linear, three layers or more")):
        assert "trace_words (t ≤ 1)" in row(network, "Gaussian")[2]
        with pytest.raises(CannotError, match="t <= 1"):
            variance_poly.variance_polynomial(engine_table.problem("Gaussian", depth, (0, 1)), 2, 1, engine="trace_words")
    (most,) = re.findall(r"frequencies \(p ≤ (\d+)\)", row("linear, two layers", "Rademacher")[2])
    with pytest.raises(CannotError):
        variance_poly.variance_polynomial(engine_table.problem("Rademacher", 2, (0, 1), int(most) + 1), 0, 1, engine="frequencies")
    assert variance_poly.predicted_cost(engine_table.problem("Rademacher", 2, (0, 1), int(most)), 0, 1, engine="frequencies")


def test_it_is_printed_whole():
    shown = CliRunner().invoke(app, ["engines"])
    lines = [re.split(r" {2,}", line) for line in shown.stdout.splitlines()]
    assert shown.exit_code == 0 and lines[0] == list(engine_table.HEADERS) and [tuple(line) for line in lines[2:]] == ROWS
