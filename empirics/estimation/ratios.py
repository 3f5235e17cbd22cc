"""Confidence intervals of a ratio of two means, such as the noise scale tr C / ||G||^2 (Fieller, J. R. Statist. Soc. B 16, 1954).

For means T and G with covariance V and the true ratio r, T - r G has mean zero and variance V_TT - 2 r V_TG + r^2 V_GG, whatever r. The r
that a t-test at the quantile q does not reject are those with

    (G^2 - q^2 V_GG) r^2 - 2 (T G - q^2 V_TG) r + (T^2 - q^2 V_TT)  <=  0,

an interval between two roots where G is more than q of its standard errors from 0, and unbounded where it is not: no finite bound holds
a ratio whose denominator may be 0. The mean of many ratios has no such interval, and no use: its expectation is not the ratio, nor near it.
"""

from __future__ import annotations

import numpy as np


def positive_ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """The ratio of two quantities that are not negative, from estimates that may be: NaN where the denominator is not above 0.

    A numerator below 0 counts as 0.

    >>> positive_ratio(np.array([6.0, -1.0, 1.0]), np.array([2.0, 2.0, -1.0])).tolist()
    [3.0, 0.0, nan]
    """
    told = denominator > 0
    return np.where(told, np.maximum(numerator, 0.0) / np.where(told, denominator, 1.0), np.nan)


def ratio_interval(
    numerator: np.ndarray, denominator: np.ndarray, covariance: np.ndarray, quantile: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) of all ratios r >= 0 that are not rejected; high is inf where none is too large, both NaN where nothing is left.

    Args:
        numerator, denominator: estimates, of one shape.
        covariance: of the two, (2, 2, *shape).
        quantile: of Student's law (or the normal one), two-sided.

    >>> low, high = ratio_interval(np.array(6.0), np.array([2.0, 0.5]), np.array([[[1.0], [0.0]], [[0.0], [0.25]]]), 2.0)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([1.691, 3.659], [6.309, inf])
    """
    (v_nn, v_nd), (_, v_dd) = covariance
    q2 = np.square(quantile)
    a, b, c = denominator**2 - q2 * v_dd, numerator * denominator - q2 * v_nd, numerator**2 - q2 * v_nn
    # b^2 - a c, without the difference of the two products of means; the roots are c / large and large / a, without cancellation
    spread = numerator**2 * v_dd - 2 * numerator * denominator * v_nd + denominator**2 * v_nn
    discriminant = q2 * (spread - q2 * (v_nn * v_dd - v_nd**2))
    large = b + np.copysign(np.sqrt(np.maximum(discriminant, 0.0)), b)
    with np.errstate(divide="ignore", invalid="ignore"):
        near, far = np.sort([c / large, large / a], axis=0)
    bounded, everything = a > 0, (a <= 0) & (discriminant <= 0)
    # unbounded: what is not rejected lies outside of the roots, and so does infinity
    low = np.where(bounded, np.maximum(near, 0.0), np.where(everything | (near >= 0), 0.0, np.maximum(far, 0.0)))
    high = np.where(bounded, far, np.inf)
    zero = bounded & (large == 0)  # c = b = 0: the numerator is 0, without an error
    low, high = np.where(zero, 0.0, low), np.where(zero, 0.0, high)
    nothing = (bounded & (far < 0)) | np.isnan(a + b + c)
    return np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)
