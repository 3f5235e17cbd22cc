"""One linear layer, where every step is closed: no polynomial in the batches is needed.

With D_t = W_t - W*, g_t = D_t S_t and plain D_{t+1} = D_t (I - alpha_t S_t), X_t = E[D_t^T D_t], p x p and polynomial in eps, obeys
    X_{t+1} = X_t - alpha_t (Sigma X_t + X_t Sigma) + alpha_t^2 E[S X_t S],
    E||g_t||^2 = tr E[S X_t S],   E g_t = E[D_t] Sigma,   E loss(w_t) = 1/2 tr(X_t Sigma),
E[S X S] being linear in X: each step raises the degree in eps by one. (With momentum and weight decay: `one_layer_gram`.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq_poly

from theory.engines.wishart.last_batch import as_polynomial, pair_moments
from theory.engines.wishart.one_layer_gram import gram
from theory.engines.wishart.one_layer_squares import squared_loss
from theory.exact import to_fmpq, to_fmpq_mat, to_fraction
from theory.inputs import InputLaw
from theory.inverse_batch import InverseBatchPolynomial
from theory.optimizers import State
from theory.problem import TeacherStudent


def second_moment(problem: TeacherStudent, step: int) -> InverseBatchPolynomial:
    """E||g_{step,1}||_F^2. Cost: about 2 p^4 operations on polynomials of degree <= step, for each step."""
    sandwich = _Sandwich(problem.inputs)
    image = sandwich(gram(problem, step, sandwich))
    return as_polynomial(sum((image[j][j] for j in range(len(image))), fmpq_poly([])))


def mean(problem: TeacherStudent, step: int) -> np.ndarray:
    """E g_{step,1}, an object array of constants of the layer's shape."""
    sigma, teacher = (to_fmpq_mat(x) for x in (problem.inputs.second_moment, problem.teacher_weights[0]))
    state = State((to_fmpq_mat(problem.student[0]),))
    for alpha in problem.rates_before(step):
        state = problem.optimizer.advance(state, ((state.weights[0] - teacher) * sigma,), alpha)
    gradient = (state.weights[0] - teacher) * sigma
    result = np.empty((gradient.nrows(), gradient.ncols()), dtype=object)
    for i, j in np.ndindex(result.shape):
        result[i, j] = InverseBatchPolynomial([to_fraction(gradient[i, j])])
    return result


def loss(problem: TeacherStudent, step: int) -> InverseBatchPolynomial:
    """E loss(w_step)."""
    x, sigma = gram(problem, step, _Sandwich(problem.inputs)), to_fmpq_mat(problem.inputs.second_moment)
    terms = (f * sigma[i, j] for i, row in enumerate(x) for j, f in enumerate(row))
    return as_polynomial(sum(terms, fmpq_poly([])) / 2)


def loss_variance(problem: TeacherStudent, step: int) -> InverseBatchPolynomial:
    """var loss(w_step)."""
    if not step:  # loss(w_0) is a number
        return InverseBatchPolynomial([0])
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
