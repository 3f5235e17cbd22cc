"""The noise of one sample's gradient, on jets: grad l(w; x) - G(w), for samples, points of a rule, or directions of x x^T.

Each of them has one direction for every sample (or point, or matrix), and says how the gradient depends on the weights in that direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from theory.backpropagation import backpropagate, end_to_end, linear_gradients
from theory.large_batch.jets import Jet
from theory.large_batch.populations import PolynomialOnJets


class Noise(Protocol):
    """Directions of the statistic that one sample gives."""

    def gradients(self, weights: Sequence[Jet], mean: Sequence[Jet], chosen: np.ndarray) -> list[Jet]:
        """The noise of every layer at these weights, whose mean gradient is `mean`, one direction of the jets for each chosen one."""


@dataclass(frozen=True)
class SampleNoise:
    """Samples, or points: x, (directions, p), and y, (directions, p_H)."""

    x: np.ndarray
    y: np.ndarray
    sigma: PolynomialOnJets

    def gradients(self, weights: Sequence[Jet], mean: Sequence[Jet], chosen: np.ndarray | slice = slice(None)) -> list[Jet]:
        """As in `Noise`; every sample is a batch of one."""
        lift = weights[0].constant
        passes = backpropagate(weights, self.sigma, lift(self.x[chosen][:, None, :]), lift(self.y[chosen][:, None, :]))
        return [g - m for g, m in zip(passes.gradients, mean, strict=True)]


@dataclass(frozen=True)
class MomentNoise:
    """Linear networks with a teacher W*: matrices Z in the place of x x^T - Sigma, (directions, p, p)."""

    z: np.ndarray
    target: np.ndarray

    def gradients(self, weights: Sequence[Jet], mean: Sequence[Jet], chosen: np.ndarray | slice = slice(None)) -> list[Jet]:
        """As in `Noise`: linear in Z, so that nothing is subtracted."""
        lift = weights[0].constant
        return linear_gradients(weights, (end_to_end(weights) - lift(self.target)) @ lift(self.z[chosen]))
