"""The second route of many checks: var(g_t), E loss(w_t) or var loss(w_t) at one batch size; no polynomial in 1/b enters.

Finite support: enumeration of every mini-batch, in rationals. Scalar Gaussian inputs: Gauss quadrature over the batches, in balls.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from theory import enumeration
from theory.arithmetic.balls import middle_and_radius
from theory.arithmetic.working_precision import working_precision
from theory.budget import CannotError
from theory.exact import to_fmpq
from theory.problem import TeacherStudent
from theory.references import quadrature

Value = Fraction | arb

BITS = 256  # of the balls


def gradient_variance(problem: TeacherStudent, step: int, layer: int, *, batch_size: int) -> Value:
    """var(g_{step,layer}) at this batch size."""
    if problem.inputs.support() is not None:
        return enumeration.variance(problem, step, layer, batch_size=batch_size)
    return quadrature.variance(problem, step, layer, batch_size=batch_size, bits=BITS)


def expected_loss(problem: TeacherStudent, step: int, *, batch_size: int) -> Value:
    """E loss(w_step) at this batch size."""
    if problem.inputs.support() is not None:
        return enumeration.loss(problem, step, batch_size=batch_size)
    return quadrature.loss(problem, step, batch_size=batch_size, bits=BITS)


def loss_variance(problem: TeacherStudent, step: int, *, batch_size: int) -> Value:
    """var loss(w_step) at this batch size."""
    if problem.inputs.support() is not None:
        return enumeration.loss_variance(problem, step, batch_size=batch_size)
    return quadrature.loss_variance(problem, step, batch_size=batch_size, bits=BITS)


def route_name(problem: TeacherStudent) -> str:
    """What the route is called on a page."""
    if problem.inputs.support() is not None:
        return "enumeration of every mini-batch, in rationals"
    return "Gauss-Laguerre quadrature over the batches, in ball arithmetic"


@dataclass(frozen=True)
class Comparison:
    """Exact numbers against values of the second route: the largest distance, and what it may be.

    Rationals are compared absolutely, with tolerance 0; balls relative to max(1, |exact|), with the radius of the widest as tolerance.
    """

    agrees: bool
    distance: Fraction | float
    tolerance: float


def compare(exact: Iterable[Fraction], values: Iterable[Value]) -> Comparison:
    """One by one. A ball wider than 10^-20 would test nothing: CannotError."""
    agrees, distances, radii = True, [Fraction(0)], [0.0]
    for number, value in zip(exact, values, strict=True):
        if isinstance(value, Fraction):
            distances.append(abs(number - value))
            agrees = agrees and number == value
            continue
        scale = max(Fraction(1), abs(number))
        with working_precision(BITS):
            ball = (value - arb(to_fmpq(number))) / arb(to_fmpq(scale))
        if ball.rad() > 1e-20:
            raise CannotError(f"the ball {value} is too wide to test anything")
        distances.append(abs(middle_and_radius(ball)[0]))
        radii.append(float(ball.rad()))
        agrees = agrees and bool(ball.contains(0))
    worst = max(distances)
    return Comparison(agrees, float(worst) if any(radii) else worst, max(radii))


def is_less(left: Value, right: Value) -> bool:
    """left < right, proved: for balls, the intervals are apart."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left < right
    return bool(_ball(left) < _ball(right))


def at_least(left: Value, right: Value) -> bool:
    """left >= right, proved; a tie of two balls is not proved and counts as False."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left >= right
    return bool(_ball(left) >= _ball(right))


def _ball(value: Value) -> arb:
    with working_precision(BITS):
        return value if isinstance(value, arb) else arb(to_fmpq(value))
