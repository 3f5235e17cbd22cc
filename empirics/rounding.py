"""What floating-point arithmetic may be off by: a floor under every standard error.

The gap D = W_H ... W_1 - W*_H ... W*_1 has the rounding of its two terms, however small it is itself. With s the size that ||g_k||^2 would
have without that cancellation, u = ROUNDING last places, and ||g||^2 as estimated, ||g||^2 is off by u ||g||^2 + u ||g|| sqrt(s) + u^2 s
at most, and so are its parts. Sizes are those at w_0, activations are taken for the identity: a scale, not a bound.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from empirics.plan import Plan
from empirics.statistics import PER_LAYER, ROUNDING
from theory.exact import to_float


def rounding_errors(plan: Plan, values: np.ndarray) -> np.ndarray:
    """For estimates of shape (step, batch_size, 4 H + 1), in the order of statistics.block_statistics."""
    depth, unit = plan.problem.depth, ROUNDING * plan.eps
    second = values[..., PER_LAYER.index("second_moment") * depth :][..., :depth]
    gradients, loss = uncancelled(plan)
    errors = _errors(second, gradients, unit)
    return np.concatenate([*[errors] * len(PER_LAYER), _errors(values[..., -1:], loss, unit)], axis=-1)


def uncancelled(plan: Plan) -> tuple[np.ndarray, float]:
    """(batch_size, H): ||g_k||^2 if nothing cancelled in D; and the same of the loss."""
    student, teacher = ([to_float(w) for w in side] for side in (plan.problem.student, plan.problem.teacher))
    terms = sum(float(np.linalg.norm(reduce(lambda product, w: w @ product, side))) for side in (student, teacher))
    sigma = to_float(plan.problem.inputs.second_moment)
    largest = float(np.linalg.norm(sigma, 2))
    norms = [float(np.linalg.norm(w, 2)) for w in student]
    others = np.array([np.prod([x for i, x in enumerate(norms) if i != k]) for k in range(len(norms))])
    noise = np.array([largest + float(np.trace(sigma)) / b for b in plan.batch_sizes])  # E||x x^T|| of a batch, squared over Sigma
    return noise[:, None] * largest * (others * terms) ** 2, largest * terms**2


def _errors(squares: np.ndarray, scale: np.ndarray | float, unit: float) -> np.ndarray:
    with np.errstate(all="ignore"):
        sizes = np.abs(squares)
        return unit * (sizes + np.sqrt(sizes * scale)) + unit**2 * scale
