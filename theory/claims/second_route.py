"""An independent value of var(g_t) or E loss(w_t) at one batch size, by whichever route applies; no polynomial in 1/b enters.

Finite support: enumeration of every mini-batch, in rationals. Scalar Gaussian inputs: Gauss quadrature over the batches, in balls.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from theory import enumeration
from theory.engines import quadrature
from theory.engines.base import CannotError
from theory.exact import to_fmpq
from theory.problem import TeacherStudent

Value = Fraction | arb


def gradient_variance(problem: TeacherStudent, step: int, layer: int, batch_size: int) -> Value:
    """var(g_{step,layer}) at this batch size."""
    if problem.inputs.support() is not None:
        return enumeration.variance(problem, batch_size, step, layer)
    return quadrature.variance(problem, step, layer, batch_size)


def expected_loss(problem: TeacherStudent, step: int, batch_size: int) -> Value:
    """E loss(w_step) at this batch size."""
    if problem.inputs.support() is not None:
        return enumeration.loss(problem, batch_size, step)
    return quadrature.loss(problem, step, batch_size)


def route_name(problem: TeacherStudent) -> str:
    """What the route is called on a page."""
    if problem.inputs.support() is not None:
        return "enumeration of every mini-batch, in rationals"
    return "Gauss-Laguerre quadrature over the batches, in ball arithmetic"


def difference(exact: Fraction, value: Value) -> tuple[bool, float]:
    """Whether the value can be the exact number (equal, or inside the ball), and the distance between the two, at most."""
    if isinstance(value, Fraction):
        return exact == value, float(abs(exact - value))
    ball = value - arb(to_fmpq(exact))
    if value.rad() > abs(value.mid()) * 1e-9 + 1e-300:
        raise CannotError(f"the ball {value} is too wide to test anything")
    return bool(ball.contains(0)), float(abs(ball).upper())


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
    return arb(to_fmpq(value)) if isinstance(value, Fraction) else value
