"""Joint moments of Gaussian vectors by Stein's lemma, without recursion: the order of a moment is no depth of Python's stack."""

from __future__ import annotations

import math

from flint import fmpq, fmpz

from theory.budget import Cost, as_count, saturated
from theory.budget.unit_costs import UNITS

#: Of moments that take no time, 256 states at most, and need not be asked for their cost.
SHORT_ORDER = 8
#: Of a state that is kept, without its number.
_STATE_BYTES = 200.0
Exponents = tuple[int, ...]


def states_cost(exponents: Exponents, bits: int = 64) -> Cost:
    """Of `gaussian_moment`, with covariances of so many bits."""
    states, order = saturated(math.prod(a + 1 for a in exponents)), sum(exponents)
    number = order * (bits + order.bit_length()) / 32  # the average state has half of the members, each pair a covariance or two means
    return Cost(states * UNITS["moments.state"], states * (_STATE_BYTES + number), f"{as_count(states)} states of the recursion")


def gaussian_moment(sigma: list[list[fmpq]], mean: list[fmpq] | None, exponents: Exponents, known: dict[Exponents, fmpq]) -> fmpq:
    """E[ prod_i x_i^{a_i} ] for x ~ N(mean, sigma), a mean of 0 being None, i the first coordinate that is present:

        E[x_i f] = mean_i E[f] + sum_j sigma_ij E[d_j f].

    What was needed on the way is left in `known`. Cost: p products for each of at most prod_i (a_i + 1) states, half of them for mean 0.
    """
    if mean is None and sum(exponents) % 2:
        return fmpq(0)
    waiting = [exponents]
    while waiting:
        powers = waiting[-1]
        if powers in known:
            waiting.pop()
            continue
        i = next((k for k, a in enumerate(powers) if a), None)
        if i is None:
            known[powers] = fmpq(1)
            continue
        rest = _less(powers, i)
        terms = [(a * sigma[i][j], _less(rest, j)) for j, a in enumerate(rest) if a and sigma[i][j]]
        if mean is not None and mean[i]:
            terms.append((mean[i], rest))
        missing = [lower for _, lower in terms if lower not in known]
        if missing:
            waiting += missing
        else:
            known[powers] = sum((factor * known[lower] for factor, lower in terms), fmpq(0))
    return known[exponents]


def double_factorial(a: int) -> int:
    """E[z^a] for z ~ N(0, 1): (a - 1)!! = a! / (2^(a/2) (a/2)!) for even a, 0 for odd."""
    if a % 2:
        return 0
    half = fmpz(a // 2)
    return int(fmpz.fac_ui(fmpz(a)) / (fmpz.fac_ui(half) << half)) if a > 64 else math.prod(range(a - 1, 1, -2))


def _less(powers: Exponents, i: int) -> Exponents:
    return (*powers[:i], powers[i] - 1, *powers[i + 1 :])
