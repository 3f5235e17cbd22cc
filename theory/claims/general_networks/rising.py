"""Where the print fails: networks whose variance rises with b, again and again."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from typing import Any

from flint import arb

from theory import enumeration
from theory.activations import Activation, leaky_relu
from theory.arithmetic.working_precision import working_precision
from theory.claims.general_networks import flat
from theory.claims.general_networks.one_unit import OneUnit, limit_on_the_kink
from theory.claims.record import Evidence, Value, tabulated
from theory.exact import to_fraction
from theory.inputs import Discrete
from theory.problem import TeacherStudent

PRINTED = "the variance decreases for all large b (as printed)"


@dataclass(frozen=True)
class Rise:
    """The network of `one_unit` with leaky ReLU, or ReLU at the slope 0, and pairs b < b' with var(b) < var(b')."""

    name: str
    rate: F
    slope: F
    pairs: tuple[tuple[int, int], ...]
    step: int = 1
    layer: int = 1

    @property
    def activation(self) -> Activation:
        """leaky_relu(slope)."""
        return leaky_relu(self.slope)

    @property
    def problem(self) -> TeacherStudent:
        """As enumeration takes it."""
        return TeacherStudent([[[1]], [[2]]], [[[1]], [[1]]], Discrete([0, 1]), self.rate, self.activation)

    def variance(self, batch_size: int) -> F:
        """var(g_{1,1}), by the sum over one binomial count."""
        return to_fraction(OneUnit(self.rate, self.activation.exactly).variance(batch_size))


@dataclass(frozen=True)
class Wave:
    """The C-infinity activation of `flat`: the variance at b = 2 n_k / 3 and at b = 2 n_k."""

    name: str
    k: int
    step: int = 1
    layer: int = 1

    @property
    def given(self) -> dict[str, Any]:
        """The network, for a page."""
        return {
            "Initial weights": {"W_1": [[1]], "W_2": [[2]]},
            "Teacher": {"W^*_1": [[1]], "W^*_2": [[1]]},
            "Activation": r"\(\sigma\) of the proof, infinitely differentiable",
            "Inputs": Discrete([0, 1]),
            "Learning rate": r"\(\alpha = 1\)",
            "Wave": rf"\(k = {self.k}\), \(n = n_k = 3^{{{4**self.k}}}\), \(N = 3^{{{4 ** (self.k - 1)}}}\)",
        }

    @property
    def batch_sizes(self) -> tuple[int, int]:
        """2 n_k / 3 and 2 n_k."""
        return 2 * flat.node(self.k) // 3, 2 * flat.node(self.k)


def check_rise(instance: Rise) -> Evidence:
    """var(b) < var(b') for every pair, by both routes, which are exact."""
    sizes = sorted({b for pair in instance.pairs for b in pair})
    by_enumeration = {b: enumeration.variance(instance.problem, instance.step, instance.layer, batch_size=b) for b in sizes}
    by_counts = {b: instance.variance(b) for b in sizes}
    agree = by_enumeration == by_counts
    rises = all(by_counts[low] < by_counts[high] for low, high in instance.pairs)
    return Evidence(
        statement=PRINTED,
        instance=instance.name,
        left_route="all mini-batches in rationals",
        left=tabulated("b", sizes, by_enumeration.values()),
        right_route="a sum over one binomial count, in rationals",
        right=tabulated("b", sizes, by_counts.values()) | ({"limit": limit_on_the_kink(instance.slope)} if instance.rate == 1 else {}),
        holds=not rises if agree else None,
        difference=max(abs(by_enumeration[b] - by_counts[b]) for b in sizes),
        reason="" if agree else "the two routes to the variance differ",
    )


def check_wave(instance: Wave) -> Evidence:
    """var(2 n/3) < var(2 n): both computed where the batches can be gone through, otherwise both bounded."""
    if instance.k == 1:
        with working_precision(flat.BITS):
            before, after = (flat.unit().variance(b) for b in instance.batch_sizes)
            low, high = (flat.variance_over_all_batches(b) for b in instance.batch_sizes)
            agree, rises = before.overlaps(low) and after.overlaps(high), before < after and low < high
        left_route, right_route = "a sum over one binomial count, in balls", "all mini-batches, by backpropagation in balls"
        left: dict[str, Value] = tabulated("b", instance.batch_sizes, (before, after))
        right: dict[str, Value] = tabulated("b", instance.batch_sizes, (low, high))
    else:
        most, least, ball = flat.upper_bound_before(instance.k), flat.lower_bound_after(instance.k), flat.variance_after(instance.k)
        agree, rises = not ball < least, most < least and most < ball
        left_route = r"the bounds of the proof, from above at \(2n/3\), from below at \(2n\), in logarithms to base 10"
        right_route = r"the term of \(W_1 = 1/n\), by the gamma function, and a bound on all others, in a ball; its logarithm"
        left = {r"\(b = 2n/3\)": _log10(most), r"\(b = 2n\)": _log10(least)}
        right = {r"\(b = 2n\)": _log10(ball)}
    return Evidence(
        statement=PRINTED,
        instance=instance.name,
        left_route=left_route,
        left=left,
        right_route=right_route,
        right=right,
        holds=not rises if agree else None,
        reason="" if agree else "the two routes to the variance differ",
    )


def _log10(ball: arb) -> arb:
    with working_precision(flat.BITS):
        return ball.log() / arb(10).log()
