"""One hidden unit, x in {0, 1} equally likely, w = (1, 2), w* = (1, 1): whose first step carries W_1 to, beside or past a kink at 0.

With sigma(0) = 0, sigma(1) = sigma'(1) = 1 and q the frequency of x = 1 in batch 0,

    W_1 = 1 - 2 alpha q,   W_2 = 2 - alpha q,   g_{1,1} = G(q) q',   G = W_2 (W_2 sigma(W_1) - 1) sigma'(W_1),

q' being that of batch 1, E q' = 1/2 and E q'^2 = 1/4 + 1/(4b). On the path of the full gradient q = 1/2 and W_1 = 1 - alpha.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction as F
from math import comb
from typing import Any

from flint import fmpq

from theory.exact import to_fmpq


@dataclass(frozen=True)
class OneUnit:
    """The network with the learning rate alpha and a function that takes z to sigma(z) and sigma'(z), rationals or balls."""

    rate: F
    sigma: Callable[[fmpq], tuple[Any, Any]]

    def variance(self, batch_size: int) -> Any:
        """var(g_{1,1}) = (1/4 + 1/(4b)) E G^2 - (E G)^2 / 4, a sum over one binomial count: an fmpq, or a ball."""
        b, alpha, first, second = batch_size, to_fmpq(self.rate), fmpq(0), fmpq(0)
        for count in range(b + 1):
            step = alpha * fmpq(count, b)
            value, slope = self.sigma(1 - 2 * step)
            g = (2 - step) * ((2 - step) * value - 1) * slope
            weighted = comb(b, count) * g
            first, second = first + weighted, second + weighted * g
        first, second = first / 2**b, second / 2**b
        return second * (fmpq(1, 4) + fmpq(1, 4 * b)) - first * first / 4


def limit_on_the_kink(slope: F) -> F:
    """lim var(g_{1,1}) of leaky ReLU at alpha = 1: G is -3/2 or -3 a / 2, each with probability 1/2, and q' is 1/2."""
    return F(9, 64) * (1 - slope) ** 2


def parity_on_the_kink(slope: F) -> F:
    """lim pi j (var(2j+1) - var(2j)) of leaky ReLU at alpha = 1; that of pi j (var(2j+2) - var(2j+1)) is its negative."""
    return (1 - slope) ** 2 * (30 + 27 * slope) / 64
