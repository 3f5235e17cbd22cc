"""Linear networks at w_0, of any depth and size, by matrices: t = 0 needs no batch but its own.

With R = W_H...W_1 - W*_H...W*_1, A = W_H...W_{k+1} and B = W_{k-1}...W_1 one sample's gradient is q = A^T R x x^T B^T, so that

    E q = A^T R Sigma B^T,          ||q||^2 = (x^T M x)(x^T N x),     M = R^T A A^T R,  N = B^T B.

Gaussian x of mean mu, Sigma = E[x x^T]: E||q||^2 = tr(M Sigma) tr(N Sigma) + 2 tr(M Sigma N Sigma) - 2 (mu^T M mu) (mu^T N mu), by
Isserlis' theorem for x - mu. Independent coordinates x = m_1 1 + y of
central moments mu_2, mu_3, mu_4: the mean of x^T M x is m_1^2 1^T M 1 + mu_2 tr M, and the covariance of x^T M x and x^T N x is
    4 m_1^2 mu_2 (M 1).(N 1) + 2 m_1 mu_3 ((M 1).diag N + (N 1).diag M) + 2 mu_2^2 tr(M N) + (mu_4 - 3 mu_2^2) diag M . diag N.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
from flint import fmpq

from theory.arithmetic.matrices import ExactMatrix
from theory.engines.base import Quantity
from theory.exact import to_fmpq, to_fraction
from theory.inputs import InputLaw
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent


def applies(problem: TeacherStudent, quantity: Quantity) -> bool:
    """Whether the quantity is one of t = 0 that has a closed form for this law."""
    if quantity.step or not problem.is_linear or quantity.kind == "trace_form":
        return False
    law = problem.inputs
    return quantity.kind in ("mean", "loss", "loss_variance") or law.is_gaussian or law.has_iid_coordinates


def compute(problem: TeacherStudent, quantity: Quantity) -> InverseBatchPolynomial | np.ndarray:
    """The quantity at t = 0; for the mean entrywise."""
    if quantity.kind == "loss_variance":  # loss(w_0) is a number
        return InverseBatchPolynomial([0])
    student, teacher = ([ExactMatrix.from_array(w) for w in layers] for layers in (problem.student, problem.teacher_weights))
    sigma = ExactMatrix.from_array(problem.inputs.second_moment)
    residual = _product(student) + _product(teacher).times(fmpq(-1))
    if quantity.kind == "loss":
        return InverseBatchPolynomial([to_fraction((residual @ sigma).inner(residual.T) / 2)])
    k = (quantity.layer or 0) - 1
    left = residual if k == len(student) - 1 else _product(student[k + 1 :]).T @ residual
    right = _product(student[:k]) if k else ExactMatrix.identity(sigma.shape[0])
    mean = left @ sigma @ right.T
    if quantity.kind == "mean":
        return np.vectorize(lambda x: InverseBatchPolynomial([x]), otypes=[object])(mean.entries()[0])
    square = mean.inner(mean.T)
    excess = _fourth_moment(problem.inputs, left.T @ left, right.T @ right, sigma) - square
    return InverseBatchPolynomial([to_fraction(square) if quantity.kind == "second_moment" else 0, to_fraction(excess)])


def _fourth_moment(law: InputLaw, m: ExactMatrix, n: ExactMatrix, sigma: ExactMatrix) -> fmpq:
    """E[ (x^T M x)(x^T N x) ] for symmetric M and N."""
    if law.is_gaussian:
        mu = ExactMatrix.from_array(law.mean[:, None])
        of_mean = _dot(m @ mu, mu) * _dot(n @ mu, mu)
        return m.inner(sigma) * n.inner(sigma) + 2 * (m @ sigma).inner(n @ sigma) - 2 * of_mean
    first, second, third, fourth = (to_fmpq(law.coordinate_moment(k)) for k in (1, 2, 3, 4))
    mu2 = second - first**2
    mu3 = third - 3 * first * second + 2 * first**3
    mu4 = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
    ones = ExactMatrix.from_array(np.array([[1]] * law.dimension))
    rows_m, rows_n, diagonal_m, diagonal_n = m @ ones, n @ ones, _diagonal(m), _diagonal(n)
    means = [first**2 * _dot(rows, ones) + mu2 * form.trace() for rows, form in ((rows_m, m), (rows_n, n))]
    covariance = 4 * first**2 * mu2 * _dot(rows_m, rows_n) + 2 * mu2**2 * m.inner(n)
    covariance += 2 * first * mu3 * (_dot(rows_m, diagonal_n) + _dot(rows_n, diagonal_m))
    covariance += (mu4 - 3 * mu2**2) * _dot(diagonal_m, diagonal_n)
    return means[0] * means[1] + covariance


def _product(layers: Sequence[ExactMatrix]) -> ExactMatrix:
    """W_j ... W_i for the layers W_i, ..., W_j, from the input's side."""
    return reduce(lambda product, w: w @ product, layers)


def _diagonal(matrix: ExactMatrix) -> ExactMatrix:
    """As a column."""
    core = type(matrix.core)([[matrix.core[i, i]] for i in range(matrix.shape[0])])
    return ExactMatrix(core, matrix.scale)


def _dot(left: ExactMatrix, right: ExactMatrix) -> fmpq:
    """Of two columns."""
    return left.inner(right.T)
