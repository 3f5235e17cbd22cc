"""Whether single precision can hold what a problem is made of; `TeacherStudent.check_doubles` asks the same of doubles."""

from __future__ import annotations

import numpy as np

from theory.exact import shown, to_float
from theory.problem import TeacherStudent

LARGEST = float(np.finfo(np.float32).max)


def check_singles(problem: TeacherStudent) -> None:
    """ValueError naming the entry for one beyond single precision: it would be infinite before the first step.

    Learning rates that are a function are not asked: where one is beyond the range, the run diverges.
    """
    for side in ("student", "teacher"):
        for k, w in enumerate(getattr(problem, side) or ()):
            _check(to_float(w), f"{side}[{k}]")
    for name, numbers in problem.inputs.doubles().items():
        _check(numbers, name)
    if not callable(problem.learning_rates):
        _check(np.array(problem.learning_rates, dtype=np.float64), "learning_rates")
    for name in ("dampening", "weight_decay"):  # momentum is less than 1
        _check(np.array(getattr(problem.optimizer, name), dtype=np.float64), f"optimizer.{name}")
    if problem.is_polynomial:
        _check(np.array([float(c) for c in problem.polynomial]), "activation")


def _check(values: np.ndarray, name: str) -> None:
    for index in np.argwhere(np.abs(values) > LARGEST):
        place = f"{name}[{', '.join(map(str, index))}]" if len(index) else name
        raise ValueError(
            f"{place} must be within the range of single precision (dtype='float32'), but was {shown(float(values[tuple(index)]))}"
        )
