"""Moments of n gradients, unbiased: what their data add to the noise, what the model draws of its own, and the squared norm of their mean.

Each of n units, examples or batches drawn from the data, has its gradient twice, g_i and g'_i, with independent draws of the model's own
noise. With mu_i its expectation over these draws and mu that of all,

    A = sum_i (||g_i||^2 + ||g'_i||^2) / 2      X = sum_i <g_i, g'_i>      Q = < sum_i g_i, sum_i g'_i >

    data = (X - Q/n) / (n - 1)        E = tr Cov(mu_i), as X - Q/n is the sum of products of deviations from two independent means
    own  = (A - X) / n                E = E tr Cov(g_i | unit)
    mean = (Q - X) / (n (n - 1))      E = ||mu||^2, from the pairs of different units

A model that draws nothing has g'_i = g_i: X = A and own = 0, and nothing is computed twice. All three are U-statistics of the units, of
which Hoeffding's decomposition says (Ann. Math. Statist. 19 (1948) 293-325), without own noise and with Sigma = Cov(g_i),

    Var(mean) = (4/n) mu^T Sigma mu + P      P = 2/(n (n - 1)) E C_ij^2 = 2/(n (n - 1)) tr Sigma^2      C_ij = <g_i - mu, g_j - mu>, i != j

P, of pairs, is all that is left where mu = 0. With own noise C_ij is the mean of <g_i - mu, g'_j - mu> and <g'_i - mu, g_j - mu>, and pairs
are in `data` as they are in `mean`, with the other sign: their part of the covariance of (data, own, mean) is P v v^T for v = (-1, 0, 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Columns of `moments`.
DATA, OWN, MEAN = 0, 1, 2
#: In the last place, of rounding in sums of squares.
UNITS = 16
#: How the products of pairs enter them.
OF_PAIRS = np.array([-1.0, 0.0, 1.0])


def moments(squares: np.ndarray, cross: np.ndarray, product: np.ndarray, n: int) -> np.ndarray:
    """(data, own, mean) along a new last axis, from A, X and Q of n >= 2 units."""
    data = (cross - product / n) / (n - 1)
    return np.stack([data, (squares - cross) / n, (product - cross) / (n * (n - 1))], axis=-1)


@dataclass
class Sums:
    """What is kept of n units, for every parameter: a_i and x_i, how they meet the sums, m_i = <g_i, sum g'> + <g'_i, sum g>, and how each
    meets the next, (<g_i, g'_j> + <g'_i, g_j>) / 2 for j = i + 1.

    squares, cross, met: (n, parameters); neighbours: (n - 1, parameters); product: Q, (parameters,).
    """

    squares: np.ndarray
    cross: np.ndarray
    met: np.ndarray | None
    neighbours: np.ndarray | None
    product: np.ndarray

    def with_total(self) -> Sums:
        """The same with one more column, for all parameters together."""

        def joined(x: np.ndarray) -> np.ndarray:
            return np.concatenate([x, x.sum(-1, keepdims=True)], axis=-1)

        met, neighbours = (None if x is None else joined(x) for x in (self.met, self.neighbours))
        return Sums(joined(self.squares), joined(self.cross), met, neighbours, joined(self.product))

    def moments(self) -> np.ndarray:
        """(parameters, 3)."""
        return moments(self.squares.sum(0), self.cross.sum(0), self.product, len(self.squares))

    def rounding(self, eps: float) -> np.ndarray:
        """Squares of what rounding may do to the moments, on a diagonal, (parameters, 3, 3): units in the last place of what is subtracted.

        Without it little noise in single precision, in gradients that are large, would be a number without an error.
        """
        n, squares, cross = len(self.squares), self.squares.sum(0), np.abs(self.cross).sum(0)
        own = np.zeros_like(squares) if np.array_equal(self.squares, self.cross) else squares / n
        data, mean = cross / (n - 1), (np.abs(self.product) + cross) / (n * (n - 1))
        return (UNITS * eps * np.stack([data, own, mean], axis=-1))[..., None] ** 2 * np.eye(3)

    def covariance(self) -> np.ndarray:
        """Of the moments, (parameters, 3, 3), the units drawn independently from a law; NaN for fewer than three units.

        The jackknife, never too small in expectation (Efron and Stein, Ann. Statist. 9 (1981) 586-596), where it shows at least the part
        of pairs. It follows the mean of the sample, (4/n) mean^T Sigma mean, and so vanishes with it, where Var(mean) does not: there
        what it lacks of P is added.
        """
        n = len(self.squares)
        if n < 3 or self.met is None:
            return np.full((self.squares.shape[1], 3, 3), np.nan)
        left = moments(
            self.squares.sum(0) - self.squares, self.cross.sum(0) - self.cross, self.product - self.met + self.cross, n - 1
        )  # without unit i, in every row
        deviations = left - left.mean(0)
        jackknife = (n - 1) / n * np.einsum("nij,nik->ijk", deviations, deviations)
        lacking = np.maximum(self.of_pairs() - jackknife[:, MEAN, MEAN], 0.0)
        return jackknife + lacking[:, None, None] * np.outer(OF_PAIRS, OF_PAIRS)

    def of_pairs(self) -> np.ndarray:
        """P, (parameters,), from the n - 1 pairs of neighbours, which are independent units: no table of all pairs is needed."""
        assert self.met is not None and self.neighbours is not None
        n = len(self.squares)
        centred = self.neighbours - (self.met[:-1] + self.met[1:]) / (2 * n) + self.product / n**2
        # deviations from the mean of the sample are smaller, by (n - 1)/n in the square, than those from mu
        return 2 / (n * (n - 1)) * (n / (n - 1)) ** 2 * np.square(centred).mean(0)
