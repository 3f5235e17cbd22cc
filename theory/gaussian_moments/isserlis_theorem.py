"""Isserlis' theorem: the moments of the coordinates of a Gaussian vector."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from theory.budget import WITHOUT_BUDGET, Budget
from theory.exact import (
    MatrixLike,
    as_index,
    as_sequence,
    spelled,
    to_fmpq,
    to_fraction,
)
from theory.gaussian_moments.covariance import as_centred_gaussian
from theory.inputs import Gaussian
from theory.inputs.stein import gaussian_moment, states_cost


def isserlis(indices: Iterable[Any], cov: MatrixLike | Gaussian, *, budget: Budget | None = None) -> Fraction:
    """E[ x_{i_1} x_{i_2} ... x_{i_k} ] for x ~ N(0, cov), the sum over all pairings of products of covariances.

    E[x_i f] = sum_j cov_ij E[d_j f], over multisets of indices: (a_1 + 1) ... (a_p + 1) states when index i appears a_i times.

    Args:
        indices: i_1, ..., i_k in 0..p-1, repeated as often as wanted; none gives 1.
        cov: (p, p), symmetric positive semidefinite, singular allowed; or a Gaussian law. Floats are the binary rationals
            that they are.

    Raises TypeError or ValueError naming the argument; UnaffordableError beyond the budget, a minute by default. Cost: microseconds
    a state.

    Examples:
        >>> isserlis([0, 0, 1, 1], [[2, 1], [1, 3]])
        Fraction(8, 1)
    """
    law = as_centred_gaussian(cov)
    exponents = [0] * law.dimension
    for k, i in enumerate(as_sequence(indices, "indices")):
        index = as_index(i, f"indices[{k}]")
        if index >= law.dimension:
            raise ValueError(f"indices[{k}] must be in 0..{law.dimension - 1}, but was {spelled(index)}")
        exponents[index] += 1
    powers = tuple(exponents)
    Budget.of(budget, WITHOUT_BUDGET).require(states_cost(powers), "the moment of these indices", ("fewer of them",))
    return to_fraction(gaussian_moment([[to_fmpq(x) for x in row] for row in law.second_moment.tolist()], None, powers, {}))
