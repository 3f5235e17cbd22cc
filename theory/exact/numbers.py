"""One number that a user hands in, checked: `as_number`, a Fraction or a finite float, and `as_double`."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
from flint import arb, fmpq, fmpz

from theory.exact.foreign_arrays import plain
from theory.exact.number_text import MAX_EXPONENT, read_number, shown, spelled, to_fraction

Number = Fraction | float

#: What a user may write for a number: numbers of Python, flint, numpy and others, and text where a problem is written.
NumberLike = SupportsFloat | SupportsIndex | str

#: Bits of the exponent's size of a long binary float, as MAX_EXPONENT is of decimals.
_MAX_BINARY_EXPONENT = 4 * MAX_EXPONENT

NO_REAL_NUMBERS = bool | np.bool_ | np.timedelta64 | np.datetime64 | np.complexfloating | np.bytes_ | np.void


def as_number(value: object, name: str, text: bool = False) -> Number:
    """One number: a Fraction if `value` is exact, a finite float otherwise. The numbers of a problem may be given as text.

    Raises TypeError for what is no real number (bool, complex, dates, arrays, None, ...) and ValueError for NaN, infinity and text that
    spells no number, all naming `name`.
    """
    if type(value) is float:
        return _finite(value, name)
    if isinstance(value, Fraction):
        return value
    if not isinstance(value, Integral | Real | Rational | np.generic | str):
        array = plain(value, name)
        value = array[()] if isinstance(array, np.ndarray) and array.ndim == 0 else value
    if isinstance(value, str) and text:
        return read_number(value, name)
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be a number, but was the truth value {value!r}")
    if isinstance(value, NO_REAL_NUMBERS):
        raise TypeError(f"{name} must be a real number, but was {shown(value)} of type {type(value).__name__}")
    if isinstance(value, fmpq | fmpz):
        return to_fraction(value)
    if isinstance(value, Integral):
        return Fraction(int(value))
    if isinstance(value, float):  # np.float64 too
        return _finite(float(value), name)
    if isinstance(value, Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, np.floating):
        return _double_or_exact(value, name)
    if isinstance(value, Decimal):
        return _decimal(value, name)
    if isinstance(value, arb) and not value.is_exact():
        raise ValueError(f"{name} must be a number, but was the ball {shown(value)}, whose radius is not 0")
    if hasattr(value, "_mpf_") and not callable(value):  # pi and its like have as many digits as mpmath is asked for
        return _binary(value, name)
    raise TypeError(f"{name} must be an int, Fraction, fmpq or float, but was {shown(value)} of type {type(value).__name__}")


def as_double(value: object, name: str) -> float:
    """One number as the nearest double. TypeError and ValueError as for `as_number`, and ValueError for what is beyond the doubles."""
    number = as_number(value, name)
    try:
        return float(number)
    except OverflowError:
        raise ValueError(f"{name} must be within the range of doubles, but was {spelled(number)}") from None


def _finite(number: float, name: str) -> float:
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, but was {number!r}")
    return number


def is_double(value: Fraction) -> bool:
    try:
        return Fraction(float(value)) == value
    except OverflowError:
        return False


def exact_double(value: object, name: str) -> float:
    number = as_number(value, name)
    if isinstance(number, Fraction) and not is_double(number):
        raise ValueError(
            f"{name} must be a number that a double holds, but was {spelled(number)}: float() rounds it, theory.Discrete keeps it exactly"
        )
    return float(number)


def _double_or_exact(value: np.floating[Any], name: str) -> Number:
    """A float of numpy's of another length than a double."""
    if not np.isfinite(value):
        raise ValueError(f"{name} must be finite, but was {float(value)!r}")
    number = Fraction(*map(int, value.as_integer_ratio()))
    return float(number) if is_double(number) else number


def _decimal(value: Decimal, name: str) -> Fraction:
    if not value.is_finite():
        raise ValueError(f"{name} must be finite, but was {value}")
    if abs(int(value.as_tuple().exponent)) > MAX_EXPONENT:
        raise ValueError(f"{name} must have a decimal exponent of at most {MAX_EXPONENT:,}, but was {shown(value)}")
    return Fraction(value)


def _binary(value: Any, name: str) -> Number:
    """A float of mpmath's or sympy's: (-1)^sign mantissa 2^exponent."""
    sign, mantissa, exponent, _ = (int(x) for x in value._mpf_)
    if not mantissa and exponent:
        raise ValueError(f"{name} must be finite, but was {shown(value)}")
    if abs(exponent) > _MAX_BINARY_EXPONENT:
        raise ValueError(f"{name} must have a binary exponent of at most {_MAX_BINARY_EXPONENT:,}, but was {shown(value)}")
    number = Fraction(-mantissa if sign else mantissa) * Fraction(2) ** exponent
    return float(number) if is_double(number) else number
