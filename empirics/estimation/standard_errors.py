"""From the moments over all blocks to estimates with standard errors.

Without controls: the mean over the n blocks, se^2 = sum of squared deviations / (n (n-1)). With controls c of mean zero the estimate is
mean(y) - beta^T mean(c). A beta fitted to the same blocks would bias it, so the blocks are split into two folds, and each fold uses the
other's beta: without bias, since beta and the fold's blocks are independent. se^2 is that of y - beta^T c within the folds.

But what controls leave over may be what happens rarely: where a rare batch has not been met, y - beta^T c can be constant. n blocks do not
show that m controls explain more than all but TRUST m / n of the variance, and no standard error claims it.
"""

from __future__ import annotations

import numpy as np

from empirics.estimation.block_statistics import FOLDS, ROUNDING, Moments

#: See above. Measured: with laws of which one atom is rare, and with Gaussian inputs at b = 1, the least for which standard errors are as
#: honest with controls as without.
TRUST = 4
#: Fewer blocks than this for each control in a fold would gain little; the choice depends on counts alone, so it biases nothing.
BLOCKS_PER_CONTROL = 2 * TRUST
#: Directions in which the controls, each scaled to variance one, vary less than this are left out: they are rounding.
SMALLEST_DIRECTION = 1e-8


def uses_controls(moments: Moments) -> bool:
    """Whether there are controls, and blocks enough to fit their coefficients."""
    m = moments.cc.shape[-1]
    return m > 0 and bool((moments.count >= BLOCKS_PER_CONTROL * m + 2).all())


def estimate(moments: Moments, eps: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and standard errors, (steps, n) each. A single block has no standard error: NaN. `eps`: of the engine's arithmetic."""
    n = moments.yy.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        plain = _plain(moments, n)
        if not uses_controls(moments):
            return plain
        # controls are of no use where squares overflow, which is when runs are about to diverge, and where only rounding varies
        useful = np.isfinite(moments.cc).all(axis=(1, 2, 3))[:, None] & np.isfinite(moments.yc).all(axis=(1, 3))
        useful &= plain[1] * np.sqrt(moments.count.sum()) > ROUNDING * eps * np.abs(plain[0])
        value, error = _controlled(moments, n)
        error = np.maximum(error, np.sqrt(TRUST * moments.cc.shape[-1] / moments.count.min()) * plain[1])
        return np.where(useful, value, plain[0]), np.where(useful, error, plain[1])


def _plain(moments: Moments, n: int) -> tuple[np.ndarray, np.ndarray]:
    count = moments.count.sum()
    share = (moments.count / count)[:, None]
    used = moments.count[:, None] > 0
    mean = np.where(used, share * moments.mean[..., :n], 0.0).sum(axis=1)
    between = np.where(used, moments.count[:, None] * np.square(moments.mean[..., :n] - mean[:, None]), 0.0)
    squares = (moments.yy + between).sum(axis=1)
    return mean, np.sqrt(squares / (count - 1) / count) if count > 1 else np.full_like(mean, np.nan)


def _controlled(moments: Moments, n: int) -> tuple[np.ndarray, np.ndarray]:
    total = moments.count.sum()
    mean = np.zeros(moments.yy.shape[::2])
    variance = np.zeros_like(mean)
    for fold in range(FOLDS):
        beta = _coefficients(moments, 1 - fold)  # (steps, n, m)
        count = moments.count[fold]
        y, c = moments.mean[:, fold, :n], moments.mean[:, fold, n:]
        cc, yc = moments.cc[:, fold], moments.yc[:, fold]
        mean += count / total * (y - (beta @ c[..., None])[..., 0])
        residual = moments.yy[:, fold] - 2 * (beta * yc).sum(-1) + ((beta @ cc) * beta).sum(-1)
        variance += (count / total) ** 2 * np.maximum(residual, 0) / (count - 1) / count
    return mean, np.sqrt(variance)


def _coefficients(moments: Moments, fold: int) -> np.ndarray:
    """beta = C_yc C_cc^-1 of one fold, (steps, n, m), 0 along directions in which the controls do not vary."""
    cc, yc = moments.cc[:, fold], moments.yc[:, fold]
    scale = np.sqrt(np.diagonal(cc, axis1=-2, axis2=-1))
    inverse_scale = np.where(scale > 0, 1 / scale, 0.0)
    correlation = cc * inverse_scale[:, :, None] * inverse_scale[:, None, :]
    finite = np.isfinite(correlation).all(axis=(-2, -1))
    values, vectors = np.linalg.eigh(np.where(finite[:, None, None], correlation, 0.0))
    inverse = np.where(values > SMALLEST_DIRECTION, 1 / values, 0.0)
    solved = (yc * inverse_scale[:, None, :]) @ (vectors * inverse[:, None, :]) @ np.swapaxes(vectors, -1, -2)
    return np.where(finite[:, None, None], solved * inverse_scale[:, None, :], np.nan)
