"""Checked arrays in other number systems: rationals of flint, Fractions, doubles."""

from __future__ import annotations

import numpy as np
from flint import fmpq_mat

from theory.exact.number_text import spelled, to_fmpq, to_fraction


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
