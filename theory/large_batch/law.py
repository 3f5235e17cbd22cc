r"""The large-batch law: the coefficients of 1/b and 1/b^2 in var(g_t) and in E loss(w_t), at every step and any size.

    var(g_{t,k} | w_0) = beta_1 / b + beta_2 / b^2 + O(1/b^3),         E loss(w_t) = loss of gradient descent + beta_1 / b + ...

With w_t, here, the path of full-gradient descent on the mean loss L, G = grad L, and dw_t its tangent driven by the noise of single
samples, dw_{t+1} = dw_t - alpha_t ( G'(w_t) dw_t + grad l(w_t; x_t) - G(w_t) ), dw_0 = 0 (or as the optimizer says),

    var     beta_1(t) = tr Cov( grad_k l(w_t; x) ) + E || G_k'(w_t) dw_t ||^2
    loss    beta_1(t) = <G(w_t), m_t> + 1/2 E <dw_t, G'(w_t) dw_t>,    m_{t+1} = m_t - alpha_t ( G'(w_t) m_t + 1/2 E G''(w_t)[dw_t, dw_t] )

m_t is the shift of the mean, E w_t = w_t + m_t / b + ...: it takes part in the loss, and cancels in beta_1 of the variance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from theory.budget import Budget, Cost
from theory.exact import as_double, as_index, shown
from theory.large_batch.choice import METHODS, PILOT, Request, alternatives, choose, in_rationals
from theory.large_batch.methods import by_directions, by_probes
from theory.large_batch.requests import as_steps
from theory.large_batch.results import LargeBatchLaw
from theory.problem import TeacherStudent
from theory.routes import LARGE_BATCH


def large_batch_law(
    problem: TeacherStudent,
    steps: int | Iterable[int],
    layer: int,
    *,
    order: int | None = None,
    method: str | None = None,
    relative_error: float = 0.01,
    probes: int | None = None,
    seed: int = 0,
    budget: Budget | None = None,
) -> LargeBatchLaw:
    """beta_1, and beta_2 where affordable, of var(g_{t,layer} | w_0) = beta_1/b + beta_2/b^2 + O(1/b^3), at many steps at once.

    Args:
        problem: a linear or polynomial network of any depth and size, with a teacher or labels, any SGD, batches of independent draws.
            beta_1 needs the moments of the inputs up to the order 4 D^(H-1), 4 for linear networks; beta_2 up to 6 D^(H-1).
        steps: t, several of them, or a number T for 0, ..., T.
        layer: k in 1..H.
        order: 2 for beta_2 too, 1 for beta_1 alone; by default 2 where that is predicted to take 10 seconds at most, but not by probes.
        method: "rationals" (exact, for exact problems), "directions" (all of them, in doubles), "probes" (random ones, with a standard
            error); the first that fits the budget by default.
        relative_error: of beta_1 by probes, their standard error over beta_1, at every step.
        probes: how many, in the place of a relative error; at least 64.
        seed: of the probes.
        budget: seconds and bytes that may be spent.

    Raises ValueError or TypeError naming the argument, CannotError where moments are missing or a method cannot, UnaffordableError over
    budget, RangeError where gradient descent leaves the doubles. Cost: a gradient's tangent at every step, for each direction of one
    sample's noise, p (p + 1) / 2 for linear networks, at each step before (for beta_2 for each pair of them), or for each probe.

    Examples:
        >>> from theory import Gaussian, TeacherStudent
        >>> problem = TeacherStudent([[[2]], [[3]]], [[[1]], [[1]]], Gaussian(1), learning_rates=Fraction(1, 100))
        >>> law = large_batch_law(problem, steps=1, layer=1)
        >>> law.beta1[0], law.beta2[0], law.method                  # Var(x^2) w_2^2 (w_2 w_1 - 1)^2
        (Fraction(450, 1), Fraction(0, 1), 'rationals')
    """
    t = as_steps(problem, steps)
    k = problem.check_layer(layer)
    request = Request(problem, t, k, None if order is None else _as_order(order), *_of_probes(relative_error, probes, seed))
    return _answer(request, method, Budget.of(budget))


def large_batch_loss(
    problem: TeacherStudent,
    steps: int | Iterable[int],
    *,
    order: int | None = None,
    method: str | None = None,
    relative_error: float = 0.01,
    probes: int | None = None,
    seed: int = 0,
    budget: Budget | None = None,
) -> LargeBatchLaw:
    """beta_1, and beta_2 where affordable, of E[ L(w_t) | w_0 ] = limit + beta_1/b + beta_2/b^2 + O(1/b^3), L the mean loss.

    `limit` is the loss of full-gradient descent; beta_1 is negative where noise helps. Arguments, errors and costs as for
    `large_batch_law`.

    Examples:
        >>> from theory import Gaussian, TeacherStudent
        >>> problem = TeacherStudent([[[2]], [[3]]], [[[1]], [[1]]], Gaussian(1), learning_rates=Fraction(1, 100))
        >>> large_batch_loss(problem, [0, 1]).beta1
        array([Fraction(0, 1), Fraction(10307, 20000)], dtype=object)
    """
    t = as_steps(problem, steps)
    request = Request(problem, t, None, None if order is None else _as_order(order), *_of_probes(relative_error, probes, seed))
    return _answer(request, method, Budget.of(budget))


def leading_coefficient(problem: TeacherStudent, step: int, layer: int, *, budget: Budget | None = None) -> Fraction | float:
    """beta_1 of var(g_{step,layer}) by all directions: a Fraction for an exact problem, otherwise a double (rounding is not bounded).

    As `large_batch_law`, for one step, and without probes. Raises CannotError and UnaffordableError.

    Examples:
        >>> from theory import Gaussian, TeacherStudent
        >>> problem = TeacherStudent([[[2]], [[3]]], [[[1]], [[1]]], Gaussian(1), learning_rates=Fraction(1, 10))
        >>> leading_coefficient(problem, step=0, layer=1)  # Var(x^2) w_2^2 (w_2 w_1 - 1)^2
        Fraction(450, 1)
    """
    request = _one_step(problem, step, layer)
    LARGE_BATCH.require_applicable(problem)
    exact = in_rationals(request)
    law = _answer(request, METHODS[0] if exact else METHODS[1], Budget.of(budget))
    return law.beta1[0] if exact else float(law.beta1[0])


def predicted_cost(problem: TeacherStudent, step: int, *, method: str | None = None, order: int = 1) -> Cost:
    """Of `large_batch_law` at one step, by a method or by that which it would take; where none fits the budget, the nearest to it.

    CannotError where the law does not apply, or the method cannot. Nothing is computed.
    """
    request = replace(_one_step(problem, step, 1), order=_as_order(order))
    return choose(request, method, Budget())[2]


def _one_step(problem: TeacherStudent, step: int, layer: int) -> Request:
    t = as_steps(problem, [step])
    return Request(problem, t, problem.check_layer(layer), 1, *_of_probes(0.01, None, 0))


def _as_order(value: int) -> int:
    order = as_index(value, "order", minimum=1)
    if order > 2:
        raise ValueError(f"order must be 1 or 2, but was {shown(value)}")
    return order


def _of_probes(relative_error: float, probes: int | None, seed: int) -> tuple[float, int | None, int]:
    error = as_double(relative_error, "relative_error")
    if not error > 0:
        raise ValueError(f"relative_error must be positive, but was {shown(relative_error)}")
    return error, None if probes is None else as_index(probes, "probes", minimum=PILOT), as_index(seed, "seed")


def _answer(request: Request, method: str | None, budget: Budget) -> LargeBatchLaw:
    name, order, cost = choose(request, method, budget)
    budget.require(cost, str(request), alternatives(request, method))
    if name != METHODS[0]:
        request.problem.check_doubles()
    with np.errstate(all="ignore"):  # what leaves the doubles is told at the end
        return by_probes(request, order, budget) if name == METHODS[2] else by_directions(request, order, name == METHODS[0])
