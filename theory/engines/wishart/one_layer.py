"""One linear layer, where every step is closed: no polynomial in the batches is needed.

With D_t = W_t - W*, g_t = D_t S_t and D_{t+1} = D_t (I - alpha_t S_t), the matrix X_t = E[D_t^T D_t], p x p and polynomial in eps, obeys
    X_{t+1} = X_t - alpha_t (Sigma X_t + X_t Sigma) + alpha_t^2 E[S X_t S],
    E||g_t||^2 = tr E[S X_t S],   E g_t = D_0 prod_{s<t} (I - alpha_s Sigma) Sigma,   E loss(w_t) = 1/2 tr(X_t Sigma),
E[S X S] being linear in X: each step raises the degree in eps by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq_mat, fmpq_poly

from theory.engines.wishart.last_batch import as_polynomial, pair_moments
from theory.engines.wishart.one_layer_squares import squared_loss
from theory.exact import to_fmpq, to_fmpq_mat, to_fraction
from theory.inputs import InputLaw
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent


def second_moment(problem: TeacherStudent, step: int) -> InverseBatchPolynomial:
    """E||g_{step,1}||_F^2. Cost: about 2 p^4 operations on polynomials of degree <= step, for each step."""
    image = _Sandwich(problem.inputs)(_gram(problem, step))
    return as_polynomial(sum((image[j][j] for j in range(len(image))), fmpq_poly([])))


def mean(problem: TeacherStudent, step: int) -> np.ndarray:
    """E g_{step,1}, an object array of constants of the layer's shape."""
    sigma = to_fmpq_mat(problem.inputs.second_moment)
    residual = _residual(problem)
    for alpha in problem.rates_before(step):
        (residual,) = problem.optimizer.step((residual,), (residual * sigma,), to_fmpq(alpha))
    gradient = residual * sigma
    result = np.empty((gradient.nrows(), gradient.ncols()), dtype=object)
    for i, j in np.ndindex(result.shape):
        result[i, j] = InverseBatchPolynomial([to_fraction(gradient[i, j])])
    return result


def loss(problem: TeacherStudent, step: int) -> InverseBatchPolynomial:
    """E loss(w_step)."""
    x, sigma = _gram(problem, step), to_fmpq_mat(problem.inputs.second_moment)
    terms = (f * sigma[i, j] for i, row in enumerate(x) for j, f in enumerate(row))
    return as_polynomial(sum(terms, fmpq_poly([])) / 2)


def loss_variance(problem: TeacherStudent, step: int) -> InverseBatchPolynomial:
    """var loss(w_step)."""
    mean = fmpq_poly([to_fmpq(c) for c in loss(problem, step).coefficients])
    return as_polynomial(squared_loss(problem, step) - mean * mean)


class _Sandwich:
    """X -> E[S X S]."""

    def __init__(self, law: InputLaw) -> None:
        tables, scale = pair_moments(law)
        self._terms: dict[tuple[int, int], list[tuple[int, int, fmpq_poly]]] = {}
        for i, j, k, m in np.ndindex(tables[0].shape):
            coefficients: list[Any] = [q[i, j, k, m] for q in tables]
            weight = fmpq_poly(coefficients) / scale
            if weight:
                self._terms.setdefault((j, k), []).append((i, m, weight))

    def __call__(self, x: list[list[fmpq_poly]]) -> list[list[fmpq_poly]]:
        size = range(len(x))
        return [[sum((x[i][m] * w for i, m, w in self._terms.get((j, k), ())), fmpq_poly([])) for k in size] for j in size]


def _gram(problem: TeacherStudent, step: int) -> list[list[fmpq_poly]]:
    """X_step."""
    residual, sigma = _residual(problem), to_fmpq_mat(problem.inputs.second_moment)
    x = [[fmpq_poly([c]) for c in row] for row in (residual.transpose() * residual).tolist()]
    size = range(len(x))
    sandwich = _Sandwich(problem.inputs)
    for rate in problem.rates_before(step):
        alpha, image = to_fmpq(rate), sandwich(x)
        drift = [[sum((x[k][j] * sigma[i, k] for k in size if sigma[i, k]), fmpq_poly([])) for j in size] for i in size]
        x = [[x[i][j] - (drift[i][j] + drift[j][i]) * alpha + image[i][j] * alpha**2 for j in size] for i in size]
    return x


def _residual(problem: TeacherStudent) -> fmpq_mat:
    return to_fmpq_mat(problem.student[0]) - to_fmpq_mat(problem.teacher_weights[0])
