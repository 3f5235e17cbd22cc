"""An interval for the ratio of two expectations that must not be negative, by Fieller's theorem."""

from __future__ import annotations

import numpy as np


def fieller(
    numerator: np.ndarray, denominator: np.ndarray, covariance: np.ndarray, quantile: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """All r >= 0 that the estimates do not exclude, from the least to the largest: infinity where the denominator may be 0.

        { r >= 0 : (A - r B)^2 <= q^2 ( var A - 2 r cov(A, B) + r^2 var B ) }

    A - r B has expectation 0 at the true ratio and nothing else is used, so that no distribution of a quotient is needed: where B is not
    told from 0, the quotient has no moments and intervals around it cover nothing. The set is an interval unless B is that uncertain;
    then it is everything beyond a bound, which may be 0.

    Args:
        numerator, denominator: unbiased estimates A and B, of one shape.
        covariance: of both, (..., 2, 2), A first.
        quantile: q, of Student's t or the normal law, for the probability that is wanted.

    Source: E. C. Fieller, J. R. Statist. Soc. B 16 (1954) 175-185.

    >>> low, high = fieller(np.array(6.0), np.array(2.0), np.diag([0.25, 0.01]), 2.0)
    >>> round(float(low), 4), round(float(high), 4)
    (2.4435, 3.6171)
    """
    a, b = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    q = np.asarray(quantile, dtype=np.float64) ** 2
    var_a, cov, var_b = covariance[..., 0, 0], covariance[..., 0, 1], covariance[..., 1, 1]
    # c_2 r^2 - 2 c_1 r + c_0 <= 0, and a quarter of the discriminant, from which A^2 B^2 has been taken out
    c_0, c_1, c_2 = a * a - q * var_a, a * b - q * cov, b * b - q * var_b
    discriminant = q * (a * a * var_b - 2 * a * b * cov + b * b * var_a - q * (var_a * var_b - cov * cov))
    with np.errstate(all="ignore"):
        # one root by the sum without cancellation, the other from their product
        large = c_1 + np.copysign(np.sqrt(np.maximum(discriminant, 0.0)), c_1)
        one, other = large / c_2, c_0 / large
        first, second = np.fmin(one, other), np.fmax(one, other)
        # c_2 > 0: between the roots; else what is outside of them, every r without roots, from 0 on
        low = np.where(c_2 > 0, first, np.where((discriminant < 0) | (first >= 0) | (second < 0), 0.0, second))
        high = np.where(c_2 > 0, second, np.inf)
    # no r >= 0 is left: the nearest is 0 for a negative numerator, and no bound for a negative denominator
    none = ((c_2 > 0) & (second < 0)) | ((c_2 == 0) & (c_1 == 0) & (c_0 > 0))
    low, high = (np.where(none, np.where(b <= 0, np.inf, 0.0), x) for x in (low, high))
    nothing = (c_0 == 0) & (c_1 == 0)  # r = 0 is all that is known of 0/0
    low, high = np.where(nothing, 0.0, low), np.where(nothing & (c_2 <= 0), np.inf, np.where(nothing, 0.0, high))
    unknown = np.isnan(a) | np.isnan(b) | np.isnan(covariance).any((-2, -1)) | np.isnan(q)
    return np.where(unknown, np.nan, np.maximum(low, 0.0)), np.where(unknown, np.nan, high)
