"""Matrices and points that a user hands in, checked: nested sequences, arrays of any library and matrices of flint as arrays of numpy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np

from theory.exact.foreign_arrays import as_sequence, is_nested, nesting, plain
from theory.exact.number_text import shown
from theory.exact.numbers import as_double, as_number, exact_double, is_double

#: What a user may write for a matrix: nested sequences; arrays of numpy, pandas, xarray or torch; matrices of flint.
MatrixLike = Iterable[Any]
#: Of an array: numpy walks through no more.
MOST_DIMENSIONS = 32


def as_matrix(value: object, name: str) -> np.ndarray:
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
        if exact or not all(isinstance(x, float) or is_double(x) for x in entries):
            entries = [Fraction(x) for x in entries]
            exact = True
        matrix = np.empty(table.shape, dtype=object)
        matrix.ravel()[:] = entries
        if not exact:
            matrix = matrix.astype(np.float64)
    matrix.setflags(write=False)
    return matrix


def as_rows(value: object, name: str) -> np.ndarray:
    """`as_matrix`, where a sequence of numbers is a column."""
    held = plain(value, name)
    if isinstance(held, np.ndarray):
        return as_matrix(held[:, None] if held.ndim == 1 else held, name)
    items = as_sequence(held, name)
    if not items:
        raise ValueError(f"{name} must not be empty")
    return as_matrix(items if any(map(is_nested, items)) else [[x] for x in items], name)


def as_points(value: object, name: str) -> np.ndarray:
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
        points[n, i] = exact_double(array[n, i], f"{name}[{n}, {i}]")
    return points


def as_doubles(value: object, name: str) -> np.ndarray:
    """An array of any shape, exact numbers correctly rounded; NaN and infinity stay.

    Takes what `as_matrix` takes, nested to any depth that numpy can hold. Raises TypeError for what holds no numbers, ValueError for
    masked entries, for numbers beyond doubles and for parts of different shapes, naming the entry.
    """
    return _doubles(value, name, ())


def _as_table(value: object, name: str) -> np.ndarray:
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


def _doubles(value: object, name: str, place: tuple[int, ...]) -> np.ndarray:
    """The part of `name` at this place."""
    label = f"{name}{list(place) or ''}"
    held = plain(value, label)
    if len(place) + getattr(held, "ndim", 0) > MOST_DIMENSIONS:
        raise ValueError(f"{name} must have at most {MOST_DIMENSIONS} dimensions, but had more")
    if isinstance(held, np.ndarray):
        if held.dtype.kind in "fiu":
            with np.errstate(over="ignore"):
                doubles = held.astype(np.float64)
            if (lost := np.isinf(doubles) & np.isfinite(held)).any():
                raise ValueError(f"{label} must be within the range of doubles, but was {held[lost].flat[0]}")
            return doubles
        held = held.tolist()
    if not is_nested(held):
        return np.array(held if isinstance(held, float) else as_double(held, label))
    items = as_sequence(held, label)
    if set(map(type, items)) == {float}:  # most lists, and quickly
        return np.array(items)
    parts = [_doubles(item, name, (*place, i)) for i, item in enumerate(items)]
    if len(shapes := {part.shape for part in parts}) > 1:
        raise ValueError(f"{label} must be an array of numbers, the same count in every row, but has parts of shapes {sorted(shapes)}")
    return np.array(parts, dtype=np.float64)


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
