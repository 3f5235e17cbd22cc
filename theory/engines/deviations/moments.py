r"""Moments of the deviation of one batch, Z = S - E[x x^T], for Gaussian inputs x ~ N(mu, Sigma): polynomials in eps = 1/b.

With xbar = mu + y the mean of the samples of a batch, Sigma' = E[x x^T] = Sigma + mu mu^T, and f a monomial in the entries of Z, Stein's
lemma for one sample after the other gives

    E[Z_ij f] = mu_i E[y_j f] + eps sum_{k<=m} E[ ( Sigma_ik (Sigma' + Z)_jm + Sigma_im (Sigma' + Z)_jk ) d_km f ],
    E[y_j f]  = eps sum_{k<=m} E[ ( Sigma_jk (mu + y)_m + Sigma_jm (mu + y)_k ) d_km f ],

d_km the derivative in Z_km. A monomial of degree k starts with eps^{ceil(k/2)} and ends with eps^{k-1}: nothing cancels between powers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np
from flint import fmpz, fmpz_poly

from theory.budget import RangeError
from theory.engines.deviations.monomials import exponents, numbers_of_products
from theory.exact import to_fmpq, to_fmpq_mat
from theory.inputs import InputLaw

Exponents = tuple[int, ...]


@lru_cache(maxsize=4)
def deviation_moments(law: InputLaw, degree: int) -> np.ndarray:
    """(monomials, powers): [a, s] is the coefficient of eps^s in E[Z^a], |a| <= degree, rounded to the nearest double.

    The entries Z_ij, i <= j, are numbered row by row. Cost: for each monomial a product for each of its variables, p + 1 times as many
    where mu is not 0.
    """
    p = law.dimension
    pairs = list(combinations_with_replacement(range(p), 2))
    index = {pair: k for k, pair in enumerate(pairs)} | {(j, i): k for k, (i, j) in enumerate(pairs)}
    covariance, mean = to_fmpq_mat(law.covariance), [to_fmpq(x) for x in law.mean.tolist()]
    root = math.lcm(*(int(x.q) for x in mean))
    scale = math.lcm(int(covariance.numer_denom()[1]), root**2)  # in integers: the moments of scale Z and of root y
    sigma = [[fmpz((covariance[i, j] * scale).p) for j in range(p)] for i in range(p)]
    into, out_of = ([fmpz((x * factor).p) for x in mean] for factor in (root, scale // root))
    second = [[sigma[i][j] + into[i] * out_of[j] for j in range(p)] for i in range(p)]
    table: dict[Exponents, fmpz_poly] = {}
    means: list[dict[Exponents, fmpz_poly]] = [{} for _ in range(p if any(mean) else 0)]
    every = [tuple(map(int, a)) for a in exponents(len(pairs), degree)]
    for a in every:
        place = next((k for k, power in enumerate(a) if power), None)
        if place is None:
            table[a] = fmpz_poly([1])
        else:
            (i, j), f = pairs[place], _less(a, place)
            total = fmpz_poly([])
            for weight, k, rest in _derivatives(f, sigma[i], pairs):
                total += (table[rest] * second[j][k] + table[_more(rest, index[j, k])]) * weight
            table[a] = total.left_shift(1)
            if means:
                table[a] += means[j][f] * out_of[i]
        if sum(a) < degree:
            for j, of_mean in enumerate(means):
                total = fmpz_poly([])
                for weight, k, rest in _derivatives(a, sigma[j], pairs):
                    total += (table[rest] * into[k] + means[k][rest]) * weight
                of_mean[a] = total.left_shift(1)
    return _doubles([table[a] for a in every], [sum(a) for a in every], scale, max(1, degree))


def _derivatives(f: Exponents, row: list[fmpz], pairs: list[tuple[int, int]]) -> Iterator[tuple[fmpz, int, Exponents]]:
    """Sigma_ik power at m, and Sigma_im power at k, for d_km f = power * rest, (Sigma_i1, ..., Sigma_ip) being the row."""
    for at, power in enumerate(f):
        if power:
            (k, m), rest = pairs[at], _less(f, at)
            if row[k]:
                yield row[k] * power, m, rest
            if row[m]:
                yield row[m] * power, k, rest


def moment_matrices(law: InputLaw, degree: int) -> np.ndarray:
    """(powers, monomials, monomials): [s, a, c] is the coefficient of eps^s in E[Z^(a+c)], |a|, |c| <= degree."""
    moments = deviation_moments(law, 2 * degree)
    products = numbers_of_products(law.dimension * (law.dimension + 1) // 2, degree, degree)
    return np.ascontiguousarray(np.moveaxis(moments[products], 2, 0))


def _doubles(table: list[fmpz_poly], degrees: list[int], scale: int, powers: int) -> np.ndarray:
    found = np.zeros((len(table), powers))
    scales = [fmpz(scale) ** k for k in range(max(degrees) + 1)]
    for row, polynomial, degree in zip(found, table, degrees, strict=True):
        for s, c in enumerate(polynomial.coeffs()):
            if c:
                try:
                    row[s] = int(c) / int(scales[degree])
                except OverflowError:
                    raise RangeError(
                        "the inputs' moments must be within the range of doubles: smaller inputs, or larger weights, are"
                    ) from None
    return found


def _less(a: Exponents, k: int) -> Exponents:
    return (*a[:k], a[k] - 1, *a[k + 1 :])


def _more(a: Exponents, k: int) -> Exponents:
    return (*a[:k], a[k] + 1, *a[k + 1 :])
