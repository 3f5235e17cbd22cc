"""Positive real roots of an integer polynomial, isolated exactly between rationals or between integers."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

from flint import arb, fmpz_poly

from theory.arithmetic.balls import ends
from theory.arithmetic.working_precision import in_enough_bits
from theory.exact import to_fmpq

T = TypeVar("T")
_BITS = 128


def integer_polynomial(coefficients: list[Fraction]) -> fmpz_poly:
    """A positive multiple with integer coefficients, lowest power first."""
    common = math.lcm(*(c.denominator for c in coefficients))
    return fmpz_poly([int(c * common) for c in coefficients])


def largest_sign_change(polynomial: fmpz_poly, bits: int) -> tuple[Fraction, Fraction]:
    """(lo, hi] around the largest positive root of odd multiplicity; (0, 0) when there is none.

    hi - lo <= 2^-bits max(1, hi), and lo = hi at a rational root that bisection hits.
    """
    return _refine(_product_of_factors(polynomial, odd_only=True), bits)


def largest_positive_root(polynomial: fmpz_poly, bits: int) -> tuple[Fraction, Fraction]:
    """As `largest_sign_change`, for the largest positive root of any multiplicity."""
    return _refine(_product_of_factors(polynomial, odd_only=False), bits)


def floors_of_sign_changes(polynomial: fmpz_poly) -> list[int]:
    """floor(r) for every positive root r of odd multiplicity, in no order; a root at an integer is found to be one."""
    squarefree = _product_of_factors(polynomial, odd_only=True)
    if squarefree.degree() < 1:
        return []

    def floors() -> list[int] | None:
        found = [_floor(ball, squarefree) for ball in _real_roots(squarefree) if not ball < 0]
        return None if None in found else [n for n in found if n is not None and (n > 0 or squarefree(n) != 0)]

    return _in_enough_bits(floors, squarefree)


def _floor(ball: arb, squarefree: fmpz_poly) -> int | None:
    """The floor of the root in the ball; None when the ball is too wide to tell."""
    low, high = (math.floor(end) for end in ends(ball))
    if low == high:
        return low
    return high if high == low + 1 and squarefree(high) == 0 else None


def _product_of_factors(polynomial: fmpz_poly, odd_only: bool) -> fmpz_poly:
    product = fmpz_poly([1])
    if polynomial.degree() >= 1:
        for factor, multiplicity in polynomial.factor_squarefree()[1]:
            if multiplicity % 2 or not odd_only:
                product *= factor
    return product


def _refine(squarefree: fmpz_poly, bits: int) -> tuple[Fraction, Fraction]:
    low, high = _isolate(squarefree)
    sign = _sign(squarefree(to_fmpq(high)))
    while high - low > max(Fraction(1), high) / 2**bits:
        middle = (low + high) / 2
        at_middle = _sign(squarefree(to_fmpq(middle)))
        if at_middle == 0:
            return middle, middle
        low, high = (low, middle) if at_middle == sign else (middle, high)
    return low, high


def _isolate(squarefree: fmpz_poly) -> tuple[Fraction, Fraction]:
    """(lo, hi) containing exactly one root, the largest positive one; lo = hi at a root that a ball hits exactly, (0, 0) without one.

    Certified balls around all complex roots, in growing precision, until the largest positive one is apart from zero.
    """
    if squarefree.degree() >= 1 and squarefree[0] == 0:  # a root at zero is no positive root
        squarefree = fmpz_poly(squarefree.coeffs()[1:])
    signs = {_sign(c) for c in squarefree.coeffs()} - {0}
    if len(signs) < 2:
        return Fraction(0), Fraction(0)  # Descartes: no sign change, no positive root

    def isolated() -> tuple[Fraction, Fraction] | None:
        balls = _real_roots(squarefree)
        if any(ball.contains(0) for ball in balls):
            return None
        positive = [ball for ball in balls if ball > 0]
        if not positive:
            return Fraction(0), Fraction(0)
        low, high = ends(max(positive, key=lambda ball: ends(ball)[1]))
        return (low, high) if low == high or squarefree(to_fmpq(low)) * squarefree(to_fmpq(high)) < 0 else None

    return _in_enough_bits(isolated, squarefree)


def _in_enough_bits(compute: Callable[[], T | None], polynomial: fmpz_poly) -> T:
    """Bits are doubled at most until they tell all roots apart, and roots from integers that are none.

    With degree n and coefficients below 2^h, roots are 2^-(n + 2)(h + log2 n) apart (Mahler), and as far from the other integers: f is at
    least 1 in size there, and no steeper than that. Where twice as many do not suffice, the fault is not with the bits.
    """
    height = max(int(abs(c)).bit_length() for c in polynomial.coeffs())
    enough = 2 * (polynomial.degree() + 3) * (height + polynomial.degree().bit_length() + 2)
    failure = f"the roots of a polynomial of degree {polynomial.degree()} were not told apart in {enough} bits"
    return in_enough_bits(compute, _BITS, max(enough, _BITS), failure)


def _real_roots(polynomial: fmpz_poly) -> list[arb]:
    """Disjoint balls around the real roots; flint returns a root with imaginary part exactly zero if and only if it is real."""
    roots: Any = polynomial.complex_roots()  # pairs (ball, multiplicity)
    return [root.real for root, _ in roots if root.imag == 0]


def _sign(value: object) -> int:
    return (value > 0) - (value < 0)  # type: ignore[operator]
