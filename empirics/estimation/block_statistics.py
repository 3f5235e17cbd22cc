"""From inner products to unbiased statistics of a block of replicas, and running moments of those over all blocks.

Every block of B replicas gives at each step and layer, with || E g ||^2 = || E f ||^2 estimated by the U-statistic over pairs,

                         naive                                     Rao-Blackwell
    second_moment        mean_i ||g_i||^2                          mean_i ( ||f_i||^2 + E[ ||g_i - f_i||^2 | w_i ] )
    mean_norm_squared    mean_{i != j} <g_i, g_j>                  mean_{i != j} <f_i, f_j>
    var_gradient         second_moment - mean_norm_squared
    var_full_gradient    mean_i ||f_i||^2 - mean_{i != j} <f_i, f_j>
    loss                 mean_i L(w_i)

all without bias, and controls of mean zero, martingales along each run:

    sum_{s<t} alpha_s ( <f_s, g_s> - ||f_s||^2 )          sum_{s<t} alpha_s^2 ( ||g_s||^2 - E[ ||g_s||^2 | w_s ] )          for each layer.

Blocks are independent with the same expectations, whatever happens within a block: means over blocks have honest standard errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from empirics.engines.base import Observed

PER_LAYER = ("var_gradient", "var_full_gradient", "second_moment", "mean_norm_squared")
FOLDS = 2  # see standard_errors.py
#: Of inner products over thousands of entries, in units of the last place.
ROUNDING = 32


def size_of(depth: int, estimator: str) -> tuple[int, int]:
    """How many statistics a block gives, and how many controls."""
    return len(PER_LAYER) * depth + 1, 2 * depth * (estimator == "controlled")


def block_statistics(observed: Observed, estimator: str) -> np.ndarray:
    """(n, blocks, 4 H + 1): the first of PER_LAYER for layers 1, ..., H, the second, ..., then the loss."""
    full_squares = observed.full_squares.mean(axis=2)
    if estimator == "naive":
        assert observed.squares is not None and observed.pairs is not None
        second, mean = observed.squares.mean(axis=2), observed.pairs
        variance = second - mean
    else:
        assert observed.conditional is not None
        conditional, mean = observed.conditional.mean(axis=2), observed.full_pairs
        second = conditional + full_squares
        variance = conditional + (full_squares - mean)
    columns = (variance, full_squares - observed.full_pairs, second, mean)
    return np.concatenate([*columns, observed.loss.mean(axis=2)[..., None]], axis=-1)


def controls(observed: Observed, rates: np.ndarray, eps: float = 0.0) -> np.ndarray:
    """(n, blocks, 2 H): what the n steps add to the controls; `rates`: alpha of each, `eps`: the unit of the engine's arithmetic.

    What is within rounding is 0: of a run without noise, rounding is all there is, and its mean is not 0.
    """
    assert observed.products is not None and observed.squares is not None and observed.conditional is not None
    alpha = rates[:, None, None]
    first = _difference(observed.products, observed.full_squares, eps).mean(axis=2) * alpha
    second = _difference(observed.squares, observed.full_squares + observed.conditional, eps).mean(axis=2) * alpha**2
    return np.concatenate([first, second], axis=-1)


def _difference(x: np.ndarray, y: np.ndarray, eps: float) -> np.ndarray:
    """x - y, and 0 where that may be rounding."""
    difference = x - y
    return np.where(np.abs(difference) <= ROUNDING * eps * (np.abs(x) + np.abs(y)), 0.0, difference)


def diverged(observed: Observed) -> np.ndarray:
    """(n, blocks, B): whether a replica's loss or gradient has overflowed."""
    finite = np.isfinite(observed.loss)
    for x in (observed.full_squares, observed.squares):
        if x is not None:
            finite &= np.isfinite(x).all(axis=-1)
    return ~finite


@dataclass
class Moments:
    """Mean and co-moments of block values over blocks, per step and fold; n statistics y and m controls c.

    count (folds,)      mean (steps, folds, n + m)      yy (steps, folds, n): sums of squared deviations      yc (steps, folds, n, m)
    cc (steps, folds, m, m)
    """

    count: np.ndarray
    mean: np.ndarray
    yy: np.ndarray
    yc: np.ndarray
    cc: np.ndarray

    @classmethod
    def zeros(cls, steps: int, n: int, m: int) -> Moments:
        shape = steps, FOLDS
        return cls(np.zeros(FOLDS), np.zeros((*shape, n + m)), np.zeros((*shape, n)), np.zeros((*shape, n, m)), np.zeros((*shape, m, m)))

    @classmethod
    def of_blocks(cls, values: np.ndarray, folds: np.ndarray, n: int) -> Moments:
        """From values (steps, blocks, n + m), each block in one fold."""
        steps, _, width = values.shape
        result = cls.zeros(steps, n, width - n)
        for fold in range(FOLDS):
            mine = values[:, folds == fold]
            result.count[fold] = count = mine.shape[1]
            if not count:
                continue
            mean = mine.mean(axis=1)
            result.mean[:, fold] = mean
            deviation = mine - mean[:, None]
            y, c = deviation[..., :n], deviation[..., n:]
            result.yy[:, fold] = np.square(y).sum(axis=1)
            result.yc[:, fold] = np.swapaxes(y, 1, 2) @ c
            result.cc[:, fold] = np.swapaxes(c, 1, 2) @ c
        return result

    def first(self, steps: int) -> Moments:
        """Those of the first steps."""
        return Moments(self.count, *(x[:steps] for x in (self.mean, self.yy, self.yc, self.cc)))

    def put(self, start: int, part: Moments) -> None:
        """Set the steps from `start` on to those of `part`, which has the same blocks."""
        stop = start + len(part.mean)
        self.count = part.count
        for mine, theirs in ((self.mean, part.mean), (self.yy, part.yy), (self.yc, part.yc), (self.cc, part.cc)):
            mine[start:stop] = theirs

    def merge(self, other: Moments) -> None:
        """Take in further blocks (Chan, Golub and LeVeque's update)."""
        total = self.count + other.count
        share = np.divide(other.count, total, out=np.zeros(FOLDS), where=total > 0)
        weight = (self.count * share)[:, None]  # n_1 n_2 / (n_1 + n_2)
        delta = other.mean - self.mean
        n = self.yy.shape[-1]
        y, c = delta[..., :n], delta[..., n:]
        # a fold without blocks has the mean 0, which must not meet an infinite one
        y, c = (np.where(weight > 0, x, 0.0) for x in (y, c))
        self.yy += other.yy + weight * np.square(y)
        self.yc += other.yc + weight[..., None] * y[..., :, None] * c[..., None, :]
        self.cc += other.cc + weight[..., None] * c[..., :, None] * c[..., None, :]
        self.mean = np.where(self.count[:, None] == 0, other.mean, self.mean + np.where(share[:, None] > 0, share[:, None] * delta, 0.0))
        self.count = total
