"""E f(S) for Gaussian inputs without a table of moments: the generator of the Wishart process.

Let X be a p x b matrix whose columns are independent Brownian motions of covariance Sigma. At time 1, X X^T / b has the law of S, and
d/ds E f(X_s X_s^T / b) = E (L f)(X_s X_s^T / b) with
    L f = sum_{i<=j} Sigma_ij d_ij f
          + (eps/2) sum_{i<=j, k<=l} ( Sigma_ik S_jl + Sigma_il S_jk + Sigma_jk S_il + Sigma_jl S_ik ) d_ij d_kl f
(d_ij the derivative in the variable S_ij, i <= j). As X starts at 0 and L lowers the degree by one, E f(S) = sum_k (L^k f)(0) / k!.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import fmpq_mpoly

from theory.engines.wishart.batch_moments import entries


def expectation(polynomial: fmpq_mpoly, batch: Sequence[int], eps: int, covariance: Sequence[Sequence[Any]]) -> fmpq_mpoly:
    """E of a polynomial over one batch; what remains is free of the batch's variables.

    Args:
        polynomial: in a context that has the entries of S, eps and whatever else (weights, learning rates, other batches).
        batch: indices of the variables S_ij, i <= j, row by row.
        eps: index of the variable 1/b.
        covariance: Sigma, p rows of p numbers or polynomials in the same context, free of the batch's variables.

    Cost: degree + 1 applications of L, each with about n(n+1)/2 second derivatives, n = p(p+1)/2.
    """
    context = polynomial.context()
    generators = context.gens()
    p = len(covariance)
    pairs = entries(p)
    index = {pair: generators[batch[k]] for k, pair in enumerate(pairs)}
    s = [[index[min(i, j), max(i, j)] for j in range(p)] for i in range(p)]
    origin: dict[str | int, Any] = {context.names()[v]: 0 for v in batch}

    def coefficient(first: tuple[int, int], second: tuple[int, int]) -> fmpq_mpoly:
        (i, j), (k, m) = first, second
        total = s[j][m] * covariance[i][k] + s[j][k] * covariance[i][m] + s[i][m] * covariance[j][k] + s[i][k] * covariance[j][m]
        return total * generators[eps] / (2 if first == second else 1)  # ordered pairs count twice

    diffusion = {(k, m): coefficient(pairs[k], pairs[m]) for k in range(len(pairs)) for m in range(k, len(pairs))}
    current, total, order = polynomial, context.constant(0), 0
    while current:
        total += current.subs(origin)
        order += 1
        following = context.constant(0)
        for k, (i, j) in enumerate(pairs):
            slope = current.derivative(batch[k])
            if not slope:
                continue
            following += slope * covariance[i][j]
            for m in range(k, len(pairs)):
                following += diffusion[k, m] * slope.derivative(batch[m])
        current = following / order
    return total
