"""What closeness to a polynomial network says of a smooth network's variance: an interval around it, and never an order for all b.

sqrt var(g) = || g - E g || in L2 is a norm, and centring does not increase it. So, for every batch size,

    | sqrt var(g_{t,k}^S) - sqrt var(g_{t,k}^P) |  <=  || g_{t,k}^S - g_{t,k}^P ||_{L2}  <=  sup over paths of e_g(t, k)  =:  e

and var(g^S) at b exceeds that at b + 1 when sqrt var^P(b) - sqrt var^P(b+1) > 2 e. The left side falls like b^{-3/2} while e stays:
whatever the polynomial, this proves a decrease for finitely many b only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from flint import arb

from theory import enumeration
from theory.approximation.gradient_gaps import every_path_bound
from theory.arithmetic.balls import double_ends
from theory.arithmetic.working_precision import working_precision
from theory.budget import Budget
from theory.chebyshev import ActivationPolynomial
from theory.enumeration.batches import Urn
from theory.enumeration.path_counts import interpolation_cost
from theory.enumeration.path_limits import LIMIT, path_budgets, require_paths
from theory.exact import NumberLike, as_index, spelled, to_fmpq
from theory.problem import TeacherStudent, as_problem
from theory.routes import ENUMERATION, without_atoms

_BITS = 128


@dataclass(frozen=True, repr=False)
class DecreasingRange:
    """Where the smooth network's variance is proved to decrease.

    Attributes:
        batch_sizes: 1, ..., largest.
        polynomial_variances: var(g^P) at each, exactly.
        gap: e, for all of them.
        lower, upper: proved bounds on var(g^S) at each batch size, rounded outward.
        proved: for b = 1, ..., largest - 1, whether var(g^S)(b) > var(g^S)(b + 1) is proved.
    """

    batch_sizes: tuple[int, ...]
    polynomial_variances: tuple[Fraction, ...]
    gap: float
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    proved: tuple[bool, ...]

    @property
    def interval(self) -> tuple[int, int] | None:
        """(first, last): var(g^S) is proved to decrease strictly from b = first to b = last, the longest such range; None without one."""
        best: tuple[int, int] | None = None
        first = 1
        for b, proved in enumerate((*self.proved, False), start=1):
            if not proved:
                if b > first and (best is None or b - first > best[1] - best[0]):
                    best = (first, b)
                first = b + 1
        return best

    def __repr__(self) -> str:
        return f"DecreasingRange(batch sizes 1..{self.batch_sizes[-1]}, gap {self.gap:.3g}, interval {self.interval})"


def variance_gap(
    problem: TeacherStudent,
    polynomial: ActivationPolynomial,
    step: int,
    layer: int,
    *,
    input_radius: NumberLike | None = None,
    budget: Budget | None = None,
) -> float:
    """e with |sqrt var(g_{t,k}^S) - sqrt var(g_{t,k}^P)| <= e given w_0, for every batch size: the a-priori bound on the gradients.

    If the polynomial's errors are sampled (`is_certified` False), so is what this says.
    Arguments and errors as for `every_path_bound`.
    """
    problem = as_problem(problem)
    t, k = problem.check_step(step), problem.check_layer(layer)
    return float(every_path_bound(problem, polynomial, t + 1, input_radius=input_radius, budget=budget).gradient[t, k - 1])


def certified_decreasing_range(
    problem: TeacherStudent,
    polynomial: ActivationPolynomial,
    step: int,
    layer: int,
    *,
    largest: int = 32,
    max_paths: float | None = None,
    budget: Budget | None = None,
) -> DecreasingRange:
    """The batch sizes up to `largest` between which the smooth network's variance is proved to decrease, from the polynomial network's.

    The latter is exact, by enumeration of all mini-batches, so the inputs must have finite support. Raises CannotError for other inputs,
    ValueError for a polynomial whose errors are not certified, UnaffordableError before any work when all these enumerations together take
    more than `max_paths` paths (2,000,000 where neither it nor a budget is given), as much work, or more than `budget` allows, and what
    `variance_gap` raises.

    Examples:
        >>> from theory import Discrete
        >>> from theory.chebyshev import approximate
        >>> problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], Discrete([0, 1]), Fraction(1, 4), "tanh")
        >>> certified_decreasing_range(problem, approximate("tanh", 3, 21), step=1, layer=1, largest=12).interval
        (1, 12)
    """
    sizes = range(1, as_index(largest, "largest", minimum=2) + 1)
    allowed = path_budgets(max_paths, budget, usual=4 * LIMIT)
    if isinstance(problem, TeacherStudent) and problem.inputs.support() is None:
        raise ENUMERATION.cannot(problem, without_atoms(problem))
    gap = variance_gap(problem, polynomial, step, layer, budget=budget)
    if not polynomial.is_certified:
        raise ValueError(f"polynomial must have certified errors to prove anything, but those of the {polynomial} are sampled")
    exact, t = replace(problem, activation=polynomial.coefficients), problem.check_step(step)
    atoms = len(problem.inputs.support()[0])  # type: ignore[index]
    require_paths(interpolation_cost(exact, Urn(atoms), sizes, t, t + 1), allowed, f"enumeration up to largest = {spelled(sizes.stop - 1)}")
    variances = tuple(enumeration.variance(exact, t, layer, batch_size=b, max_paths=math.inf) for b in sizes)
    with working_precision(_BITS):
        e = arb(gap)
        roots = [arb(to_fmpq(v)).sqrt() for v in variances]
        lower = [max(0.0, double_ends((r - e) * (r - e))[0]) if r > e else 0.0 for r in roots]
        upper = [double_ends((r + e) * (r + e))[1] for r in roots]
        proved = tuple(bool(here - after > 2 * e) for here, after in pairwise(roots))
    return DecreasingRange(tuple(sizes), variances, gap, tuple(lower), tuple(upper), proved)
