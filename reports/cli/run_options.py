"""What the commands that run simulations share: options with several values, budgets, and what is said when a run is stopped."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from reports.cli.errors import Command
from reports.cli.progress import shown_progress
from reports.cli.signals import EndedError, ended_by_signals, exit_code
from reports.text import terminal
from theory.budget import Budget
from theory.exact import shown


class ManyValues(Command):
    """Lets `--batch-sizes 4 16 64` stand for `--batch-sizes 4 --batch-sizes 16 --batch-sizes 64`; so does `--batch-sizes 4,16,64`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(_spread(args, "--batch-sizes")))


def _spread(args: list[str], option: str) -> Iterator[str]:
    """What looks like a number after the option's first value gets the option before it."""
    since = 0  # arguments since the option, itself included; 0: not within its values
    for argument in args:
        if argument == option or argument.startswith(f"{option}="):
            since = 1 if argument == option else 2
        elif since and (since == 1 or re.fullmatch(r"[-+]?\d[\d.,eE+-]*", argument)):
            if since > 1:
                yield option
            since += 1
        else:
            since = 0
        yield argument


def sizes_of(texts: list[str]) -> list[int]:
    """The batch sizes that were said. ValueError for what are no integers."""
    words = [word for text in texts for word in text.replace(",", " ").split()]
    for word in words:
        if not re.fullmatch(r"[-+]?\d{1,30}", word):
            raise ValueError(f"batch_sizes must be integers, as in --batch-sizes 4 16 64, but had {word!r}")
    return [int(word) for word in words]


def said(ctx: Any) -> set[str]:
    """The parameters that were given on the command line, whatever their values."""
    return {name for name in ctx.params if ctx.get_parameter_source(name).name == "COMMANDLINE"}


def budget_of(gigabytes: float | None) -> Budget | None:
    """The budget of --max-gigabytes. ValueError for what is not positive."""
    if gigabytes is None:
        return None
    if not gigabytes > 0:
        raise ValueError(f"max_gigabytes must be positive, but was {shown(gigabytes)}")
    return Budget(math.inf, 1e9 * gigabytes, name=f"max_gigabytes = {gigabytes:g}")


def require_store(store: Path | None, resume: bool, repair: bool) -> None:
    """ValueError for what is to go on with a store that there is none of."""
    if store is None and (resume or repair):
        raise ValueError("store must be given with --resume or --repair")


def kept_in(store: Path | None) -> str:
    """What to say of an end before the end, where there is a store."""
    return "" if store is None else f"; finished shards are kept in {store}: add --resume"


@contextmanager
def watched(store: Path | None) -> Iterator[Any]:
    """Around a run, with the callback of its progress: a run that was stopped, or that could not write, is told of in a line."""
    kept = kept_in(store)
    try:
        with ended_by_signals(), shown_progress() as told:
            yield told
    except KeyboardInterrupt as error:
        word = "ended" if isinstance(error, EndedError) else "interrupted"
        terminal.say(f"{word}{kept or '; nothing was kept (there was no --store)'}", error=True)
        raise typer.Exit(exit_code(error)) from None
    except OSError as error:
        terminal.say(f"error: {error.strerror or error}{'' if '--resume' in str(error) else kept}", error=True)
        raise typer.Exit(1) from None
