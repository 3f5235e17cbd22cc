"""Where the expected loss of a network can be computed: points with weights that stand for the input law."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from empirics.sampling.batches import square_root
from theory.problem import TeacherStudent


@dataclass(frozen=True)
class Population:
    """Points, shape (N, p), and weights q_n: L(w) = sum_n q_n l(w; x_n), and the gradients likewise.

    `has_sample_moments`: whether E||grad l||^2 is sum_n q_n ||grad l(w; x_n)||^2 as well. `targets`: the points' labels, (N, p_H), or None.
    """

    points: np.ndarray
    weights: np.ndarray
    has_sample_moments: bool
    targets: np.ndarray | None = None

    @property
    def rows(self) -> np.ndarray:
        """The points, with their labels beside them where there are any: as batches hold them."""
        return self.points if self.targets is None else np.hstack([self.points, self.targets])


def population(problem: TeacherStudent) -> Population | None:
    """The atoms of a finite law; for a linear network, whose loss is quadratic in x, p points with the right second moment; or None."""
    if problem.inputs.atom_count is not None:
        return Population(*problem.inputs.weighted_points(), True, problem.inputs.targets)
    p = problem.inputs.dimension
    return Population(square_root(problem.inputs.second_moment) * math.sqrt(p), np.full(p, 1 / p), False) if problem.is_linear else None
