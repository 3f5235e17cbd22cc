"""Monomials in several variables by number, lowest degree first, so that those of a lower degree are the first ones."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np


@lru_cache(maxsize=64)
def exponents(variables: int, degree: int) -> np.ndarray:
    """(C(variables + degree, degree), variables): the exponents of every monomial up to this degree.

    >>> exponents(2, 2).tolist()
    [[0, 0], [1, 0], [0, 1], [2, 0], [1, 1], [0, 2]]
    """
    rows = np.zeros((math.comb(variables + degree, degree), variables), dtype=np.int64)
    places = (chosen for total in range(degree + 1) for chosen in combinations_with_replacement(range(variables), total))
    for row, chosen in zip(rows, places, strict=True):
        for k in chosen:
            row[k] += 1
    rows.setflags(write=False)
    return rows


def numbers_of_products(variables: int, left: int, right: int) -> np.ndarray:
    """(monomials up to degree `left`, up to degree `right`): the number of their product among those up to degree left + right."""
    weights = (left + right + 1) ** np.arange(variables)
    codes = exponents(variables, left + right) @ weights
    order = np.argsort(codes)
    first, second = (exponents(variables, d) @ weights for d in (left, right))
    found = np.empty((len(first), len(second)), dtype=np.int32)
    for a, code in enumerate(first):
        found[a] = order[np.searchsorted(codes, code + second, sorter=order)]
    return found
