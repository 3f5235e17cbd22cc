"""A claim of the paper as a record that checks itself when built, and the evidence that a check returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any


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
    """One entry of the ledger.

    `check(instance)` tests the statement as it should read; `check_printed(instance)` the statement as printed. Statements are HTML with
    LaTeX between \\( and \\) or \\[ and \\].
    """

    id: str
    title: str
    source: str
    printed: str
    corrected: str
    hypotheses: tuple[str, ...]
    verdict: Verdict
    check: Callable[[Any], Evidence]
    showcases: tuple[Showcase, ...]
    check_printed: Callable[[Any], Evidence] | None = None
    proof: str = ""
    remarks: tuple[str, ...] = ()
    command: str = ""
    slips: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for name in ("id", "title", "source", "printed"):
            if not getattr(self, name).strip():
                raise ValueError(f"claim {self.id!r}: {name} must not be empty")
        if self.verdict in (Verdict.CORRECTED, Verdict.REFUTED):
            if self.check_printed is None or not any(s.printed for s in self.showcases):
                raise ValueError(f"claim {self.id!r}: a correction or refutation must show an instance on which the print fails")
            if not self.corrected.strip():
                raise ValueError(f"claim {self.id!r}: must state what is true")
        if not any(not s.printed for s in self.showcases):
            raise ValueError(f"claim {self.id!r}: must show an instance of the statement as it should read")

    def evidence(self) -> tuple[Evidence, ...]:
        """Evidence for the corrected statement on every showcase that is not marked `printed`."""
        return tuple(self.check(s.make()) for s in self.showcases if not s.printed)

    def refutations(self) -> tuple[Evidence, ...]:
        """Evidence against the printed statement: each must have `holds` False."""
        if self.check_printed is None:
            return ()
        return tuple(self.check_printed(s.make()) for s in self.showcases if s.printed)
