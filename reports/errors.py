"""How the command line tells of bad input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Errors of the input become one line on stderr and exit code 2; every other exception is a defect and keeps its traceback."""
    try:
        yield
    except (ValueError, TypeError, ArithmeticError) as error:
        typer.echo(f"error: {' '.join(str(error).split())}", err=True)
        raise typer.Exit(2) from None
