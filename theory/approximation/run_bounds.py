"""The gap between the two networks along given batches: norms from the S-run itself, computed in doubles, rounding included.

The recursion is used twice: from the S-run in doubles to the S-run in real numbers, with rounding as the local errors, and from there
to the P-run, with the errors of P. What was observed, `observed_gaps`, compares two runs in doubles and shares nothing with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory.approximation.double_runs import Step, forward_rounding, measured, rounding, run, update_rounding, widened
from theory.approximation.gap_bounds import Constants, Gaps, StepBounds, rounded_away
from theory.approximation.gap_recursion import Envelope, StepGaps, forward_gaps, propagate
from theory.arithmetic.norms import frobenius, spectral, up, vector_norms
from theory.backpropagation import OnArrays
from theory.chebyshev import ActivationPolynomial
from theory.exact import to_float
from theory.problem import TeacherStudent


def smooth_run(problem: TeacherStudent, polynomial: ActivationPolynomial, rates: Sequence[float], x: np.ndarray) -> list[Step]:
    """SGD in doubles with sigma itself."""
    sigma = polynomial.activation
    student, teacher = ([to_float(w) for w in side] for side in (problem.student, problem.teacher_weights))
    return run(student, teacher, OnArrays(sigma.value, sigma.derivative), problem.optimizer, rates, x)


def polynomial_run(problem: TeacherStudent, polynomial: ActivationPolynomial, rates: Sequence[float], x: np.ndarray) -> list[Step]:
    """SGD in doubles with P, in the student and in the teacher."""
    student, teacher = ([to_float(w) for w in side] for side in (problem.student, problem.teacher_weights))
    return run(student, teacher, OnArrays(polynomial.chebyshev, polynomial.derivative), problem.optimizer, rates, x)


def observed_gaps(smooth: list[Step], replaced: list[Step]) -> Gaps:
    """What happened, in doubles."""
    rows = [_distances(s, p) for s, p in zip(smooth, replaced, strict=True)]
    return Gaps(*(np.array(columns) for columns in zip(*rows, strict=True)))


class RunBounds:
    """Bounds along one S-run in doubles."""

    def __init__(self, problem: TeacherStudent, polynomial: ActivationPolynomial, rates: Sequence[float], smooth: list[Step]) -> None:
        self.problem, self.rates, self.smooth = problem, rates, smooth
        self.constants = Constants.of(problem, polynomial)
        self.teacher = [to_float(w) for w in problem.teacher_weights]
        self.teacher_norms = [spectral(w) for w in self.teacher]
        self.teacher_lost = [rounded_away(w) for w in problem.teacher_weights]

    def bounds(self) -> list[StepBounds]:
        """Of every step; DomainError where a pre-activation may leave [-R, R]."""
        constants, depth = self.constants, self.problem.depth
        lost = [rounded_away(w) for w in self.problem.student]  # between the doubles and the real numbers
        gap, results = [0.0] * depth, []
        for t, step in enumerate(self.smooth):
            first, target, lost_step = self._exact_envelope(step, lost, t)
            gaps = propagate(gap, first, constants.local(target), constants.slope, constants.lipschitz)
            reach = constants.check_domain(first.reach, gaps.preactivation, "student", t)
            sizes = [frobenius(g) for g in step.gradients]
            norms = [float(up(size + e)) for size, e in zip(sizes, lost_step.gradient, strict=True)]
            results.append(StepBounds(gap, gaps, reach, first.weight, norms))
            if t + 1 < len(self.smooth):
                rate = float(up(self.rates[t]))
                new = update_rounding(self.smooth[t + 1].weights, rate, step.gradients)
                gap = [float(up(e + rate * g)) for e, g in zip(gap, gaps.gradient, strict=True)]
                lost = [float(up(e + rate * g + r)) for e, g, r in zip(lost, lost_step.gradient, new, strict=True)]
        return results

    def _exact_envelope(self, step: Step, lost: list[float], t: int) -> tuple[Envelope, np.ndarray, StepGaps]:
        """Norms of the S-run in real numbers, the teacher's e_y between S and P, and the gaps that rounding made."""
        constants = self.constants
        target, target_rounding = self._teacher(step, t)
        in_doubles = measured(step)
        lost_step = propagate(lost, in_doubles, rounding(step, target_rounding), constants.slope, constants.lipschitz)
        first = widened(in_doubles, lost, (lost_step.preactivation, lost_step.hidden, lost_step.backward))
        constants.check_domain(first.reach, [np.zeros(1)] * len(first.reach), "student", t)
        return first, target, lost_step

    def _teacher(self, step: Step, t: int) -> tuple[np.ndarray, np.ndarray]:
        """(e_y between sigma and P, what rounding made of the output): both forward recursions of the teacher on this batch."""
        constants, (inputs, hidden) = self.constants, step.teacher
        weights, norms, lost = self.teacher, self.teacher_norms, self.teacher_lost
        sizes = [vector_norms(z) for z in inputs]
        products, functions = forward_rounding(weights, inputs, hidden)
        lost_hidden, lost_inputs = forward_gaps(lost, norms, sizes, products, functions, constants.slope)
        reach = [up(np.abs(h).max(axis=1) + e) for h, e in zip(hidden[:-1], lost_hidden, strict=False)]
        sizes = [up(z + e) for z, e in zip(sizes, lost_inputs, strict=True)]
        norms = [float(up(w + e)) for w, e in zip(norms, lost, strict=True)]
        local = constants.local(np.zeros(1))
        gaps, _ = forward_gaps([0.0] * len(norms), norms, sizes, local.preactivation, local.hidden, constants.slope)
        constants.check_domain(reach, gaps, "teacher", t)
        return gaps[-1], lost_hidden[-1]


def _distances(s: Step, p: Step) -> tuple[list[float], ...]:
    def largest(left: list[np.ndarray], right: list[np.ndarray]) -> list[float]:
        return [float(np.sqrt(np.square(x - y).sum(axis=1)).max()) for x, y in zip(left, right, strict=True)]

    def matrices(left: list[np.ndarray], right: list[np.ndarray]) -> list[float]:
        return [float(np.linalg.norm(x - y)) for x, y in zip(left, right, strict=True)]

    hidden = largest(s.preactivations, p.preactivations)
    derivative = [float(np.abs(x - y).max()) for x, y in zip(s.slopes, p.slopes, strict=True)]
    return (
        matrices(s.weights, p.weights),
        hidden,
        [*largest(s.inputs[1:], p.inputs[1:]), hidden[-1]],
        [*derivative, 0.0],
        largest(s.backward, p.backward),
        matrices(s.gradients, p.gradients),
    )
