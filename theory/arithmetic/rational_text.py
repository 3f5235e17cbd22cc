"""Rational numbers as text: all their digits, some of them, and LaTeX."""

from __future__ import annotations

import math
from fractions import Fraction

from flint import arb

from theory.arithmetic.balls import nearest_double
from theory.arithmetic.working_precision import working_precision
from theory.exact import to_fmpq


def digits_of(value: Fraction) -> str:
    """Numerator / denominator, all their digits: flint writes integers of any length."""
    return str(to_fmpq(value))


def decimal(value: Fraction, digits: int) -> str:
    """`digits` significant digits, in any range of exponents."""
    nearest = nearest_double(value)
    if value == 0 or (math.isfinite(nearest) and nearest):
        return f"{nearest:.{digits}g}"
    with working_precision(64 + 4 * digits):
        return str(arb(to_fmpq(value)).str(digits, radius=False))


def latex_number(value: Fraction, digits: int | None) -> str:
    r"""A fraction, or so many significant digits and a power of ten.

    >>> latex_number(Fraction(3, 2), None), latex_number(Fraction(10) ** -9, 2)
    ('\\frac{3}{2}', '1\\cdot 10^{-9}')
    """
    if digits is not None:
        mantissa, _, exponent = decimal(value, digits).partition("e")
        return rf"{mantissa}\cdot 10^{{{int(exponent)}}}" if exponent else mantissa
    numerator, _, denominator = digits_of(value).partition("/")
    return rf"\frac{{{numerator}}}{{{denominator}}}" if denominator else numerator
