"""What is left when no polynomial in 1/b can be had: the other routes to the quantity, as far as each applies and the budget allows it."""

from __future__ import annotations

from collections.abc import Iterator

from theory import large_batch
from theory.budget import largest_that_fits
from theory.engines.base import Quantity
from theory.engines.frequencies.cost import support_size
from theory.enumeration.batches import Urn
from theory.enumeration.path_counts import path_cost
from theory.enumeration.path_limits import LIMIT, path_budgets
from theory.enumeration.requests import atoms_of
from theory.problem import TeacherStudent
from theory.references import quadrature
from theory.routes import ENUMERATION, LARGE_BATCH, QUADRATURE, SIMULATION, applicable, in_balls

_CALLS = {
    "variance": "variance",
    "second_moment": "moments",
    "mean": "mean_gradient",
    "loss": "loss",
    "loss_variance": "loss_variance",
    "trace_form": "expectation",
}
#: Beyond this batch size nobody asks how far enumeration goes.
_LARGEST = 1 << 20


def affordable_routes(problem: TeacherStudent, quantity: Quantity) -> Iterator[str]:
    """One line for each: enumeration and quadrature at single batch sizes, the large-batch law, simulation. Nothing is computed."""
    if (largest := largest_enumerated(problem, quantity)) is not None:
        call = "variance_ball" if in_balls(problem) else _CALLS[quantity.kind]
        yield f"{ENUMERATION.words(call)}, which is affordable up to b = {largest}"
    integrable = quantity.kind in quadrature.KINDS and QUADRATURE.unsupported_reason(problem) is None
    if integrable and quantity.budget.allows(quadrature.predicted_cost(problem, quantity.step, quantity.kind)):
        yield QUADRATURE.words(quantity.kind)
    differentiable = quantity.kind == "variance" and LARGE_BATCH.unsupported_reason(problem) is None
    if differentiable and quantity.budget.allows(large_batch.predicted_cost(problem, quantity.step)):
        yield LARGE_BATCH.words("large_batch_law")
    if quantity.kind not in ("trace_form", "loss_variance"):
        yield from applicable(problem, SIMULATION)


def largest_enumerated(problem: TeacherStudent, quantity: Quantity) -> int | None:
    """The largest batch size (up to 2^20) that enumeration takes on by itself and within the budget; None for none."""
    if ENUMERATION.unsupported_reason(problem) is not None or (in_balls(problem) and quantity.kind != "variance"):
        return None
    # not every law is listed once more: some list their atoms anew each time
    urn = Urn(support_size(problem.inputs)) if problem.largest_batch is None else atoms_of(problem).urn
    batches = quantity.step + (quantity.kind not in ("loss", "loss_variance"))

    largest = problem.largest_batch or _LARGEST

    def fits(b: int) -> bool:
        literal = quantity.has_single_samples
        cost = path_cost(problem, urn, b, quantity.step, batches, literal, merged=not literal)
        return all(limit.allows(cost) for limit in path_budgets(LIMIT, quantity.budget))

    return largest_that_fits(fits, 1, largest)
