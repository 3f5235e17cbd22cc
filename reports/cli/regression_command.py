"""`batchlaw regression`: one linear layer on a table of numbers, exactly and at any step."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from reports.cli.errors import one_line_errors
from reports.cli.run_options import sizes_of
from reports.text import terminal
from reports.text.numbers import decimal
from theory import SGD
from theory.exact import read_number
from theory.linear_regression import LinearRegression, Table, Trajectory, load_diabetes, read_table
from theory.optimizers import as_rate


def regression(
    data: Annotated[
        Path | None,
        typer.Argument(help="CSV, numbers, with a line of names or without; scikit-learn's diabetes data by default."),
    ] = None,
    target: Annotated[str | None, typer.Option(help="The column that is learned, by its name or number; the last by default.")] = None,
    batch_sizes: Annotated[list[str] | None, typer.Option(help="One or more: --batch-sizes 1 8 64.")] = None,
    steps: Annotated[int, typer.Option(help="The last step; values are shown at 0, 1, 2, 5, 10, 20, ... up to it.")] = 100,
    rate: Annotated[str, typer.Option(help="The learning rate: 1/100 or 0.01.")] = "1/100",
    momentum: Annotated[str, typer.Option(help="In [0, 1).")] = "0",
    dampening: Annotated[str, typer.Option(help="Of momentum.")] = "0",
    nesterov: Annotated[bool, typer.Option("--nesterov", help="Nesterov's step.")] = False,
    weight_decay: Annotated[str, typer.Option(help="Added to the gradient, times the weights.")] = "0",
    replacement: Annotated[bool, typer.Option("--replacement", help="Draw batches with replacement; by default they are subsets.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Take the columns as they are; by default standardised, with an intercept.")] = False,
) -> None:
    """Var(g_t), var(grad L(w_t)) and E L(w_t) of linear regression by SGD from w_0 = 0, exactly, and its limit."""
    with one_line_errors():
        table = load_diabetes() if data is None else read_table(data, target)
        table = table if raw else table.standardised()
        mu, tau, decay = read_number(momentum, "momentum"), read_number(dampening, "dampening"), read_number(weight_decay, "weight_decay")
        optimizer = SGD(mu, tau, nesterov, decay)
        model = LinearRegression(table.X, table.y, [0] * len(table.columns), as_rate(rate, "rate"), replacement, optimizer)
        n = len(table.y)
        sizes = sizes_of(batch_sizes) if batch_sizes else sorted({1, min(8, n), min(64, n), n})
        paths = [model.trajectory(steps, b) for b in sizes]
        limits = [_limit(model, b) for b in sizes]
    terminal.say(_text(table, sizes, paths, limits, shown_steps(steps)))


def shown_steps(last: int) -> list[int]:
    """0, 1, 2, 5, 10, 20, 50, ... and the last step.

    >>> shown_steps(30)
    [0, 1, 2, 5, 10, 20, 30]
    """
    round_ones = [k * 10**power for power in range(len(str(last))) for k in (1, 2, 5)]
    return [0, *(t for t in round_ones if t < last), *([last] if last else [])]


def _limit(model: LinearRegression, b: int) -> tuple[str, str]:
    """The loss after infinitely many steps, and the largest stable rate, as texts."""
    try:
        loss = decimal(Fraction(model.stationary(b).loss), 6)
    except ValueError:
        loss = "none"
    if not model.optimizer.is_plain:
        return loss, "-"
    try:
        return loss, decimal(model.largest_stable_rate(b)[0], 6)
    except ValueError:
        return loss, "-"


def _text(table: Table, sizes: list[int], paths: list[Trajectory], limits: list[tuple[str, str]], steps: list[int]) -> str:
    heads = ("t", *(f"b = {b}" for b in sizes))
    without = f" (without {', '.join(table.left_out)}, which does not vary)" if table.left_out else ""
    lines = [f"{table.source}: {len(table.y)} rows, {len(table.columns)} columns{without}, {table.target} is learned"]
    for name, what in (("variance", "var(g_t)"), ("full_gradient_variance", "var(grad L(w_t))"), ("loss", "E L(w_t)")):
        rows = [(str(t), *(decimal(Fraction(float(getattr(path, name)[t])), 6) for path in paths)) for t in steps]
        if name == "loss":
            rows.append(("infinity", *(loss for loss, _ in limits)))
        lines.append(f"{what}\n\n{terminal.table(heads, rows, right=heads, columns=terminal.width())}")
    rates = [("largest stable rate", *(rate for _, rate in limits))]
    lines.append(terminal.table(("", *heads[1:]), rates, right=heads[1:], columns=terminal.width()))
    return "\n\n".join(lines)
