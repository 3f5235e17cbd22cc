"""Networks and samples for showcases: drawn from a seed, rounded to short rationals."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction as F
from itertools import pairwise

import numpy as np

from theory.exact import NumberLike
from theory.inputs import InputLaw
from theory.problem import TeacherStudent


def network(sizes: tuple[int, ...], activation: str | Iterable[NumberLike], law: InputLaw, seed: int, rate: F = F(1, 10)) -> TeacherStudent:
    """Weights in 16ths, uniform on +-1/sqrt(fan-in), rounded."""
    rng = np.random.default_rng(seed)

    def layers() -> list[list[list[F]]]:
        return [
            [[F(round(16 * x), 16) for x in row] for row in rng.uniform(-1, 1, (rows, columns)) / np.sqrt(columns)]
            for columns, rows in pairwise(sizes)
        ]

    return TeacherStudent(layers(), layers(), law, rate, activation)


def samples(law: InputLaw, steps: int, batch: int, seed: int) -> np.ndarray:
    """Batches of shape (steps, batch, p)."""
    return law.sample(np.random.default_rng(seed), (steps, batch))
