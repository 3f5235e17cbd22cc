"""Expectations over all batches but the last one, as polynomials in eps with bounds on their errors, from coefficients of deviations.

What is averaged is of degree d_s in the deviation of batch s. Its coefficients c[a, i, e], a a monomial in the deviation of batch 0, i one
in those of the others together, e an entry, are known to within r[a, i, e]. With G_s(eps) the moment matrix of batch s and M symmetric,

    E sum_{e,f} M_ef c_e c_f  =  sum_{a,a'} E[Z^(a+a')] sum_{i,j,e,f} c[a, i, e] (G_1(eps) x G_2(eps) x ...)_ij M_ef c[a', j, f],

and the same with |G|, |M|, |c| + r on one side and 2 r + n u |c| on the other bounds the error, n u being what n roundings make.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from theory.engines.deviations.expansions import FLOOR, UNIT
from theory.engines.deviations.moments import deviation_moments, moment_matrices
from theory.engines.deviations.monomials import exponents, numbers_of_products
from theory.inputs import InputLaw

#: Numbers in what is multiplied at once.
AT_ONCE = 3e7


@dataclass(frozen=True)
class Series:
    """coefficients[s], of eps^s in the first axis, and bounds on their errors."""

    coefficients: np.ndarray
    radii: np.ndarray

    def shifted(self) -> Series:
        """Times eps."""
        return Series(*(np.concatenate([np.zeros_like(x[:1]), x]) for x in (self.coefficients, self.radii)))

    def minus_squares(self) -> Series:
        """-sum_e (series e)^2, for a second axis of entries."""
        x, r = self.coefficients, self.radii
        n = x.size + 2
        value, error = (np.zeros(2 * len(x) - 1) for _ in range(2))
        for s, (row, radii) in enumerate(zip(x, r, strict=True)):
            value[s : s + len(x)] -= x @ row
            error[s : s + len(x)] += np.abs(x) @ (2 * radii + 1.01 * n * UNIT * np.abs(row)) + r @ radii
        return Series(value, 1.01 * error + FLOOR)


def plus(left: Series, right: Series) -> Series:
    """left + right, the last rounding included."""
    count = max(len(left.coefficients), len(right.coefficients))
    (x, r), (y, q) = ((_longer(z.coefficients, count), _longer(z.radii, count)) for z in (left, right))
    return Series(x + y, 1.01 * (r + q + UNIT * np.abs(x + y)))


def _longer(row: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate([row, np.zeros(count - len(row))])


class Averages:
    """Of polynomials of these degrees in the deviations of batches 0, 1, ... of one law."""

    def __init__(self, law: InputLaw, degrees: list[int]) -> None:
        self._first, *others = degrees
        self._variables = law.dimension * (law.dimension + 1) // 2
        self._moments = deviation_moments(law, 2 * self._first)
        self._products = numbers_of_products(self._variables, self._first, self._first)
        self._matrices = [moment_matrices(law, d) for d in others]
        #: sums over powers of eps, and what was rounded before
        self._powers = 2 * sum(2 * d for d in degrees) + 20
        self._linear = [_of_degree(deviation_moments(law, 2 * d), self._variables, d) for d in degrees]

    def squares(self, c: np.ndarray, r: np.ndarray, form: np.ndarray) -> Series:
        """E sum M_ef c_e c_f, for c and r of shape (monomials, inner monomials of batch 1, ..., entries)."""
        count = c.size // len(c)
        n = count + sum(c.shape[1:]) + 3 * len(c) + len(self._moments) + self._powers
        slack = 1.01 * n * UNIT
        value, error = (self._contracted(*pair) for pair in ((c, c, form, 1), (np.abs(c) + r, 2 * r + slack * np.abs(c), np.abs(form), -1)))
        return Series(value, 1.01 * error + FLOOR)

    def means(self, c: np.ndarray, r: np.ndarray) -> Series:
        """E c_e, of shape (powers, entries)."""
        n = sum(c.shape[:-1]) + self._powers
        value, error = c[None], r[None] + 1.01 * n * UNIT * np.abs(c[None])
        for moments in self._linear:
            value, error = _convolved(moments, value), _convolved(np.abs(moments), error)
        return Series(value, 1.01 * error + FLOOR)

    def _contracted(self, left: np.ndarray, right: np.ndarray, form: np.ndarray, sign: int) -> np.ndarray:
        """The formula above; sign -1: with absolute values of the moments."""
        matrices = self._matrices if sign > 0 else [np.abs(g) for g in self._matrices]
        moments = self._moments if sign > 0 else np.abs(self._moments)
        powers = 1 + sum(len(g) - 1 for g in matrices)
        of_products = np.zeros((powers, len(moments)))
        flat, size = left.reshape(len(left), -1), len(left)
        step = max(1, int(AT_ONCE // (powers * flat.shape[1] + size)))
        for start in range(0, size, step):
            places = self._products[:, start : start + step].ravel()
            for s, image in _images(right[start : start + step] @ form, matrices):
                sums = flat @ image.reshape(len(image), -1).T
                of_products[s] += np.bincount(places, weights=sums.ravel(), minlength=len(moments))
        return _diagonals(of_products @ moments)


def _of_degree(moments: np.ndarray, variables: int, degree: int) -> np.ndarray:
    """Those of monomials up to this degree, with the powers that they have."""
    return moments[: len(exponents(variables, degree)), : max(1, degree)]


def _images(block: np.ndarray, matrices: list[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
    """(G_1 x G_2 x ...)(eps) applied to axes 1, 2, ...: the coefficient of each power of eps."""
    images = {0: block}
    for axis, matrix in enumerate(matrices, start=1):
        following: dict[int, np.ndarray] = {}
        for power, image in images.items():
            for s, g in enumerate(matrix):
                moved = np.moveaxis(np.tensordot(g, image, axes=(1, axis)), 0, axis)
                following[power + s] = following[power + s] + moved if power + s in following else moved
        images = following
    yield from images.items()


def _convolved(moments: np.ndarray, image: np.ndarray) -> np.ndarray:
    """sum_a moments[a, s] image[t, a, ...] at power s + t."""
    found = np.zeros((moments.shape[1] + len(image) - 1, *image.shape[2:]))
    for t, part in enumerate(image):
        found[t : t + moments.shape[1]] += np.tensordot(moments, part, axes=(0, 0))
    return found


def _diagonals(table: np.ndarray) -> np.ndarray:
    """sum over s + t = n of table[s, t], for every n."""
    found = np.zeros(sum(table.shape) - 1)
    for s, row in enumerate(table):
        found[s : s + len(row)] += row
    return found
