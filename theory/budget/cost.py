"""What a computation will take: counts that saturate where nobody could afford them, and the cost that they come to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from theory.budget.words import duration, size

#: A count, seconds or bytes that nobody can afford, whatever the number: some counts have more digits than a double holds.
BEYOND_REACH = 1e30


@dataclass(frozen=True)
class Cost:
    """Predicted seconds on one core and peak bytes, with the count that they come from."""

    seconds: float
    bytes: float
    basis: str

    @classmethod
    def beyond_reach(cls, basis: str) -> Self:
        """Of what no machine could do, and is not counted further."""
        return cls(BEYOND_REACH, BEYOND_REACH, basis)

    def __str__(self) -> str:
        if not (self.seconds < 1e20 and self.bytes < 1e20):
            return f"more than any machine has ({self.basis})"
        return f"about {duration(self.seconds)} and {size(self.bytes)} ({self.basis})"


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


def saturated_exp(exponent: float) -> float:
    """e^exponent, as `saturated`."""
    return math.exp(exponent) if exponent < math.log(BEYOND_REACH) else BEYOND_REACH
