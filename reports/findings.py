"""What the program found for one claim: every showcase examined, each outcome held against what the verdict promises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from theory.claims.record import Claim, Evidence, Showcase, in_the_order_of_the_paper
from theory.exact import did_you_mean


class Outcome(Enum):
    """How one check came out."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_CHECKED = "not checked"
    BROKE = "broke"


@dataclass(frozen=True)
class Examined:
    """One showcase, its instance, and what came of it. `expected` is FAILS where what is printed is to be refuted."""

    showcase: Showcase
    instance: Any
    evidence: Evidence | None
    outcome: Outcome
    error: str = ""

    @property
    def expected(self) -> Outcome:
        return Outcome.FAILS if self.showcase.must_fail else Outcome.HOLDS

    @property
    def difference(self) -> Any:
        """The size of the evidence's difference, a Fraction or a float; None when there is none."""
        found: Any = None if self.evidence is None else self.evidence.difference
        return None if found is None else abs(found)

    @property
    def contradicts(self) -> bool:
        """Whether this outcome is not what the verdict says. Not checked contradicts nothing, and supports nothing."""
        return self.outcome not in (self.expected, Outcome.NOT_CHECKED)


@dataclass(frozen=True)
class Summary:
    """What is left of findings without their claim and instances: enough for the ledger's index, and fit to cross processes."""

    claim_id: str
    problems: tuple[str, ...]
    held: int
    refuted: int
    steps_refuted: int
    not_checked: int
    largest_difference: Any

    @property
    def confirmed(self) -> bool:
        """Whether the evidence came out as the verdict says."""
        return not self.problems


@dataclass(frozen=True)
class Findings:
    """A claim with every showcase examined."""

    claim: Claim
    examined: tuple[Examined, ...]

    @property
    def supporting(self) -> tuple[Examined, ...]:
        """Checks of the statement as it should read."""
        return tuple(e for e in self.examined if not e.showcase.must_fail)

    @property
    def refuting(self) -> tuple[Examined, ...]:
        """Checks of the statement as printed, on instances where it must fail."""
        return tuple(e for e in self.examined if e.showcase.printed)

    @property
    def of_the_proof(self) -> tuple[Examined, ...]:
        """Checks of steps of the printed proof, on instances where they must fail."""
        return tuple(e for e in self.examined if e.showcase.printed_proof)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the verdict is not confirmed; empty when it is."""
        found = [
            f"{e.showcase.name}: {_subject(e.showcase)}"
            + (f"check broke off: {e.error}" if e.outcome is Outcome.BROKE else f"{e.outcome.value}, but should {_VERB[e.expected]}")
            for e in self.examined
            if e.contradicts
        ]
        if not any(e.outcome is Outcome.HOLDS for e in self.supporting):
            found.append("nothing was checked that supports the verdict")
        if self.claim.must_refute and not any(e.outcome is Outcome.FAILS for e in self.refuting):
            found.append("no instance was shown on which the printed statement fails")
        return tuple(found)

    @property
    def confirmed(self) -> bool:
        """Whether the evidence came out as the verdict says."""
        return not self.problems

    @property
    def not_checked(self) -> int:
        """How many showcases could not be checked."""
        return sum(e.outcome is Outcome.NOT_CHECKED for e in self.examined)

    @property
    def largest_difference(self) -> Any:
        """The largest difference of the checks that hold; None when there is none."""
        held = (e.difference for e in self.supporting if e.outcome is Outcome.HOLDS)
        return max((r for r in held if r is not None), default=None)

    @property
    def summary(self) -> Summary:
        """Counts, problems and the largest difference."""
        return Summary(
            self.claim.id,
            self.problems,
            held=sum(e.outcome is Outcome.HOLDS for e in self.supporting),
            refuted=sum(e.outcome is Outcome.FAILS for e in self.refuting),
            steps_refuted=sum(e.outcome is Outcome.FAILS for e in self.of_the_proof),
            not_checked=self.not_checked,
            largest_difference=self.largest_difference,
        )


_VERB = {Outcome.HOLDS: "hold", Outcome.FAILS: "fail"}


def _subject(showcase: Showcase) -> str:
    return "the printed statement " if showcase.printed else "the step of the printed proof " if showcase.printed_proof else ""


def examine(claim: Claim) -> Findings:
    """Run every showcase of a claim. A check that raises is a finding of its own, never a pass."""
    return Findings(claim, tuple(_examine(claim, showcase) for showcase in claim.showcases))


def select(ledger: Iterable[Claim], ids: Iterable[str], besides: Iterable[str] = ()) -> tuple[Claim, ...]:
    """The claims with these ids, in the order of the paper; all of them for no ids.

    Raises ValueError for an id that is not there, naming those that are, `besides` included.
    """
    claims, wanted = in_the_order_of_the_paper(ledger), [i.strip().lower() for i in ids]
    known = [*(claim.id for claim in claims), *besides]
    for name in wanted:
        if not any(name == claim.id.lower() for claim in claims):
            meant = did_you_mean(name, [i.lower() for i in known])
            raise ValueError(f"id must be one of the ledger's ({', '.join(known) or 'none yet'}), but was {name!r}{meant}")
    return tuple(claim for claim in claims if not wanted or claim.id.lower() in wanted)


def _examine(claim: Claim, showcase: Showcase) -> Examined:
    instance = None
    try:
        instance = showcase.make()
        evidence = claim.check_of(showcase)(instance)
    except Exception as error:
        return Examined(showcase, instance, None, Outcome.BROKE, f"{type(error).__name__}: {error}")
    if evidence.holds is None:
        return Examined(showcase, instance, evidence, Outcome.NOT_CHECKED)
    examined = Examined(showcase, instance, evidence, Outcome.HOLDS if evidence.holds else Outcome.FAILS)
    if evidence.holds and examined.difference is not None and examined.difference > evidence.tolerance:
        reason = f"it says that it holds, with difference {evidence.difference} above the tolerance {evidence.tolerance}"
        return replace(examined, outcome=Outcome.BROKE, error=reason)
    return examined
