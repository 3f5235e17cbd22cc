"""What may be asked of the large-batch law, and in what numbers it answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from theory.budget import RangeError
from theory.exact import as_index, as_sequence, shown, to_fraction
from theory.problem import TeacherStudent, as_problem


def as_steps(problem: TeacherStudent, steps: int | Iterable[int]) -> Sequence[int]:
    """Steps as they were asked for; 0, ..., T for a number T. ValueError or TypeError naming the argument."""
    as_problem(problem)
    if not isinstance(steps, Iterable):
        return range(problem.check_step(as_index(steps, "steps")) + 1)
    asked = steps if isinstance(steps, range) else [as_index(t, f"steps[{i}]") for i, t in enumerate(as_sequence(steps, "steps"))]
    if not asked:
        raise ValueError(f"steps must name at least one step, but were {shown(steps)}")
    for t in (asked[0], asked[-1]) if isinstance(asked, range) else asked:
        problem.check_step(as_index(t, "steps"))
    return asked


def last_step(steps: Sequence[int]) -> int:
    """The largest; of a range, however long, without a walk through it."""
    return max(steps[0], steps[-1]) if isinstance(steps, range) else max(steps)


def rational_step(problem: TeacherStudent, step: int) -> bool:
    """Whether all that w_step and its noise depend on is exact, and listed."""
    return problem.is_exact(step) and (problem.teacher is not None or problem.labelled_atoms() is not None)


def in_numbers(values: Sequence[Any], steps: Sequence[int], exact: bool) -> np.ndarray:
    """One for each step: an array of Fractions, or of doubles. RangeError that names the first step beyond the doubles."""
    result = np.array([to_fraction(x) for x in values] if exact else [float(x) for x in values], dtype=object if exact else float)
    if not exact and not np.isfinite(result).all():
        first = min(t for t, x in zip(steps, result, strict=True) if not np.isfinite(x))
        raise RangeError(f"gradient descent or its noise leaves the range of doubles at step {first}: smaller learning rates would not")
    result.setflags(write=False)
    return result
