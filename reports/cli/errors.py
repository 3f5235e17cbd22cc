"""How the command line tells of bad input, and what every command has around it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from reports.text import terminal


class Command(TyperCommand):
    """A command whose output, help and errors included, arrives or is told to be lost."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        with terminal.guarded():
            return super().main(*arguments, **options)


class Group(TyperGroup):
    """The same for a command with subcommands, whose names may have two words: "simulate mnist" is another command than "simulate"."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        two = " ".join(args[:2])
        return super().resolve_command(ctx, [two, *args[2:]] if two in self.commands else args)

    def main(self, *arguments: Any, **options: Any) -> Any:
        with terminal.guarded():
            return super().main(*arguments, **options)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Errors of the input and of files become one line on stderr and exit code 2; all else is a defect and keeps its traceback."""
    try:
        yield
    except (ValueError, TypeError, ArithmeticError, OSError) as error:
        terminal.say(f"error: {' '.join(message(error).split())}", error=True)
        raise typer.Exit(2) from None


def message(error: Exception) -> str:
    """What went wrong; of an OSError without its number, and with the file that it is about."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return error.strerror if error.filename is None else f"{error.strerror}: {str(error.filename)!r}"
