"""The polynomial in 1/b through brute-force values at b = 1, 2, ..., held against further ones."""

from __future__ import annotations

import math
from fractions import Fraction

from flint import fmpq, fmpq_mat

from theory.budget import Budget, RangeError
from theory.enumeration.expectations import loss
from theory.enumeration.path_counts import interpolation_cost
from theory.enumeration.path_limits import path_budgets, require_paths
from theory.enumeration.requests import atoms_of
from theory.enumeration.variances import moments
from theory.exact import as_choice, as_index, shown, to_fmpq, to_fraction
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent, as_problem
from theory.routes import POLYNOMIAL, applicable


def interpolated_polynomial(
    problem: TeacherStudent,
    step: int,
    layer: int | None,
    *,
    degree: int,
    kind: str = "variance",
    extra: int = 2,
    max_paths: float | None = None,
    budget: Budget | None = None,
) -> InverseBatchPolynomial:
    """The polynomial of at most this degree in 1/b through b = 1..degree+1, which must predict `extra` further b.

    `kind` is "variance", "second_moment" or "loss" (`layer` None). Raises RangeError when a further b is not predicted exactly (the degree
    is higher), ValueError when batches without replacement end before b = degree + 1 + extra, UnaffordableError when all b together take
    more than `max_paths` paths or `budget`.
    """
    t, d = as_problem(problem).check_step(step), as_index(degree, "degree")
    as_choice(kind, "kind", ("variance", "second_moment", "loss"))
    k = 1 if kind == "loss" else problem.check_layer(layer)
    sizes = range(1, d + 2 + as_index(extra, "extra"))
    problem.check_batch_size(sizes[-1])
    cost = interpolation_cost(problem, atoms_of(problem).urn, sizes, t, t + (kind != "loss"))
    require_paths(cost, path_budgets(max_paths, budget), "enumeration", applicable(problem, POLYNOMIAL))

    def value(b: int) -> Fraction:
        if kind == "loss":
            return loss(problem, t, batch_size=b, max_paths=math.inf)
        second, mean = moments(problem, t, k, batch_size=b, max_paths=math.inf)
        return second - (sum((x * x for x in mean.ravel()), Fraction(0)) if kind == "variance" else 0)

    values = list(map(value, sizes))
    polynomial = InverseBatchPolynomial(_interpolate(values[: d + 1]))
    for b, exact in zip(sizes[d + 1 :], values[d + 1 :], strict=True):
        if polynomial(b) != exact:
            raise RangeError(f"degree {d} in 1/b is too low: at b = {b} it gives {shown(polynomial(b))}, not {shown(exact)}")
    return polynomial


def _interpolate(values: list[Fraction]) -> list[Fraction]:
    """Coefficients in eps of the polynomial with values[b-1] at eps = 1/b: the Vandermonde system, solved exactly."""
    n = len(values)
    powers = fmpq_mat(n, n, [fmpq(1, b**s) for b in range(1, n + 1) for s in range(n)])
    return [to_fraction(c) for c in powers.solve(fmpq_mat(n, 1, [to_fmpq(v) for v in values])).entries()]
