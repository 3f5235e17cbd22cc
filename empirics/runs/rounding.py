"""What floating-point arithmetic may be off by: a floor under every standard error.

The residual D = W_H ... W_1 - W*_H ... W*_1 has the rounding of its two products, however small these or their difference are. With s
the size that ||g_k||^2 would have if nothing cancelled anywhere, u = UNITS last places, and ||g||^2 as estimated, ||g||^2 is off by
u ||g||^2 + u ||g|| sqrt(s) + u^2 s, and so are its parts. Layers have their norms at w_0, or what they come to when they learn the teacher,
its norm to the power 1/H each, whichever is larger; activations are taken for the identity: a scale, not a bound. Runs on which rounding
itself grows, as learning rates beyond stability make it, are not covered.

What is too small is lost too: every product may lack the smallest normal number of the arithmetic, and squares of deviations in doubles
tell nothing of standard errors below LEAST_ERROR.
"""

from __future__ import annotations

import numpy as np

from empirics.estimation.block_statistics import PER_LAYER
from empirics.runs.plan import Plan
from theory.exact import to_float
from theory.problem import TeacherStudent

#: Of single precision, 64-256-128 comes within an eighth of what 4 make of it.
UNITS = 4
#: The root of the smallest normal double.
LEAST_ERROR = 2.0**-511


def rounding_errors(plan: Plan, values: np.ndarray) -> np.ndarray:
    """For estimates of shape (step, batch_size, 4 H + 1), in the order of statistics.block_statistics."""
    depth, unit = plan.problem.depth, UNITS * plan.eps
    second = values[..., PER_LAYER.index("second_moment") * depth :][..., :depth]
    gradients, loss = uncancelled(plan)
    errors = _errors(second, gradients, unit)
    found = np.concatenate([*[errors] * len(PER_LAYER), _errors(values[..., -1:], loss, unit)], axis=-1)
    lost = sum(w.size for w in plan.problem.student) * float(np.finfo(plan.dtype).tiny)
    return found + lost + np.where(values != 0, LEAST_ERROR, 0.0)


def uncancelled(plan: Plan) -> tuple[np.ndarray, float]:
    """(batch_size, H): ||g_k||^2 if nothing cancelled in D; and the same of the loss."""
    with np.errstate(all="ignore"):  # infinite, where the run overflows
        student = [to_float(w) for w in plan.problem.student]
        sigma = to_float(plan.problem.inputs.second_moment)
        largest = _norm(sigma)
        aim = _aim(plan.problem, largest)
        learnt = aim ** (1 / len(student))
        norms = [max(_norm(w), learnt) for w in student]
        others = np.array([np.prod([x for i, x in enumerate(norms) if i != k]) for k in range(len(norms))])
        # ||D||_F <= sqrt(rank) ||D||_2
        terms = min(w.shape[0] for w in student) ** 0.5 * (np.prod(norms) + aim)
        noise = np.array([largest + float(np.trace(sigma)) / b for b in plan.batch_sizes])  # E||x x^T|| of a batch, squared over Sigma
        return noise[:, None] * largest * (others * terms) ** 2, float(largest * terms**2)


def _aim(problem: TeacherStudent, largest: np.float64) -> np.float64:
    """The size of the linear map that is learned; of labels, that of one that takes inputs of the largest spread to them."""
    if problem.teacher is not None:
        return _product([to_float(w) for w in problem.teacher])
    targets = problem.inputs.targets
    spread = _norm(targets) / np.sqrt(len(targets)) if targets is not None else np.float64(0)
    return spread / np.sqrt(largest) if largest > 0 else np.float64(0)


def _norm(w: np.ndarray) -> np.float64:
    """The spectral norm, without overflow on the way."""
    largest = np.abs(w).max()
    return largest * np.linalg.norm(w / largest, 2) if largest > 0 else np.float64(0.0)


def _product(layers: list[np.ndarray]) -> np.float64:
    """What the spectral norm of the product would be if the layers' largest directions met."""
    return np.float64(np.prod([_norm(w) for w in layers]))


def _errors(squares: np.ndarray, scale: np.ndarray | float, unit: float) -> np.ndarray:
    with np.errstate(all="ignore"):
        sizes = np.abs(squares)
        return unit * (sizes + np.sqrt(sizes * scale)) + unit**2 * scale
