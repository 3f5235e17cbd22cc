r"""The large-batch law: the coefficients of 1/b and 1/b^2 in var(g_t) and of 1/b in E loss(w_t), at every step and any size.

    var(g_{t,k} | w_0) = beta_1 / b + beta_2 / b^2 + O(1/b^3),         E loss(w_t) = loss of gradient descent + beta_1 / b + O(1/b^2)

With w_t, here, the path of full-gradient descent on the mean loss L, G = grad L, and dw_t its tangent driven by the noise of single
samples, dw_{t+1} = dw_t - alpha_t ( G'(w_t) dw_t + grad l(w_t; x_t) - G(w_t) ), dw_0 = 0 (or as the optimizer says),

    var     beta_1(t) = tr Cov( grad_k l(w_t; x) ) + E || G_k'(w_t) dw_t ||^2
    loss    beta_1(t) = <G(w_t), m_t> + 1/2 E <dw_t, G'(w_t) dw_t>,    m_{t+1} = m_t - alpha_t ( G'(w_t) m_t + 1/2 E G''(w_t)[dw_t, dw_t] )

m_t is the shift of the mean, E w_t = w_t + m_t / b + ...: it takes part in the loss, and cancels in beta_1 of the variance.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory.budget import Budget, Cost, as_count
from theory.exact import as_choice, as_double, as_index, shown
from theory.large_batch.all_directions import sum_over_directions
from theory.large_batch.cost import Counts, described
from theory.large_batch.expansions import Term, first_of_loss, first_of_variance, second_of_variance
from theory.large_batch.gradient_noise import path_of
from theory.large_batch.noise import SampleNoise
from theory.large_batch.probes import HELD, mean_and_error, probed
from theory.large_batch.requests import as_steps, in_numbers, rational_step
from theory.large_batch.setting import Setting, sample_degree
from theory.problem import TeacherStudent
from theory.routes import LARGE_BATCH, SIMULATION, applicable

#: Exactly; all directions in doubles; random probes in doubles.
METHODS = ("rationals", "directions", "probes")
#: What beta_2 may take where it is not asked for.
_EASY = Budget(seconds=10.0)
#: Probes to begin with, and the least.
_PILOT = 64


@dataclass(frozen=True)
class LargeBatchLaw:
    """Coefficients in 1/b, by steps: arrays of Fractions by the method "rationals", else of doubles.

    Attributes:
        steps: t, as they were asked for.
        limit: the constant term: 0 for a variance, the loss of full-gradient descent for the loss.
        beta1: the coefficient of 1/b.
        beta2: that of 1/b^2, or None where it was not computed.
        standard_error: of beta1, 0 unless by probes.
        beta2_standard_error: of beta2, or None.
        method: "rationals", "directions" or "probes".
        probes: how many, or 0.

    In doubles beta1 and beta2 carry rounding errors too, which are not bounded: relative to the largest term of the sums about 1e-13 where
    gradient descent is stable, and nothing beside a standard error.
    """

    steps: tuple[int, ...]
    limit: np.ndarray
    beta1: np.ndarray
    beta2: np.ndarray | None
    standard_error: np.ndarray
    beta2_standard_error: np.ndarray | None
    method: str
    probes: int = 0


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
    request = _Request(problem, t, k, None if order is None else _as_order(order), *_of_probes(relative_error, probes, seed))
    return _answer(request, method, Budget.of(budget))


def large_batch_loss(
    problem: TeacherStudent,
    steps: int | Iterable[int],
    *,
    method: str | None = None,
    relative_error: float = 0.01,
    probes: int | None = None,
    seed: int = 0,
    budget: Budget | None = None,
) -> LargeBatchLaw:
    """beta_1 of E[ L(w_t) | w_0 ] = limit + beta_1/b + O(1/b^2), L the mean loss; `limit` is the loss of full-gradient descent.

    beta_1 is negative where noise helps. Arguments, errors and costs as for `large_batch_law`.

    Examples:
        >>> from theory import Gaussian, TeacherStudent
        >>> problem = TeacherStudent([[[2]], [[3]]], [[[1]], [[1]]], Gaussian(1), learning_rates=Fraction(1, 100))
        >>> large_batch_loss(problem, [0, 1]).beta1
        array([Fraction(0, 1), Fraction(28847, 160)], dtype=object)
    """
    t = as_steps(problem, steps)
    return _answer(_Request(problem, t, None, 1, *_of_probes(relative_error, probes, seed)), method, Budget.of(budget))


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
    exact = _is_exact(request)
    law = _answer(request, METHODS[0] if exact else METHODS[1], Budget.of(budget))
    return law.beta1[0] if exact else float(law.beta1[0])


def predicted_cost(problem: TeacherStudent, step: int, *, method: str | None = None, order: int = 1) -> Cost:
    """Of `large_batch_law` at one step, by a method or by that which it would take; where none fits the budget, the nearest to it.

    CannotError where the law does not apply, or the method cannot. Nothing is computed.
    """
    request = replace(_one_step(problem, step, 1), order=_as_order(order))
    return _chosen(request, method, Budget())[2]


@dataclass(frozen=True)
class _Request:
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
        return max(self.steps)

    @property
    def first(self) -> Term:
        return first_of_loss() if self.layer is None else first_of_variance(self.layer)

    @property
    def second(self) -> tuple[Term, Term]:
        return second_of_variance(self.layer or 1)

    def __str__(self) -> str:
        return f"the large-batch law up to t = {self.last}"

    def cost(self, method: str, order: int, probes: int | None = None) -> Cost:
        """Of so many orders by a method; nothing is computed."""
        counts = Counts(Setting(self.problem, method == METHODS[0]))
        work = counts.path(self.last)
        if method == METHODS[2]:
            number = probes or self.probes or _PILOT
            for term in (self.first, *(self.second if order == 2 else ())):
                work = work + counts.probed(term, self.last, number, HELD)
            return counts.cost(work, self.last, described(number, "probes"))
        work = work + counts.directed(self.first, self.last, counts.directions)
        if order == 2:
            work = work + counts.directed(self.second[0], self.last, counts.points(3))
            work = work + counts.directed(self.second[1], self.last, counts.directions)
        return counts.cost(work, self.last, described(counts.directions, "directions"))


def _one_step(problem: TeacherStudent, step: int, layer: int) -> _Request:
    t = as_steps(problem, [step])
    return _Request(problem, t, problem.check_layer(layer), 1, *_of_probes(0.01, None, 0))


def _is_exact(request: _Request) -> bool:
    """Whether the problem is; not asked where no arithmetic could afford the steps, and going through the rates takes long."""
    return Budget(seconds=1e6, bytes=math.inf).allows(request.cost(METHODS[1], 1)) and rational_step(request.problem, request.last)


def _as_order(value: int) -> int:
    order = as_index(value, "order", minimum=1)
    if order > 2:
        raise ValueError(f"order must be 1 or 2, but was {shown(value)}")
    return order


def _of_probes(relative_error: float, probes: int | None, seed: int) -> tuple[float, int | None, int]:
    error = as_double(relative_error, "relative_error")
    if not error > 0:
        raise ValueError(f"relative_error must be positive, but was {shown(relative_error)}")
    return error, None if probes is None else as_index(probes, "probes", minimum=_PILOT), as_index(seed, "seed")


def _unsupported_reason(request: _Request, method: str, order: int) -> str | None:
    law = request.problem.inputs
    missing = law.missing_moments_reason(6 * sample_degree(request.problem) // 2) if order == 2 else None
    if missing is not None:
        return f"beta_2 needs more moments of the inputs: {missing}"
    if method == METHODS[0] and not _is_exact(request):
        return "method must be 'directions' or 'probes' unless all numbers of the problem are exact and its points can be listed"
    if method == METHODS[2] and not law.has_samples:
        return "method must be 'rationals' or 'directions' for inputs given by a moment table, which cannot be sampled"
    return None


def _answer(request: _Request, method: str | None, budget: Budget) -> LargeBatchLaw:
    name, order, cost = _chosen(request, method, budget)
    budget.require(cost, str(request), _alternatives(request, method))
    if name != METHODS[0]:
        request.problem.check_doubles()
    with np.errstate(all="ignore"):  # what leaves the doubles is told at the end
        return _by_probes(request, order, budget) if name == METHODS[2] else _by_directions(request, order, name == METHODS[0])


def _chosen(request: _Request, method: str | None, budget: Budget) -> tuple[str, int, Cost]:
    """The first method that fits the budget, with the orders and the cost; where none does, the one that exceeds it the least."""
    LARGE_BATCH.require_applicable(request.problem)
    methods = METHODS if method is None else (as_choice(method, "method", METHODS),)
    found, reason = [], None
    for name in methods:
        for order in [request.order] if request.order else [2, 1] if name != METHODS[2] and request.layer else [1]:
            reason = _unsupported_reason(request, name, order)
            if reason is None:
                cost = request.cost(name, order)
                if budget.allows(cost) and (order == 1 or request.order or _EASY.allows(cost)):
                    return name, order, cost
                found.append((name, order, cost))
    if not found:
        raise LARGE_BATCH.cannot(request.problem, reason or "")
    return min(found, key=lambda each: budget.excess(each[2]))


def _alternatives(request: _Request, method: str | None) -> list[str]:
    probes = ["random probes (method='probes')"] if method in METHODS[:2] and request.problem.inputs.has_samples else []
    floats = ["floats"] if method == METHODS[0] else []
    return [*floats, *probes, "a smaller step", *applicable(request.problem, SIMULATION)]


def _by_directions(request: _Request, order: int, exact: bool) -> LargeBatchLaw:
    setting, steps = Setting(request.problem, exact), request.steps
    path = path_of(setting, steps)
    noise, shares = setting.directions()
    beta1 = sum_over_directions(setting, request.first, steps, noise, shares)
    beta2 = None
    if order == 2:
        third, pairs = request.second
        points = setting.points(3)
        sample = SampleNoise(points.x, points.y, points.sigma)
        of_third = sum_over_directions(setting, third, steps, sample, points.q)
        of_pairs = sum_over_directions(setting, pairs, steps, noise, shares)
        beta2 = in_numbers([of_third[t] + of_pairs[t] for t in steps], steps, exact)
    zeros = np.zeros(len(steps))
    law = _law(request, path, [beta1[t] for t in steps], exact, zeros)
    return replace(law, beta2=beta2, beta2_standard_error=None if beta2 is None else zeros)


def _by_probes(request: _Request, order: int, budget: Budget) -> LargeBatchLaw:
    setting, steps = Setting(request.problem, exact=False), request.steps
    path = path_of(setting, steps)
    seeds = np.random.SeedSequence(request.seed).spawn(3)
    values = probed(setting, request.first, steps, request.probes or _PILOT, seeds[0].spawn(1)[0])
    while request.probes is None and (missing := _missing(request, path, values)):  # added until the standard errors are there
        count = values.shape[1] + missing
        what = f"{request}, by {as_count(count)} probes for the relative error {request.relative_error:g},"
        budget.require(request.cost(METHODS[2], order, count), what, ["a larger relative_error", "a number of probes"])
        values = np.hstack([values, probed(setting, request.first, steps, missing, seeds[0].spawn(1)[0])])
    mean, error = mean_and_error(values)
    law = replace(_law(request, path, list(mean), False, error), method=METHODS[2], probes=values.shape[1])
    if order == 1:
        return law
    both = [mean_and_error(probed(setting, term, steps, law.probes, seed)) for term, seed in zip(request.second, seeds[1:], strict=True)]
    (third, its_error), (pairs, their_error) = both
    return replace(law, beta2=in_numbers(list(third + pairs), steps, False), beta2_standard_error=np.hypot(its_error, their_error))


def _missing(request: _Request, path: dict[int, Any], values: np.ndarray) -> int:
    """How many more probes the relative error takes, as far as those that there are can tell; at most nine times as many."""
    mean, error = mean_and_error(values)
    if request.layer is not None:
        mean = mean + np.array([path[t].traces[request.layer - 1] for t in request.steps])
    ratio = np.divide(error, request.relative_error * np.abs(mean), out=np.zeros(len(mean)), where=error > 0)
    if not ratio.max() > 1:  # nor where a step has left the doubles
        return 0
    return math.ceil(values.shape[1] * min(1.1 * float(ratio.max()) ** 2 - 1, 9.0))


def _law(request: _Request, path: dict[int, Any], moved: list[Any], exact: bool, errors: np.ndarray) -> LargeBatchLaw:
    """beta_1 from what the batches before contribute."""
    steps, k = request.steps, request.layer
    if k is None:
        limit, beta1 = [path[t].loss for t in steps], moved
    else:
        limit, beta1 = [path[t].loss * 0 for t in steps], [path[t].traces[k - 1] + x for t, x in zip(steps, moved, strict=True)]
    method = METHODS[0] if exact else METHODS[1]
    return LargeBatchLaw(tuple(steps), in_numbers(limit, steps, exact), in_numbers(beta1, steps, exact), None, errors, None, method)
