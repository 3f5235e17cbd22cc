"""From the moments of N examples to what is reported: tr Cov and ||grad||^2 by either convention, the law in b, and ratios of them.

S = data, O = own and M = mean of `moments`, for the N examples of the data set. Everything is linear in them, or a ratio of linear ones:

                                  the examples are a sample of a law        ... are all that there is ("population")
    tr Cov                        S + O                                     (N - 1)/N S + O
    ||grad||^2                    M                                         M + S/N

    var(g) at b, drawn without replacement    (1/b - 1/N) S + O/b           = (1/b) [ (N - b)/(N - 1) Var_x + O ],  Var_x = (N - 1)/N S
    var(g) at b, with replacement             (1/b) [ Var_x + O ]
    var(g) = ||grad||^2 at b =                (S + O) / (||grad||^2 + S/N)  without, (Var_x + O) / ||grad||^2 with replacement

var(g) is that of batches from this data set, whatever the examples are taken for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import stats

from empirics.estimation.ratios import positive_ratio, ratio_interval
from empirics.models.noise.moments import OWN

CONVENTIONS = ("sample", "population")


@dataclass
class Estimate:
    """Moments (..., 3), their covariance (..., 3, 3) and its degrees of freedom."""

    moments: np.ndarray
    covariance: np.ndarray
    degrees_of_freedom: float

    @classmethod
    def of_groups(cls, groups: np.ndarray) -> Self:
        """The mean of independent estimates along the first axis, with the covariance that their spread shows."""
        away = groups - groups.mean(0)
        covariance = np.einsum("g...i,g...j->...ij", away, away) / (len(groups) * (len(groups) - 1))
        return cls(groups.mean(0), covariance, len(groups) - 1)

    def without_own_error(self) -> Self:
        """The same for a model that draws noise of which nothing was seen: that it is 0 has no standard error."""
        covariance = self.covariance.copy()
        covariance[..., OWN, OWN] = np.nan
        return type(self)(self.moments, covariance, self.degrees_of_freedom)

    def linear(self, weights: Sequence[float] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A linear combination of the moments, and its standard error."""
        w = np.asarray(weights, dtype=np.float64)
        there = np.flatnonzero(w)  # what is not known of the other moments does not matter
        variance = np.einsum("...ij,i,j->...", self.covariance[..., there[:, None], there], w[there], w[there])
        return self.moments @ w, np.sqrt(np.maximum(variance, 0.0))

    def ratio(self, over: np.ndarray, under: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of two linear combinations, with Fieller's interval of that level; NaN where what is below the line is not positive."""
        both = np.stack([over, under])
        values = self.moments @ both.T
        covariance = np.einsum("...ij,ai,bj->ab...", self.covariance, both, both)
        ratio = positive_ratio(values[..., 0], values[..., 1])
        quantile = stats.t.isf((1 - level) / 2, self.degrees_of_freedom)
        is_certain = (covariance == 0).all((0, 1))
        interval = ratio_interval(values[..., 0], values[..., 1], covariance, quantile)
        low, high = (np.where(is_certain, ratio, end) for end in interval)
        return ratio, low, high


@dataclass(frozen=True)
class Laws:
    """The weights of the linear combinations above, for N examples."""

    n: int
    convention: str
    replacement: bool

    @property
    def trace_covariance(self) -> np.ndarray:
        """tr Cov of the gradients of examples."""
        return np.array([1.0 if self.convention == "sample" else (self.n - 1) / self.n, 1.0, 0.0])

    @property
    def squared_norm(self) -> np.ndarray:
        """||grad||^2."""
        return np.array([0.0 if self.convention == "sample" else 1 / self.n, 0.0, 1.0])

    def variance(self, b: int) -> np.ndarray:
        """var(g) of batches of b examples."""
        data = (self.n - 1) / (self.n * b) if self.replacement else 1 / b - 1 / self.n
        return np.array([data, 1 / b, 0.0])

    @property
    def critical_batch_size(self) -> tuple[np.ndarray, np.ndarray]:
        """Above and below the line."""
        if self.replacement:
            return np.array([(self.n - 1) / self.n, 1.0, 0.0]), self.squared_norm
        return np.array([1.0, 1.0, 0.0]), self.squared_norm + np.array([1 / self.n, 0.0, 0.0])

    def of_batches(self, b: int) -> np.ndarray:
        """The matrix that takes the moments of gradients of whole batches to those of examples for which the law in b holds; NaN at b = N
        without replacement, where batches do not differ."""
        data = self.variance(b)[0]
        with np.errstate(divide="ignore"):
            back = 1 / data if data > 0 else np.nan
        return np.array([[back, 0.0, 0.0], [0.0, b, 0.0], [-back / self.n, 0.0, 1.0]])
