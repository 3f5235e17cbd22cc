"""Numbers at the border: what a user hands in becomes exact rationals or finite floats, or a clear error.

Every number is either exact (int, Fraction, flint.fmpz, flint.fmpq, numpy integers) or a float. A float is the binary rational that it is;
`Fraction(x)` keeps it to the last bit. Arrays are exact (object dtype, all Fractions) when every entry is, and float64 otherwise.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat, fmpz

Number = Fraction | float


def as_number(value: Any, name: str) -> Number:
    """One number: a Fraction if `value` is exact, a finite float otherwise.

    Raises TypeError for what is no real number (bool, complex, str, ...) and ValueError for NaN and infinity, both naming `name`.
    """
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be a number, but was the truth value {value!r}")
    if isinstance(value, Fraction):
        return value
    if isinstance(value, fmpq):
        return Fraction(int(value.p), int(value.q))
    if isinstance(value, Integral | fmpz):
        return Fraction(int(value))
    if isinstance(value, Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, Real):
        number = float(value)
        if not math.isfinite(number):
            raise ValueError(f"{name} must be finite, but was {value!r}")
        return number
    raise TypeError(f"{name} must be an int, Fraction, fmpq or float, but was {value!r} of type {type(value).__name__}")


def as_double(value: Any, name: str) -> float:
    """One number as the nearest double. TypeError and ValueError as for `as_number`, and ValueError for what is beyond the doubles."""
    number = as_number(value, name)
    try:
        return float(number)
    except OverflowError:
        raise ValueError(f"{name} must be within the range of doubles, but was {spelled(number)}") from None


def spelled(value: Number | int, most: int = 60) -> str:
    """A number of any length as text for a message, the middle of a long one left out.

    Python refuses to print integers beyond 4,300 digits; flint does not.

    >>> spelled(Fraction(1, 3)), spelled(0.1), spelled(10**5000)
    ('1/3', '0.1', '100000000000...000000000000 (5001 characters)')
    """
    text = repr(value) if isinstance(value, float) else str(to_fmpq(value))
    return text if len(text) <= most else f"{text[:12]}...{text[-12:]} ({len(text)} characters)"


def shown(value: Any, most: int = 80) -> str:
    """Whatever a user handed in, as `repr` shows it, for a message: shortened, and never an error of its own (long integers, deep nesting).

    >>> shown("tanh"), shown([10**5000])
    ("'tanh'", '<list>')
    """
    if isinstance(value, int | Fraction | fmpz | fmpq) and not isinstance(value, bool):
        return spelled(value, most)
    try:
        text = repr(value)
    except Exception:
        return f"<{type(value).__name__}>"
    return text if len(text) <= most else f"{text[: most - 20]}...{text[-17:]}"


def did_you_mean(word: Any, known: Iterable[str]) -> str:
    """"; did you mean 'student'?", to end a message with, when a known word resembles the given one; otherwise nothing.

    >>> did_you_mean("studnet", ["student", "teacher"])
    "; did you mean 'student'?"
    """
    close = difflib.get_close_matches(word, list(known), n=1) if isinstance(word, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""


def as_flag(value: Any, name: str) -> bool:
    """True or False, numpy's included. TypeError for all else: "no" and 0 and None have truth values in Python that nobody meant."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, but was {shown(value)}")
    return bool(value)


def as_index(value: Any, name: str, minimum: int = 0) -> int:
    """An integer >= minimum. Raises TypeError for a non-integer (2.0 and True included), ValueError for one that is too small."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral | fmpz):
        raise TypeError(f"{name} must be an integer, but was {value!r} of type {type(value).__name__}")
    if int(value) < minimum:
        raise ValueError(f"{name} must be at least {minimum}, but was {int(value)}")
    return int(value)


def as_matrix(value: Any, name: str) -> np.ndarray:
    """A matrix of shape (rows, columns), both >= 1: object dtype of Fractions when every entry is exact, float64 otherwise.

    A matrix that mixes floats with numbers that no double holds, such as 1/3, becomes Fractions too, its floats being the binary rationals
    that they are: nothing is rounded. Takes nested sequences, numpy arrays and flint matrices. The result is read-only.
    """
    table = _as_table(value)
    array = np.array(table, dtype=object) if not isinstance(table, np.ndarray) else table
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name} must be a matrix with at least one row and one column, but had shape {array.shape}")
    if array.dtype.kind == "f":
        matrix = np.array(array, dtype=np.float64)
        if not np.isfinite(matrix).all():
            i, j = np.argwhere(~np.isfinite(matrix))[0]
            raise ValueError(f"{name}[{i}, {j}] must be finite, but was {matrix[i, j]!r}")
    else:
        entries = [as_number(x, f"{name}[{i}, {j}]") for (i, j), x in np.ndenumerate(array)]
        matrix = np.empty(array.shape, dtype=object)
        exact = all(isinstance(x, Fraction) for x in entries)
        if exact or not all(isinstance(x, float) or _is_double(x) for x in entries):
            entries = [Fraction(x) for x in entries]
            exact = True
        matrix.ravel()[:] = entries
        if not exact:
            matrix = matrix.astype(np.float64)
    matrix.setflags(write=False)
    return matrix


def _is_double(value: Fraction) -> bool:
    try:
        return Fraction(float(value)) == value
    except OverflowError:
        return False


def as_sequence(value: Any, name: str) -> list[Any]:
    """The items of a sequence or array, a TypeError naming the argument for anything else (a string, a mapping, a number)."""
    is_array = isinstance(value, np.ndarray) and value.ndim > 0
    if not is_array and (isinstance(value, str | bytes | Mapping | np.ndarray) or not isinstance(value, Iterable)):
        raise TypeError(f"{name} must be a sequence, but was {value!r}")
    return list(value)


def _as_table(value: Any) -> Any:
    """Flint matrices as nested lists; ragged nesting stays an object array whose number of dimensions gives it away."""
    if hasattr(value, "tolist") and hasattr(value, "nrows"):
        return value.tolist()
    if isinstance(value, np.ndarray):
        return value
    rows = list(value) if isinstance(value, Iterable) and not isinstance(value, str | bytes) else value
    if not isinstance(rows, list):
        return np.array(rows, dtype=object)
    widths = {len(row) if hasattr(row, "__len__") else -1 for row in rows}
    if len(widths) == 1 and -1 not in widths:
        return np.array([list(row) for row in rows], dtype=object).reshape(len(rows), widths.pop())
    return np.empty(len(rows), dtype=object)


def is_exact(array: np.ndarray) -> bool:
    """Whether an array made by `as_matrix` holds Fractions."""
    return array.dtype == object


def to_fmpq(value: Number | int) -> fmpq:
    """The same number in flint; a float becomes the binary rational that it is."""
    ratio = value.as_integer_ratio()
    return fmpq(ratio[0], ratio[1])


def to_fraction(value: fmpq | fmpz | int) -> Fraction:
    """A flint rational as a Fraction. It is reduced already: Fraction's own gcd, quadratic in the digits, is left out."""
    if not isinstance(value, fmpq):
        return Fraction(int(value))
    result: Fraction = object.__new__(Fraction)
    result._numerator, result._denominator = int(value.p), int(value.q)  # type: ignore[attr-defined]
    return result


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


def to_float(array: np.ndarray) -> np.ndarray:
    """A float64 copy, each entry correctly rounded."""
    if array.dtype != object:
        return array.astype(np.float64)
    return np.array([[float(x) for x in row] for row in array.tolist()], dtype=np.float64).reshape(array.shape)


def root_above(square: Fraction) -> float:
    """A double not below the square root, two units in the last place above it at most."""
    root = math.sqrt(square)
    return root if Fraction(root) ** 2 == square else math.nextafter(math.nextafter(root, math.inf), math.inf)


def is_positive_semidefinite(matrix: np.ndarray) -> bool:
    """Whether a symmetric matrix of Fractions has no negative eigenvalue, exactly.

    All roots of its characteristic polynomial are real, so by Descartes' rule none is negative if and only if the signs alternate weakly.
    """
    coefficients = to_fmpq_mat(matrix).charpoly().coeffs()
    return all(c * (-1) ** (len(matrix) - k) >= 0 for k, c in enumerate(coefficients))


def is_moment_sequence(table: tuple[Fraction, ...]) -> bool:
    """Whether (m_0, ..., m_r) are the moments of a law on the real line (Curto and Fialkow).

    With n = floor(r / 2): the Hankel matrix (m_{i+j}), i, j <= n, must be positive semidefinite, and the column (m_{n+1+i}) that would
    follow its last must lie in its range, as far as the table goes: n + 1 entries for odd r, the first n for even r.
    """
    half = (len(table) - 1) // 2
    hankel = np.array([[table[i + j] for j in range(half + 1)] for i in range(half + 1)], dtype=object)
    if not is_positive_semidefinite(hankel):
        return False
    rows = len(table) - 1 - half
    if rows == 0:
        return True
    extended = np.array([[table[i + j] for j in range(half + 2)] for i in range(rows)], dtype=object)
    return bool(to_fmpq_mat(extended[:, :-1]).rank() == to_fmpq_mat(extended).rank())
