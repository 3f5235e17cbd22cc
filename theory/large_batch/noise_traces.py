"""tr Cov(grad_k l(w; x)), the noise of one sample's gradient: (beta_1 of var(g_{0,k}) at these weights).

With A = (W_H ... W_{k+1})^T (W - W*) and R = W_{k-1} ... W_1 a linear network's gradient is A x x^T R^T; P = A^T A and Q = R^T R:

    x ~ N(mu, Sigma)                   tr(P Sigma) tr(Q Sigma) + tr(P Sigma Q Sigma)
                                       + tr(P Sigma) mu^T Q mu + mu^T P mu tr(Q Sigma) + 2 mu^T P Sigma Q mu
    centred i.i.d. coordinates         m_2^2 (tr P tr Q + tr P Q) + (m_4 - 3 m_2^2) sum_i P_ii Q_ii
    points                             sum_n q_n ||delta_n||^2 ||z_n||^2 - ||G||^2,   any network, delta_n z_n^T the gradient of point n
    any other law                      sum_d lambda_d ||A Z_d R^T||^2
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theory.backpropagation import backpropagate, end_to_end
from theory.exact import to_fmpq
from theory.large_batch.arrays import lifted
from theory.large_batch.populations import Points
from theory.large_batch.setting import Setting
from theory.large_batch.statistic_directions import statistic_directions


class NoiseTraces:
    """Layer by layer, at any weights; what depends on the law alone is made once."""

    def __init__(self, setting: Setting) -> None:
        law, problem = setting.problem.inputs, setting.problem
        self._setting = setting
        self._points: Points | None = None
        if not problem.is_linear or problem.teacher is None or law.atom_count is not None:
            self._points = setting.points(2)
        elif not (law.is_gaussian or law.has_centred_iid_coordinates):
            self._directions = statistic_directions(law, setting.exact)

    def __call__(self, weights: Sequence[np.ndarray]) -> list[Any]:
        """tr Cov(grad_1 l), ..., tr Cov(grad_H l)."""
        return self._of_points(self._points, weights) if self._points is not None else self._of_moments(weights)

    def _of_points(self, points: Points, weights: Sequence[np.ndarray]) -> list[Any]:
        passes = backpropagate(weights, points.sigma, points.x, points.y)
        traces = []
        for delta, z in zip(passes.backward, passes.inputs, strict=True):
            mean = (delta * points.q[:, None]).T @ z
            squares = (delta * delta).sum(axis=1) * (z * z).sum(axis=1)
            traces.append((points.q * squares).sum() - (mean * mean).sum())
        return traces

    def _of_moments(self, weights: Sequence[np.ndarray]) -> list[Any]:
        p = weights[0].shape[1]
        gap = end_to_end(weights) - self._setting.target
        traces = []
        for k in range(len(weights)):
            a = end_to_end(weights[k + 1 :]).T @ gap if k + 1 < len(weights) else gap
            r = end_to_end(weights[:k]) if k else lifted(np.eye(p, dtype=int).astype(object), self._setting.exact)
            traces.append(self._of_forms(a, r))
        return traces

    def _of_forms(self, a: np.ndarray, r: np.ndarray) -> Any:
        law, exact = self._setting.problem.inputs, self._setting.exact
        p, q = a.T @ a, r.T @ r
        if law.is_gaussian:
            sigma, mean = lifted(law.covariance, exact), lifted(law.mean, exact)
            of_p, of_q = p @ sigma, q @ sigma
            centred = np.trace(of_p) * np.trace(of_q) + (of_p * of_q.T).sum()
            return centred + np.trace(of_p) * (mean @ q @ mean) + (mean @ p @ mean) * np.trace(of_q) + 2 * (mean @ of_p @ q @ mean)
        if law.has_centred_iid_coordinates:
            second, fourth = (law.coordinate_moment(k) for k in (2, 4))
            number = to_fmpq if exact else float
            both, excess = number(second**2), number(fourth - 3 * second**2)
            return (np.trace(p) * np.trace(q) + (p * q).sum()) * both + (np.diag(p) * np.diag(q)).sum() * excess
        z, weights = self._directions
        moved = a @ z @ r.T
        return (weights * (moved * moved).sum(axis=(1, 2))).sum()
