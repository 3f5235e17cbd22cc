"""What linear regression costs: moments, polynomials in rationals, values in balls."""

from __future__ import annotations

from collections.abc import Iterable

from flint import fmpq

from theory.budget import Cost, as_count, saturated
from theory.budget.unit_costs import UNITS
from theory.inputs import InputLaw


def _pairs(n: int) -> float:
    return n * (n + 1) / 2


def of_moments(n: int, p: int) -> Cost:
    """Of n samples: their products in pairs, and the pairs of these."""
    inner, every = _pairs(p), _pairs(p + 1)
    seconds = UNITS["linear_regression.product"] * n * (every + inner * every / 20) + UNITS["linear_regression.entry"] * inner * every
    return Cost(seconds, 100.0 * n * every + 100 * inner * every, f"{as_count(inner * every)} moments of {n} samples")


def of_law(law: InputLaw) -> Cost:
    """Of all fourth moments of the inputs."""
    p = law.dimension
    count = p * (p + 1) * (p + 2) * (p + 3) / 24
    every = _pairs(p) * _pairs(p + 1)
    return Cost(count * law.moment_seconds(4) + UNITS["linear_regression.entry"] * every * p, 200 * every, f"{as_count(count)} moments")


def of_polynomial(size: int, step: int, length: float) -> Cost:
    """Of the coefficients after `step` steps, the state having `size` numbers; `length` bits are gained in a step."""
    s, t = _pairs(size), saturated(step)
    bits = 4.0 * length * t / 2
    operation = UNITS["linear_regression.number"] + UNITS["linear_regression.bit"] * bits + 1e-15 * bits**1.6
    products = saturated(s, s, t, t + 1)
    seconds = 6 * UNITS["linear_regression.entry"] * s * s + products * operation
    return Cost(seconds, 400 * s * s + s * (t + 1) * (100 + bits), f"{as_count(products)} products of about {2 * bits:.2g} bits")


def of_trajectory(size: int, steps: int, is_constant: bool) -> Cost:
    """Of so many steps in balls."""
    s, t = _pairs(size), saturated(steps)
    seconds = 6 * UNITS["linear_regression.entry"] * s * s
    seconds += t * s * s * (2 * UNITS["linear_regression.ball"] + (0 if is_constant else 6 * UNITS["linear_regression.entry"]))
    seconds += t * UNITS["linear_regression.step"]
    return Cost(1.5 * seconds, 1000 * s * s + 500 * t, f"{as_count(t)} steps of {as_count(s * s)} products")


def of_limit(size: int, length: float) -> Cost:
    """Of exact linear systems of the order of the state's second moment."""
    s = _pairs(size)
    seconds = 6 * UNITS["linear_regression.entry"] * s * s + UNITS["linear_regression.solve"] * s**3 * length
    return Cost(seconds, 10 * s * s * length, f"exact systems of {as_count(s)} equations")


def of_halving(size: int, length: float) -> Cost:
    """Of the search for the largest stable rate beyond doubles: some 50 such systems."""
    one = of_limit(size, length)
    return Cost(60 * one.seconds, one.bytes, f"some 50 times {one.basis}")


def bits(numbers: Iterable[fmpq]) -> float:
    """The longest numerator and denominator."""
    return float(max(int(abs(x.p)).bit_length() + int(x.q).bit_length() for x in numbers))
