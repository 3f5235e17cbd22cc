"""Moments of n gradients, unbiased: what their data add to the noise, what the model draws of its own, and the squared norm of their mean.

Each of n units, examples or batches drawn from the data, has its gradient twice, g_i and g'_i, with independent draws of the model's own
noise. With mu_i its expectation over these draws and mu that of all,

    A = sum_i (||g_i||^2 + ||g'_i||^2) / 2      X = sum_i <g_i, g'_i>      Q = < sum_i g_i, sum_i g'_i >

    data = (X - Q/n) / (n - 1)        E = tr Cov(mu_i), as X - Q/n is the sum of products of deviations from two independent means
    own  = (A - X) / n                E = E tr Cov(g_i | unit)
    mean = (Q - X) / (n (n - 1))      E = ||mu||^2, from the pairs of different units

A model that draws nothing has g'_i = g_i: X = A and own = 0, and nothing is computed twice. All three are U-statistics of the units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Columns of `moments`.
DATA, OWN, MEAN = 0, 1, 2


def moments(squares: np.ndarray, cross: np.ndarray, product: np.ndarray, n: int) -> np.ndarray:
    """(data, own, mean) along a new last axis, from A, X and Q of n >= 2 units."""
    data = (cross - product / n) / (n - 1)
    return np.stack([data, (squares - cross) / n, (product - cross) / (n * (n - 1))], axis=-1)


@dataclass
class Sums:
    """What is kept of n units, for every parameter: a_i and x_i, and how they meet the sums, m_i = <g_i, sum g'> + <g'_i, sum g>.

    squares, cross, met: (n, parameters); product: Q, (parameters,).
    """

    squares: np.ndarray
    cross: np.ndarray
    met: np.ndarray | None
    product: np.ndarray

    def with_total(self) -> Sums:
        """The same with one more column, for all parameters together."""

        def joined(x: np.ndarray) -> np.ndarray:
            return np.concatenate([x, x.sum(-1, keepdims=True)], axis=-1)

        return Sums(joined(self.squares), joined(self.cross), None if self.met is None else joined(self.met), joined(self.product))

    def moments(self) -> np.ndarray:
        """(parameters, 3)."""
        return moments(self.squares.sum(0), self.cross.sum(0), self.product, len(self.squares))

    def covariance(self) -> np.ndarray:
        """Of the moments, (parameters, 3, 3), the units drawn independently from a law: the jackknife, NaN for fewer than three units.

        It is never too small in expectation (Efron and Stein, Ann. Statist. 9 (1981) 586-596), and twice the truth where pairs alone vary.
        """
        n = len(self.squares)
        if n < 3 or self.met is None:
            return np.full((self.squares.shape[1], 3, 3), np.nan)
        left = moments(
            self.squares.sum(0) - self.squares, self.cross.sum(0) - self.cross, self.product - self.met + self.cross, n - 1
        )  # without unit i, in every row
        deviations = left - left.mean(0)
        return (n - 1) / n * np.einsum("nij,nik->ijk", deviations, deviations)
