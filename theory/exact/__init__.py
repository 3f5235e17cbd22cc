"""Numbers at the border: what a user hands in becomes exact rationals or finite floats, or a clear error.

Every number is either exact (int, Fraction, Decimal, flint.fmpz, flint.fmpq, numpy integers, and in a problem text such as "1/3" or "0.1",
which is 1/10) or a float. A float is the binary rational that it is, the Python number 0.1 too; `Fraction(x)` keeps it to the last bit. A
longer float (np.longdouble, mpmath.mpf) that no double holds is the Fraction that it is. Arrays are exact (object dtype, all Fractions)
when every entry is, and float64 otherwise. Nothing is rounded on the way in.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from numbers import Integral, Rational, Real
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
from flint import arb, fmpq, fmpq_mat, fmpz

from theory.exact.foreign_arrays import as_sequence, is_nested, nesting, plain
from theory.exact.number_text import MAX_EXPONENT, did_you_mean, read_number, shown, spelled, to_fmpq, to_fraction, written

__all__ = [
    "MatrixLike", "Number", "NumberLike",
    "as_choice", "as_double", "as_flag", "as_index", "as_matrix", "as_number", "as_points", "as_rows", "as_sequence",
    "did_you_mean", "evaluated", "is_exact", "plain", "read_number", "shown", "spelled", "to_float", "to_fmpq", "to_fmpq_array",
    "to_fmpq_mat", "to_fraction", "to_fraction_array", "written",
]  # fmt: skip

Number = Fraction | float
#: What a user may write for a number: numbers of Python, flint, numpy and others, and text where a problem is written.
NumberLike = SupportsFloat | SupportsIndex | str
#: What a user may write for a matrix: nested sequences; arrays of numpy, pandas, xarray or torch; matrices of flint.
MatrixLike = Iterable[Any]
#: Bits of the exponent's size of a long binary float, as MAX_EXPONENT is of decimals.
_MAX_BINARY_EXPONENT = 4 * MAX_EXPONENT
_NO_REAL_NUMBERS = bool | np.bool_ | np.timedelta64 | np.datetime64 | np.complexfloating | np.bytes_ | np.void


def as_number(value: Any, name: str, text: bool = False) -> Number:
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
    if isinstance(value, _NO_REAL_NUMBERS):
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


def as_double(value: Any, name: str) -> float:
    """One number as the nearest double. TypeError and ValueError as for `as_number`, and ValueError for what is beyond the doubles."""
    number = as_number(value, name)
    try:
        return float(number)
    except OverflowError:
        raise ValueError(f"{name} must be within the range of doubles, but was {spelled(number)}") from None


def as_flag(value: Any, name: str) -> bool:
    """True or False, numpy's included. TypeError for all else: "no" and 0 and None have truth values in Python that nobody meant."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, but was {shown(value)}")
    return bool(value)


def as_choice(value: Any, name: str, choices: Iterable[str]) -> str:
    """One of these words. ValueError for all else, whatever it thinks it equals: arrays compare entry by entry."""
    words = list(choices)
    if not isinstance(value, str) or value not in words:
        raise ValueError(f"{name} must be one of {', '.join(words)}, but was {shown(value)}{did_you_mean(value, words)}")
    return value


def as_index(value: Any, name: str, minimum: int = 0) -> int:
    """An integer >= minimum. Raises TypeError for a non-integer (2.0, "2" and True included), ValueError for one that is too small."""
    if isinstance(value, _NO_REAL_NUMBERS) or not isinstance(value, Integral | fmpz):
        raise TypeError(f"{name} must be an integer, but was {shown(value)} of type {type(value).__name__}")
    if int(value) < minimum:
        raise ValueError(f"{name} must be at least {minimum}, but was {spelled(int(value))}")
    return int(value)


def evaluated(function: Callable[..., Any], name: str, *arguments: Any) -> Any:
    """function(*arguments) of a user's own function, `name` being the call in words. ValueError with the reason for whatever it raises."""
    try:
        return function(*arguments)
    except Exception as error:
        raise ValueError(f"{name} must have a value, but the function raised {shown(error, 200)}") from error


def as_matrix(value: Any, name: str) -> np.ndarray:
    """A matrix of shape (rows, columns), both >= 1: object dtype of Fractions when every entry is exact, float64 otherwise.

    A matrix that mixes floats with numbers that no double holds, such as 1/3, becomes Fractions too, its floats being the binary rationals
    that they are: nothing is rounded. Takes nested sequences, arrays (see `plain`) and flint matrices. The result is read-only. Raises
    TypeError and ValueError naming the entry, and ValueError with the shape for what is no matrix.
    """
    table = _as_table(value, name)
    if table.dtype.kind == "f" and table.dtype.itemsize <= 8:
        matrix = np.array(table, dtype=np.float64)
        if not np.isfinite(matrix).all():
            i, j = np.argwhere(~np.isfinite(matrix))[0]
            raise ValueError(f"{name}[{i}, {j}] must be finite, but was {float(matrix[i, j])!r}")
    else:
        entries = [as_number(x, f"{name}[{i}, {j}]", text=True) for (i, j), x in np.ndenumerate(table)]
        exact = all(isinstance(x, Fraction) for x in entries)
        if exact or not all(isinstance(x, float) or _is_double(x) for x in entries):
            entries = [Fraction(x) for x in entries]
            exact = True
        matrix = np.empty(table.shape, dtype=object)
        matrix.ravel()[:] = entries
        if not exact:
            matrix = matrix.astype(np.float64)
    matrix.setflags(write=False)
    return matrix


def as_rows(value: Any, name: str) -> np.ndarray:
    """`as_matrix`, where a sequence of numbers is a column."""
    held = plain(value, name)
    if isinstance(held, np.ndarray):
        return as_matrix(held[:, None] if held.ndim == 1 else held, name)
    items = as_sequence(held, name)
    if not items:
        raise ValueError(f"{name} must not be empty")
    return as_matrix(items if any(map(is_nested, items)) else [[x] for x in items], name)


def as_points(value: Any, name: str) -> np.ndarray:
    """N points of R^p, (N, p) or (N,) for p = 1, as doubles that are the numbers given, to the last bit.

    Raises TypeError for what holds no numbers (text included: data are not read here), ValueError for a wrong shape, masked entries,
    numbers that are not finite or that no double holds. Fast for arrays of floats and integers: one pass.
    """
    held = plain(value, name)
    if not isinstance(held, np.ndarray):
        rows = as_sequence(held, name)
        held = _table_of_rows(rows, name) if any(map(is_nested, rows)) else np.fromiter(rows, dtype=object, count=len(rows))
    array = held[:, None] if held.ndim == 1 else held
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name} must have the shape (N, p) with N, p >= 1, but had {held.shape}")
    slow = np.ones(array.shape, dtype=bool)
    points = np.empty(array.shape)
    if array.dtype.kind in "fiu" or set(map(type, array.ravel())) <= {int, float}:
        with contextlib.suppress(OverflowError), np.errstate(over="ignore"):
            points = array.astype(np.float64)
            slow = ~(np.isfinite(points) & (points.astype(array.dtype) == array if array.dtype.kind == "f" else np.abs(points) < 2.0**53))
    places = np.argwhere(slow)
    for n, i in places:
        points[n, i] = _exact_double(array[n, i], f"{name}[{n}, {i}]")
    return points


def is_exact(array: np.ndarray) -> bool:
    """Whether an array made by `as_matrix` holds Fractions."""
    return array.dtype == object


def to_fmpq_mat(array: np.ndarray) -> fmpq_mat:
    """A matrix in flint, entry by entry exact, whether it held Fractions or floats."""
    rows, columns = array.shape
    return fmpq_mat(rows, columns, [to_fmpq(x) for x in array.ravel().tolist()])


def to_fmpq_array(array: np.ndarray) -> np.ndarray:
    """An object array of fmpq, entry by entry exact, whether it held Fractions or floats."""
    return np.vectorize(to_fmpq, otypes=[object])(array)


def to_fraction_array(array: np.ndarray) -> np.ndarray:
    """An object array of Fractions from one of flint rationals."""
    return np.vectorize(to_fraction, otypes=[object])(array)


def to_float(array: np.ndarray, name: str = "an entry") -> np.ndarray:
    """A float64 copy, each entry correctly rounded. ValueError that names the entry for one beyond the doubles."""
    if array.dtype != object:
        return array.astype(np.float64)
    result = np.empty(array.shape)
    for index, x in np.ndenumerate(array):
        try:
            result[index] = float(x)
        except OverflowError:
            place = f"{name}[{', '.join(map(str, index))}]" if index else name
            raise ValueError(f"{place} must be within the range of doubles, but was {spelled(x)}") from None
    return result


def _finite(number: float, name: str) -> float:
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, but was {number!r}")
    return number


def _is_double(value: Fraction) -> bool:
    try:
        return Fraction(float(value)) == value
    except OverflowError:
        return False


def _exact_double(value: Any, name: str) -> float:
    number = as_number(value, name)
    if isinstance(number, Fraction) and not _is_double(number):
        raise ValueError(
            f"{name} must be a number that a double holds, but was {spelled(number)}: float() rounds it, theory.Discrete keeps it exactly"
        )
    return float(number)


def _double_or_exact(value: np.floating[Any], name: str) -> Number:
    """A float of numpy's of another length than a double."""
    if not np.isfinite(value):
        raise ValueError(f"{name} must be finite, but was {float(value)!r}")
    number = Fraction(*map(int, value.as_integer_ratio()))
    return float(number) if _is_double(number) else number


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
    return float(number) if _is_double(number) else number


def _as_table(value: Any, name: str) -> np.ndarray:
    """An array of two dimensions, none of them 0, whose entries are whatever they are."""
    held = plain(value, name)
    if isinstance(held, np.ndarray):
        table = held
    elif is_nested(held):
        table = _table_of_rows(as_sequence(held, name), name)
    else:
        raise _no_matrix(name, f"was {shown(value)}")
    if table.ndim != 2 or 0 in table.shape:
        raise _no_matrix(name, f"had shape {table.shape}")
    return table


def _table_of_rows(items: list[Any], name: str) -> np.ndarray:
    """A list of rows as an object array (rows, columns)."""
    if not all(map(is_nested, items)):
        raise _no_matrix(name, f"had shape {nesting(items)}")
    rows = [as_sequence(row, f"{name}[{i}]") for i, row in enumerate(items)]
    lengths = sorted({len(row) for row in rows})
    if len(lengths) > 1:
        raise _no_matrix(name, f"had rows of {lengths[0]} and of {lengths[-1]} entries")
    if any(issubclass(kind, Iterable) for kind in set().union(*(map(type, row) for row in rows))) and any(map(is_nested, chain(*rows))):
        raise _no_matrix(name, f"had shape {nesting(rows)}")
    return np.fromiter(chain(*rows), dtype=object, count=sum(map(len, rows))).reshape(len(rows), -1 if rows and rows[0] else 0)


def _no_matrix(name: str, what: str) -> ValueError:
    return ValueError(f"{name} must be a matrix with at least one row and one column, but {what}")
