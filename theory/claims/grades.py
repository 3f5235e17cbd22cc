"""How much of the paper hangs on a claim, and what is to be said of its proof as printed, apart from the statement."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Importance(Enum):
    """What else in the paper hangs on a claim."""

    CENTRAL = "central"
    SUPPORTING = "supporting"
    REMARK = "remark"


class ProofGrade(Enum):
    """How a proof fares as printed. One that slips or has a gap can be mended; the conclusion of one that fails does not follow."""

    CLOSES = "closes"
    SLIPS = "slips"
    GAP = "has a gap"
    FAILS = "fails"
    ABSENT = "not in the paper"

    @property
    def is_fault(self) -> bool:
        """Whether the printed proof has something wrong."""
        return self in (ProofGrade.SLIPS, ProofGrade.GAP, ProofGrade.FAILS)


@dataclass(frozen=True)
class PrintedProof:
    """The grade of a proof as printed, and what is wrong with it, by line: HTML with LaTeX. ValueError for a fault without words."""

    grade: ProofGrade
    words: str = ""

    def __post_init__(self) -> None:
        if self.grade.is_fault and not self.words:
            raise ValueError(f"a proof that {self.grade.value} must say where, as in '{self.grade.value} · line 3: ...'")


def parse_importance(text: str) -> Importance:
    """An importance from its word."""
    if text not in [i.value for i in Importance]:
        raise ValueError(f"an importance must be one of {', '.join(i.value for i in Importance)}, but was {text!r}")
    return Importance(text)


def parse_proof(text: str) -> PrintedProof:
    """A grade, and what is wrong behind a dot.

    Examples:
        >>> parse_proof("slips · line 3: a sign")
        PrintedProof(grade=<ProofGrade.SLIPS: 'slips'>, words='line 3: a sign')
    """
    grade, _, words = text.partition(" · ")
    if grade not in [g.value for g in ProofGrade]:
        raise ValueError(f"a printed proof must begin with one of {', '.join(g.value for g in ProofGrade)}, but was {text!r}")
    return PrintedProof(ProofGrade(grade), words)
