"""A claim of the paper as a record that checks itself when built, and the evidence that a check returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import Any

from theory.claims.statement import Statement, read_statement


class Verdict(Enum):
    """What was found."""

    HOLDS = "holds"
    CORRECTED = "holds, corrected"
    REFUTED = "refuted"
    OPEN = "open"


@dataclass(frozen=True)
class Evidence:
    """Both sides of one statement on one instance, by routes that share no formula.

    `holds` is None when the check could not be carried out (`reason` says why): that is "not checked", never "holds".
    `residual` is the size of the difference and `tolerance` what it may be: 0 for exact checks, where the residual is in the statement's
    own units; otherwise a proved error bound, and both are relative to max(1, |value|). `is_bound` marks an inequality: `left` is the
    bound, `right` what happened, and the residual by how much that may exceed it.
    """

    statement: str
    instance: str
    left_route: str
    left: Any
    right_route: str
    right: Any
    holds: bool | None
    residual: Fraction | float | None = None
    tolerance: float = 0.0
    reason: str = ""
    is_bound: bool = False

    def __post_init__(self) -> None:
        if self.holds is None and not self.reason:
            raise ValueError("evidence that was not checked must say why")
        if self.residual is not None and self.residual != self.residual:
            raise ValueError("the residual must be a number, but was NaN")

    def __str__(self) -> str:
        outcome = {True: "holds", False: "FAILS", None: f"not checked ({self.reason})"}[self.holds]
        return (
            f"{self.statement}: {outcome}\n  instance: {self.instance}\n  {self.left_route}: {self.left}\n"
            f"  {self.right_route}: {self.right}\n  residual: {self.residual} (tolerance {self.tolerance})"
        )


@dataclass(frozen=True)
class Showcase:
    """An instance pinned for the report. `printed` marks those on which the printed statement must fail."""

    name: str
    make: Callable[[], Any]
    printed: bool = False
    note: str = ""


@dataclass(frozen=True)
class Claim:
    """One entry of the ledger: its verdict, and how it is checked. What it says stands in `module`'s folder, in statement.md.

    `check(instance)` tests the statement as it should read; `check_printed(instance)` the statement as printed. `figure` names a drawing
    of `reports.figures`.
    """

    id: str
    module: str
    verdict: Verdict
    check: Callable[[Any], Evidence]
    showcases: tuple[Showcase, ...]
    check_printed: Callable[[Any], Evidence] | None = None
    figure: str = "both sides"

    def __post_init__(self) -> None:
        for name in ("id", "module", "figure"):
            if not getattr(self, name).strip():
                raise ValueError(f"claim {self.id!r}: {name} must not be empty")
        if self.must_refute and (self.check_printed is None or not any(s.printed for s in self.showcases)):
            raise ValueError(f"claim {self.id!r}: a correction or refutation must show an instance on which the print fails")
        if not any(not s.printed for s in self.showcases):
            raise ValueError(f"claim {self.id!r}: must show an instance of the statement as it should read")

    @property
    def must_refute(self) -> bool:
        """Whether the verdict says that the print fails."""
        return self.verdict in (Verdict.CORRECTED, Verdict.REFUTED)

    @cached_property
    def statement(self) -> Statement:
        """What the claim says, read when it is first asked for. Raises ValueError for a file that is missing or breaks the form."""
        statement = read_statement(self.module)
        if self.must_refute and not statement.corrected:
            raise ValueError(f"claim {self.id!r}: must state what is true")
        return statement

    @property
    def name(self) -> str:
        """`theorem_a7`: its folder under theory/claims, and its tests are tests/theorems/test_theorem_a7.py."""
        return self.module.rpartition(".")[2]

    @property
    def command(self) -> str:
        """What runs its tests: its own, and those of the ledger on its showcases."""
        return f"pytest -m theorems tests/theorems -k {self.name}"
