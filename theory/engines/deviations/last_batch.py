"""The last batch in closed form: what is averaged over the others, given w_t, and the quadratic forms in it.

With A = (W_H ... W_{k+1})^T D and Q = W_{k-1} ... W_1 the gradient of layer k is A S Q^T, so that over S, with Sigma = E[x x^T]

    E g = A Sigma Q^T,     E||g||^2 = ||E g||^2 + eps sum A_ai Q_cl A_aj Q_cm ( E[x_i x_l x_j x_m] - Sigma_il Sigma_jm ):

quadratic forms in the products A_ai Q_cl, or for the first layer, where Q = I, in A itself; and loss = 1/2 tr(D Sigma D^T) is one in D.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np

from theory.backpropagation import end_to_end
from theory.engines.base import Quantity
from theory.engines.deviations.expansions import UNIT, Expansion
from theory.inputs import InputLaw
from theory.problem import TeacherStudent


class LastBatch:
    """Of one quantity: `averaged`, a matrix, entry by entry; forms on its entries; and how E g depends on them linearly."""

    def __init__(self, problem: TeacherStudent, quantity: Quantity) -> None:
        law, sigma = problem.inputs, problem.inputs.second_moment
        self._is_loss, self.layer = quantity.kind == "loss", quantity.layer or 1
        shape = problem.student[self.layer - 1].shape
        if self._is_loss:
            rows, constant = problem.sizes[-1], sigma
        elif self.layer == 1:
            rows, constant = shape[0], sigma @ sigma
        else:
            rows, constant = shape[0] * shape[1], np.outer(sigma.ravel(), sigma.ravel())
        identity = np.eye(rows)
        self.entries = rows * len(constant)
        self.constant_form = np.kron(identity, constant.astype(float))
        if not self._is_loss:
            self.linear_form = np.kron(identity, _noise(law, sigma, self.layer == 1).astype(float))
            self._mean = np.kron(identity, (sigma if self.layer == 1 else sigma.reshape(-1, 1)).astype(float))

    def averaged(self, weights: tuple[Expansion, ...], residual: Expansion) -> Expansion:
        """A, A (x) Q or D."""
        if self._is_loss:
            return residual
        above, below = weights[self.layer :], weights[: self.layer - 1]
        a = end_to_end(above).T @ residual if above else residual
        return a.outer(end_to_end(below)) if below else a

    def mean_of(self, c: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The entries of E[g | w_t], and bounds on their errors, from those of `averaged`."""
        slack = 1.01 * (len(self._mean) + 2) * UNIT
        return c @ self._mean, (r + slack * np.abs(c)) @ np.abs(self._mean) * 1.01


def _noise(law: InputLaw, sigma: np.ndarray, first: bool) -> np.ndarray:
    """E[x_i x_l x_j x_m] - Sigma_il Sigma_jm at row (i, l) and column (j, m); for the first layer, summed over l = m, at (i, j)."""
    p = law.dimension
    table = np.empty((p, p, p, p), dtype=object)
    for places in product(range(p), repeat=4):
        i, m, j, k = places
        table[places] = law.moment([places.count(axis) for axis in range(p)]) - sigma[i, m] * sigma[j, k]
    if first:
        return np.array([[sum((table[i, m, j, m] for m in range(p)), Fraction(0)) for j in range(p)] for i in range(p)], dtype=object)
    return table.reshape(p * p, p * p)
