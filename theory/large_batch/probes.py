"""Means over the noise from random probes: in each, a fresh sample's noise enters at every step, and one sweep serves all steps at once.

Noise of different batches is independent and of mean 0, so that the squared length of what it adds up to has the sum of the squares for its
mean: every probe is an unbiased estimate at every step. Probes are independent, and their mean has the standard error of a sample mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory.large_batch.expansions import Term
from theory.large_batch.jets import A, B, Jet
from theory.large_batch.setting import Setting
from theory.large_batch.sweeps import sweep

#: Numbers in one part of all jets that are held at once: what a core's cache holds.
HELD = 1 << 18


def probed(setting: Setting, term: Term, steps: Sequence[int], count: int, seed: np.random.SeedSequence) -> np.ndarray:
    """What `term` reads of `count` probes at each step: (steps, count). The same seed gives the same probes, one generator a block."""
    place = {t: i for i, t in enumerate(steps)}
    values = np.zeros((len(steps), count))
    size = max(1, HELD // setting.numbers_of_a_direction)
    for first, child in zip(range(0, count, size), seed.spawn(-(-count // size)), strict=True):
        block = slice(first, min(first + size, count))
        generator, probes = np.random.default_rng(child), block.stop - block.start

        def with_noise(
            t: int, w: Sequence[Jet], mean: Sequence[Jet], generator: np.random.Generator = generator, probes: int = probes
        ) -> list[Jet]:
            noisy = list(mean)
            for exponents in (A, B) if term.in_pairs else (A,):
                seen = (w, mean) if term.in_pairs else [[x.constant(x.value) for x in jets] for jets in (w, mean)]
                noise = setting.samples(generator, probes).gradients(*seen)
                noisy = [g + n.times_monomial(exponents) for g, n in zip(noisy, noise, strict=True)]
            return noisy

        for moment in sweep(setting.problem, setting.start, setting.population, term.ring, max(steps), with_noise):
            if moment.step in place:
                values[place[moment.step], block] = term.read(moment)
    return values / term.divisor


def mean_and_error(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the probes at each step, and its standard error."""
    count = values.shape[1]
    return values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(count)
