"""Values at one batch size: step by step in balls that are known to a double, and in the limit exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat

from theory.arithmetic.balls import ball_to_float, middle_and_radius
from theory.arithmetic.working_precision import in_enough_bits
from theory.exact import to_fraction
from theory.linear_regression.operators import Operators
from theory.linear_regression.recursions import Rates, balls
from theory.linear_regression.stationarity import limit

#: Bits that balls may take: for runs that leave all bounds, or numbers that nearly cancel.
_MOST_BITS = 1 << 15
#: Of a double's error, relative, and what is left of it where the number is as small as doubles get.
_PRECISION, _LEAST = Fraction(1, 2**54), Fraction(1, 2**1080)


@dataclass(frozen=True)
class Trajectory:
    """Values at t = 0, 1, ..., at one batch size: doubles within one unit in their last place.

    Attributes:
        batch_size: b.
        variance: var(g_t) = E||g_t||^2 - ||E g_t||^2, given w_0.
        full_gradient_variance: var(grad L(w_t)).
        loss: E L(w_t).
    """

    batch_size: int
    variance: np.ndarray
    full_gradient_variance: np.ndarray
    loss: np.ndarray


@dataclass(frozen=True)
class Stationary:
    """The limits of var(g_t), var(grad L(w_t)) and E L(w_t) as t -> infinity, at one batch size: Fractions."""

    batch_size: int
    variance: Fraction
    full_gradient_variance: Fraction
    loss: Fraction


def trajectory(operators: Operators, start: fmpq_mat, rates: Rates, c: fmpq, batch_size: int) -> Trajectory:
    """Along all steps, in as many bits as it takes. RangeError for what is beyond the doubles."""

    def run() -> list[list[arb]] | None:
        of_mean, of_sample, of_loss = arb_mat(operators.gradient_square), arb_mat(operators.sample_noise * c), arb_mat(operators.loss)
        found: list[list[arb]] = []

        def seen(mean: arb_mat, spread: arb_mat) -> None:
            full, both = (of_mean * spread)[0, 0], mean + spread
            found.append([full + (of_sample * both)[0, 0], full, (of_loss * both)[0, 0]])

        balls(operators, start, rates, c, seen)
        return found if all(_is_known(x) for values in found for x in values) else None

    found = in_enough_bits(run, 128, _MOST_BITS, f"{_MOST_BITS} bits do not tell the values: the run leaves all bounds")
    table = np.array([[ball_to_float(x)[0] for x in values] for values in found]).T + 0.0  # one zero: a loss has no sign
    return Trajectory(batch_size, *table.copy())


def stationary(operators: Operators, rate: fmpq, c: fmpq, batch_size: int) -> Stationary:
    """Of a stable rate."""
    mean, spread = limit(operators, rate, c)
    full, both = operators.gradient_square * spread, mean + spread
    values = (full + operators.sample_noise * both * c, full, operators.loss * both)
    return Stationary(batch_size, *(to_fraction(x[0, 0]) for x in values))


def _is_known(ball: arb) -> bool:
    if not ball.is_finite():
        return False
    middle, radius = middle_and_radius(ball)
    return radius <= max(abs(middle) * _PRECISION, _LEAST)
