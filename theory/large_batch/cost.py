"""What the large-batch law will take: products of matrices for every direction, at every step, in one arithmetic or the other."""

from __future__ import annotations

import math
from dataclasses import dataclass

from theory.budget import BEYOND_REACH, Cost, as_count, saturated, saturated_exp
from theory.budget.unit_costs import UNITS
from theory.degrees import gradient_degree
from theory.large_batch.all_directions import HELD
from theory.large_batch.expansions import Term
from theory.large_batch.hidden_spans import reduced_sizes
from theory.large_batch.jets import products
from theory.large_batch.points import count_points
from theory.large_batch.setting import Setting, sample_degree
from theory.large_batch.statistic_directions import count_directions

#: A product of small matrices in a stack takes as long as so many flops, in rationals so many products.
_SMALL = 4000.0
#: Times that each number of a direction is passed over at a step, for each part.
_PASSES = 8


@dataclass(frozen=True)
class Work:
    """Operations that are counted: flops, or products of rationals; numbers passed over; calls of numpy; numbers held."""

    flops: float = 0.0
    numbers: float = 0.0
    calls: float = 0.0
    held: float = 0.0

    def __add__(self, other: Work) -> Work:
        return Work(self.flops + other.flops, self.numbers + other.numbers, self.calls + other.calls, max(self.held, other.held))


class Counts:
    """Of a problem in one arithmetic."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.problem = setting, setting.problem
        self.law = self.problem.inputs
        self.sizes = self.problem.sizes if setting.exact or not self.problem.is_linear else reduced_sizes(self.problem.sizes)
        self.weights = float(sum(a * b for a, b in zip(self.sizes[1:], self.sizes, strict=False)))
        self.direction = self.weights + (0.0 if self.problem.is_linear else self.points(1) * sum(self.sizes[1:]))

    def points(self, gradients: int) -> float:
        """Points that are exact for moments of so many gradients."""
        if self.problem.teacher is None:
            return float(self.law.atom_count or math.inf)
        return count_points(self.law, gradients * sample_degree(self.problem), self.setting.exact)

    @property
    def directions(self) -> float:
        """Of one sample's noise, the fewest there are."""
        return float(count_directions(self.law)) if self.setting.has_moment_directions else self.points(2)

    def path(self, last: int) -> Work:
        """Gradient descent and the traces of one sample's noise: to step `last`."""
        traces = 6 * self.weights * self.points(2) if not self.problem.is_linear or self.law.atom_count else self._linear() * 4
        return Work((last + 1.0) * (self._gradient() + traces), 0, 40.0 * self.problem.depth**2 * (last + 1), self._held_by_points())

    def directed(self, term: Term, last: int, directions: float) -> Work:
        """`term` for all directions of the batches before step `last`, and of that batch too where its own noise counts."""
        noise = self._linear() if self.setting.has_moment_directions else 6 * self.weights
        one, held = saturated(last + term.own_noise, directions), HELD[self.setting.exact]
        columns = saturated(one, one) if term.in_pairs else one
        return self._swept(term, last, columns, held, columns * (last + 1) / 2, columns * noise)  # a column is empty before its batch

    def probed(self, term: Term, last: int, probes: int, held: float) -> Work:
        """`term` for so many probes, which have noise at every step."""
        noise = 6 * self.weights * (2 * (products(term.ring) - 1) if term.in_pairs else 1)
        return self._swept(term, last, saturated(probes), held, saturated(probes, last + 1), saturated(probes, last + 1, noise))

    def _swept(self, term: Term, last: int, columns: float, held: float, column_steps: float, noise: float) -> Work:
        pairs, parts = products(term.ring) - 1, len(term.ring) - 1
        sweeps = 1 + columns * self.direction // held
        return Work(
            saturated(column_steps, pairs * self._gradient()) + noise,
            saturated(column_steps, _PASSES * parts * self.direction),
            saturated(sweeps, last + 1, (pairs + 1) * 10.0 * self.problem.depth**2),
            2 * _PASSES * parts * max(min(held, columns * self.direction), self.direction) + self._held_by_points(),
        )

    def cost(self, work: Work, last: int, basis: str) -> Cost:
        """Seconds and bytes."""
        if not math.isfinite(work.flops):
            return Cost.beyond_reach(basis)
        seconds = work.calls * UNITS["large_batch.call"] + self._moment_seconds()
        if self.setting.exact:
            growth = saturated_exp(last * math.log(self._growth()))
            number = UNITS["large_batch.rational"] + UNITS["large_batch.length"] * growth
            seconds += work.flops / 2 * number + work.numbers / _PASSES * number
            return Cost(min(seconds, BEYOND_REACH), min(work.held * (100 + growth), BEYOND_REACH), basis)
        seconds += work.flops * UNITS["large_batch.flop"] + work.numbers * UNITS["large_batch.number"]
        return Cost(min(seconds, BEYOND_REACH), min(8 * work.held, BEYOND_REACH), basis)

    def _growth(self) -> float:
        return float(gradient_degree(self.problem.depth, activation_degree=self.problem.activation_degree))

    def _gradient(self) -> float:
        """Flops of the mean gradient."""
        return self._linear() if self.problem.is_linear else 6 * self.weights * self.points(1) + self._small(3)

    def _linear(self) -> float:
        p, h = self.sizes, self.problem.depth
        flops = sum(2.0 * p[k] * p[k - 1] * p[0] for k in range(2, h + 1)) + 2.0 * p[h] * p[0] ** 2
        flops += sum(2.0 * p[h] * p[k - 1] * p[k] for k in range(1, h))
        flops += sum(2.0 * p[j] * p[j - 1] * p[k - 1] for k in range(1, h + 1) for j in range(k + 1, h + 1))
        return flops + self._small(h + 2)

    def _small(self, factor: int) -> float:
        return 0.0 if self.setting.exact else _SMALL * factor * self.problem.depth / 2

    def _held_by_points(self) -> float:
        if self.problem.is_linear and self.setting.has_moment_directions:
            return self.directions * self.sizes[0] ** 2
        return self.points(2) * (sum(self.sizes) + 2.0)

    def _moment_seconds(self) -> float:
        """For the covariance of x x^T where no formula has it, and for rules in rationals."""
        structured = self.law.is_gaussian or self.law.has_centred_iid_coordinates
        if self.setting.has_moment_directions:
            if structured or (self.law.atom_count is not None and not self.setting.exact):
                return self.directions**2 * (self.law.atom_count or 1) * UNITS["large_batch.flop"]
            return self.directions**2 * max(UNITS["large_batch.moment"], self.law.moment_seconds(4))
        if self.setting.exact and self.law.atom_count is None:
            return self.points(2) * sample_degree(self.problem) * self.law.dimension * UNITS["large_batch.moment"]
        return 0.0


def described(count: float, what: str) -> str:
    """The basis of a cost."""
    return f"{as_count(count)} {what}"
