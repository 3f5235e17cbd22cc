"""Which way the large-batch law is computed: what applies to a problem, what it would cost, and the first that fits the budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from theory.budget import Budget, Cost
from theory.exact import as_choice
from theory.large_batch.cost import Counts, described
from theory.large_batch.expansions import Term, first_of_loss, first_of_variance, second_of_loss, second_of_variance
from theory.large_batch.probes import HELD
from theory.large_batch.requests import last_step, rational_step
from theory.large_batch.setting import Setting, sample_degree
from theory.problem import TeacherStudent
from theory.routes import LARGE_BATCH, SIMULATION, applicable

#: Exactly; all directions in doubles; random probes in doubles.
METHODS = ("rationals", "directions", "probes")
#: What beta_2 may take where it is not asked for.
_EASY = Budget(seconds=10.0)
#: Probes to begin with, and the least.
PILOT = 64


@dataclass(frozen=True)
class Request:
    """What is asked: the layer of a variance, or None for the loss."""

    problem: TeacherStudent
    steps: Sequence[int]
    layer: int | None
    order: int | None
    relative_error: float
    probes: int | None
    seed: int

    @cached_property
    def last(self) -> int:
        return last_step(self.steps)

    @property
    def first(self) -> Term:
        return first_of_loss() if self.layer is None else first_of_variance(self.layer)

    @property
    def second(self) -> tuple[Term, Term]:
        return second_of_loss() if self.layer is None else second_of_variance(self.layer)

    def __str__(self) -> str:
        return f"the large-batch law up to t = {self.last}"

    def cost(self, method: str, order: int, probes: int | None = None) -> Cost:
        """Of so many orders by a method; nothing is computed."""
        counts = Counts(Setting(self.problem, method == METHODS[0]))
        work = counts.path(self.last)
        if method == METHODS[2]:
            number = probes or self.probes or PILOT
            for term in (self.first, *(self.second if order == 2 else ())):
                work = work + counts.probed(term, self.last, number, HELD)
            return counts.cost(work, self.last, described(number, "probes"))
        work = work + counts.directed(self.first, self.last, counts.directions)
        if order == 2:
            work = work + counts.directed(self.second[0], self.last, counts.points(3))
            work = work + counts.directed(self.second[1], self.last, counts.directions)
        return counts.cost(work, self.last, described(counts.directions, "directions"))


def choose(request: Request, method: str | None, budget: Budget) -> tuple[str, int, Cost]:
    """The first method that fits the budget, with the orders and the cost; where none does, the one that exceeds it the least."""
    LARGE_BATCH.require_applicable(request.problem)
    methods = METHODS if method is None else (as_choice(method, "method", METHODS),)
    found, reason = [], None
    for name in methods:
        for order in [request.order] if request.order else [2, 1] if name != METHODS[2] else [1]:
            reason = _unsupported_reason(request, name, order)
            if reason is None:
                cost = request.cost(name, order)
                if budget.allows(cost) and (order == 1 or request.order or _EASY.allows(cost)):
                    return name, order, cost
                found.append((name, order, cost))
    if not found:
        raise LARGE_BATCH.cannot(request.problem, reason or "")
    return min(found, key=lambda each: budget.excess(each[2]))


def in_rationals(request: Request) -> bool:
    """Whether the problem is; not asked where no arithmetic could afford the steps, and going through the rates takes long."""
    return Budget(seconds=1e6, bytes=math.inf).allows(request.cost(METHODS[1], 1)) and rational_step(request.problem, request.last)


def _unsupported_reason(request: Request, method: str, order: int) -> str | None:
    law = request.problem.inputs
    missing = law.missing_moments_reason(6 * sample_degree(request.problem) // 2) if order == 2 else None
    if missing is not None:
        return f"beta_2 needs more moments of the inputs: {missing}"
    if method == METHODS[0] and not in_rationals(request):
        return "method must be 'directions' or 'probes' unless all numbers of the problem are exact and its points can be listed"
    if method == METHODS[2] and not law.has_samples:
        return "method must be 'rationals' or 'directions' for inputs given by a moment table, which cannot be sampled"
    return None


def alternatives(request: Request, method: str | None) -> list[str]:
    probes = ["random probes (method='probes')"] if method in METHODS[:2] and request.problem.inputs.has_samples else []
    floats = ["floats"] if method == METHODS[0] else []
    return [*floats, *probes, "a smaller step", *applicable(request.problem, SIMULATION)]
