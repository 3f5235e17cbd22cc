"""What closeness to a polynomial network proves of the variances: a decrease for finitely many batch sizes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from functools import cached_property
from itertools import pairwise

from flint import arb

from theory import enumeration
from theory.approximation import DecreasingRange, certified_decreasing_range
from theory.arithmetic.working_precision import working_precision
from theory.chebyshev import ActivationPolynomial, approximate
from theory.claims.record import Evidence, Value, tabulated
from theory.problem import TeacherStudent
from theory.references import ball_runs


@dataclass(frozen=True)
class Close:
    """A smooth network with finitely supported inputs, a step and layer, the approximant, and the batch sizes 1, ..., largest."""

    name: str
    problem: TeacherStudent
    step: int
    layer: int
    radius: F
    degree: int
    largest: int

    @cached_property
    def polynomial(self) -> ActivationPolynomial:
        """The approximant."""
        return approximate(self.problem.activation_function, self.radius, self.degree)

    def decreasing_range(self) -> DecreasingRange:
        """What the polynomial network proves of the smooth one's variances."""
        return certified_decreasing_range(self.problem, self.polynomial, self.step, self.layer, largest=self.largest)


def check(instance: Close) -> Evidence:
    """Where the polynomial network proves a decrease of the smooth one's variance, all mini-batches in balls show it."""
    found = instance.decreasing_range()
    statement = "the smooth network's variance lies in the interval around the polynomial network's, and decreases where that proves it"
    interval, sizes = found.interval, (1, 2, instance.largest)
    with working_precision(128):
        intervals = tabulated("b", sizes, [arb(found.lower[b - 1]).union(arb(found.upper[b - 1])) for b in sizes])
    decreases: dict[str, Value] = {} if interval is None else {"decreases strictly from b": interval[0], "to": interval[1]}
    direct = [enumeration.variance_ball(instance.problem, instance.step, instance.layer, batch_size=b) for b in found.batch_sizes]
    beyond = [(arb(low), v) for v, low in zip(direct, found.lower, strict=True)]
    inside, excess = ball_runs.compare(beyond + [(v, arb(high)) for v, high in zip(direct, found.upper, strict=True)])
    falls = all(before > after for (before, after), proved in zip(pairwise(direct), found.proved, strict=True) if proved)
    return Evidence(
        statement,
        instance.name,
        left_route=f"intervals around the exact variances of the network with the {instance.polynomial}, as wide as the a-priori gap makes "
        "them",
        left=intervals | {"gap": found.gap} | decreases,
        right_route="all mini-batches of the smooth network itself, in ball arithmetic",
        right=tabulated("b", sizes, [direct[b - 1] for b in sizes]),
        holds=inside and falls,
        difference=excess,
        tolerance=ball_runs.TOLERANCE if excess else 0.0,
        is_bound=True,
    )
