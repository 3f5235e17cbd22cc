"""Rows of verdicts: outcome, counts and effect of a hypothesis, from values that are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
from empirics.experiments.paired_values import Pairs
from reports.site.verdict_table import Hypothesis, row

FALLS = Hypothesis(r"It falls with \(b\)", "“it falls”", "line 1")
RISES = Hypothesis("It rises", "“it rises”", "line 2", "rises")


def values(shift: float, runs: int = 8, looks: int = 3) -> Pairs:
    """The larger batch size has 10, the smaller one `shift` more, with little noise; nothing differs at the first look."""
    noise = np.random.default_rng(0).normal(0, 0.01, (2, runs, looks))
    noise[..., 0] = 0
    epochs = np.arange(looks)
    return Pairs(10 + shift * (epochs > 0) + noise[0], 10 + noise[1], epochs, epochs)


@pytest.mark.parametrize(
    ("shift", "falls", "rises", "counts", "effect"),
    [
        (1.0, "supported", "not supported", "falls at 2, rises at 0 of 2 looks", "−9.4"),
        (-1.0, "not supported", "supported", "falls at 0, rises at 2 of 2 looks", "+10.6"),
        (0.0, "undecided", "undecided", "falls at 0, rises at 0 of 2 looks", ""),
    ],
)
def test_outcomes(shift: float, falls: str, rises: str, counts: str, effect: str) -> None:
    for hypothesis, word in ((FALLS, falls), (RISES, rises)):
        (found,) = row(hypothesis, {"epochs": values(shift)})["outcomes"]
        assert found["word"] == word and found["counts"] == counts and found["effect"].startswith(effect)
        assert {"supported": "✓", "not supported": "✗", "undecided": "?"}[word] == found["sign"]


def test_the_effect_is_the_change_with_b_and_lies_in_its_interval() -> None:
    (found,) = row(FALLS, {"epochs": values(1.0)})["outcomes"]
    change, _, _, low, _, high = found["effect"].replace("−", "-").replace(",", "").split()
    assert float(low) < float(change) < float(high) < 0 and float(change) == pytest.approx(-100 / 10.5, abs=0.3)


@pytest.mark.parametrize(("shift", "outcome", "share", "points"), [(-0.1, "not supported", 67, 10), (0.1, "supported", -200, -10)])
def test_the_change_of_a_negative_quantity(shift: float, outcome: str, share: float, points: float) -> None:
    """From -0.1 + shift to -0.1: it rises where the shift is negative; of a gap, which is a difference of shares, in percentage points."""
    before = values(shift)
    below = Pairs(before.small - 10.1, before.large - 10.1, before.small_epochs, before.large_epochs)
    for hypothesis, expected, unit in ((FALLS, share, "%"), (replace(FALLS, of_shares=True), points, "percentage points")):
        (found,) = row(hypothesis, {"epochs": below})["outcomes"]
        change, rest = found["effect"].replace("−", "-").split(" ", 1)
        low, high = (float(end) for end in rest.removeprefix(f"{unit}, within ").split(" and "))
        assert found["word"] == outcome and low < float(change) < high and (low > 0 or high < 0)
        assert abs(float(change) - expected) < 0.2 * abs(expected)


def test_nothing_to_compare() -> None:
    none = np.zeros((8, 0))
    (found,) = row(FALLS, {"epochs": Pairs(none, none, np.zeros(0), np.zeros(0))})["outcomes"]
    assert found["word"] == "undecided" and "no look" in found["counts"] and found["effect"] == ""
    assert "<math" in row(FALLS, {"epochs": values(1.0)})["says"]
