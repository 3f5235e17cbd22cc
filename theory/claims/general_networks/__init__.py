"""“Theorem 3.5 can also be extended to general neural networks”: for leaky ReLU it fails; for analytic activations it is true otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from functools import cached_property
from itertools import pairwise
from math import comb

from flint import arb

from theory import enumeration
from theory.approximation import DecreasingRange, certified_decreasing_range
from theory.arithmetic.working_precision import working_precision
from theory.chebyshev import ActivationPolynomial, approximate
from theory.claims.record import Claim, Evidence, Showcase, Value, Verdict, tabulated
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.references import ball_runs


@dataclass(frozen=True)
class Instance:
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


@dataclass(frozen=True)
class Rise:
    """One hidden unit with leaky ReLU, x in {0, 1} equally likely, t = 1, layer 1, and batch sizes along which the variance rises."""

    name: str
    slope: F
    batch_sizes: tuple[int, ...]

    @property
    def problem(self) -> TeacherStudent:
        """w = (1, 2), w* = (1, 1), alpha = 1: W_{1,1} = 1 - 2 q is 0 at the mean of the frequency q of x = 1."""
        activation = f"leaky_relu({self.slope})" if self.slope else "relu"
        return TeacherStudent([[[1]], [[2]]], [[[1]], [[1]]], Discrete([0, 1]), 1, activation)


def check(instance: Instance) -> Evidence:
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


def check_printed(rise: Rise) -> Evidence:
    """The print: beyond some b_0 the variance decreases. It rises along these batch sizes; both routes are exact."""
    by_enumeration = [enumeration.variance(rise.problem, 1, 1, batch_size=b) for b in rise.batch_sizes]
    by_binomials = [binomial_variance(rise.slope, b) for b in rise.batch_sizes]
    agree = by_enumeration == by_binomials
    rises = all(a < b for a, b in pairwise(by_binomials))
    return Evidence(
        statement="the variance decreases for all large b (as printed)",
        instance=rise.name,
        left_route="all mini-batches in rationals",
        left=tabulated("b", rise.batch_sizes, by_enumeration),
        right_route="a sum over one binomial count, in rationals, and its limit",
        right=tabulated("b", rise.batch_sizes, by_binomials) | {"limit": limit(rise.slope)},
        holds=not rises if agree else None,
        difference=max(abs(x - y) for x, y in zip(by_enumeration, by_binomials, strict=True)),
        reason="" if agree else "the two routes to the variance differ",
    )


def binomial_variance(slope: F, b: int) -> F:
    """var(g_{1,1}) of `Rise` by hand: q ~ Bin(b, 1/2) / b in batch 0, g_{1,1} = G(q) q' with q' independent of the same law.

    W_1 = 1 - 2 q,  W_2 = 2 - q,  f - y = W_2 sigma(W_1) - 1,  G = W_2 (f - y) sigma'(W_1);  E q' = 1/2,  E q'^2 = 1/4 + 1/(4 b).
    """
    first = second = F(0)
    for count in range(b + 1):
        q, chance = F(count, b), F(comb(b, count), 2**b)
        w1, w2 = 1 - 2 * q, 2 - q
        rate = F(1) if w1 > 0 else slope
        gradient = w2 * (w2 * rate * w1 - 1) * rate
        first += chance * gradient
        second += chance * gradient**2
    return second * (F(1, 4) + F(1, 4 * b)) - first**2 / 4


def limit(slope: F) -> F:
    """lim var(g_{1,1}): G is -3/2 or -3 a / 2, each with probability 1/2, and q' is 1/2."""
    return F(9, 64) * (1 - slope) ** 2


def two_units() -> Instance:
    """tanh, one step; the polynomial is so close that every b up to 24 is settled."""
    problem = TeacherStudent([[[1]], [[2]]], [[[F(1, 2)]], [[-1]]], Discrete([F(1, 2), 1]), F(1, 4), "tanh")
    return Instance("sizes 1-1-1, tanh, two atoms, alpha = 1/4, t = 1, layer 1", problem, 1, 1, F(4), 41, 24)


def coarse() -> Instance:
    """The same with a polynomial of degree 29: the range ends early."""
    problem = TeacherStudent([[[1]], [[2]]], [[[F(1, 2)]], [[-1]]], Discrete([F(1, 2), 1]), F(1, 4), "tanh")
    return Instance("the same network, a coarser polynomial", problem, 1, 1, F(4), 29, 24)


def two_inputs() -> Instance:
    """Sigmoid, two hidden units, three atoms."""
    law = Discrete([(1, 0), (0, 1), (1, -1)], [F(1, 2), F(1, 4), F(1, 4)])
    problem = TeacherStudent([[[1, F(1, 2)], [-1, 1]], [[1, 1]]], [[[0, 1], [1, 1]], [[1, -2]]], law, F(1, 2), "sigmoid")
    return Instance("sizes 2-2-1, sigmoid, three atoms, alpha = 1/2, t = 1, layer 2", problem, 1, 2, F(4), 23, 12)


def relu_rising() -> Rise:
    """a = 0: from 1/16 or so towards 9/64."""
    return Rise("x in {0, 1} equally likely, w = (1, 2), w* = (1, 1), alpha = 1, ReLU, t = 1, layer 1", F(0), (10, 20, 40, 80, 160))


def leaky_rising() -> Rise:
    """a = 1/100."""
    return Rise("the same with leaky ReLU, a = 1/100", F(1, 100), (10, 20, 40, 80, 160))


CLAIM = Claim(
    id="3.5 extended",
    module=__name__,
    verdict=Verdict.REFUTED,
    figure="proved decreases",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("two units, tanh", two_units),
        Showcase("a coarser polynomial", coarse),
        Showcase("two inputs, sigmoid", two_inputs),
        Showcase("ReLU: the variance rises", relu_rising, printed=True),
        Showcase("leaky ReLU: the variance rises", leaky_rising, printed=True),
    ),
)
