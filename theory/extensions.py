"""Beyond the paper's setting: what a problem may ask for that plain SGD on a teacher's independent samples does not need.

    OPTIMIZER              momentum or weight decay (theory.optimizers.SGD)
    TARGETS                the labels of a data set in a teacher's place
    WITHOUT_REPLACEMENT    batches that are subsets of a data set, a fresh one at every step

Whoever computes names the extensions that it takes, here, before any work; whatever else a problem asks for is refused with its reason.
"""

from __future__ import annotations

from theory.budget import CannotError
from theory.problem import TeacherStudent

OPTIMIZER, TARGETS, WITHOUT_REPLACEMENT = "optimizer", "targets", "without_replacement"
ALL = (OPTIMIZER, TARGETS, WITHOUT_REPLACEMENT)


def reason_beyond(problem: TeacherStudent, *taken: str) -> str | None:
    """Why what takes only these extensions cannot take the problem; None where it can."""
    if OPTIMIZER not in taken and not problem.optimizer.is_plain:
        return f"optimizer must be plain SGD here, without momentum and weight decay, but was {problem.optimizer}"
    if TARGETS not in taken and problem.teacher is None:
        return f"teacher must be a network here, but the targets of {problem.inputs} are learned"
    if WITHOUT_REPLACEMENT not in taken and problem.sampling != "independent":
        return f"sampling must be 'independent' here, but was {problem.sampling!r}"
    return None


def require_within(problem: TeacherStudent, *taken: str) -> None:
    """CannotError, with the reason, for a problem that asks for more than these extensions."""
    if (reason := reason_beyond(problem, *taken)) is not None:
        raise CannotError(reason)
