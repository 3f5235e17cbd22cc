"""Theorem A.9 with every constant explicit: how far SGD of a smooth network drifts from SGD of a polynomial one.

The S-run uses sigma, the P-run a polynomial P in its place, in the student and in the teacher; they share w_0, the teacher's weights,
the rates and the samples. `gradient_gap_bound` bounds how far they drift apart, by the recursion of theory.approximation.gap_recursion with

    r_z(k) = sqrt(p_k) sup |sigma - P|,   r_D = sup |sigma' - P'|,   C_D = sup |sigma'|,   L' = Lip(sigma')      on [-R, R],

as long as all pre-activations of both networks, student and teacher, stay inside [-R, R]; otherwise there is no bound, and an error
says so. Nothing about P enters but its two errors.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.polynomial import Chebyshev

from theory.activations import Activation
from theory.approximation.a_priori_bounds import a_priori_bounds
from theory.approximation.gap_bounds import DomainError, GapBounds, collected
from theory.approximation.run_bounds import RunBounds, observed_gaps, polynomial_run, smooth_run
from theory.arithmetic.norms import up, vector_norms
from theory.budget import WITHOUT_BUDGET, Budget, Cost, as_count, saturated
from theory.budget.unit_costs import UNITS
from theory.chebyshev import ActivationPolynomial, approximate
from theory.exact import NumberLike, as_choice, as_index, as_number, shown
from theory.extensions import require_within
from theory.problem import TeacherStudent, as_problem


def _ladder(highest: int) -> list[int]:
    """1, 2, ..., and later a sixth more each."""
    degrees = [1]
    while (following := degrees[-1] + max(1, degrees[-1] // 6)) <= highest:
        degrees.append(following)
    return degrees


#: `polynomial_within` looks no further, at no other degrees, and goes up so many at a time.
_HIGHEST_DEGREE = 200
_LADDER = _ladder(_HIGHEST_DEGREE)
_STRIDE = 4
_LARGEST_RADIUS = 200.0
_LARGEST_NUMBER = 2.0**1000


def gradient_gap_bound(
    problem: TeacherStudent,
    polynomial: ActivationPolynomial,
    batches: Iterable[Any],
    envelope: Literal["run", "a_priori"] = "run",
    input_radius: NumberLike | None = None,
    *,
    budget: Budget | None = None,
) -> GapBounds:
    """e_W, e_h, e_z, e_D, e_delta, e_g at every step and layer: ||g_{t,k}^S - g_{t,k}^P||_F <= gradient[t, k-1] (Theorem A.9).

    Args:
        problem: a network with a smooth activation.
        polynomial: an approximant of that activation, from `theory.chebyshev.approximate`.
        batches: the samples, of shape (steps, b, p), taken as doubles. Any law will do.
        envelope: "run" takes the norms from the S-run on these batches, rounding included: the bounds certify this trajectory.
            "a_priori" takes them from w_0 and the bound on ||x||: the bounds hold for every path.
        input_radius: C_x >= ||x|| for "a_priori"; the law's own bound by default.

    Raises DomainError where a pre-activation of student or teacher may leave [-R, R]; ValueError or TypeError, naming the argument, for
    an activation that is not smooth (there is no sup bound), a polynomial made for another one, batches of another shape or not
    finite, and an a-priori bound asked for inputs without a bound.

    Cost: the two runs, and one singular value decomposition of each weight matrix at each step; some 90 bytes for every activation of every
    sample. UnaffordableError when they exceed the budget.

    Examples:
        >>> from theory import Gaussian
        >>> from theory.chebyshev import approximate
        >>> problem = TeacherStudent([[[1]], [[1]]], [[[2]], [[-1]]], Gaussian(1), learning_rates=0.1, activation="tanh")
        >>> x = np.linspace(-1, 1, 20).reshape(5, 4, 1)
        >>> bounds = gradient_gap_bound(problem, approximate("tanh", 3, 20), x)
        >>> bool((bounds.observed.gradient <= bounds.gradient).all()), bool(bounds.gradient.max() < 0.02)
        (True, True)
    """
    _check_pair(problem, polynomial)
    x = _batches(batches, problem)
    cost = runs_cost(problem, x.shape[0] * x.shape[1])
    Budget.of(budget).require(cost, "the bounds along these batches", ("fewer samples", "every_path_bound, which needs none"))
    rates = _rates(problem, len(x))
    as_choice(envelope, "envelope", ("run", "a_priori"))
    radius = _radius_of(x, _input_radius(problem, input_radius)) if envelope == "a_priori" else None
    if radius is None and input_radius is not None:
        raise ValueError("input_radius must be left out for envelope='run', which takes every norm from the batches")
    with np.errstate(all="ignore"):  # what diverges leaves the domain, and that is checked
        smooth = smooth_run(problem, polynomial, rates, x)
        steps = (
            RunBounds(problem, polynomial, rates, smooth).bounds()
            if radius is None
            else a_priori_bounds(problem, polynomial, len(x), rates, radius)
        )
        observed = observed_gaps(smooth, polynomial_run(problem, polynomial, rates, x))
    return collected(steps, observed, problem.sizes, envelope, polynomial)


def every_path_bound(
    problem: TeacherStudent,
    polynomial: ActivationPolynomial,
    steps: int,
    *,
    input_radius: NumberLike | None = None,
    budget: Budget | None = None,
) -> GapBounds:
    """The bounds of envelope "a_priori" for steps 0, ..., steps - 1: they hold for every batch size, and need no batches.

    Errors as for `gradient_gap_bound`, the budget being a minute by default; `observed` is None.
    """
    _check_pair(problem, polynomial)
    count = as_index(steps, "steps", minimum=1)
    Budget.of(budget, WITHOUT_BUDGET).require(every_path_cost(problem, count), "the bounds at all steps", ("fewer steps",))
    rates, radius = _rates(problem, count), _input_radius(problem, input_radius)
    with np.errstate(all="ignore"):
        steps_bounds = a_priori_bounds(problem, polynomial, count, rates, radius)
    return collected(steps_bounds, None, problem.sizes, "a_priori", polynomial)


def runs_cost(problem: TeacherStudent, samples: int) -> Cost:
    """Of `gradient_gap_bound`: both runs on this many samples, over all steps, and the bounds along them."""
    numbers = float(samples) * sum(problem.sizes)
    return Cost(1e-3 + UNITS["gaps.number"] * numbers, 90 * numbers, f"{as_count(numbers)} activations")


def every_path_cost(problem: TeacherStudent, steps: int) -> Cost:
    """Of `every_path_bound`."""
    work = saturated(steps, problem.depth)
    return Cost(UNITS["gaps.step"] * work, 500.0 * work, f"{as_count(steps)} steps of {problem.depth} layers")


def polynomial_within(
    problem: TeacherStudent, steps: int, tolerance: NumberLike, *, input_radius: NumberLike | None = None, budget: Budget | None = None
) -> ActivationPolynomial:
    """Theorem 3.6 as a construction: a polynomial whose gradients stay within `tolerance` of the smooth network's on every path.

    || g_{t,k}^S - g_{t,k}^P ||_F <= tolerance for t = 0, ..., steps - 1, every layer, every batch size and all samples of norm at most
    input_radius (the law's own bound by default). The radius is what the a-priori bounds on both networks' pre-activations need; the
    degree is the lowest for which they prove it, up to a factor of about 1.2. (For a user's callable the polynomial's errors are sampled.)

    Raises ValueError for a tolerance that is not positive or that no polynomial with coefficients in doubles meets, and whatever
    `every_path_bound` raises for the problem; the budget is for each polynomial that is tried, and for its bounds.

    Examples:
        >>> from theory import Rademacher
        >>> problem = TeacherStudent([[[1]], [[1]]], [[[2]], [[-1]]], Rademacher(1), learning_rates=0.1, activation="tanh")
        >>> p = polynomial_within(problem, steps=2, tolerance=0.001)
        >>> bool(every_path_bound(problem, p, steps=2).gradient.max() <= 0.001)
        True
    """
    wanted = as_number(tolerance, "tolerance")
    if wanted <= 0:
        raise ValueError(f"tolerance must be positive, but was {shown(tolerance)}")
    sigma = _smooth_activation(problem)
    radius = _radius_needed(problem, sigma, steps, input_radius, budget)
    bounds: dict[int, float] = {}

    def met(degree: int) -> ActivationPolynomial | None:
        polynomial, bounds[degree] = approximate(sigma, radius, degree, budget=budget), np.inf
        with suppress(DomainError):  # so large a gap that the P-run may leave [-R, R]
            found = every_path_bound(problem, polynomial, steps, input_radius=input_radius, budget=budget)
            bounds[degree] = float(found.gradient.max())
        return polynomial if bounds[degree] <= wanted else None

    for first in range(0, len(_LADDER), _STRIDE):  # the highest rung of a stride, then those below it
        *lower, highest = _LADDER[first : first + _STRIDE]
        if (polynomial := met(highest)) is not None:
            return next((found for degree in lower if (found := met(degree)) is not None), polynomial)
    raise ValueError(
        f"tolerance must be within reach of degree {_HIGHEST_DEGREE} with coefficients in doubles, "
        f"but {shown(tolerance)} is not: the a-priori "
        f"bounds come down to {min(bounds.values()):.3g}. Take fewer steps, smaller learning rates or the bounds along a run"
        + ("" if sigma.strip else f" (the errors for {sigma}, which is not analytic, fall only like 1 / degree)")
    )


def _radius_needed(
    problem: TeacherStudent, sigma: Activation, steps: int, input_radius: NumberLike | None, budget: Budget | None
) -> Fraction:
    """A little more than the a-priori bound on all pre-activations: R grows until a polynomial without error would stay inside."""
    radius, reach = Fraction(1), 0.0
    while True:
        ideal = ActivationPolynomial(sigma, radius, Chebyshev([0.0, 1.0]), 0.0, 0.0, 0.0, 0.0, is_certified=True)
        try:
            reach = float(every_path_bound(problem, ideal, steps, input_radius=input_radius, budget=budget).reach.max())
        except DomainError as outside:
            if not outside.reach <= _LARGEST_RADIUS:
                raise
            radius = _with_margin(outside.reach)
        else:
            return max(radius, _with_margin(reach))


def _with_margin(reach: float) -> Fraction:
    """2 per cent more, in 64ths: short coefficients are made of short radii."""
    return Fraction(math.ceil(64 * 1.02 * reach) + 1, 64)


def _smooth_activation(problem: object) -> Activation:
    problem = as_problem(problem)
    require_within(problem)
    sigma = problem.activation
    if not isinstance(sigma, Activation):
        raise ValueError("problem must have an activation that is no polynomial, such as 'sigmoid': a polynomial is exact as it is")
    if not sigma.is_smooth:
        raise ValueError(
            f"activation must be C^1 with a Lipschitz derivative for a sup bound, but the derivative of {sigma} jumps: no polynomial's "
            "gradient is uniformly close to that network's. What holds is convergence in the mean: see the claim 'leaky ReLU'"
        )
    return sigma


def _check_pair(problem: object, polynomial: object) -> None:
    sigma = _smooth_activation(problem)
    if not isinstance(polynomial, ActivationPolynomial):
        raise TypeError(f"polynomial must be an ActivationPolynomial, made by theory.chebyshev.approximate, but was {shown(polynomial)}")
    if polynomial.activation != sigma:
        raise ValueError(f"polynomial must approximate the problem's activation {sigma}, but was made for {polynomial.activation}")


def _batches(batches: Iterable[Any], problem: TeacherStudent) -> np.ndarray:
    try:
        x = np.asarray(batches)
    except ValueError as ragged:
        raise ValueError(f"batches must be an array of shape (steps, b, p): {ragged}") from ragged
    if x.dtype == object and x.ndim:
        x = np.array([_as_double(v, "batches") for v in x.ravel()]).reshape(x.shape)
    if x.dtype.kind not in "fiu":
        raise TypeError(f"batches must be an array of numbers, real ones, but had entries of type {x.dtype}")
    x = x.astype(np.float64)
    p = problem.sizes[0]
    if x.ndim != 3 or 0 in x.shape or x.shape[2] != p:
        raise ValueError(f"batches must have shape (steps, b, {p}), steps and b at least 1, but had {x.shape}")
    if not np.isfinite(x).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
        raise ValueError(f"batches must be finite, but batches{list(place)} = {x[place]}")
    return x


def _rates(problem: TeacherStudent, steps: int) -> list[float]:
    """alpha_0, ..., alpha_{steps - 2} as doubles; refuses numbers that no double comes near."""
    problem.check_step(steps - 1)
    for name, numbers in (
        ("learning_rates", problem.rates_before(steps - 1)),
        ("student", [x for w in problem.student for x in w.ravel().tolist()]),
        ("teacher", [x for w in problem.teacher_weights for x in w.ravel().tolist()]),
    ):
        if any(not -_LARGEST_NUMBER <= x <= _LARGEST_NUMBER for x in numbers):
            raise ValueError(f"{name} must be within the range of doubles, at most {_LARGEST_NUMBER:g} in size")
    return [float(a) for a in problem.rates_before(steps - 1)]


def _as_double(value: object, name: str) -> float:
    number = as_number(value, name)
    if not -_LARGEST_NUMBER <= number <= _LARGEST_NUMBER:
        raise ValueError(f"{name} must be within the range of doubles, at most {_LARGEST_NUMBER:g} in size")
    return float(number)


def _radius_of(x: np.ndarray, radius: float) -> float:
    """The radius, or the longest sample's norm where only rounding makes it longer. ValueError where more does."""
    longest = float(vector_norms(x).max())
    if longest > radius * (1 + 2.0**-40):
        raise ValueError(f"batches must have ||x|| <= input_radius = {radius:.6g}, but one sample has norm {longest:.6g}")
    return max(radius, longest)


def _input_radius(problem: TeacherStudent, given: object) -> float:
    if given is not None:
        radius = _as_double(given, "input_radius")
        if radius < 0:
            raise ValueError(f"input_radius must not be negative, but was {shown(given)}")
        return radius
    known = problem.inputs.norm_bound
    if known is None:
        raise ValueError(
            f"inputs must be bounded for an a-priori bound, but {shown(problem.inputs)} has no bound: "
            f"give input_radius, the ||x|| up to which it "
            "is to hold, or take gradient_gap_bound with envelope='run', which certifies the run on given batches of any law"
        )
    return float(up(known))
