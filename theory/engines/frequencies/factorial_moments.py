r"""Joint moments of a batch's empirical frequencies, and exact cubature for polynomials of them, at every batch size at once.

A batch is b independent draws among N atoms of probabilities p_n; q_n is the share of atom n, c_n = b q_n its count.
With S_2(k, j) the Stirling numbers of the second kind, (b)_j = b (b-1) ... (b-j+1) and eps = 1/b,

    E[ prod_n q_n^{k_n} ] = sum_j prod_n S_2(k_n, j_n) p_n^{j_n} * (b)_{|j|} / b^{|k|},     a polynomial in eps,

because E[ prod_n (c_n)_{j_n} ] = (b)_{|j|} prod_n p_n^{j_n}. In other words: multiply the Touchard polynomials
T_k(p y) = sum_j S_2(k, j) (p y)^j, then replace y^J by (b)_J / b^{|k|}.

Without replacement, from M points of which m_n are atom n, E[ prod_n (c_n)_{j_n} ] = (b)_{|j|} prod_n (m_n)_{j_n} / (M)_{|j|}: falling
factorials (m_n)_j stand in the place of the powers p_n^j, and (b)_J / (M)_J in that of (b)_J.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from theory.arithmetic.simplex_lattice import lattice_weights
from theory.exact import to_fmpq

Exponents = tuple[int, ...]
Table = dict[Exponents, fmpq_poly]


@dataclass(frozen=True)
class Cubature:
    """E f(q_1, ..., q_n) = sum_i f(nodes[i]) weights[i](eps) / denominator for every polynomial f up to some degree.

    The nodes are integer points, most of them outside the simplex of frequencies: f is a polynomial, so that it may be
    evaluated anywhere, and the same nodes serve all batch sizes.
    """

    nodes: tuple[Exponents, ...]
    weights: tuple[fmpz_poly, ...]
    denominator: fmpz


@lru_cache(maxsize=64)
def cubature(probabilities: tuple[Fraction, ...], degree: int, population: int | None = None) -> Cubature:
    """The rule with nodes {j in N^n : |j| <= degree}, exact for polynomials of at most this total degree in q_1, ..., q_n.

    `probabilities` are those of q_1, ..., q_n; `population` is M where draws are without replacement, for b <= M. Cost:
    L = binom(degree + n, n) nodes, n L degree operations on polynomials.
    """
    table = lattice_weights(_monomial_moments(probabilities, degree, population), degree)
    denominator = math.lcm(*(int(w.denom()) for w in table.values()))
    weights = tuple((w * denominator).numer() for w in table.values())
    return Cubature(tuple(table), weights, fmpz(denominator))


def _monomial_moments(probabilities: tuple[Fraction, ...], degree: int, population: int | None = None) -> Table:
    """E[q^k] for every |k| <= degree, in lexicographic order of k."""
    rows: list[tuple[Exponents, int, fmpq_poly]] = [((), 0, fmpq_poly([1]))]
    for p in probabilities:
        powers = _touchard(to_fmpq(p), degree) if population is None else _counted(int(p * population), degree)
        rows = [((*k, a), order + a, product * powers[a]) for k, order, product in rows for a in range(degree - order + 1)]
    return {k: _over_batch(product, order, population) for k, order, product in rows}


@lru_cache(maxsize=64)
def _touchard(p: fmpq, degree: int) -> list[fmpq_poly]:
    """T_k(p y) = sum_j S_2(k, j) (p y)^j for k <= degree: T_{k+1}(z) = z (T_k(z) + T_k'(z))."""
    z, result = fmpq_poly([0, 1]), [fmpq_poly([1])]
    for _ in range(degree):
        result.append(z * (result[-1] + result[-1].derivative()))
    return [t(fmpq_poly([0, p])) for t in result]


@lru_cache(maxsize=64)
def _counted(m: int, degree: int) -> list[fmpq_poly]:
    """sum_j S_2(k, j) (m)_j y^j for k <= degree."""
    factors = [1]
    for j in range(degree):
        factors.append(factors[-1] * max(0, m - j))
    return [fmpq_poly([c * f for c, f in zip(t.coeffs(), factors, strict=False)]) for t in _touchard(fmpq(1), degree)]


def _over_batch(polynomial: fmpq_poly, order: int, population: int | None) -> fmpq_poly:
    """Replace y^J by (b)_J / b^order = eps^{order-J} (1 - eps) (1 - 2 eps) ... (1 - (J-1) eps), over (M)_J without replacement."""
    result = fmpq_poly([])
    for j, c in enumerate(polynomial.coeffs()):
        if c:  # of more than M points there are no products
            result += _falling(j).left_shift(order - j) * (c if population is None else c / math.perm(population, j))
    return result


@cache
def _falling(j: int) -> fmpq_poly:
    """(b)_j / b^j as a polynomial in eps."""
    result = fmpq_poly([1])
    for i in range(1, j):
        result *= fmpq_poly([1, -i])
    return result
