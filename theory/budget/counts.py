"""Counts of any size: they saturate where nobody could afford them, and are told as people say them."""

from __future__ import annotations

import math

#: A count, seconds or bytes that nobody can afford, whatever the number: some counts have more digits than a double holds.
BEYOND_REACH = 1e30


def saturated(*counts: float) -> float:
    """The product of counts, integers of any length among them, as a double: BEYOND_REACH where it is that or more.

    >>> saturated(3, 5), saturated(10**400, 7), saturated(10**400, 0)
    (15.0, 1e+30, 0.0)
    """
    product = 1.0
    for count in counts:
        product = min(product * min(count, BEYOND_REACH), BEYOND_REACH)
    return product


def saturated_power(base: float, exponent: float) -> float:
    """base^exponent for a base >= 1, as `saturated`.

    >>> saturated_power(2, 10), saturated_power(1, 10**400), saturated_power(2, 10**400)
    (1024.0, 1.0, 1e+30)
    """
    return float(base**exponent) if saturated(exponent) * math.log(base) < math.log(BEYOND_REACH) else BEYOND_REACH


def saturated_binomial(n: float, k: float) -> float:
    """binom(n, k) for whole numbers, as `saturated`; 1 for k = 0 and for n = k, and beyond them.

    >>> saturated_binomial(5, 2), saturated_binomial(3, 3), saturated_binomial(10**400, 10**399)
    (10.0, 1.0, 1e+30)
    """
    smaller = min(k, n - k)
    if smaller <= 0:
        return 1.0
    if smaller > 60:  # binom(120, 60) is beyond reach
        return BEYOND_REACH
    return saturated(math.comb(int(min(n, BEYOND_REACH)), int(smaller)))


def saturated_exp(exponent: float) -> float:
    """e^exponent, as `saturated`."""
    return math.exp(exponent) if exponent < math.log(BEYOND_REACH) else BEYOND_REACH


def as_count(number: float) -> str:
    """A count of any size as people say it; of one that has saturated, that it is at least that large.

    >>> as_count(12345), as_count(3 * 10**8), as_count(10**400), as_count(saturated(10**400))
    ('12,345', '3e+08', '10^400', 'at least 10^30')
    """
    if number < 10**6:
        return f"{number:,.0f}"
    if isinstance(number, float) and number >= BEYOND_REACH:
        return "at least 10^30"
    return f"{float(number):.3g}" if number < 10**300 else f"10^{math.floor(math.log10(number))}"


def as_power_of_ten(exponent: float) -> str:
    """10^exponent for an exponent of any size, a float.

    >>> as_power_of_ten(12.34), as_power_of_ten(9e9), as_power_of_ten(1e30)
    ('10^12.3', '10^9,000,000,000', '10^(10^30)')
    """
    if exponent < 1e6:
        return f"10^{exponent:.1f}"
    return f"10^{exponent:,.0f}" if exponent < 1e15 else f"10^(10^{math.log10(exponent):.0f})"
