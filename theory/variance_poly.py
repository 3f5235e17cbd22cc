"""Theorems A.7, 3.4 and 3.5 as a front door: from a network in hand to its exact polynomials in 1/b.

    var(g_{t,k} | w_0) = E||g_{t,k}||^2 - ||E g_{t,k}||^2 = beta_1/b + ... + beta_r/b^r,     r <= sum_{s <= t} (2 m^s - 1)

Every function takes the cheapest engine that can answer exactly, or with a proved error where none can; `engine=` names one by hand and
`budget=` says what may be spent. What no engine can afford is refused before any work, with the predicted cost and what would fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from theory import recursion
from theory.affordable_routes import affordable_routes
from theory.budget import Budget, CannotError, Cost, largest_that_fits
from theory.degrees import loss_degree, loss_variance_degree, mean_gradient_degree, variance_degree
from theory.engines.base import Engine, Quantity, can, is_exact
from theory.engines.data import DataSets
from theory.engines.deep_moments import DeepMoments
from theory.engines.deviations import Deviations
from theory.engines.frequencies import Frequencies
from theory.engines.trace_words import TraceWords
from theory.engines.wishart import Wishart
from theory.exact import as_choice, shown
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent, as_problem
from theory.trace_forms import TraceForm

#: Every way to the polynomials, in no order: `theory.engines` says what each is for.
ENGINES: tuple[Engine, ...] = (
    Frequencies(),
    Wishart(),
    TraceWords(),
    DeepMoments(),
    Deviations(),
    DataSets(),
)


def variance_polynomial(
    problem: TeacherStudent, step: int, layer: int, *, engine: str | None = None, budget: Budget | None = None
) -> InverseBatchPolynomial:
    """var(g_{step,layer} | w_0) as a polynomial in 1/b (Theorems A.7 and 3.4, lines 297-303 and 631-634).

    var(g) = E||g||_F^2 - ||E g||_F^2, without a constant term; `degree_bound` is the sharp one. For batches without replacement from N
    points there is a constant term, var(g) = 0 at b = N, and nothing beyond (`largest_batch`).

    Args:
        problem: the network, its teacher, inputs and learning rates.
        step: t >= 0; the learning rates alpha_0, ..., alpha_{t-1} must be there.
        layer: k in 1..H.
        engine: one of ENGINES by its name, such as "wishart"; the cheapest that can by default.
        budget: seconds and bytes that may be spent; 10 minutes and 8 GB by default.

    Raises ValueError or TypeError naming the argument; CannotError when the engine (or every engine) cannot, UnaffordableError when the
    predicted cost exceeds the budget (both are ValueErrors).

    Examples:
        >>> from fractions import Fraction as F
        >>> from theory import Discrete, TeacherStudent
        >>> problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), learning_rates=F(1, 4))
        >>> v = variance_polynomial(problem, step=1, layer=1)
        >>> v(1), v(2), v.degree, v.degree_bound
        (Fraction(0, 1), Fraction(12393, 8192), 6, 6)
    """
    return _answer(problem, "variance", step, layer, engine, budget)


def second_moment_polynomial(
    problem: TeacherStudent, step: int, layer: int, *, engine: str | None = None, budget: Budget | None = None
) -> InverseBatchPolynomial:
    """E[ ||g_{step,layer}||_F^2 | w_0 ] as a polynomial in 1/b; arguments and errors as for `variance_polynomial`."""
    return _answer(problem, "second_moment", step, layer, engine, budget)


def mean_gradient(problem: TeacherStudent, step: int, layer: int, *, engine: str | None = None, budget: Budget | None = None) -> np.ndarray:
    """E[ g_{step,layer} | w_0 ], entrywise: an object array of polynomials in 1/b of the layer's shape (p_k, p_{k-1})."""
    return _answer(problem, "mean", step, layer, engine, budget)


def loss_polynomial(
    problem: TeacherStudent, step: int, *, engine: str | None = None, budget: Budget | None = None
) -> InverseBatchPolynomial:
    """E[ L(w_step) | w_0 ], L the population loss, as a polynomial in 1/b; its constant term is the loss of full-gradient descent."""
    return _answer(problem, "loss", step, None, engine, budget)


def loss_variance_polynomial(
    problem: TeacherStudent, step: int, *, engine: str | None = None, budget: Budget | None = None
) -> InverseBatchPolynomial:
    """var( L(w_step) | w_0 ) = E L^2 - (E L)^2, L the population loss, as a polynomial in 1/b without a constant term (lines 290-292).

    Arguments and errors as for `variance_polynomial`.

    Examples:
        >>> from fractions import Fraction as F
        >>> from theory import Discrete, TeacherStudent
        >>> loss_variance_polynomial(TeacherStudent([[[1]], [[0]]], [[[1]], [[1]]], Discrete([0, 1]), learning_rates=1), step=1)
        InverseBatchPolynomial((1/64)/b + (1/128)/b^2 - (1/128)/b^3)
    """
    return _answer(problem, "loss_variance", step, None, engine, budget)


def expectation(
    problem: TeacherStudent, expression: TraceForm, *, engine: str | None = None, budget: Budget | None = None
) -> InverseBatchPolynomial:
    """E[ expression | w_0 ] for a trace form such as tr(g(1, 1).T @ W(1, 1) @ W(1, 1).T @ g(1, 1)) (Theorem 3.3, lines 276-288)."""
    if not isinstance(expression, TraceForm):
        raise TypeError(f"expression must be a trace form, but was {shown(expression)}")
    expression.shape(as_problem(problem))  # refuses letters that do not chain and layers that do not exist
    return _answer(problem, "trace_form", expression.step, None, engine, budget, expression)


def predicted_cost(
    problem: TeacherStudent, step: int, layer: int, *, engine: str | None = None, budget: Budget | None = None
) -> tuple[str, Cost]:
    """The engine that `variance_polynomial` would take, and its predicted cost; nothing is computed.

    Where none fits the budget, the one that misses it by the least, with a cost that the budget does not allow.
    """
    chosen, cost = _chosen(problem, _quantity(problem, "variance", step, layer, budget), _named(engine))
    return chosen.name, cost


def _quantity(
    problem: TeacherStudent, kind: str, step: int, layer: int | None, budget: Budget | None, form: TraceForm | None = None
) -> Quantity:
    t = as_problem(problem).check_step(step)
    k = None if layer is None and kind in ("loss", "loss_variance", "trace_form") else problem.check_layer(layer)
    return Quantity(kind, t, k, form, Budget.of(budget))


def _answer(
    problem: TeacherStudent,
    kind: str,
    step: int,
    layer: int | None,
    engine: str | None,
    budget: Budget | None,
    form: TraceForm | None = None,
) -> Any:
    quantity, engines = _quantity(problem, kind, step, layer, budget, form), _named(engine)
    chosen, cost = _chosen(problem, quantity, engines)
    what = f"{quantity} with {chosen.name}{', the engine that misses the budget by the least,' if engine is None else ''}"
    quantity.budget.require(cost, what, _alternatives(problem, quantity, engines))
    return _with_bounds(chosen.compute(problem, quantity), _degree_bound(problem, quantity), problem.largest_batch)


def _named(engine: str | None) -> tuple[Engine, ...]:
    if engine is None:
        return ENGINES
    name = as_choice(engine, "engine", (e.name for e in ENGINES))
    return tuple(e for e in ENGINES if e.name == name)


def _chosen(problem: TeacherStudent, quantity: Quantity, engines: tuple[Engine, ...]) -> tuple[Engine, Cost]:
    """The fastest engine among those that fit the budget, in seconds and in bytes, one in doubles only where no exact one fits.

    Where none fits, the one that exceeds the budget the least.
    """
    able = _able(problem, quantity, engines)
    if not able:
        raise CannotError(_no_engine(problem, quantity, engines))
    costs = [(e, e.cost(problem, quantity)) for e in able]
    fitting = [pair for pair in costs if quantity.budget.allows(pair[1])]
    if fitting:
        return min(fitting, key=lambda pair: (not is_exact(pair[0]), pair[1].seconds))
    return min(costs, key=lambda pair: quantity.budget.excess(pair[1]))


def _able(problem: TeacherStudent, quantity: Quantity, engines: tuple[Engine, ...]) -> list[Engine]:
    return [e for e in engines if problem.is_polynomial and can(e, problem, quantity)]


def _no_engine(problem: TeacherStudent, quantity: Quantity, engines: tuple[Engine, ...]) -> str:
    if isinstance(problem.activation, tuple):
        said = {e.name: e.unsupported_reason(problem, quantity) for e in engines}
        reasons = "; ".join(f"{name}: {reason}" for name, reason in said.items())
    else:
        reasons = f"the activation must be a polynomial, but is {problem.activation}: {problem.activation.advice}"
    who = "no engine can" if len(engines) > 1 else f"{engines[0].name} cannot"
    left = [*_another_engine(problem, quantity, engines), *affordable_routes(problem, quantity)]
    return f"{who} compute {quantity} for this problem ({reasons})" + (f". Alternatives: {'; '.join(left)}" if left else "")


def _alternatives(problem: TeacherStudent, quantity: Quantity, engines: tuple[Engine, ...]) -> Iterator[str]:
    """A smaller step and another engine, where the same prediction and budget allow them, and the routes without an engine."""

    def fits(step: int) -> bool:
        there = replace(quantity, step=step)
        return any(quantity.budget.allows(e.cost(problem, there)) for e in _able(problem, there, engines))

    if quantity.kind != "trace_form":
        step = largest_that_fits(fits, 0, quantity.step)
        yield f"a smaller step (step {step} fits)" if step is not None else "no smaller step fits either"
    yield from _another_engine(problem, quantity, engines)
    yield from affordable_routes(problem, quantity)


def _another_engine(problem: TeacherStudent, quantity: Quantity, engines: tuple[Engine, ...]) -> Iterator[str]:
    others = (e for e in _able(problem, quantity, ENGINES) if e not in engines)
    if fitting := [e.name for e in others if quantity.budget.allows(e.cost(problem, quantity))]:
        yield f"another engine ({', '.join(fitting)})"


def _degree_bound(problem: TeacherStudent, quantity: Quantity) -> int:
    depth, degree = problem.depth, problem.activation_degree
    if quantity.kind == "trace_form":
        return recursion.degree_bound(quantity.expression, depth=depth, activation_degree=degree)
    bound = {"loss": loss_degree, "loss_variance": loss_variance_degree, "mean": mean_gradient_degree}.get(quantity.kind, variance_degree)
    return bound(quantity.step, depth=depth, activation_degree=degree)


def _with_bounds(result: Any, degree: int, largest_batch: int | None) -> Any:
    if isinstance(result, np.ndarray):
        return np.vectorize(lambda v: _with_bounds(v, degree, largest_batch), otypes=[object])(result)
    return InverseBatchPolynomial(result.coefficients, radii=result.radii, degree_bound=degree, largest_batch=largest_batch)
