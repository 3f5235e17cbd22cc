"""Two linear layers, fused: gradients reach a mini-batch only through S, and the hidden width is reduced exactly.

    D = W_2 W_1 - W*_2 W*_1        g_1 = W_2^T D S        g_2 = D S W_1^T        f_1 = W_2^T D Sigma        f_2 = D Sigma W_1^T

- The columns of N = [W_1, W_2^T] never leave their initial span: N_{t+1} = N_t (I - alpha [[0, G^T], [G, 0]]) with G = D S. One QR
  factorisation at w_0 puts min(h, p + q) in the place of the hidden width h; every norm, inner product and loss stays as it is.
- b >= p: rows^T rows = b S with p rows at most (batches.Bartlett). Few rows: S is never formed, E = D rows^T, E (rows)^T is.
- Buffers are allocated once, and products are written where they are needed: W_1 -= alpha g_1 as one multiply-and-add where g_1 itself is
  not asked for.

Cost of a step: 2 q h p flops each for D, f_1, f_2 and g_2, p^2 (q + h) for the rest, h being the reduced width.
"""

from __future__ import annotations

import numpy as np
import torch

from empirics.engines.base import FLOPS_PER_SECOND, Engine, Grams, Observed, Setting, to_numpy
from empirics.engines.sample_moments import sample_moments
from empirics.sampling.batches import isotropic, row_count
from theory.problem import TeacherStudent

HANDFUL = 8
DRAW = 20  # flops that drawing a number amounts to


class TwoLinear(Engine):
    """The fused engine; see the module."""

    samples = None

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        problem = setting.problem
        (w1, w2), (v1, v2) = setting.weights(problem.student), setting.weights(problem.teacher_weights)
        self.start = [setting.tensor(w) for w in reduced(w1, w2)]
        r, (h, p), q = setting.replicas, self.start[0].shape, w2.shape[0]
        self.w1, self.w2 = setting.empty(r, h, p), setting.empty(r, q, h)
        self.teachers = setting.tensor(v2 @ v1).expand(r, q, p)
        self.d, self.s = setting.empty(r, q, p), setting.empty(r, p, p)
        self.ds = setting.empty(r, q, p)
        self.back = setting.empty(r, h, p)
        room = setting.empty(r * max(h * p, q * h))  # one layer's gradients at a time
        self.layer1, self.layer2 = room[: r * h * p].view(r, h, p), room[: r * q * h].view(r, q, h)
        self.sigma, self.scale = isotropic(problem.inputs)
        if self.sigma is not None:
            self.covariance = setting.tensor(self.sigma)
            self.d_sigma, self.full1 = setting.empty(r, q, p), setting.empty(r, h, p)
        self.full = Grams(setting)
        self.residual_squares = setting.empty(setting.chunk, r)
        self.moments = None if setting.estimator == "naive" else sample_moments(setting)
        self.second = Grams(setting) if setting.needs_gradients else None
        self.cross = Grams(setting) if setting.estimator == "controlled" else None
        if setting.needs_gradients:
            self.full2 = setting.empty(r, q, h)
        self.allocated_rows = -1

    @staticmethod
    def flops(problem: TeacherStudent, estimator: str, batch_size: int) -> float:
        """The module's counts, with the draws of more rows than p, and the atoms that a closed form goes through."""
        p, h, q = problem.sizes
        h, m = min(h, p + q), row_count(problem.inputs, batch_size)
        gradients = min(2 * (p * p * (h + q) + q * h * p), 2 * m * (2 * q * p + 2 * h * p + q * h))
        moments = 2 * _atoms(problem, estimator) * (2 * h * p + q * p)
        return 3 * 2 * q * h * p + gradients + (2 * p + DRAW) * p * (m - min(m, p)) + moments

    @staticmethod
    def numbers(problem: TeacherStudent, estimator: str, batch_size: int) -> int:
        """Weights and products of them, the rows, what they were drawn as, and their images."""
        p, h, q = problem.sizes
        h, m = min(h, p + q), row_count(problem.inputs, batch_size)
        return 3 * h * p + 3 * q * h + 5 * q * p + 4 * p * p + m * (3 * p + q + 2 * h) + _atoms(problem, estimator) * (2 * h + q)

    @classmethod
    def pass_seconds(cls, problem: TeacherStudent, estimator: str, batch_size: int, dtype: str) -> float:
        """At the speed of products of matrices."""
        return cls.flops(problem, estimator, batch_size) / FLOPS_PER_SECOND[dtype]

    def restart(self) -> None:
        self.w1.copy_(self.start[0].expand_as(self.w1))
        self.w2.copy_(self.start[1].expand_as(self.w2))

    @property
    def current_weights(self) -> list[torch.Tensor]:
        """In the reduced coordinates: products such as W_2 W_1 and inner products are those of the network."""
        return [self.w1, self.w2]

    def step(self, rows: torch.Tensor, rate: float, slot: int | None) -> None:
        if rows.shape[1] != self.allocated_rows:
            self._allocate_rows(rows.shape[1])
        if slot is None:
            self._move(rows, rate)
        else:
            self._observe_and_move(rows, rate, slot)

    def digest(self, count: int) -> Observed:
        squares = self.full.per_replica(count) * (self.scale * self.scale)
        residual_squares = to_numpy(self.residual_squares[:count])  # <D Sigma, D>, or <D, D> where Sigma = v I
        conditional = None
        if self.moments is not None:
            second = self.moments.digest(count, squares, residual_squares).reshape(squares.shape)
            conditional = self.setting.noise_factor * (second - squares)
        return Observed(
            full_squares=squares,
            full_pairs=self.full.mean_of_pairs(count) * (self.scale * self.scale),
            loss=residual_squares.reshape(squares.shape[:-1]) * (self.scale / 2),
            squares=self.second.per_replica(count) if self.second else None,
            pairs=self.second.mean_of_pairs(count) if self.second else None,
            products=self.cross.per_replica(count) * self.scale if self.cross else None,
            conditional=conditional,
        )

    def _allocate_rows(self, m: int) -> None:
        r, (h, p), q = self.setting.replicas, self.start[0].shape, self.start[1].shape[0]
        # what a handful of rows is multiplied into is kept transposed: rows times weights is twice as fast as weights times columns
        self.e, self.z, self.a = (self.setting.empty(r, m, n).mT if m <= HANDFUL else self.setting.empty(r, n, m) for n in (q, h, h))
        self.allocated_rows = m
        # flops, halved, of what the two ways do not share
        few = q * m * p + 2 * h * m * p + h * m * p + q * m * h
        self.few_rows = few < m * p * p + q * p * p + h * p * p + q * p * h

    def _observe_and_move(self, rows: torch.Tensor, rate: float, slot: int) -> None:
        w1, w2, d, back = self.w1, self.w2, self.d, self.back
        torch.baddbmm(self.teachers, w2, w1, beta=-1, out=d)
        torch.bmm(w2.mT, d, out=back)  # W_2^T D
        if self.sigma is None:
            d_sigma, f1 = d, back
        else:
            d_sigma = torch.matmul(d, self.covariance, out=self.d_sigma)
            f1 = torch.matmul(back, self.covariance, out=self.full1)
        self.full.of(0, slot, f1)
        f2 = torch.bmm(d_sigma, w1.mT, out=self.full2 if self.setting.needs_gradients else self.layer2)
        self.full.of(1, slot, f2)
        torch.linalg.vecdot(d_sigma.flatten(1), d.flatten(1), out=self.residual_squares[slot])
        if self.moments is not None:
            self.moments.observe(slot, d, w1, back)
        inverse = 1 / self.setting.batch_size
        if self.few_rows:
            columns = rows.mT
            multiply(d, columns, self.e)
            multiply(w1, columns, self.z)
            multiply(back, columns, self.a)
            left1, right1, left2, right2, factor = self.a, rows, self.e, self.z.mT, inverse
        else:
            torch.baddbmm(self.s, rows.mT, rows, beta=0, alpha=inverse, out=self.s)
            torch.bmm(d, self.s, out=self.ds)
            left1, right1, left2, right2, factor = back, self.s, self.ds, w1.mT, 1.0
        if self.second is None:
            w2.baddbmm_(left2, right2, alpha=-rate * factor)
            w1.baddbmm_(left1, right1, alpha=-rate * factor)
            return
        g2 = torch.baddbmm(self.layer2, left2, right2, beta=0, alpha=factor, out=self.layer2)
        self._look(1, slot, g2, f2)
        w2.sub_(g2, alpha=rate)
        g1 = torch.baddbmm(self.layer1, left1, right1, beta=0, alpha=factor, out=self.layer1)
        self._look(0, slot, g1, f1)
        w1.sub_(g1, alpha=rate)

    def _look(self, layer: int, slot: int, g: torch.Tensor, f: torch.Tensor) -> None:
        assert self.second is not None
        self.second.of(layer, slot, g)
        if self.cross is not None:
            self.cross.of(layer, slot, f, g)

    def _move(self, rows: torch.Tensor, rate: float) -> None:
        w1, w2 = self.w1, self.w2
        factor = -rate / self.setting.batch_size
        if self.few_rows:
            columns = rows.mT
            multiply(w1, columns, self.z)
            multiply(self.teachers, columns, self.e)
            multiply(w2, self.z, self.e, beta=-1)
            multiply(w2.mT, self.e, self.a)
            w2.baddbmm_(self.e, self.z.mT, alpha=factor)
            w1.baddbmm_(self.a, rows, alpha=factor)
        else:
            torch.baddbmm(self.teachers, w2, w1, beta=-1, out=self.d)
            torch.bmm(rows.mT, rows, out=self.s)
            torch.bmm(self.d, self.s, out=self.ds)
            torch.bmm(w2.mT, self.ds, out=self.layer1)
            w2.baddbmm_(self.ds, w1.mT, alpha=factor)
            w1.add_(self.layer1, alpha=factor)


def _atoms(problem: TeacherStudent, estimator: str) -> int:
    """That a closed form goes through."""
    return 0 if estimator == "naive" else problem.inputs.atom_count or 0


def multiply(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, beta: float | None = None) -> None:
    """out = a b, or a b + beta out; where `out` is a transposed buffer, as out^T = b^T a^T."""
    if not out.is_contiguous():
        a, b, out = b.mT, a.mT, out.mT
    if beta is None:
        torch.bmm(a, b, out=out)
    else:
        torch.baddbmm(out, a, b, beta=beta, out=out)


def reduced(w1: np.ndarray, w2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """W_1, W_2 in an orthonormal basis of the span of the columns of [W_1, W_2^T], when that is smaller than the hidden space."""
    columns = np.concatenate([w1, w2.T], axis=1)
    if columns.shape[0] <= columns.shape[1]:
        return w1, w2
    q, _ = np.linalg.qr(columns)
    return q.T @ w1, w2 @ q
