"""The table of verdicts: hypotheses of the paper, its own reading of each, and what a test over the runs shown here says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from empirics.estimation.verdicts import NOT_SUPPORTED, SUPPORTED, UNDECIDED
from empirics.experiments.paired_values import Pairs
from reports.site.cards import maths

TONES = {SUPPORTED: ("holds", "✓"), NOT_SUPPORTED: ("refuted", "✗"), UNDECIDED: ("open", "?")}


@dataclass(frozen=True)
class Hypothesis:
    """One of the paper's: "falls" as b grows, or "rises"; what the paper says, in its words, and where.

    `of_shares`: the quantity is a difference of shares, of either sign: it changes by percentage points, not by a part of its mean.
    """

    says: str
    paper: str
    lines: str
    direction: str = "falls"
    of_shares: bool = False


def row(hypothesis: Hypothesis, tested: Mapping[str, Pairs]) -> dict[str, Any]:
    """The hypothesis, its outcome on every axis, at how many looks the quantity falls and rises, and by how much at the end."""
    return {
        "says": maths(hypothesis.says),
        "paper": hypothesis.paper,
        "lines": hypothesis.lines,
        "outcomes": [{"axis": axis} | _outcome(values, hypothesis.direction, hypothesis.of_shares) for axis, values in tested.items()],
    }


def _outcome(values: Pairs, direction: str, of_shares: bool = False) -> dict[str, Any]:
    if not values.small_epochs.size:
        return {"word": UNDECIDED, "tone": "open", "sign": "?", "counts": "no look at which all runs have values", "effect": ""}
    test = values.test()
    word = (test if direction == "falls" else test.opposite).outcome
    tone, sign = TONES[word]
    last = values.small_epochs == values.small_epochs.max()
    whole = np.ones(last.sum()) if of_shares else np.abs(values.mean[last])
    change, low, high = (-100 * x[last] / whole for x in (test.difference, test.high, test.low))
    unit = "percentage points" if of_shares else "%"
    return {
        "word": word,
        "tone": tone,
        "sign": sign,
        "counts": f"falls at {int(test.falling.sum())}, rises at {int(test.rising.sum())} of {int(test.compared.sum())} looks",
        "effect": f"{_range(change)} {unit}, within {_signed(low.min())} and {_signed(high.max())}" if np.isfinite(change).all() else "",
    }


def _range(values: np.ndarray) -> str:
    low, high = _signed(values.min()), _signed(values.max())
    return low if low == high else f"{low} to {high}"


def _signed(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−")
