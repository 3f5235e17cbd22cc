"""Points of a deviation's entries, and the exact map from values there to coefficients.

The points of degree d in n variables are h (a - o), a >= 0, |a| <= d, o fixed and h = 2^k: a polynomial of degree d is determined by its
values there, and the matrix of Z^c at all points is inverted in rationals. Little is lost where the terms at the points are of one size.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from flint import fmpq_mat

from theory.engines.deviations.monomials import exponents


@lru_cache(maxsize=8)
def lattice(variables: int, degree: int, doublings: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(points, coefficients), k = doublings: the points, (N, variables), and the matrix from values at them to coefficients, (N, N).

    The points are doubles, exactly; the entries of the matrix are rounded to the nearest.

    >>> points, coefficients = lattice(1, 2)
    >>> coefficients @ (3 + 2 * points[:, 0] - points[:, 0] ** 2)
    array([ 3.,  2., -1.])
    """
    every = exponents(variables, degree)
    whole = every - degree // (variables + 1)
    table = [[math.prod(int(z) ** int(k) for z, k in zip(point, a, strict=True)) for a in every] for point in whole]
    numerator, denominator = fmpq_mat(table).inv().numer_denom()
    inverse = np.array([[int(x) / int(denominator) for x in row] for row in numerator.tolist()])
    inverse *= 2.0 ** (-doublings * every.sum(axis=1))[:, None]
    points = whole * 2.0**doublings
    for array in (points, inverse):
        array.setflags(write=False)
    return points, inverse
