"""Expectations of monomials in the entries of S = (1/b) sum_i x_i x_i^T, as polynomials in eps = 1/b, for any input law.

The entries S_ij, i <= j, are numbered row by row: (0,0), (0,1), ..., (0,p-1), (1,1), ... Both recursions run on A = b S, whose moments
are polynomials in b: E[S^a] = eps^|a| E[A^a]. A monomial of degree k >= 1 has an expectation of degree k - 1 in eps.

Gaussian laws, x ~ N(mu, Sigma), by Stein's lemma E[x_i h(x)] = mu_i E h + sum_l Sigma_il E[d_l h], for one sample after the other (f a
monomial in A, d_lm f its derivative in A_lm, s = sum_n x_n):
    E[A_ij f] = b Sigma_ij E f + mu_i E[s_j f] + sum_{l<=m} ( Sigma_il E[A_jm d_lm f] + Sigma_im E[A_jl d_lm f] ),
    E[s_j f]  = b mu_j E f + sum_{l<=m} ( Sigma_jl E[s_m d_lm f] + Sigma_jm E[s_l d_lm f] ):
the sum s comes in once or not at all, and not where mu = 0.
Any other law, by its cumulants: with z = vech(x x^T), mu_a = E z^a and log E exp(theta.z) = sum_c kappa_c theta^c / c!,
    E[A^(a+e)] = b sum_{c<=a} binom(a, c) kappa_{c+e} E[A^(a-c)],          mu_{a+e} = sum_{c<=a} binom(a, c) kappa_{c+e} mu_{a-c}.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement, product

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from theory.exact import to_fmpq, to_fmpq_mat
from theory.inputs import InputLaw

Exponents = tuple[int, ...]


@dataclass(frozen=True)
class BatchMoments:
    """E[ prod_{i<=j} S_ij^a_ij ] = numerators[a] / denominator, for every exponent vector with |a| <= degree.

    `numerators` runs through the exponents in order of their degree; each is an integer polynomial in eps.
    """

    dimension: int
    degree: int
    numerators: dict[Exponents, fmpz_poly]
    denominator: fmpz

    def __getitem__(self, exponents: Exponents) -> fmpq_poly:
        """The expectation itself, a rational polynomial in eps."""
        return fmpq_poly(self.numerators[exponents], self.denominator)


def entries(dimension: int) -> list[tuple[int, int]]:
    """The index pairs (i, j), i <= j, in the order of the variables."""
    return [(i, j) for i in range(dimension) for j in range(i, dimension)]


def exponents_up_to(count: int, degree: int) -> Iterator[Exponents]:
    """Every exponent vector of `count` variables with |a| <= degree, lowest degree first."""
    for total in range(degree + 1):
        yield from _of_degree(count, total)


@lru_cache(maxsize=8)
def batch_moments(law: InputLaw, degree: int) -> BatchMoments:
    """The table up to this degree; raises what `law.moment` raises when a moment (of order 2 * degree) is missing.

    Cost: C(n + degree, n) polynomials, n = p(p+1)/2, with at most 2n + 1 terms each for Gaussian laws, and p + 1 times
    as many where their mean is not 0; for any other law C(2n + degree, 2n) products (fewer where cumulants vanish).

    Examples:
        >>> from theory.inputs import Gaussian
        >>> table = batch_moments(Gaussian(1), 3)                     # chi-square: 1 (1 + 2 eps)(1 + 4 eps)
        >>> table[(3,)]
        8*x^2 + 6*x + 1
    """
    unscaled = _gaussian(law, degree) if law.is_gaussian else _by_cumulants(law, degree)
    denominator = fmpz(1)
    for polynomial in unscaled.values():
        denominator = denominator.lcm(polynomial.denom())
    numerators = {}
    for a, polynomial in unscaled.items():  # in b; eps^|a| f(1/eps) reverses the coefficients
        scaled = polynomial * denominator
        coefficients = [fmpz(c.p) for c in scaled.coeffs()]
        coefficients += [fmpz(0)] * (sum(a) + 1 - len(coefficients))
        numerators[a] = fmpz_poly(coefficients[::-1])
    return BatchMoments(law.dimension, degree, numerators, denominator)


def _gaussian(law: InputLaw, degree: int) -> dict[Exponents, fmpq_poly]:
    """In integers: the moments of A' = scale A and s' = root s, scale Sigma, root mu and (scale / root) mu being integers."""
    p = law.dimension
    pairs = entries(p)
    index = {(i, j): k for k, (i, j) in enumerate(pairs)} | {(j, i): k for k, (i, j) in enumerate(pairs)}
    covariance, mean = to_fmpq_mat(law.covariance), [to_fmpq(x) for x in law.mean.tolist()]
    root = math.lcm(*(int(x.q) for x in mean))
    scale = math.lcm(int(covariance.numer_denom()[1]), root**2)
    sigma = [[fmpz((covariance[i, j] * scale).p) for j in range(p)] for i in range(p)]
    into, out_of = ([fmpz((x * factor).p) for x in mean] for factor in (root, scale // root))
    b = fmpz_poly([0, 1])
    table: dict[Exponents, fmpz_poly] = {}
    sums: list[dict[Exponents, fmpz_poly]] = [{} for _ in range(0 if law.is_centred_gaussian else p)]
    for a in exponents_up_to(len(pairs), degree):
        position = next((k for k, power in enumerate(a) if power), None)
        if position is None:
            table[a] = fmpz_poly([1])
        else:
            i, j = pairs[position]
            f = _less(a, position)
            total = table[f] * (b * sigma[i][j])
            if sums:
                total += sums[j][f] * out_of[i]
            for power, (left, right), rest in _derivatives(f, pairs):
                for weight, other in ((sigma[i][left], index[j, right]), (sigma[i][right], index[j, left])):
                    if weight:
                        total += table[_more(rest, other)] * (weight * power)
            table[a] = total
        if sum(a) < degree:
            for j, of_sum in enumerate(sums):
                of_sum[a] = table[a] * (b * into[j])
                for power, (left, right), rest in _derivatives(a, pairs):
                    of_sum[a] += (sums[right][rest] * sigma[j][left] + sums[left][rest] * sigma[j][right]) * power
    return {a: fmpq_poly(f, fmpz(scale) ** sum(a)) for a, f in table.items()}


def _derivatives(f: Exponents, pairs: list[tuple[int, int]]) -> Iterator[tuple[int, tuple[int, int], Exponents]]:
    """Of a monomial: d_lm f = power * rest, for each pair (l, m) in it."""
    return ((power, pairs[k], _less(f, k)) for k, power in enumerate(f) if power)


def _by_cumulants(law: InputLaw, degree: int) -> dict[Exponents, fmpq_poly]:
    pairs = entries(law.dimension)
    mu: dict[Exponents, fmpq] = {}
    for a in exponents_up_to(len(pairs), degree):
        order = [0] * law.dimension
        for power, (i, j) in zip(a, pairs, strict=True):
            order[i] += power
            order[j] += power
        mu[a] = to_fmpq(law.moment(order))
    kappa: dict[Exponents, fmpq] = {}
    moments: dict[Exponents, fmpq_poly] = {}
    b = fmpq_poly([0, 1])
    for a in mu:
        position = next((k for k, power in enumerate(a) if power), None)
        if position is None:
            moments[a] = fmpq_poly([1])
            continue
        lower = _less(a, position)
        cumulant, total = mu[a], fmpq_poly([])
        for c in product(*(range(power + 1) for power in lower)):
            if c == lower:
                continue  # its cumulant is the unknown, and comes last
            known = kappa.get(_more(c, position))
            if known is None:  # zero
                continue
            ways = known * math.prod(map(math.comb, lower, c))
            rest = tuple(x - y for x, y in zip(lower, c, strict=True))
            cumulant -= ways * mu[rest]
            total += moments[rest] * ways
        if cumulant:
            kappa[a] = cumulant
        moments[a] = b * (total + cumulant)
    return moments


def _less(a: Exponents, k: int) -> Exponents:
    return (*a[:k], a[k] - 1, *a[k + 1 :])


def _more(a: Exponents, k: int) -> Exponents:
    return (*a[:k], a[k] + 1, *a[k + 1 :])


def _of_degree(count: int, total: int) -> Iterator[Exponents]:
    """Lexicographically decreasing."""
    for places in combinations_with_replacement(range(count), total):
        exponents = [0] * count
        for i in places:
            exponents[i] += 1
        yield tuple(exponents)
