"""A problem made ready: its weights in rationals or in doubles, what all samples do, and the noise of one, in whatever form is shortest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq

from theory.backpropagation import end_to_end, forward
from theory.budget import CannotError
from theory.large_batch.arrays import lifted
from theory.large_batch.hidden_spans import reduced
from theory.large_batch.noise import MomentNoise, Noise, SampleNoise
from theory.large_batch.points import count_points, weighted_points
from theory.large_batch.populations import LinearPopulation, Points, PolynomialOnJets, Population
from theory.large_batch.statistic_directions import count_directions, statistic_directions
from theory.problem import TeacherStudent


def sample_degree(problem: TeacherStudent) -> int:
    """2 D^(H-1), the degree of one sample's gradient in x; 2 for linear networks. A moment of k gradients needs k times as many."""
    return 2 * problem.activation_degree ** (problem.depth - 1)


@dataclass(frozen=True)
class Setting:
    """The problem in one arithmetic: rationals of flint or doubles."""

    problem: TeacherStudent
    exact: bool

    @cached_property
    def start(self) -> list[np.ndarray]:
        """w_0; of a linear network in doubles without the hidden units that its path does not need."""
        weights = [lifted(w, self.exact) for w in self.problem.student]
        return weights if self.exact or not self.problem.is_linear else reduced(weights)

    @cached_property
    def sigma(self) -> PolynomialOnJets:
        """The activation."""
        return PolynomialOnJets.of(self.problem.polynomial, self.exact)

    @cached_property
    def target(self) -> np.ndarray:
        """W*_H ... W*_1 of a linear network's teacher."""
        return end_to_end(self._teacher)

    @cached_property
    def population(self) -> Population:
        """All samples."""
        if not self.problem.is_linear:
            return self.points(1)
        if self.problem.teacher is None:
            points = self.points(1)
            weighted = points.x * points.q[:, None]
            return LinearPopulation(weighted.T @ points.x, points.y.T @ weighted)
        sigma = lifted(self.problem.inputs.second_moment, self.exact)
        return LinearPopulation(sigma, self.target @ sigma)

    def points(self, gradients: int) -> Points:
        """Points that are exact for moments of so many gradients of one sample."""
        if self.problem.teacher is None:
            x, y, q = self._labelled
            return Points(x, y, q, self.sigma)
        x, q = weighted_points(self.problem.inputs, gradients * sample_degree(self.problem), self.exact)
        return Points(x, self.outputs(x), q, self.sigma)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """What the teacher says of points, (N, p_H)."""
        return forward(self._teacher, self.sigma, x)[1][-1]

    def directions(self) -> tuple[Noise, np.ndarray]:
        """Directions with weights whose second moments are those of one sample's noise, the fewest there are."""
        if self.has_moment_directions:
            z, weights = statistic_directions(self.problem.inputs, self.exact)
            kept = weights != 0
            return MomentNoise(z[kept], self.target), weights[kept]
        points = self.points(2)
        return SampleNoise(points.x, points.y, self.sigma), points.q

    @property
    def has_moment_directions(self) -> bool:
        """Whether `directions` are of x x^T, rather than points."""
        law = self.problem.inputs
        return self.problem.is_linear and self.problem.teacher is not None and count_directions(law) < count_points(law, 4, self.exact)

    def samples(self, generator: np.random.Generator, count: int) -> SampleNoise:
        """Fresh samples and what is to be learned of them, in doubles."""
        law = self.problem.inputs
        if self.problem.teacher is None:
            x, y, _ = self._labelled
            drawn = generator.integers(0, len(x), size=count)
            return SampleNoise(x[drawn], y[drawn], self.sigma)
        x = law.sample(generator, count)
        return SampleNoise(x, x @ self.target.T if self.problem.is_linear else self.outputs(x), self.sigma)

    @cached_property
    def _teacher(self) -> list[np.ndarray]:
        return [lifted(w, self.exact) for w in self.problem.teacher_weights]

    @cached_property
    def _labelled(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if not self.exact:
            points, shares = self.problem.inputs.weighted_points()
            return points, np.asarray(self.problem.inputs.targets), shares
        listed = self.problem.labelled_atoms()
        if listed is None or listed[1] is None:
            raise CannotError(f"inputs must be few enough points with labels to be listed, but were {self.problem.inputs}")
        x, y, q = (lifted(np.array(rows, dtype=object), True) for rows in listed)
        return x, y, q

    @cached_property
    def numbers_of_a_direction(self) -> int:
        """In one part of the jets of all weights, and of the samples that a mean gradient is a sum over."""
        samples = 0 if self.problem.is_linear else len(self.points(1).x)
        return sum(w.size + samples * len(w) for w in self.start)

    @property
    def zero(self) -> Any:
        """0 in this arithmetic."""
        return fmpq(0) if self.exact else 0.0

    def loss(self, weights: Sequence[np.ndarray]) -> Any:
        """The mean loss: 1/2 tr( (W - W*) Sigma (W - W*)^T ), or a sum over points."""
        if self.problem.is_linear and self.problem.teacher is not None:
            gap = end_to_end(weights) - self.target
            return ((gap @ lifted(self.problem.inputs.second_moment, self.exact)) * gap).sum() / 2
        points = self._points_of_loss
        gap = forward(weights, self.sigma, points.x)[1][-1] - points.y
        return (points.q[:, None] * gap * gap).sum() / 2

    @cached_property
    def _points_of_loss(self) -> Points:
        return self.points(1)
