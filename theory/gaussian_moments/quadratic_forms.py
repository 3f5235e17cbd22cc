"""Joint moments of quadratic forms in one Gaussian vector, by their cumulants."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from itertools import product

from flint import fmpq, fmpq_mat

from theory.budget import WITHOUT_BUDGET, Budget, Cost, as_count, saturated
from theory.budget.unit_costs import UNITS
from theory.exact import (
    MatrixLike,
    as_matrix,
    as_sequence,
    to_fmpq,
    to_fmpq_mat,
    to_fraction,
)
from theory.gaussian_moments.covariance import as_centred_gaussian
from theory.inputs import Gaussian

#: quadratic forms in one moment, a depth of recursion
MAX_FORMS = 200


def quadratic_forms_moment(matrices: Iterable[MatrixLike], cov: MatrixLike | Gaussian, *, budget: Budget | None = None) -> Fraction:
    """E[ x^T A_1 x  x^T A_2 x ... x^T A_k x ] for x ~ N(0, cov) and any square A_i.

    The sum over set partitions of {1..k} of products of joint cumulants,

        kappa(A_1, ..., A_m) = 2^(m-1) sum over cyclic orders of tr(Sigma A_1 Sigma A_{s(2)} ... Sigma A_{s(m)}),   A_i symmetrised,

    both sums by recursion over multisets of the A_i (equal ones are not told apart). `cov` is a matrix or a Gaussian law;
    floats are the binary rationals that they are.

    Raises TypeError or ValueError naming the argument; UnaffordableError beyond the budget, a minute by default. Cost: of every
    multiset, all parts that hold the first of its members: a second for 12 different A_i or 30 times each of two.

    Examples:
        >>> quadratic_forms_moment([[[1, 0], [0, 1]]] * 2, [[1, 0], [0, 1]])
        Fraction(8, 1)
    """
    law = as_centred_gaussian(cov)
    p, sigma = law.dimension, to_fmpq_mat(law.second_moment)
    counts: dict[tuple[Fraction, ...], int] = {}
    forms = as_sequence(matrices, "matrices")
    if len(forms) > MAX_FORMS:
        raise ValueError(f"matrices must be at most {MAX_FORMS} forms, but were {len(forms)}")
    for k, a in enumerate(forms):
        matrix = as_matrix(a, f"matrices[{k}]")
        if matrix.shape != (p, p):
            raise ValueError(f"matrices[{k}] must have the shape of cov, {(p, p)}, but had {matrix.shape}")
        exact = [[Fraction(x) for x in row] for row in matrix.tolist()]
        key = tuple((exact[i][j] + exact[j][i]) / 2 for i in range(p) for j in range(p))
        counts[key] = counts.get(key, 0) + 1
    multiplicities = tuple(counts.values())
    Budget.of(budget, WITHOUT_BUDGET).require(
        quadratic_forms_cost(multiplicities, p), "the moment of these matrices", ("fewer or more equal ones", "sampling")
    )
    steps = [sigma * fmpq_mat(p, p, [to_fmpq(x) for x in key]) for key in counts]
    identity = fmpq_mat(p, p, [int(i == j) for i in range(p) for j in range(p)])

    @cache
    def orders(multiset: tuple[int, ...]) -> fmpq_mat:
        """The sum over all orders of the multiset (equal members labelled) of prod Sigma A."""
        total = None
        for i, count in enumerate(multiset):
            if count:
                term = orders(_less(multiset, i)) * steps[i] * count
                total = term if total is None else total + term
        return identity if total is None else total

    @cache
    def cumulant(first: int, others: tuple[int, ...]) -> fmpq:
        loop = steps[first] * orders(others)
        return fmpq(2) ** sum(others) * sum((loop[i, i] for i in range(p)), fmpq(0))

    @cache
    def moment(multiset: tuple[int, ...]) -> fmpq:
        first = next((i for i, count in enumerate(multiset) if count), None)
        if first is None:
            return fmpq(1)
        rest, total = _less(multiset, first), fmpq(0)
        for block in product(*(range(count + 1) for count in rest)):  # who shares a block with the first
            ways = math.prod(math.comb(n, k) for n, k in zip(rest, block, strict=True))
            left = tuple(n - k for n, k in zip(rest, block, strict=True))
            total += ways * cumulant(first, block) * moment(left)
        return total

    return to_fraction(moment(multiplicities))


def _less(powers: tuple[int, ...], i: int) -> tuple[int, ...]:
    return (*powers[:i], powers[i] - 1, *powers[i + 1 :])


def quadratic_forms_cost(multiplicities: tuple[int, ...], p: int) -> Cost:
    """Of `quadratic_forms_moment` for forms that appear so many times: every multiset of the recursion is split in all ways, into a block
    with its first member, and the rest."""
    first, *others = multiplicities or (0,)
    blocks = first * (first + 1) / 2 * saturated(*((a + 1) * (a + 2) / 2 for a in others))
    states = saturated(*(a + 1 for a in multiplicities))
    seconds = blocks * UNITS["moments.term"] + states * len(multiplicities) * (p**3 * UNITS["moments.entry"] + 2e-6)
    return Cost(seconds, states * (300 + 120.0 * p * p), f"{as_count(blocks)} blocks of multisets of the forms")
