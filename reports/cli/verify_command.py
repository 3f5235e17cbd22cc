"""`batchlaw verify`: claims of the ledger, checked now."""

from __future__ import annotations

from typing import Annotated

import typer

from reports.cli.errors import one_line_errors
from reports.findings import Findings, Outcome, examine, select
from reports.text import terminal
from reports.text.numbers import decimal
from theory.claims import LEDGER


def verify(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids such as A.2 or 3.4; the whole ledger by default.")] = None,
) -> None:
    """Check claims of the ledger now: exit code 0 when every verdict is confirmed, 1 when one is not."""
    with one_line_errors():
        claims = select(LEDGER, ids or [])
    found = [examine(claim) for claim in claims]
    terminal.say(f"The ledger\n\n{findings_table(found)}")
    for f in found:
        for line in f.problems:
            terminal.say(f"{f.claim.id} is not confirmed: {line}")
    raise typer.Exit(0 if all(f.confirmed for f in found) else 1)


def findings_table(found: list[Findings]) -> str:
    """One row per claim: verdict, checks that hold, instances on which print or printed proof fails, not checked, confirmed or not."""
    names = ("Claim", "Verdict", "Holds", "Print fails", "Its proof fails", "Not checked", "Largest difference", "Confirmed")
    rows = []
    for f in found:
        held = sum(e.outcome is Outcome.HOLDS for e in f.supporting)
        fails = [f"{sum(e.outcome is Outcome.FAILS for e in group)}/{len(group)}" for group in (f.refuting, f.of_the_proof)]
        difference = "-" if f.largest_difference is None else decimal(f.largest_difference, 2)
        confirmed = "yes" if f.confirmed else "NO"
        checks = f"{held}/{len(f.supporting)}", *fails, str(f.not_checked)
        rows.append((f.claim.id, f.claim.verdict.value, *checks, difference, confirmed))
    return terminal.table(names, rows, right=names[2:7], columns=terminal.width())
