"""The page of gradient noise: two ways to the same variances, exact values, and an alarm where they part."""

from __future__ import annotations

from dataclasses import replace

import pytest

from empirics.experiments import noise_of_small_networks as experiment
from reports.site import gradient_noise

BATCHES = 96


@pytest.fixture(scope="module")
def measured():
    return experiment.measure(0, BATCHES)


def test_the_page_shows_what_was_measured(monkeypatch, measured):
    monkeypatch.setattr(experiment, "measure", lambda seed, batches: measured)
    page = gradient_noise.make(batches=BATCHES)
    assert not page.alarm and "14 variances of drawn batches against the law" in page.finding and page.html.count("<svg") == 3
    assert "there the variance is not proportional to 1/b" in page.html and "3.bias" in page.html
    plain = measured["plain"]
    spoilt = measured | {"plain": replace(plain, by_examples=plain.by_examples * 1.5)}
    monkeypatch.setattr(experiment, "measure", lambda seed, batches: spoilt)
    page = gradient_noise.make(batches=BATCHES)
    assert page.alarm and "differ by more than chance allows" in page.html


def test_exact_values_are_met_to_rounding():
    rows, worst = gradient_noise.against_theory()
    assert len(rows) == 2 * len(gradient_noise.EXACT_SIZES) and worst < gradient_noise.ROUNDING
    assert {row["layer"] for row in rows} == {"1", "2"} and len({row["exact"] for row in rows}) == len(rows)
