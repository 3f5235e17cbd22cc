"""What the engine of deviations will cost, from sizes alone."""

from __future__ import annotations

from theory.budget import Cost, as_count, saturated, saturated_binomial
from theory.budget.unit_costs import UNITS
from theory.degrees import batch_degrees, gradient_degree
from theory.engines.base import Quantity
from theory.problem import TeacherStudent

#: Steps beyond which nothing is affordable.
_MOST_STEPS = 12


def half_degrees(problem: TeacherStudent, quantity: Quantity) -> list[int]:
    """The degrees in the deviations of batches 0, ..., t - 1 of what is squared: the gradient, or the residual of the loss."""
    t, m = quantity.step, gradient_degree(problem.depth)
    if quantity.kind == "loss":
        return [problem.depth * d for d in batch_degrees([t - 1], t, m=m)]
    return batch_degrees([t], t, m=m)


def predicted_cost(problem: TeacherStudent, quantity: Quantity) -> Cost:
    """Seconds and bytes."""
    if quantity.step > _MOST_STEPS:
        return Cost.beyond_reach(f"degree {gradient_degree(problem.depth)}^{quantity.step} in the first batch")
    p, *widths = problem.sizes
    n, layer, loss = p * (p + 1) // 2, quantity.layer or 1, quantity.kind == "loss"
    first, *others = half_degrees(problem, quantity)
    monomials, inner = saturated_binomial(n + first, n), saturated(*(saturated_binomial(n + d, n) for d in others))
    entries = widths[-1] * p if loss else widths[0] * p if layer == 1 else widths[layer - 1] * widths[layer - 2] * p * p
    weight = first // (problem.depth if loss else gradient_degree(problem.depth))  # the degree of the weights in Z_0
    top = saturated_binomial(n + weight, n) * saturated_binomial(n + first - weight, n)
    products = saturated(top, inner, entries * max(widths) + max(problem.sizes) ** 3 * problem.depth)
    powers = 1 + sum(2.0 * d - 1 for d in others)
    squares = {"loss": 1, "mean": 0}.get(quantity.kind, 2)
    flops = saturated(4 * squares * powers, monomials, monomials, inner, entries)
    pairs = saturated(2 * squares * powers + 4, monomials, monomials)
    moments = saturated_binomial(n + 2 * first, n) * (1 + min(n, first)) * (1 if problem.inputs.is_centred_gaussian else p + 1)
    seconds = sum(
        saturated(count, UNITS[f"deviations.{unit}"])
        for count, unit in ((1, "start"), (inner, "point"), (products, "product"), (flops, "flop"), (pairs, "pair"), (moments, "moment"))
    )
    held = saturated(40, monomials, inner, entries) + saturated(8, monomials, monomials) + saturated(16.0 * first, moments)
    basis = f"{as_count(monomials)} monomials of the first batch, {as_count(inner)} points of the others, {as_count(entries)} entries"
    return Cost(seconds, 1e9 + held, basis)
