"""What the large-batch law answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LargeBatchLaw:
    """Coefficients in 1/b, by steps: arrays of Fractions by the method "rationals", else of doubles.

    Attributes:
        steps: t, as they were asked for.
        limit: the constant term: 0 for a variance, the loss of full-gradient descent for the loss.
        beta1: the coefficient of 1/b.
        beta2: that of 1/b^2, or None where it was not computed.
        standard_error: of beta1, 0 unless by probes.
        beta2_standard_error: of beta2, or None.
        method: "rationals", "directions" or "probes".
        probes: how many, or 0.

    In doubles beta1 and beta2 carry rounding errors too, which are not bounded: relative to the largest term of the sums about 1e-13 where
    gradient descent is stable, and nothing beside a standard error.
    """

    steps: tuple[int, ...]
    limit: np.ndarray
    beta1: np.ndarray
    beta2: np.ndarray | None
    standard_error: np.ndarray
    beta2_standard_error: np.ndarray | None
    method: str
    probes: int = 0
