"""What claims about one gradient are checked on."""

from __future__ import annotations

from dataclasses import dataclass

from theory.problem import TeacherStudent


@dataclass(frozen=True)
class GradientAtStep:
    """A problem, a step, a layer, and the batch sizes at which two routes to values of g_{t,k} are compared."""

    name: str
    problem: TeacherStudent
    step: int
    layer: int
    batch_sizes: tuple[int, ...] = (1, 2, 3)
