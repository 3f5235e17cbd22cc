"""`batchlaw report`: the ledger as a web site, with the pages of measurements that its registry lists."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from reports.cli.errors import Command, one_line_errors
from reports.findings import select
from reports.site import measured
from reports.text import terminal
from theory.claims import LEDGER


class StoredResults(Command):
    """Lets `--figure-1 DIR` stand for `--results figure-1=DIR`, for every page of measurements that shows stored results."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(_spelled_out(args)))


def _spelled_out(args: list[str]) -> Iterator[str]:
    pages = {f"--{page.option}": page.option for page in measured.MEASURED if page.check}
    rest = iter(args)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name in pages and (equals or (value := next(rest, ""))):
            yield from ("--results", f"{pages[name]}={value}")
        else:
            yield argument


def report(
    out: Annotated[Path, typer.Option(help="Directory of the site; replaced as a whole when it is there.")] = Path("site"),
    only: Annotated[list[str] | None, typer.Option(help=f"An id, or {measured.IDS}; repeat for more.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random instances that some figures draw, and of what is simulated.", min=0)] = 0,
    results: Annotated[list[str] | None, typer.Option("--results", "--stored", metavar="NAME=DIR", help=measured.RESULTS_HELP)] = None,
) -> None:
    """Write the ledger as a web site; the last line printed is the path of its index.html."""
    from reports.site.build import build  # matplotlib takes a second to load: only here

    with one_line_errors():
        measure, ids = measured.split(only or [])
        directories = measured.directories(results or [])
        if only and measure:
            measured.require_extra("only")
        claims = select(LEDGER, ids, [page.id for page in measured.MEASURED]) if ids or not only else ()
        workers = min(2, os.cpu_count() or 1)
        made = build(claims, out, seed, progress=terminal.say, workers=workers, measure=measure, stored=directories)
    for f in made.findings:
        for line in f.problems:
            terminal.say(f"{f.claim_id} is not confirmed: {line}", error=True)
    for line in made.alarms:
        terminal.say(line, error=True)
    terminal.say(str(made.index))
    raise typer.Exit(0 if made.confirmed else 1)
