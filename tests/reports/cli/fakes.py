"""Small claims of our own: enough to see every state that a page can be in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction as F
from functools import partial
from typing import Any

from theory.claims.grades import Importance, parse_proof
from theory.claims.manuscript_lines import parse_place
from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.statement import Statement
from theory.inverse_batch import InverseBatchPolynomial

POLYNOMIAL = InverseBatchPolynomial([0, *(F((-1) ** (k // 3) * 7**k, 10**12 + k) for k in range(1, 24))])


def agree(instance: Any) -> Evidence:
    """Both sides are the instance."""
    return Evidence("x = x", f"x = {instance}", "first route", instance, "second route", instance, True, F(0))


def differ(instance: Any) -> Evidence:
    """The right side is the instance plus one."""
    return Evidence("x = x + 1", f"x = {instance}", "first route", instance, "second route", instance + 1, False, F(1))


def undecided(instance: Any) -> Evidence:
    """A check that could not be carried out."""
    return Evidence("x < y", f"x = {instance}", "first route", instance, "second route", None, None, reason="y is too large")


def broken(instance: Any) -> Evidence:
    """A check with a defect."""
    raise ZeroDivisionError("division by zero")


@dataclass(frozen=True)
class _Fake(Claim):
    """A claim whose statement stands in no file."""

    says: Statement | None = None

    @property
    def statement(self) -> Statement:
        assert self.says is not None
        return self.says


def _same(value: Any) -> Any:
    return value


def claim(
    identity: str = "T.1",
    verdict: Verdict = Verdict.CORRECTED,
    check: Callable[[Any], Evidence] = agree,
    check_printed: Callable[[Any], Evidence] | None = differ,
    values: tuple[Any, ...] = (F(1, 3), F(10**60 + 1, 3**70)),
    **changes: Any,
) -> Claim:
    """A claim whose evidence comes out as its verdict says, unless `changes` see to it that it does not.

    One that holds or is open shows no instance on which the print fails.
    """
    text: dict[str, Any] = {
        "name": identity,
        "title": r"Degree of \(\mathrm{var}(g_t)\) in \(1/b\)",
        "source": parse_place("Lines 1-2, Theorem T"),
        "importance": Importance.CENTRAL,
        "found": r"The degree is \(3^{t+1} - t - 2\).",
        "headline": "",
        "proof_as_printed": parse_proof("slips · line 3: a sign"),
        "shown_for": "two layers",
        "printed": r"<p>For \(b \ge 1\) the degree is at most \(3^{t+1} - 1\), whatever \(a &lt; b\).</p>",
        "corrected": (
            r"<p>For \(b \ge 1\) the degree is at most \(3^{t+1} - t - 2\), whatever \(a &lt; b\). "
            r"\[ \sum_{s=0}^{t} (2 m^s - 1) \]</p>"
        ),
        "hypotheses": (r"\(w_0\) is given",),
        "proof": r"<p>By induction on \(t\).</p>",
        "remarks": ("A remark.",),
    }
    fails = verdict in (Verdict.MISPRINTED, Verdict.CORRECTED, Verdict.REFUTED)
    fields: dict[str, Any] = {
        "id": identity,
        "module": "fakes.theorem_x",
        "verdict": verdict,
        "check": check,
        "check_printed": check_printed if fails else None,
        "showcases": (
            *(Showcase(f"case {i}", partial(_same, x)) for i, x in enumerate(values)),
            *([Showcase("smallest", lambda: F(1), printed=True)] if fails else []),
        ),
    }
    notes = {"smallest": r"smallest in \(\lvert w\rvert\)"}
    says = Statement(showcases=notes, **{name: changes.pop(name, words) for name, words in text.items()})
    return _Fake(**(fields | changes), says=says)


def one_showcase(value: Any = 1) -> tuple[Showcase, ...]:
    """A single supporting instance."""
    return (Showcase("only", lambda: value),)
