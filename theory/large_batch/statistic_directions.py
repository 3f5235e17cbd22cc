"""The noise of one sample's second moment x x^T - Sigma as independent directions: sum_d lambda_d Z_d (x) Z_d is its covariance.

    x = mu + sum_i l_i z_i,       l_i l_j^T + l_j l_i^T, i < j, lambda = d_i d_j;    l_i l_i^T, lambda = 2 d_i^2;
        z ~ N(0, diag d)          l_i mu^T + mu l_i^T, lambda = d_i
    centred i.i.d. coordinates    e_i e_j^T + e_j e_i^T, i < j, lambda = m_2^2;      e_i e_i^T, lambda = m_4 - m_2^2
    any other law                 L D L^T of the covariance of (x_i x_j)_{i <= j}

The first of these that fits is taken.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np

from theory.exact import to_float, to_fmpq
from theory.inputs import InputLaw
from theory.large_batch.arrays import factors, lifted


def count_directions(law: InputLaw) -> int:
    """p (p + 1) / 2, and p for the mean of a Gaussian law; less where its covariance is singular."""
    p = law.dimension
    return p * (p + 1) // 2 + p * (law.is_gaussian and not law.is_centred_gaussian)


def statistic_directions(law: InputLaw, exact: bool) -> tuple[np.ndarray, np.ndarray]:
    """Z, (directions, p, p), and lambda, (directions,), not negative: in rationals of flint or in doubles."""
    p = law.dimension
    if law.is_gaussian:
        rows, variances = factors(lifted(law.covariance, exact), exact)
        matrices, weights = _of_factors(rows, variances)
        if law.is_centred_gaussian:
            return matrices, weights
        shifted = rows[:, :, None] * lifted(law.mean, exact)[None, None, :]
        return np.concatenate([matrices, shifted + np.swapaxes(shifted, 1, 2)]), np.concatenate([weights, variances])
    if law.has_centred_iid_coordinates:
        second, fourth = (to_fmpq(law.coordinate_moment(k)) for k in (2, 4))
        ones = lifted(np.eye(p, dtype=int).astype(object), True)
        matrices, weights = _of_factors(ones, np.array([second] * p, dtype=object))
        weights[:p] = fourth - second * second
        return lifted(matrices, exact), lifted(weights, exact)
    vectors, weights = factors(statistic_covariance(law, exact), exact)
    pairs = np.array(list(combinations_with_replacement(range(p), 2)))
    matrices = np.zeros((len(vectors), p, p), dtype=vectors.dtype)
    matrices[:, pairs[:, 0], pairs[:, 1]] = matrices[:, pairs[:, 1], pairs[:, 0]] = vectors
    return matrices, weights


def statistic_covariance(law: InputLaw, exact: bool) -> np.ndarray:
    """Cov(x_i x_j, x_k x_l) over pairs i <= j, k <= l in lexicographic order: a (q, q) array of fmpq or doubles, q = p(p+1)/2."""
    pairs = list(combinations_with_replacement(range(law.dimension), 2))
    if law.is_centred_gaussian and not exact:  # Isserlis, vectorised
        sigma = to_float(law.second_moment)
        i, j = np.array(pairs).T
        return sigma[np.ix_(i, i)] * sigma[np.ix_(j, j)] + sigma[np.ix_(i, j)] * sigma[np.ix_(j, i)]
    if law.atom_count is not None and not exact:
        points, shares = law.weighted_points()
        i, j = np.array(pairs).T
        squares = points[:, i] * points[:, j]
        squares -= shares @ squares
        return (squares * shares[:, None]).T @ squares
    q = len(pairs)
    covariance = np.empty((q, q), dtype=object)
    for a, (i, j) in enumerate(pairs):
        for b in range(a, q):
            exponents = [0] * law.dimension
            for index in (i, j, *pairs[b]):
                exponents[index] += 1
            joint = law.moment(exponents) - law.second_moment[i, j] * law.second_moment[pairs[b]]
            covariance[a, b] = covariance[b, a] = to_fmpq(joint)
    return covariance if exact else covariance.astype(float)


def _of_factors(vectors: np.ndarray, variances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The directions l_i l_i^T, then l_i l_j^T + l_j l_i^T, for Gaussian coordinates along the rows l_i of `vectors`."""
    squares = vectors[:, :, None] * vectors[:, None, :]
    i, j = np.triu_indices(len(vectors), 1)
    beside = vectors[i][:, :, None] * vectors[j][:, None, :]
    matrices = np.concatenate([squares, beside + np.swapaxes(beside, 1, 2)])
    return matrices, np.concatenate([variances * variances * 2, variances[i] * variances[j]])
