"""Where the statement holds: sigma analytic near the path of the full gradient. From which b on the variance falls, for every b."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from functools import cached_property

from flint import arb

from theory import enumeration
from theory.arithmetic.working_precision import working_precision
from theory.claims.general_networks.expansion import BITS, Expansion, expand
from theory.claims.general_networks.rising import Rise
from theory.claims.record import Evidence, Value, tabulated
from theory.claims.support.second_route import is_less
from theory.exact import to_fmpq
from theory.problem import TeacherStudent


@dataclass(frozen=True)
class Falling:
    """A network with two atoms, t = 1, whose variance falls from b = `start` on and, unless that is 1, not before.

    sigma is analytic at every pre-activation while the frequency of an atom in batch 0 is within `distance` of its mean. `unit` is the
    same network as `one_unit` knows it, where enumeration of all batches would take too long.
    """

    name: str
    problem: TeacherStudent
    layer: int
    start: int = 1
    distance: F = F(1)
    unit: Rise | None = None
    step: int = 1

    @cached_property
    def expansion(self) -> Expansion:
        """Of the variance, with a bound on the rest."""
        return expand(self.problem, self.layer, distance=self.distance)

    def variance(self, batch_size: int) -> F | arb:
        """By enumeration of every mini-batch, or by the binomial sum.

        ArithmeticError when enumeration, at the last rise, says otherwise than the sum.
        """
        if self.unit is None:
            return enumeration.variance_ball(self.problem, 1, self.layer, batch_size=batch_size)
        value = self.unit.variance(batch_size)
        if batch_size in (self.start - 1, self.start) and value != enumeration.variance(self.problem, 1, self.layer, batch_size=batch_size):
            raise ArithmeticError(f"the sum over one binomial count is not the enumerated variance at b = {batch_size}")
        return value

    @property
    def route(self) -> str:
        """How `variance` does it, in words."""
        if self.unit is None:
            return "all mini-batches, in balls"
        return f"a sum over one binomial count, in rationals; at b = {self.start - 1} and {self.start} all mini-batches too"


def beside_the_kink(unit: Rise, start: int, distance: F) -> Falling:
    """The network of `one_unit`, layer 1, with a learning rate that does not lead onto the kink."""
    return Falling(unit.name, unit.problem, 1, start, distance, unit)


def check(instance: Falling) -> Evidence:
    """The expansion proves the fall for every b >= B; up to B all variances are computed; all of them lie in the balls of the expansion."""
    expansion, start = instance.expansion, instance.start
    proved = expansion.decreasing_from()
    last = max(proved or 1, start) + 1
    values = {b: instance.variance(b) for b in range(1, last + 1)}
    inside = all(_overlap(expansion.variance(b), v) for b, v in values.items())
    falls = all(is_less(values[b + 1], values[b]) for b in range(start, last))
    sharp = start == 1 or is_less(values[start - 1], values[start])
    shown = sorted({max(start - 1, 1), start, start + 1, last})
    before = "" if start == 1 else f", and var({start - 1}) < var({start})"
    summary: dict[str, Value] = {"proved for every b from": proved, "limit of b var(b)": expansion.leading}
    return Evidence(
        statement=f"var(b) > var(b+1) for every \\(b \\ge {start}\\){before}",
        instance=instance.name,
        left_route="Taylor polynomials at the mean, bounds on their remainders, and Hoeffding's bound away from it, in balls",
        left=summary | tabulated("b", (last,), (expansion.variance(last),)),
        right_route=instance.route,
        right=tabulated("b", shown, (values[b] for b in shown)),
        holds=None if proved is None else inside and falls and sharp,
        reason="the expansion proves no decrease from any b on" if proved is None else "",
    )


def _overlap(ball: arb, value: F | arb) -> bool:
    with working_precision(BITS):
        return bool(ball.overlaps(arb(to_fmpq(value)) if isinstance(value, F) else value))
