"""A second route in doubles, with nothing but the chain rule: the first gradients of a network of sizes 1-1-1 at one sample x.

f = w_2 sigma(w_1 x), y = w*_2 sigma(w*_1 x):     g_{0,1} = (f - y) w_2 sigma'(w_1 x) x,     g_{0,2} = (f - y) sigma(w_1 x)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import SupportsFloat

import numpy as np

from theory.activations.record import Elementwise
from theory.problem import TeacherStudent

#: Against another route: Chebyshev series are summed in doubles, beyond their interval too.
RELATIVE_ERROR = 1e-9
#: sigma and sigma' in doubles.
Functions = tuple[Callable[[np.ndarray], np.ndarray], Elementwise]


def first_gradients(problem: TeacherStudent, functions: Functions, x: float) -> tuple[float, float]:
    """(g_{0,1}, g_{0,2}). ValueError for other sizes."""
    if problem.sizes != (1, 1, 1):
        raise ValueError(f"problem must have sizes 1-1-1, but had {problem.sizes}")
    (w1, w2), (v1, v2) = ([float(w[0, 0]) for w in side] for side in (problem.student, problem.teacher_weights))

    def at(function: Callable[[np.ndarray], np.ndarray], h: float) -> float:
        return float(function(np.array([h]))[0])

    value, slope = functions
    hidden = at(value, w1 * x)
    error = w2 * hidden - v2 * at(value, v1 * x)
    return error * w2 * at(slope, w1 * x) * x, error * hidden


def largest_gap(problem: TeacherStudent, functions: Functions, others: Functions, x: float) -> float:
    """max over both layers of |g_{0,k} - g'_{0,k}|, the network with `functions` against that with `others`."""
    pairs = zip(first_gradients(problem, functions, x), first_gradients(problem, others, x), strict=True)
    return max(abs(g - h) for g, h in pairs)


def same(left: Iterable[SupportsFloat], right: Iterable[SupportsFloat]) -> tuple[bool, float]:
    """Whether two routes agree within RELATIVE_ERROR max(1, |value|), and their largest distance so measured."""
    distances = [abs(float(a) - float(b)) / max(1.0, abs(float(b))) for a, b in zip(left, right, strict=True)]
    return max(distances) <= RELATIVE_ERROR, max(distances)
