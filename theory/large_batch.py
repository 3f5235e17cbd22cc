r"""The large-batch law: the leading coefficient beta_1 of var(g_t) = beta_1/b + O(1/b^2), for linear networks of any depth and size.

With S_s the second moment of batch s, E f(S_0, ..., S_t) = f(Sigma, ..., Sigma) + (1/2b) sum_s kappa_2[D^2_s f] + O(1/b^2), so

    beta_1 = sum_{s <= t} E || (d g_t / d S_s)[Z_s] ||_F^2,      Z_s centred with the covariance of one sample's x x^T,

along the path of full-gradient descent: the mean's own shift, of order 1/b, cancels between E||g||^2 and ||E g||^2. The tangents are
carried forward by dual numbers, all directions at once, so any step can be reached. With the exact engines it shares the gradients of
linear networks (`backpropagation`) and the law's moments, and no expectation: theirs are taken of polynomials, here of tangents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from flint import fmpq

from theory.backpropagation import end_to_end, linear_gradients
from theory.budget import Budget, Cost, saturated_exp
from theory.budget.unit_costs import UNITS
from theory.degrees import gradient_degree
from theory.exact import to_float, to_fmpq, to_fraction
from theory.inputs import InputLaw
from theory.problem import TeacherStudent, as_problem
from theory.routes import LARGE_BATCH, SIMULATION, applicable

#: Beyond this many seconds even in doubles it does not matter what exactness would cost.
_MOST_SECONDS = 1e6


@dataclass(frozen=True)
class Dual:
    """A matrix and its derivatives in many directions: value (m, n), tangent (directions, m, n)."""

    value: np.ndarray
    tangent: np.ndarray

    def __matmul__(self, other: Dual) -> Dual:
        return Dual(self.value @ other.value, self.tangent @ other.value + self.value @ other.tangent)

    def __sub__(self, other: Dual) -> Dual:
        return Dual(self.value - other.value, self.tangent - other.tangent)

    def __mul__(self, factor: Any) -> Dual:
        return Dual(self.value * factor, self.tangent * factor)

    @property
    def T(self) -> Dual:
        return Dual(self.value.T, np.swapaxes(self.tangent, 1, 2))


def leading_coefficient(problem: TeacherStudent, step: int, layer: int, *, budget: Budget | None = None) -> Fraction | float:
    """beta_1 of var(g_{step,layer}): a Fraction for an exact problem, otherwise a double (its rounding error is not bounded).

    Any input law with fourth moments, linear networks. Raises CannotError for other activations and UnaffordableError over budget.
    Cost: p(p+1)/2 directions through step^2 / 2 gradient evaluations.

    Examples:
        >>> from theory import Gaussian, TeacherStudent
        >>> problem = TeacherStudent([[[2]], [[3]]], [[[1]], [[1]]], Gaussian(1), learning_rates=Fraction(1, 10))
        >>> leading_coefficient(problem, step=0, layer=1)  # Var(x^2) w_2^2 (w_2 w_1 - 1)^2
        Fraction(450, 1)
    """
    t, k = as_problem(problem).check_step(step), problem.check_layer(layer)
    cost = predicted_cost(problem, t)
    alternatives = ("floats" if problem.inputs.exact else "a smaller step", *applicable(problem, SIMULATION))
    Budget.of(budget).require(cost, f"beta_1 at t = {t}", alternatives)
    exact = problem.is_exact(t)
    covariance = statistic_covariance(problem.inputs, exact)
    total = sum(_contract(_tangents(problem, t, k, s, exact), covariance) for s in range(t + 1))
    return to_fraction(total) if exact else float(total)


def statistic_covariance(law: InputLaw, exact: bool) -> np.ndarray:
    """Cov(x_i x_j, x_k x_l) over pairs i <= j, k <= l in lexicographic order: a (q, q) array of fmpq or doubles, q = p(p+1)/2."""
    pairs = list(combinations_with_replacement(range(law.dimension), 2))
    if law.is_centred_gaussian and not exact:  # Isserlis, vectorised
        sigma = to_float(law.second_moment)
        i, j = np.array(pairs).T
        return sigma[np.ix_(i, i)] * sigma[np.ix_(j, j)] + sigma[np.ix_(i, j)] * sigma[np.ix_(j, i)]
    q = len(pairs)
    covariance = np.empty((q, q), dtype=object)
    for a, (i, j) in enumerate(pairs):
        for b in range(a, q):
            exponents = [0] * law.dimension
            for index in (i, j, *pairs[b]):
                exponents[index] += 1
            joint = law.moment(exponents) - law.second_moment[i, j] * law.second_moment[pairs[b]]
            covariance[a, b] = covariance[b, a] = to_fmpq(joint)
    return covariance if exact else covariance.astype(float)


def _tangents(problem: TeacherStudent, step: int, layer: int, source: int, exact: bool) -> np.ndarray:
    """(d g_{step,layer} / d S_source) in the direction of every symmetric basis matrix, along the path of gradient descent: (q, size)."""
    directions = _symmetric_basis(problem.inputs.dimension, exact)
    zeros = np.zeros_like(directions)
    sigma = _lift(problem.inputs.second_moment, exact)
    q = len(directions)

    def constant(matrix: np.ndarray) -> Dual:
        lifted = _lift(matrix, exact)
        return Dual(lifted, np.broadcast_to(lifted - lifted, (q, *lifted.shape)))

    target = end_to_end([constant(w) for w in problem.teacher_weights])
    weights = [constant(w) for w in problem.student]
    for s in range(step + 1):
        batch = Dual(sigma, directions if s == source else zeros)
        gradients = linear_gradients(weights, (end_to_end(weights) - target) @ batch)
        if s < step:
            rate = problem.learning_rate(s)
            alpha = to_fmpq(rate) if exact else float(rate)
            weights = list(problem.optimizer.step(weights, gradients, alpha))
    return gradients[layer - 1].tangent.reshape(q, -1)


def _contract(tangents: np.ndarray, covariance: np.ndarray) -> Any:
    """sum_{a,b} Cov_ab <T_a, T_b>."""
    return ((covariance @ tangents) * tangents).sum()


def _symmetric_basis(p: int, exact: bool) -> np.ndarray:
    pairs = list(combinations_with_replacement(range(p), 2))
    basis = np.zeros((len(pairs), p, p), dtype=int)
    for a, (i, j) in enumerate(pairs):
        basis[a, i, j] = basis[a, j, i] = 1
    return np.vectorize(fmpq, otypes=[object])(basis) if exact else basis.astype(float)


def _lift(matrix: np.ndarray, exact: bool) -> np.ndarray:
    return np.vectorize(to_fmpq, otypes=[object])(matrix) if exact else to_float(matrix)


def predicted_cost(problem: TeacherStudent, step: int) -> Cost:
    """Of `leading_coefficient`; CannotError where the law does not apply. Nothing is computed."""
    LARGE_BATCH.require_applicable(as_problem(problem))
    step = problem.check_step(step)
    least = _cost(problem, step, exact=False)
    # whether all learning rates are exact is only asked where they can be gone through
    return _cost(problem, step, exact=True) if least.seconds < _MOST_SECONDS and problem.is_exact(step) else least


def _cost(problem: TeacherStudent, step: int, exact: bool) -> Cost:
    p, sizes = problem.inputs.dimension, problem.sizes
    q = p * (p + 1) // 2
    widest = sorted(sizes)[-2:]
    products = 2.0 * problem.depth**2 * (step + 1) * (step + 2) / 2 * q * widest[0] * widest[1] * min(sizes)
    biggest = max(a * b for a, b in zip(sizes[1:], sizes[:-1], strict=True)) * q
    growth = saturated_exp(step * math.log(gradient_degree(problem.depth)))  # rationals on the path grow in length like the degree
    calls = 6.0 * problem.depth**2 * (step + 1) * (step + 2) / 2  # a numpy call costs microseconds, however small the matrices
    number = UNITS["large_batch.rational"] + UNITS["large_batch.length"] * growth if exact else UNITS["large_batch.flop"]
    moments = q * q * (UNITS["large_batch.moment"] if exact or not problem.inputs.is_centred_gaussian else 1e-8)
    seconds = products * number + moments + calls * UNITS["large_batch.call"]
    return Cost(seconds, biggest * problem.depth * (150 if exact else 8) * 3 + q * q * 8.0, f"{q} directions")
