"""What following every path may cost: `max_paths`, a budget, or both."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from theory.budget import BEYOND_REACH, Budget, Cost, saturated
from theory.exact import as_index, shown

#: Paths that are followed without complaint; 20,000 paths of a 2-2-1 network take about a second.
LIMIT = 500_000
#: Short ones whose work is done whatever the limit on the number of paths: some seconds.
LEAST = 60_000
SECONDS_PER_PATH = 5e-5


@dataclass(frozen=True)
class PathCost(Cost):
    """Of following every path; `paths` is how many there are."""

    paths: float = BEYOND_REACH


@dataclass(frozen=True)
class PathLimit(Budget):
    """`max_paths` as a budget: so many paths, and the time of as many short ones."""

    paths: float = LIMIT

    def allows(self, cost: Cost) -> bool:
        """Whether so many paths fit, be it without a limit: what is beyond reach does not."""
        return isinstance(cost, PathCost) and cost.paths <= self.paths and cost.paths < BEYOND_REACH and super().allows(cost)


def path_budgets(max_paths: float | None, budget: Budget | None, usual: int = LIMIT) -> tuple[Budget, ...]:
    """What enumeration may cost: `max_paths`, `budget`, or both; the usual number of paths where neither is given.

    TypeError or ValueError for a `max_paths` that is no integer >= 1 and not infinity, and for no budget.
    """
    given = () if budget is None else (Budget.of(budget),)
    if max_paths is None and given:
        return given
    paths = usual if max_paths is None else _as_limit(max_paths)
    return PathLimit(SECONDS_PER_PATH * max(saturated(paths), LEAST), math.inf, paths, name=f"max_paths = {paths}"), *given


def _as_limit(max_paths: object) -> float:
    if isinstance(max_paths, float) and not max_paths < math.inf:
        if max_paths == math.inf:
            return math.inf
        raise ValueError(f"max_paths must be an integer or math.inf, but was {shown(max_paths)}")
    limit = as_index(max_paths, "max_paths", minimum=1)
    return limit if limit < BEYOND_REACH else math.inf


def require_paths(cost: PathCost, allowed: Iterable[Budget], what: str = "enumeration", alternatives: Iterable[str] = ()) -> None:
    """UnaffordableError beyond any of the budgets."""
    left = ("a smaller batch size or step", *alternatives)
    for budget in allowed:
        budget.require(cost, what, left)
