"""Brute force: var(g), E||g||^2 and E g given w_0, and how many paths that takes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq

from theory.activations import Activation
from theory.arithmetic.working_precision import working_precision
from theory.budget import Budget
from theory.enumeration.path_counts import BALL_BITS, count_paths
from theory.enumeration.path_limits import path_budgets
from theory.enumeration.requests import affordable_walk, atoms_of, require_rationals
from theory.enumeration.walk import Walk
from theory.exact import as_flag, as_index, shown, spelled, to_fraction, to_fraction_array
from theory.problem import TeacherStudent, as_problem
from theory.routes import ENUMERATION


def cost(problem: TeacherStudent, step: int, *, batch_size: int, literal: bool = False) -> int:
    """Number of paths (batch_0, ..., batch_step): C(b+N-1, N-1)^(step+1) by counts, N^(b(step+1)) literally; of subsets, C(N, b)^(step+1).

    UnaffordableError when the number itself has more than ten thousand digits.

    Examples:
        >>> from theory import Discrete
        >>> cost(TeacherStudent([[[1]]], [[[0]]], Discrete([1, 2]), 1), step=1, batch_size=3)
        16
    """
    urn, b = atoms_of(problem).urn, problem.check_batch_size(batch_size)
    return count_paths(urn, b, as_index(step, "step") + 1, as_flag(literal, "literal"))


def moments(
    problem: TeacherStudent,
    step: int,
    layer: int,
    *,
    batch_size: int,
    literal: bool = False,
    max_paths: float | None = None,
    budget: Budget | None = None,
) -> tuple[Fraction, np.ndarray]:
    """E||g_{t,k}||_F^2 and E g_{t,k} (an object array of Fractions, of the shape of W_k), given w_0.

    Raises ValueError for a bad argument, CannotError for an input law without finite support, and UnaffordableError at once for more than
    `max_paths` paths (math.inf for any number; 500,000 where neither it nor a budget is given), or when long batches or long numbers make
    the paths as much work as that (and as 60,000 paths), and for more than `budget` allows.
    """
    require_rationals(problem)
    second, mean = _moments(*_prepared(problem, step, layer, batch_size, literal, path_budgets(max_paths, budget)))
    return to_fraction(second), to_fraction_array(mean)


def _prepared(
    problem: TeacherStudent, step: int, layer: int, batch_size: int, literal: bool, allowed: tuple[Budget, ...]
) -> tuple[Walk, int, int]:
    """The enumeration up to g_{step,layer}, and these two; all that can be wrong was looked at."""
    t, k = problem.check_step(step), problem.check_layer(layer)
    return affordable_walk(problem, batch_size, t, t + 1, literal, allowed), t, k


def _moments(sgd: Walk, t: int, k: int) -> tuple[Any, np.ndarray]:
    second: Any = fmpq(0)
    mean = sgd.student[k - 1] * fmpq(0)
    for weights, probability in sgd.law_of_weights(t):
        for (g,), _, chance in sgd.gradients(weights, k):
            second += probability * chance * (g * g).sum()
            mean = mean + g * (probability * chance)
    return second, mean


def variance(
    problem: TeacherStudent,
    step: int,
    layer: int,
    *,
    batch_size: int,
    literal: bool = False,
    max_paths: float | None = None,
    budget: Budget | None = None,
) -> Fraction:
    """var(g_{t,k}) = E||g_{t,k}||^2 - ||E g_{t,k}||^2 given w_0; options and errors as for `moments`.

    Examples:
        >>> from theory import Discrete
        >>> problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), Fraction(1, 4))
        >>> [str(variance(problem, step=1, layer=1, batch_size=b)) for b in (1, 2)]
        ['0', '12393/8192']
    """
    require_rationals(problem)
    second, mean = _moments(*_prepared(problem, step, layer, batch_size, literal, path_budgets(max_paths, budget)))
    return to_fraction(second - sum((x * x for x in mean.ravel()), fmpq(0)))


def variance_ball(
    problem: TeacherStudent,
    step: int,
    layer: int,
    *,
    batch_size: int,
    literal: bool = False,
    max_paths: float | None = None,
    budget: Budget | None = None,
    bits: int = BALL_BITS,
) -> arb:
    """A ball around var(g_{t,k}) given w_0, for any activation that balls can evaluate; other errors as for `moments`.

    Raises ValueError for a user's callable, and for relu and leaky_relu where `bits` do not tell on which side of 0 a
    pre-activation lies.

    Examples:
        >>> from theory import Discrete
        >>> problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([0, 1]), Fraction(1, 4), "tanh")
        >>> print(variance_ball(problem, step=1, layer=1, batch_size=4).str(10, radius=False))
        0.09629059786
    """
    sigma = as_problem(problem).activation
    if isinstance(sigma, Activation) and not sigma.is_certified:
        reason = f"activation must be a polynomial or a named one, but was {shown(sigma)}"
        raise ENUMERATION.cannot(problem, reason)
    bits = as_index(bits, "bits", minimum=53)
    if bits > 10_000:
        raise ValueError(f"bits must be at most 10000, but was {spelled(bits)}")
    allowed = path_budgets(max_paths, budget)
    prepared = _prepared(problem, step, layer, batch_size, literal, allowed)
    with working_precision(bits):
        second, mean = _moments(*prepared)
        return arb(second) - sum((arb(x * x) for x in mean.ravel()), arb(0))


def mean_gradient(
    problem: TeacherStudent,
    step: int,
    layer: int,
    *,
    batch_size: int,
    literal: bool = False,
    max_paths: float | None = None,
    budget: Budget | None = None,
) -> np.ndarray:
    """E g_{t,k} given w_0, an object array of Fractions; options and errors as for `moments`."""
    return moments(problem, step, layer, batch_size=batch_size, literal=literal, max_paths=max_paths, budget=budget)[1]
