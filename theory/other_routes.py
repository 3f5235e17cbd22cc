"""What is left when no polynomial in 1/b can be had: the routes to the same quantity, as far as each applies and is affordable."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from theory import large_batch
from theory.activations import Activation
from theory.budget import Budget, CannotError, Cost, UnaffordableError, largest_that_fits
from theory.engines.base import Quantity
from theory.engines.frequencies.cost import support_size
from theory.enumeration.path_counts import LIMIT, refuse_beyond
from theory.inputs import Independent
from theory.problem import TeacherStudent
from theory.references import quadrature

_CALLS = {
    "variance": "variance", "second_moment": "moments", "mean": "mean_gradient", "loss": "loss", "trace_form": "expectation"
}  # fmt: skip
#: Beyond this batch size nobody asks how far enumeration goes.
_LARGEST = 1 << 20


def other_routes(problem: TeacherStudent, quantity: Quantity, budget: Budget) -> Iterator[str]:
    """One line for each: enumeration and quadrature at single batch sizes, the large-batch law, simulation. Nothing is computed."""
    if not problem.optimizer.is_plain:
        return
    if (largest := largest_enumerated(problem, quantity)) is not None:
        call = "variance_ball" if _in_balls(problem) else _CALLS[quantity.kind]
        yield f"enumeration at one batch size (theory.enumeration.{call}), which is affordable up to b = {largest}"
    if quantity.kind in ("variance", "loss") and _fits(lambda: quadrature.predicted_cost(problem, quantity.step, quantity.kind), budget):
        yield f"quadrature at one batch size of any size (theory.references.quadrature.{quantity.kind})"
    if quantity.kind == "variance" and _fits(lambda: large_batch.predicted_cost(problem, quantity.step), budget):
        yield "the large-batch law beta_1/b (theory.large_batch.leading_coefficient)"
    if quantity.kind != "trace_form" and type(problem.inputs) is not Independent:
        yield "simulation (empirics.simulate)"


def largest_enumerated(problem: TeacherStudent, quantity: Quantity) -> int | None:
    """The largest batch size (up to 2^20) that enumeration would take on, None for no finite support or none."""
    if _in_balls(problem) and not (quantity.kind == "variance" and problem.activation_function.is_certified):
        return None
    atoms = support_size(problem.inputs)
    if not atoms:
        return None
    literal = quantity.kind == "trace_form" and any(letter.sample is not None for letter in quantity.expression.letters)
    batches = quantity.step + (quantity.kind != "loss")

    def fits(b: int) -> bool:
        try:
            refuse_beyond(problem, atoms, b, quantity.step, batches, literal, LIMIT)
        except UnaffordableError:
            return False
        return True

    return largest_that_fits(fits, 1, _LARGEST)


def _in_balls(problem: TeacherStudent) -> bool:
    return isinstance(problem.activation, Activation) and not problem.activation.is_piecewise_linear


def _fits(cost: Callable[[], Cost], budget: Budget) -> bool:
    try:
        return budget.allows(cost())
    except CannotError:
        return False
