"""Means over the noise as sums over all of its directions at all steps: exact in rationals, and up to rounding in doubles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.large_batch.expansions import Term
from theory.large_batch.jets import A, B, Exponents, Jet
from theory.large_batch.noise import Noise
from theory.large_batch.setting import Setting
from theory.large_batch.sweeps import sweep

#: Numbers in one part of all jets that are held at once, in doubles and in rationals.
HELD = {False: 1 << 20, True: 1 << 16}


@dataclass(frozen=True)
class Columns:
    """Directions of a sweep: for each of them whether noise enters as a or b, from which batch, and in which direction of one sample's."""

    entries: tuple[tuple[Exponents, np.ndarray, np.ndarray], ...]
    count: int


def sum_over_directions(setting: Setting, term: Term, steps: Sequence[int], noise: Noise, shares: np.ndarray) -> dict[int, Any]:
    """sum of what `term` reads, over all directions of all batches that count, or all pairs of them, by step."""
    totals = dict.fromkeys(steps, setting.zero)
    for columns in _chunks(setting, max(steps) + term.own_noise, len(shares), term.in_pairs):
        weights = np.prod([shares[rows] for _, _, rows in columns.entries], axis=0)

        def with_noise(t: int, w: Sequence[Jet], mean: Sequence[Jet], columns: Columns = columns) -> list[Jet]:
            return _entered(columns, noise, term.in_pairs, t, w, mean)

        for moment in sweep(setting.problem, setting.start, setting.population, term.ring, max(steps), with_noise):
            if moment.step in totals:
                totals[moment.step] = totals[moment.step] + (weights * term.read(moment)).sum()
    return {t: total / term.divisor for t, total in totals.items()}


def _entered(columns: Columns, noise: Noise, moved: bool, t: int, w: Sequence[Jet], mean: Sequence[Jet]) -> list[Jet]:
    noisy = list(mean)
    for exponents, sources, rows in columns.entries:
        active = np.flatnonzero(sources == t)
        if active.size:
            there, its_mean = ([x.of_directions(active) if moved else x.constant(x.value) for x in jets] for jets in (w, mean))
            for k, n in enumerate(noise.gradients(there, its_mean, rows[active])):
                noisy[k] = noisy[k] + n.times_monomial(exponents).among_directions(active, columns.count)
    return noisy


def _chunks(setting: Setting, sources: int, directions: int, in_pairs: bool) -> Iterator[Columns]:
    """All (batch, direction), or all pairs of them, so many at a time that they can be held."""
    one = sources * directions
    size = max(1, HELD[setting.exact] // setting.numbers_of_a_direction)
    for first in range(0, one * one if in_pairs else one, size):
        places = np.arange(first, min(first + size, one * one if in_pairs else one))
        parts = np.divmod(places, one) if in_pairs else (places,)
        entries = tuple((e, *np.divmod(part, directions)) for e, part in zip((A, B), parts, strict=False))
        yield Columns(entries, len(places))
