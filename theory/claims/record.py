"""A claim of the paper as a record that checks itself when built, and the evidence that a check returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from flint import arb

from theory.claims.statement import Statement, read_statement
from theory.exact import spelled
from theory.inverse_batch import InverseBatchPolynomial

#: A side of a check: a number, exact, in a ball or in doubles; a polynomial in 1/b; several of them, with names where these help; None for
#: what was not computed. How it is written is the affair of whoever shows it.
Value: TypeAlias = int | Fraction | float | arb | InverseBatchPolynomial | np.ndarray | Sequence["Value"] | Mapping[str, "Value"] | None


class Verdict(Enum):
    """What was found of a statement; what is to be said of its proof as printed stands in statement.md.

    MISPRINTED: false as the letters stand, but what is meant can be seen from the neighbouring lines. CORRECTED: true once a bound or a
    condition is changed.
    """

    HOLDS = "holds"
    MISPRINTED = "holds, misprinted"
    CORRECTED = "holds, corrected"
    REFUTED = "refuted"
    OPEN = "open"


@dataclass(frozen=True)
class Evidence:
    """Both sides of one statement on one instance, by routes that share no formula: numbers, with the routes in words.

    `holds` is None when the check could not be carried out: that is "not checked", never "holds". `reason` says why, or what fails
    besides the two sides.
    `difference` is the size of what the two sides differ by and `tolerance` what it may be: 0 for exact checks, where the difference is in
    the statement's own units; otherwise a proved error bound, and both are relative to max(1, |value|). `is_bound` marks an inequality:
    `left` is the bound, `right` what happened, and the difference by how much that may exceed it.
    """

    statement: str
    instance: str
    left_route: str
    left: Value
    right_route: str
    right: Value
    holds: bool | None
    difference: Fraction | float | None = None
    tolerance: float = 0.0
    reason: str = ""
    is_bound: bool = False

    def __post_init__(self) -> None:
        for name in ("left", "right"):
            if (stranger := _stranger(getattr(self, name))) is not None:
                raise TypeError(f"{name} must hold numbers, but was or held {stranger!r}")
        if self.holds is None and not self.reason:
            raise ValueError("evidence that was not checked must say why")
        if self.difference is not None and self.difference != self.difference:
            raise ValueError("the difference must be a number, but was NaN")

    def __str__(self) -> str:
        outcome = {True: "holds", False: "FAILS", None: "not checked"}[self.holds] + (f" ({self.reason})" if self.reason else "")
        return (
            f"{self.statement}: {outcome}\n  instance: {self.instance}\n  {self.left_route}: {_written(self.left)}\n"
            f"  {self.right_route}: {_written(self.right)}\n  difference: {_written(self.difference)} (tolerance {self.tolerance})"
        )


def _stranger(value: Value) -> object:
    """What is no number and no collection of numbers, if anything is."""
    if isinstance(value, Mapping):
        inside: Iterable[Value] = value.values()
    elif isinstance(value, np.ndarray):
        inside = value.ravel().tolist()
    elif isinstance(value, tuple | list):
        inside = value
    else:
        return None if value is None or isinstance(value, int | Fraction | float | arb | InverseBatchPolynomial) else value
    return next((found for v in inside if (found := _stranger(v)) is not None), None)


def _written(value: Value) -> str:
    """For a terminal: long numbers shortened."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_written(v)}" for name, v in value.items())
    if isinstance(value, np.ndarray | tuple | list):
        return f"({', '.join(_written(v) for v in value)})"
    if isinstance(value, int | Fraction):
        return spelled(value)
    return value.str(20) if isinstance(value, arb) else str(value)


def tabulated(name: str, keys: Iterable[int], values: Iterable[Value]) -> dict[str, Value]:
    """A side of a check with a value for each of several batch sizes, degrees, steps.

    Examples:
        >>> tabulated("b", (1, 2), (Fraction(1, 2), Fraction(1, 8)))
        {'b = 1': Fraction(1, 2), 'b = 2': Fraction(1, 8)}
    """
    return {f"{name} = {key}": value for key, value in zip(keys, values, strict=True)}


@dataclass(frozen=True)
class Showcase:
    """An instance pinned for the report. `printed` marks those on which the printed statement must fail, `printed_proof` those on which a
    step of its printed proof must; `decisive` the one that a page opens with (see `Claim.decisive`). What is to be said of it is said in
    statement.md, by its name.

    Of the instance a page typesets its `problem`, `step` and `layer`, and what it has in `given`: by headings, words with LaTeX, numbers,
    laws, products of letters, or matrices by their letters. One with neither is shown in the words of its evidence.
    """

    name: str
    make: Callable[[], Any]
    printed: bool = False
    decisive: bool = False
    printed_proof: bool = False

    def __post_init__(self) -> None:
        if self.printed and self.printed_proof:
            raise ValueError(f"showcase {self.name!r}: must be of the printed statement or of its proof, not of both")

    @property
    def must_fail(self) -> bool:
        """Whether what is printed must fail on it."""
        return self.printed or self.printed_proof


@dataclass(frozen=True)
class Claim:
    """One entry of the ledger: its verdict, and how it is checked. What it says stands in `module`'s folder, in statement.md.

    `check(instance)` tests the statement as it should read; `check_printed(instance)` the statement as printed, and
    `check_printed_proof(instance)` a step of its printed proof. `figure` names a drawing of `reports.figures`.
    """

    id: str
    module: str
    verdict: Verdict
    check: Callable[[Any], Evidence]
    showcases: tuple[Showcase, ...]
    check_printed: Callable[[Any], Evidence] | None = None
    check_printed_proof: Callable[[Any], Evidence] | None = None
    figure: str = "both sides"

    def __post_init__(self) -> None:
        for name in ("id", "module", "figure"):
            if not getattr(self, name).strip():
                raise ValueError(f"claim {self.id!r}: {name} must not be empty")
        if self.must_refute != any(s.printed for s in self.showcases):
            raise ValueError(
                f"claim {self.id!r}: a misprint, correction or refutation must show an instance on which the print fails, "
                "and no other claim may"
            )
        for name, shown in (("check_printed", "printed"), ("check_printed_proof", "printed_proof")):
            if (getattr(self, name) is not None) != any(getattr(s, shown) for s in self.showcases):
                raise ValueError(f"claim {self.id!r}: {name} and showcases with {shown}=True must come together")
        if all(s.must_fail for s in self.showcases):
            raise ValueError(f"claim {self.id!r}: must show an instance of the statement as it should read")
        if sum(s.decisive for s in self.showcases) > 1:
            raise ValueError(f"claim {self.id!r}: one showcase alone can be the decisive one")

    @property
    def decisive(self) -> Showcase:
        """What a reader who looks at one check should see: the showcase marked so; else the first on which the print fails, where the
        verdict says that it does; else the first."""
        marked = (s for s in self.showcases if s.decisive)
        return next(marked, next(s for s in self.showcases if (s.printed if self.must_refute else not s.must_fail)))

    @property
    def must_refute(self) -> bool:
        """Whether the verdict says that the print fails."""
        return self.verdict in (Verdict.MISPRINTED, Verdict.CORRECTED, Verdict.REFUTED)

    def check_of(self, showcase: Showcase) -> Callable[[Any], Evidence]:
        """The check that a showcase is for."""
        check = self.check_printed if showcase.printed else self.check_printed_proof if showcase.printed_proof else self.check
        if check is None:
            raise ValueError(f"showcase must be one of claim {self.id!r}, but was {showcase.name!r}")
        return check

    @cached_property
    def statement(self) -> Statement:
        """What the claim says, read when it is first asked for. Raises ValueError for a file that is missing or breaks the form."""
        statement = read_statement(self.module)
        if self.must_refute and not statement.corrected:
            raise ValueError(f"claim {self.id!r}: must state what is true")
        if self.check_printed_proof is not None and not statement.proof_as_printed.grade.is_fault:
            raise ValueError(f"claim {self.id!r}: a printed proof of which a step fails must be graded so")
        if strangers := statement.showcases.keys() - {s.name for s in self.showcases}:
            raise ValueError(
                f"claim {self.id!r}: what it says of showcases must name one of them, but names {', '.join(sorted(strangers))}"
            )
        return statement

    @property
    def title(self) -> str:
        """The statement in a line."""
        return self.statement.title

    @property
    def source(self) -> str:
        """Where the paper has it: lines, and what stands there."""
        return str(self.statement.source)

    @property
    def printed(self) -> str:
        """The statement as printed, HTML with LaTeX."""
        return self.statement.printed

    @property
    def corrected(self) -> str:
        """As it should read; empty where the print stands."""
        return self.statement.corrected

    @property
    def hypotheses(self) -> tuple[str, ...]:
        """What it needs, one sentence each."""
        return self.statement.hypotheses

    @property
    def folder(self) -> str:
        """`theorem_a7`, in theory/claims; its own tests are tests/theorems/test_theorem_a7.py."""
        return self.module.rpartition(".")[2]

    @property
    def command(self) -> str:
        """What runs its tests: its own, and those of the ledger on its showcases."""
        return f"pytest -m theorems tests/theorems -k {self.folder}"


def in_the_order_of_the_paper(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """By their lines."""
    return tuple(sorted(claims, key=lambda claim: claim.statement.source.lines))
