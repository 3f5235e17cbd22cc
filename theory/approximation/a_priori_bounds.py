"""The gap between the two networks for every path of SGD at once: norms from w_0 and a bound on the inputs alone.

Boundedness is no assumption after finitely many steps: it follows from that of w_0, of the inputs and of sigma on [-R, R].
"""

from __future__ import annotations

import math

import numpy as np

from theory.approximation.gap_bounds import Constants, StepBounds, spectral_of
from theory.approximation.gap_recursion import Envelope, Norms, forward_gaps, propagate
from theory.arithmetic.norms import times, up
from theory.chebyshev import ActivationPolynomial
from theory.problem import TeacherStudent


def a_priori_bounds(
    problem: TeacherStudent, polynomial: ActivationPolynomial, steps: int, rates: list[float], radius: float
) -> list[StepBounds]:
    """Bounds at steps 0, ..., steps - 1 for every path with ||x|| <= radius; DomainError where a pre-activation may leave [-R, R].

    w_k(0) = ||W_k||_2,                 w_k(t+1) = w_k(t) + alpha_t Delta_k zeta_{k-1}
    zeta_0 = C_x,                       zeta_k = min( sqrt(p_k) C_S, sqrt(p_k) |sigma(0)| + C_D w_k zeta_{k-1} )
    eta_k = w_k zeta_{k-1}
    Delta_H = w_H zeta_{H-1} + w*_H zeta*_{H-1},              Delta_k = C_D w_{k+1} Delta_{k+1}
    """
    constants = Constants.of(problem, polynomial)
    teacher = [spectral_of(w) for w in problem.teacher_weights]
    weight, gap = [spectral_of(w) for w in problem.student], [0.0] * problem.depth
    target, inputs = _teacher(teacher, constants, radius)
    results = []
    for t in range(steps):
        forward = _forward(weight, constants, radius, "student", t)
        backward = [up(weight[-1] * forward[0][-1] + teacher[-1] * inputs[-1])]
        for w in weight[:0:-1]:
            backward.insert(0, times(constants.slope, w, backward[0]))
        first = Envelope(weight, forward[0], forward[1], backward)
        gaps = propagate(gap, first, constants.local(target), constants.slope, constants.lipschitz)
        reach = constants.check_domain(first.reach, gaps.preactivation, "student", t)
        norms = [float(up(d * z)[0]) for d, z in zip(backward, forward[0], strict=True)]
        results.append(StepBounds(gap, gaps, reach, weight, norms))
        if t + 1 < steps:
            rate = float(up(rates[t]))  # above the learning rate that it is the nearest double to
            gap = [float(up(e + rate * g)) for e, g in zip(gap, gaps.gradient, strict=True)]
            weight = [float(up(w + rate * n)) for w, n in zip(weight, norms, strict=True)]
    return results


def _forward(weight: list[float], constants: Constants, input_radius: float, network: str, step: int) -> tuple[Norms, Norms]:
    """(zeta_0..zeta_{H-1}, eta_1..eta_{H-1}); every eta_k is checked before C_S and C_D are used beyond it."""
    inputs, reach = [np.array([input_radius])], []
    for k, p in enumerate(constants.widths):
        eta = up(weight[k] * inputs[-1])
        constants.check(float(eta[0]), network, step, k + 1)
        reach.append(eta)
        root = math.sqrt(p)
        grown = root * constants.at_zero + times(constants.slope, weight[k], inputs[-1])
        inputs.append(up(np.minimum(root * constants.value, grown)))
    return inputs, reach


def _teacher(weight: list[float], constants: Constants, input_radius: float) -> tuple[np.ndarray, Norms]:
    """e_y and the teacher's zeta*."""
    inputs, reach = _forward(weight, constants, input_radius, "teacher", 0)
    local = constants.local(np.zeros(1))
    gaps, _ = forward_gaps([0.0] * len(weight), weight, inputs, local.preactivation, local.hidden, constants.slope)
    constants.check_domain(reach, gaps, "teacher", 0)
    return gaps[-1], inputs
