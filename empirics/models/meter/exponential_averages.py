"""Exponentially weighted means of pairs of series, with the covariance of the two means.

The value of n steps ago has weight decay^n; means are divided by the sum of the weights, which is the correction of the bias at the start
(Kingma and Ba's). With sums W_1 of the weights and W_2 of their squares, independent values of one variance give

    variance of a value     sum w (x - mean)^2 / (W_1 - W_2 / W_1)            unbiased
    variance of the mean    the same, times W_2 / W_1^2
    effective count         W_1^2 / W_2                                       n for decay = 1, up to (1 + decay) / (1 - decay)

in one pass: each update scales what is there by `decay` and adds the new value by the recursion of Welford and West.
"""

from __future__ import annotations

from typing import Any

import numpy as np


class ExponentialAverages:
    """Of `size` pairs at a time; 0 < decay <= 1, where 1 is the plain mean."""

    def __init__(self, size: int, decay: float) -> None:
        self.decay = decay
        self.weight = self.squared_weight = 0.0
        self.mean = np.zeros((2, size))
        self.scatter = np.zeros((2, 2, size))

    def update(self, pair: np.ndarray) -> None:
        """One more value, (2, size)."""
        self.weight = self.decay * self.weight + 1
        self.squared_weight = self.decay**2 * self.squared_weight + 1
        away = pair - self.mean
        self.mean = self.mean + away / self.weight
        self.scatter = self.decay * self.scatter + (1 - 1 / self.weight) * away[:, None] * away[None, :]

    @property
    def effective_count(self) -> float:
        """W_1^2 / W_2; 0 before the first value."""
        return self.weight**2 / self.squared_weight if self.weight else 0.0

    @property
    def covariance_of_mean(self) -> np.ndarray:
        """(2, 2, size); NaN for a single value."""
        count = self.effective_count
        if count <= 1:
            return np.full_like(self.scatter, np.nan)
        return self.scatter / self.weight / (count - 1)

    def state(self) -> dict[str, Any]:
        """What `restore` takes: numbers and lists."""
        sums = {"weight": self.weight, "squared_weight": self.squared_weight}
        return sums | {"mean": self.mean.tolist(), "scatter": self.scatter.tolist()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.weight, self.squared_weight = float(state["weight"]), float(state["squared_weight"])
        self.mean, self.scatter = np.array(state["mean"]), np.array(state["scatter"])
