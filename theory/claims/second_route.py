"""An independent value of var(g_t) or E loss(w_t) at one batch size, by whichever route applies; no polynomial in 1/b enters.

Finite support: enumeration of every mini-batch, in rationals. Scalar Gaussian inputs: Gauss quadrature over the batches, in balls.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb, ctx

from theory import enumeration
from theory.engines import quadrature
from theory.engines.base import CannotError
from theory.exact import to_fmpq
from theory.problem import TeacherStudent

Value = Fraction | arb

BITS = 256  # of the balls


def gradient_variance(problem: TeacherStudent, step: int, layer: int, batch_size: int) -> Value:
    """var(g_{step,layer}) at this batch size."""
    if problem.inputs.support() is not None:
        return enumeration.variance(problem, batch_size, step, layer)
    return quadrature.variance(problem, step, layer, batch_size, bits=BITS)


def expected_loss(problem: TeacherStudent, step: int, batch_size: int) -> Value:
    """E loss(w_step) at this batch size."""
    if problem.inputs.support() is not None:
        return enumeration.loss(problem, batch_size, step)
    return quadrature.loss(problem, step, batch_size, bits=BITS)


def route_name(problem: TeacherStudent) -> str:
    """What the route is called on a page."""
    if problem.inputs.support() is not None:
        return "enumeration of every mini-batch, in rationals"
    return "Gauss-Laguerre quadrature over the batches, in ball arithmetic"


def difference(exact: Fraction, value: Value) -> tuple[bool, float]:
    """Whether the value can be the exact number (equal, or inside the ball), and how far apart they are at most.

    The distance is relative to max(1, |exact|). A ball wider than 10^-20 of that scale would test nothing: CannotError.
    """
    scale = max(Fraction(1), abs(exact))
    if isinstance(value, Fraction):
        return exact == value, float(abs(exact - value) / scale)
    saved, ctx.prec = ctx.prec, BITS
    try:
        distance = (value - arb(to_fmpq(exact))) / arb(to_fmpq(scale))
    finally:
        ctx.prec = saved
    if distance.rad() > 1e-20:
        raise CannotError(f"the ball {value} is too wide to test anything")
    return bool(distance.contains(0)), float(abs(distance).upper())


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


def shown(value: Value) -> str:
    """A value for a page: the fraction when short, or decimals."""
    if isinstance(value, Fraction) and len(str(value)) <= 40:
        return str(value)
    return f"{float(value if isinstance(value, Fraction) else value.mid()):.10g}"


def _ball(value: Value) -> arb:
    if isinstance(value, arb):
        return value
    saved, ctx.prec = ctx.prec, BITS
    try:
        return arb(to_fmpq(value))
    finally:
        ctx.prec = saved
