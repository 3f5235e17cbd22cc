"""A second route: two runs of SGD in ball arithmetic, straight from the definitions, which bounds on their distance are held against.

No doubles, no norms of factors, no recursion of errors: both networks are run along the same samples in as many bits as it takes, and
the distances of weights, pre-activations, activations, slopes, backpropagated errors and gradients are balls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import numpy as np
from flint import arb, arb_poly

from theory.activations import Activation
from theory.arithmetic.balls import ends
from theory.arithmetic.working_precision import in_enough_bits, working_precision
from theory.backpropagation import Entrywise, backpropagate, forward
from theory.chebyshev import ActivationPolynomial, power_basis
from theory.exact import NumberLike, to_fmpq
from theory.problem import TeacherStudent
from theory.trace_forms import TraceForm
from theory.trace_forms.letters import WEIGHT, Letter

#: Narrower than this, relative to its value, every distance must be; a distance that may be 0, narrower than FLOOR.
WIDEST, FLOOR = 2.0**-70, 2.0**-240
#: What a distance may exceed its bound by when balls do not decide.
TOLERANCE = 2 * FLOOR
_BITS, _MOST_BITS = 512, 1 << 15
T = TypeVar("T")
#: sigma and sigma' at one ball.
Function = Callable[[arb], tuple[arb, arb]]
#: What has one: an activation, a polynomial, or a function that makes it.
Source = Activation | ActivationPolynomial | Callable[[], Function]
KINDS = ("weight", "preactivation", "hidden", "derivative", "backward", "gradient")


@dataclass(frozen=True)
class BallStep:
    """W_1..W_H, g_1..g_H, and with a row for every sample h_1..h_H, z_1..z_H (z_H = h_H), sigma'(h_k) (1 in the last layer),
    delta_1..delta_H.
    """

    weight: list[np.ndarray]
    gradient: list[np.ndarray]
    preactivation: list[np.ndarray]
    hidden: list[np.ndarray]
    derivative: list[np.ndarray]
    backward: list[np.ndarray]


def of_activation(sigma: Activation) -> Function:
    """sigma itself."""
    return lambda x: sigma.exactly(x)


def of_polynomial(polynomial: ActivationPolynomial) -> Function:
    """P, from its exact coefficients; to be made in the bits in which it is used."""
    p = arb_poly(power_basis(polynomial.chebyshev.coef, polynomial.radius))
    slope = p.derivative()
    return lambda x: (p(x), slope(x))


def run(problem: TeacherStudent, function: Function, batches: np.ndarray) -> list[BallStep]:
    """SGD along batches of shape (steps, b, p), teacher and student with this activation, in the current precision."""
    weights, teacher = ([_balls(w) for w in side] for side in (problem.student, problem.teacher_weights))
    sigma, steps = Entrywise(function), []
    for t, batch in enumerate(batches):
        x = _balls(np.asarray(batch))
        passes = backpropagate(weights, sigma, x, forward(teacher, sigma, x)[1][-1])
        gradients, output = [g / len(x) for g in passes.gradients], passes.preactivations[-1]
        hidden, slopes = [*passes.inputs[1:], output], [*passes.slopes, np.full_like(output, arb(1))]
        steps.append(BallStep(weights, gradients, passes.preactivations, hidden, slopes, passes.backward))
        rate = arb(to_fmpq(problem.learning_rate(t))) if t + 1 < len(batches) else arb(0)
        weights = list(problem.optimizer.step(weights, gradients, rate))
    return steps


def distances(problem: TeacherStudent, first: Source, second: Source, batches: np.ndarray) -> dict[str, list[list[arb]]]:
    """For each of KINDS, a table by step and layer of the largest distance over the batch: Frobenius norms of the differences, and the
    largest entry for slopes.

    Bits are doubled until every
    ball is narrower than WIDEST; ArithmeticError when that takes too many.
    """

    def compute() -> dict[str, list[list[arb]]]:
        runs = [run(problem, _function(f), batches) for f in (first, second)]
        return {kind: [_row(kind, s, p) for s, p in zip(*runs, strict=True)] for kind in KINDS}

    return _in_enough_bits(compute, lambda tables: [x for t in tables.values() for row in t for x in row])


def form_distance(problem: TeacherStudent, first: Source, second: Source, batches: np.ndarray, form: TraceForm) -> arb:
    """|| value of a trace form in one run - its value in the other ||_F; otherwise as `distances`."""

    def compute() -> arb:
        values = []
        for source in (first, second):
            steps = run(problem, _function(source), batches)
            values.append(form.evaluate(lambda letter, steps=steps: _look_up(letter, steps, problem), lambda c: arb(to_fmpq(c))))  # type: ignore[misc]
        return _norm(np.atleast_1d(np.asarray(values[0] - values[1], dtype=object)))

    return _in_enough_bits(compute, lambda ball: [ball])


def compare(pairs: Iterable[tuple[arb, arb | NumberLike]]) -> tuple[bool, Fraction]:
    """(none of the distances is above its bound, the largest excess that their balls leave possible)."""
    exceeded, excess = False, Fraction(0)
    with working_precision(_BITS):
        for seen, bound in pairs:
            over = seen - (bound if isinstance(bound, arb) else arb(to_fmpq(bound)))
            exceeded = exceeded or bool(over > 0)
            if not over <= 0:
                excess = max(excess, ends(over)[1])
    return not exceeded and excess <= TOLERANCE, excess


def exceeds(ball: arb, bound: NumberLike) -> bool:
    """Whether a ball lies above a number, proved."""
    with working_precision(_BITS):
        return bool(ball > arb(to_fmpq(bound)))


def largest(balls: Iterable[arb]) -> arb:
    """The largest of some distances; 0 of none."""
    with working_precision(_BITS):
        return _maximum([arb(0), *balls])


def _look_up(letter: Letter, steps: list[BallStep], problem: TeacherStudent) -> np.ndarray:
    if letter.layer is None:
        return _balls(letter.matrix)
    if letter.step is None:
        return _balls(problem.teacher_weights[letter.layer - 1])
    step = steps[letter.step]
    return (step.weight if letter.kind == WEIGHT else step.gradient)[letter.layer - 1]


def _in_enough_bits(compute: Callable[[], T], balls: Callable[[T], list[arb]]) -> T:
    def once() -> T | None:
        found = compute()
        narrow = all(ball.is_finite() and ball.rad() <= (WIDEST * ball.mid()).max(arb(FLOOR)) for ball in balls(found))
        return found if narrow else None

    return in_enough_bits(once, _BITS, _MOST_BITS, f"{_MOST_BITS} bits do not tell how far the two runs are apart")


def _function(source: Source) -> Function:
    if isinstance(source, Activation):
        return of_activation(source)
    return of_polynomial(source) if isinstance(source, ActivationPolynomial) else source()


def _row(kind: str, first: BallStep, second: BallStep) -> list[arb]:
    left, right = getattr(first, kind), getattr(second, kind)
    if kind in ("weight", "gradient"):
        return [_norm(a - b) for a, b in zip(left, right, strict=True)]
    size = _largest_entry if kind == "derivative" else _norm
    return [_maximum([size(row) for row in a - b]) for a, b in zip(left, right, strict=True)]


def _norm(difference: np.ndarray) -> arb:
    square: arb = sum((x * x for x in difference.ravel().tolist()), arb(0))
    return square.nonnegative_part().sqrt()


def _largest_entry(difference: np.ndarray) -> arb:
    return _maximum([abs(x) for x in difference.ravel().tolist()])


def _maximum(values: list[arb]) -> arb:
    result = values[0]
    for value in values[1:]:
        result = result.max(value)
    return result


def _balls(matrix: np.ndarray) -> np.ndarray:
    return np.array([[arb(to_fmpq(x)) for x in row] for row in matrix.tolist()], dtype=object)
