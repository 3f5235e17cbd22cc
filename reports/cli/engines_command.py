"""`batchlaw engines`: what can be computed for which networks and inputs."""

from __future__ import annotations

from reports.text import engine_table, terminal


def engines() -> None:
    """What the engines say they can compute, for which inputs, depths and activations; cost is another question, asked of a problem.

    t: the step; p: the number of input coordinates. `variance` takes the fastest engine that fits its budget.
    """
    terminal.say(terminal.table(engine_table.HEADERS, engine_table.rows(), columns=terminal.width()))
