"""E[ ||grad l(w; x)||^2 | w ] of one sample, two linear layers, in closed form: what Rao-Blackwell estimators need.

    grad_1 l = A x x^T,         ||grad_1 l||^2 = ||A x||^2 ||x||^2,         A = W_2^T D
    grad_2 l = D x x^T W_1^T,   ||grad_2 l||^2 = ||D x||^2 ||W_1 x||^2

so both are E[ x^T B x  x^T K x ] with B = A^T A, K = I and B = D^T D, K = W_1^T W_1:

    x Gaussian, E x x^T = Sigma, E x = mu            tr(B Sigma) tr(K Sigma) + 2 tr(B Sigma K Sigma) - 2 mu^T B mu  mu^T K mu
    independent, centred, E x_i^2 = v, E x_i^4 = m    v^2 ( tr B tr K + 2 tr(B K) ) + (m - 3 v^2) sum_i B_ii K_ii
    finitely many atoms                              sum_n q_n  x_n^T B x_n  x_n^T K x_n

by pairing the four factors, those that are not mu. Derived here on its own (evidence must not share a formula with what it tests) and
tested against sampling.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch

from empirics.engine_records import sample_moments_kind
from empirics.engines.base import Setting
from empirics.sampling.batches import isotropic, square_root
from theory.exact import shown, to_float


class SampleMoments(ABC):
    """Keeps, slot by slot, what the closed form needs."""

    @abstractmethod
    def observe(self, slot: int, d: torch.Tensor, w1: torch.Tensor, back: torch.Tensor) -> None:
        """D, W_1 and W_2^T D of every replica."""

    @abstractmethod
    def digest(self, count: int, full_squares: np.ndarray, residual_squares: np.ndarray) -> np.ndarray:
        """(count, R, 2): the second moment of each layer; `full_squares`: ||f_1||^2 and ||f_2||^2; `residual_squares`, (count, R): the
        subclass says of which product with D."""


class _Independent(SampleMoments):
    """Independent centred coordinates, all with the same second moment v and fourth moment m; residual_squares: ||D||^2."""

    def __init__(self, setting: Setting, v: float, excess: float) -> None:
        """`excess`: m / v^2 - 3, which small v leave as it is."""
        r, n, p = setting.replicas, setting.chunk, setting.law.dimension
        self.p, self.v, self.excess = p, v, excess
        self.w_norms = setting.empty(n, r)
        self.columns = None if self.excess == 0 else setting.empty(n, r)

    def observe(self, slot: int, d: torch.Tensor, w1: torch.Tensor, back: torch.Tensor) -> None:
        torch.linalg.vector_norm(w1.flatten(1), dim=1, out=self.w_norms[slot])
        if self.columns is not None:
            torch.linalg.vecdot(d.square().sum(1), w1.square().sum(1), out=self.columns[slot])

    def digest(self, count: int, full_squares: np.ndarray, residual_squares: np.ndarray) -> np.ndarray:
        norms, columns = (_numpy(x, count) for x in (self.w_norms, self.columns))
        f1, f2 = np.moveaxis(full_squares.reshape(count, -1, 2), -1, 0)
        # f_1 = v A and f_2 = v D W_1^T; for K = I the sum of B_ii K_ii is tr B
        layer1 = f1 * (self.p + 2 + self.excess)
        layer2 = self.v * self.v * (residual_squares * norms**2 + self.excess * columns) + 2 * f2
        return np.stack([layer1, layer2], axis=-1)


class _Correlated(SampleMoments):
    """Gaussian inputs, E[x x^T] = C C^T = Sigma; residual_squares: <D Sigma, D> / v."""

    def __init__(self, setting: Setting, v: float) -> None:
        r, n = setting.replicas, setting.chunk
        self.v = v
        self.trace = float(np.trace(to_float(setting.law.second_moment)))
        self.root = setting.tensor(square_root(setting.law.second_moment))
        self.kept = setting.empty(2, n, r)
        self.mean = setting.tensor(to_float(setting.law.mean))
        self.at_mean = None if setting.law.is_centred_gaussian else setting.empty(3, n, r)

    def observe(self, slot: int, d: torch.Tensor, w1: torch.Tensor, back: torch.Tensor) -> None:
        for kept, matrix in zip(self.kept, (back, w1), strict=True):
            image = (matrix @ self.root).flatten(1)
            torch.linalg.vecdot(image, image, out=kept[slot])
        if self.at_mean is not None:
            for kept, matrix in zip(self.at_mean, (back, d, w1), strict=True):
                kept[slot] = (matrix @ self.mean).square().sum(1)

    def digest(self, count: int, full_squares: np.ndarray, residual_squares: np.ndarray) -> np.ndarray:
        a, w = (_numpy(x, count) for x in self.kept)
        f1, f2 = np.moveaxis(full_squares.reshape(count, -1, 2), -1, 0)
        layer1, layer2 = a * self.trace + 2 * f1, self.v * residual_squares * w + 2 * f2
        if self.at_mean is not None:
            a_mean, d_mean, w_mean = (_numpy(x, count) for x in self.at_mean)
            layer1 = layer1 - 2 * a_mean * float(self.mean.square().sum())
            layer2 = layer2 - 2 * d_mean * w_mean
        return np.stack([layer1, layer2], axis=-1)


class _Atoms(SampleMoments):
    """Finitely many atoms, one by one."""

    def __init__(self, setting: Setting, atoms: np.ndarray, weights: np.ndarray) -> None:
        self.atoms, self.weights = setting.tensor(atoms), setting.tensor(weights)
        self.lengths = self.atoms.square().sum(1)
        self.kept = setting.empty(setting.chunk, setting.replicas, 2)

    def observe(self, slot: int, d: torch.Tensor, w1: torch.Tensor, back: torch.Tensor) -> None:
        a, e, z = ((matrix @ self.atoms.T).square().sum(1) for matrix in (back, d, w1))  # (R, N)
        self.kept[slot, :, 0] = (a * self.lengths) @ self.weights
        self.kept[slot, :, 1] = (e * z) @ self.weights

    def digest(self, count: int, full_squares: np.ndarray, residual_squares: np.ndarray) -> np.ndarray:
        return _numpy(self.kept, count)


def sample_moments(setting: Setting) -> SampleMoments:
    """The closed form for the setting's law. Raises ValueError for a law without one."""
    law, kind = setting.law, sample_moments_kind(setting.law)
    if kind == "atoms":
        return _Atoms(setting, *law.weighted_points())
    if kind == "gaussian":
        sigma, v = isotropic(law)  # as the engine does, which leaves v out of ||D||^2
        return _Independent(setting, v, 0.0) if sigma is None and law.is_centred_gaussian else _Correlated(setting, v)
    if kind == "independent":
        second, fourth = (law.coordinate_moment(k) for k in (2, 4))
        return _Independent(setting, float(second), float(fourth / second**2 - 3) if second else 0.0)
    raise ValueError(f"inputs must be Gaussian, centred and independent, or finitely many atoms for a closed form, but were {shown(law)}")


def _numpy(x: torch.Tensor | None, count: int) -> np.ndarray:
    return np.zeros(1) if x is None else x[:count].to("cpu", torch.float64).numpy()
