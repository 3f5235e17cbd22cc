"""Networks on which the conjecture fails: a pair b < b' with var(b) < var(b'), from two inputs at one step to constant rates at four."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction as F
from functools import cached_property

from theory.claims.record import Evidence, tabulated
from theory.claims.variance_decreasing import near_saddle
from theory.claims.variance_decreasing.second_values import second_values
from theory.exact import NumberLike
from theory.inputs import Discrete, Gaussian
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent
from theory.variance_poly import variance_polynomial


@dataclass(frozen=True)
class Rise:
    """A pair of batch sizes b < b' with var(b) < var(b')."""

    name: str
    problem: TeacherStudent
    step: int
    layer: int
    pair: tuple[int, int]

    @cached_property
    def variance(self) -> InverseBatchPolynomial:
        """var(g_{step,layer}) as a polynomial in 1/b."""
        return variance_polynomial(self.problem, self.step, self.layer)


def check_printed(rise: Rise) -> Evidence:
    """The conjecture: var(b) >= var(b') for b < b'; both values by the exact polynomial and by a route without one."""
    v = rise.variance
    left = [F(v(b)) for b in rise.pair]
    route, right = second_values(rise.problem, rise.step, rise.layer, rise.pair)
    agree = left == right
    return Evidence(
        statement=rf"\(\mathrm{{var}}({rise.pair[0]}) \ge \mathrm{{var}}({rise.pair[1]})\), as conjectured for every \(b\)",
        instance=rise.name,
        left_route=f"exact polynomial of degree {v.degree}",
        left=tabulated("b", rise.pair, left),
        right_route=route,
        right=tabulated("b", rise.pair, right),
        holds=right[0] >= right[1] if agree else None,
        difference=max(abs(x - y) for x, y in zip(left, right, strict=True)),
        reason="" if agree else "the two routes to the variance differ",
    )


def two_atoms() -> Rise:
    """0 at b = 1, 1/128 at b = 2: with one sample a batch, the gradient at t = 1 is 0 whatever was drawn."""
    problem = TeacherStudent([[[1]], [[0]]], [[[1]], [[1]]], Discrete([0, 1]), learning_rates=1)
    return Rise("x in {0, 1} equally likely, w = (1, 0), w* = 1, alpha = 1, t = 1, layer 1", problem, 1, 1, (1, 2))


def two_atoms_positive() -> Rise:
    """var(1) = 387/4096, so the noise is not merely absent at b = 1, and var(2) is thirty times larger."""
    problem = TeacherStudent([[[F(3, 2)]], [[-1]]], [[[-1]], [[1]]], Discrete([1, 2]), learning_rates=1)
    return Rise("x in {1, 2} equally likely, w = (3/2, -1), w* = -1, alpha = 1, t = 1, layer 1", problem, 1, 1, (1, 2))


def gaussian_integers() -> Rise:
    """Two Gaussian inputs, integer weights, one step: 5143608 at b = 1, 5266188 at b = 2."""
    problem = TeacherStudent([[[1, 0], [0, 1]]] * 2, [[[1, -6], [6, 1]], [[1, 0], [0, 1]]], Gaussian(2), learning_rates=1)
    return Rise("two Gaussian inputs, weights I, teacher ((1, -6), (6, 1)), alpha = 1, t = 1, layer 2", problem, 1, 2, (1, 2))


def one_unit_a_layer(weights: Sequence[NumberLike], target: NumberLike, rate: NumberLike) -> TeacherStudent:
    """One unit in each layer, x ~ N(0, 1), one rate for all steps; the teacher's product is `target`."""
    ones: list[list[list[NumberLike]]] = [[[1]]] * (len(weights) - 1)
    return TeacherStudent([[[w]] for w in weights], [[[target]], *ones], Gaussian(1), learning_rates=rate)


def five_layers() -> Rise:
    """One step of a network of five layers: a rise between large batches."""
    problem = one_unit_a_layer([1, F(7, 10), F(73, 50), 1, F(13, 10)], F(-1, 50), F(14, 25))
    name = "x ~ N(0, 1), five layers, w = (1, 7/10, 73/50, 1, 13/10), w* = -1/50, alpha = 14/25, t = 1, layer 1"
    return Rise(name, problem, 1, 1, (70, 91))


def seven_layers() -> Rise:
    """With seven layers the rise is larger."""
    weights = [F(9, 10), F(1, 2), 2, F(7, 5), F(17, 10), F(4, 5), F(13, 10)]
    name = "x ~ N(0, 1), seven layers, w = (9/10, 1/2, 2, 7/5, 17/10, 4/5, 13/10), w* = -1/10, alpha = 1/5, t = 1, layer 1"
    return Rise(name, one_unit_a_layer(weights, F(-1, 10), F(1, 5)), 1, 1, (34, 55))


def beside_the_saddle() -> Rise:
    """Two layers, t = 2, n = 1000: a rise from b = 16,000 to 24,000."""
    n = 1000
    name = f"x ~ N(0, 1), w = (1, 1), w* = 1/{n}, alpha = (1, {n}), t = 2, layer 1"
    return Rise(name, near_saddle.network(n), 2, 1, (16 * n, 24 * n))


def constant_rate() -> Rise:
    """One rate, below 2 / lambda_max of the loss's Hessian at w_0: a rise by 4.8 per cent after four steps."""
    problem = one_unit_a_layer([F(3, 8), F(8, 9)], F(17, 9), 1)
    return Rise("x ~ N(0, 1), w = (3/8, 8/9), w* = 17/9, alpha = 1 at every step, t = 4, layer 1", problem, 4, 1, (1300, 2800))
