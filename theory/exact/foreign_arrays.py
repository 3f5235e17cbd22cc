"""Arrays of other libraries at the border: what numpy, pandas, xarray and torch hold, as plain numpy arrays, with nothing lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from itertools import islice
from typing import Any

import numpy as np
from numpy.polynomial._polybase import ABCPolyBase

from theory.exact.number_text import shown

#: Items of a sequence; an endless generator ends here.
MOST_ITEMS = 1 << 22
#: What numpy calls the kinds of what is no real number.
_NO_NUMBERS = {"b": "truth values", "c": "complex numbers", "M": "dates", "m": "times", "V": "records", "S": "bytes"}


def plain(value: Any, name: str) -> Any:
    """The numpy array behind an array, a masked array without masked entries, a pandas, polars, xarray or torch object, a matrix of flint's
    or mpmath's; others as they are.

    A torch tensor is detached and brought to the CPU. Columns of different types keep their entries as they are. TypeError for arrays
    of what is no real number and for numpy's polynomials (whose items are coefficients in an order and a basis of their own), ValueError
    for masked entries, all naming `name`.
    """
    if isinstance(value, np.poly1d | ABCPolyBase):
        raise TypeError(f"{name} must be numbers, but was a numpy polynomial ({type(value).__name__}): hand in values or coefficients")
    if isinstance(value, np.ndarray):
        array = _unmasked(value, name)
    elif hasattr(value, "to_numpy") and not isinstance(value, type):
        mixed = len({str(t) for t in value.dtypes}) > 1 if isinstance(getattr(value, "dtypes", None), Iterable) else False
        array = _converted(lambda: value.to_numpy(dtype=object) if mixed else value.to_numpy(), value, name)
    elif type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        array = _converted(lambda: _of_tensor(value.detach().cpu()), value, name)
    elif hasattr(value, "__array__") and not isinstance(value, np.generic | type):
        array = _converted(lambda: np.asarray(value), value, name)
    elif hasattr(value, "tolist") and (shape := _matrix_shape(value)):
        array = np.empty(shape, dtype=object)
        array[:] = value.tolist()
    else:
        return value
    if array.dtype.kind in _NO_NUMBERS:
        raise TypeError(f"{name} must hold real numbers, but holds {_NO_NUMBERS[array.dtype.kind]} (dtype {array.dtype})")
    return array


def as_sequence(value: object, name: str) -> list[Any]:
    """The items of a sequence or array, in their order.

    TypeError naming the argument for anything else: a string, a number, a mapping, and a set, which has no order. ValueError for more than
    4,194,304 items.
    """
    value = plain(value, name)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, str | bytes | bytearray | memoryview | Mapping | Set | np.generic | type) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a sequence, but was {shown(value)} of type {type(value).__name__}")
    items = list(islice(value, MOST_ITEMS + 1))
    if len(items) > MOST_ITEMS:
        raise ValueError(f"{name} must have at most {MOST_ITEMS:,} entries, but had more")
    return items


def is_nested(item: object) -> bool:
    """Whether an item of a sequence is itself a sequence or an array, and no number or text."""
    return isinstance(item, Iterable) and not isinstance(item, str | bytes) and getattr(item, "ndim", 1) != 0


def nesting(value: Any) -> tuple[int, ...]:
    """The shape of nested sequences along their first items, for messages."""
    shape: list[int] = []
    while len(shape) < 20 and not isinstance(value, str | bytes | Mapping):
        if isinstance(value, np.ndarray):
            return (*shape, *value.shape)
        if not hasattr(value, "__getitem__"):
            break
        try:  # what has no length says so only when it is asked
            shape.append(len(value))
            value = value[0]
        except Exception:
            break
    return tuple(shape)


def _of_tensor(tensor: Any) -> Any:
    return (tensor.double() if tensor.is_floating_point() else tensor).numpy()


def _matrix_shape(value: Any) -> tuple[int, int] | None:
    """Of a matrix whose items would be its entries, row after row: flint's and mpmath's."""
    if hasattr(value, "nrows"):
        return value.nrows(), value.ncols()
    return (value.rows, value.cols) if type(value).__module__.startswith("mpmath") else None


def _unmasked(value: np.ndarray, name: str) -> np.ndarray:
    if isinstance(value, np.ma.MaskedArray):
        if np.ma.is_masked(value):
            raise ValueError(f"{name} must have no masked entries, but had {np.ma.count_masked(value)}")
        return np.asarray(value.data)
    return np.asarray(value)


def _converted(make: Any, value: Any, name: str) -> np.ndarray:
    """What another library makes of its own object."""
    try:
        array = make()
    except Exception as error:
        raise TypeError(f"{name} must be an array of numbers, but its {type(value).__name__} cannot be one: {shown(str(error))}") from error
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be an array of numbers, but was a {type(value).__name__}")
    return _unmasked(array, name)
