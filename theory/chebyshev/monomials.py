"""From a Chebyshev series to powers of x, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import accumulate, repeat
from operator import mul

from flint import fmpq_poly, fmpz, fmpz_poly

from theory.budget import WITHOUT_BUDGET, Budget, Cost, as_count, saturated
from theory.budget.unit_costs import UNITS
from theory.chebyshev.sup_bounds import as_radius
from theory.exact import NumberLike, as_double, as_sequence, to_fmpq


def power_basis(chebyshev: Iterable[NumberLike], radius: Fraction, *, budget: Budget | None = None) -> fmpq_poly:
    """sum_k c_k T_k(x / R) in powers of x, exactly, by Clenshaw's recurrence in integers over a common denominator.

    UnaffordableError beyond the budget, a minute by default. Cost: 0.05 s at degree 1000; the numbers have the digits of R^n.
    """
    r = to_fmpq(as_radius(radius))
    ratios = [as_double(c, f"chebyshev[{k}]").as_integer_ratio() for k, c in enumerate(as_sequence(chebyshev, "chebyshev"))]
    if not ratios:
        raise ValueError("chebyshev must have at least one coefficient, but had none")
    denominator = max((q for _, q in ratios), default=1)  # all are powers of two
    longest = max(abs(p).bit_length() + denominator.bit_length() - q.bit_length() for p, q in ratios)
    cost = power_basis_cost(len(ratios) - 1, coefficient_bits=longest, radius_bits=int(r.p).bit_length() + int(r.q).bit_length())
    Budget.of(budget, WITHOUT_BUDGET).require(cost, "chebyshev in powers of x", ("fewer coefficients", "a radius of fewer digits"))
    above = before = fmpz_poly([0])
    for p, q in reversed(ratios[1:]):
        above, before = p * (denominator // q) + 2 * fmpz_poly([0, 1]) * above - before, above
    p, q = ratios[0]
    total = p * (denominator // q) + fmpz_poly([0, 1]) * above - before
    scaled, power = [], fmpz(1)  # c_k / R^k over one denominator R^n: in rationals, each would look for common divisors of long numbers
    powers = list(accumulate(repeat(r.p, max(0, total.degree())), mul, initial=fmpz(1)))
    for c, rest in zip(total.coeffs(), reversed(powers), strict=False):  # the zero polynomial has no coefficient
        scaled.append(c * power * rest)
        power *= r.q
    return fmpq_poly(fmpz_poly(scaled), denominator * powers[-1])


def power_basis_cost(degree: int, *, coefficient_bits: int, radius_bits: int) -> Cost:
    """Of `power_basis`: n^2 / 2 steps of the recurrence, with numbers of up to 1.3 n bits more than the coefficients have."""
    n = saturated(degree)
    steps = n * n * (UNITS["chebyshev.step"] + UNITS["chebyshev.bit"] * (1.3 * n + coefficient_bits))
    held = n * (1.3 * n + coefficient_bits + radius_bits * n) / 8
    return Cost(1e-5 + steps + UNITS["chebyshev.scale"] * 8 * held, 1e5 + 3 * held, f"coefficients of {as_count(8 * held)} bits together")
