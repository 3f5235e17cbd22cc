"""The fewest products with which any list can represent the gradient: what the printed J has to be compared with.

Both bounds take the gradient as a polynomial in the weights, the teacher's weights and the sample, for an activation of degree D.
"""

from __future__ import annotations

import math
from itertools import pairwise

from theory.exact import as_index
from theory.polynomial_networks.counts import as_layer, refuse_long_counts


def fewest_products(*, depth: int, degree: int, layer: int) -> int:
    """The fewest products for dl/dW_layer when every width is 1 and sigma_0, ..., sigma_D > 0: the number of its monomials.

    All letters are then numbers, so that a product is a constant times a monomial in W_k, W*_k and x. The output's are
    W_H W_{H-1}^{e_{H-1}} ... W_1^{e_1} x^{e_1}, 0 <= e_k <= D e_{k+1}, e_H = 1. With N(v) such tuples for e_H = v, of which N_0(v) have
    e_s = 0 (none for s = H), (f - f*) df/dW_s has N(1) (N(1) - N_0(1)) monomials with teacher's weights and N(2) - N_0(2) without: nothing
    cancels.

    Examples:
        >>> fewest_products(depth=2, degree=2, layer=1)
        10
        >>> fewest_products(depth=7, degree=2, layer=7) > 16256**2  # the J of line 761
        True
    """
    h, d = as_index(depth, "depth", minimum=1), as_index(degree, "degree", minimum=1)
    s = as_layer(layer, h)
    # the time it takes grows with the square of the number's length, and faster
    refuse_long_counts("depth and degree", 10 * h * h * (d.bit_length() + h.bit_length()))

    def with_layer(v: int) -> int:
        return count_exponents(h - 1, d, v) - (count_exponents(h - 1 - s, d, v) if s < h else 0)

    return count_exponents(h - 1, d, 1) * with_layer(1) + with_layer(2)


def fewest_products_of_wide_layers(*, depth: int, degree: int, width: int) -> int:
    """A lower bound for dl/dW_H, H >= 2, D >= 2, at the widths (1, n, 1, ..., 1) and sigma(z) = z^D, for products of W_k, W*_k, x, numbers,
    identities, columns of ones, unit vectors and their outer products:

        binom(floor(n / (D + 1)) + 2 q - 1, 2 q),      q = D^{H-2}

    Put W* = 0, x = 1 and W_k = 1 for k >= 3: the gradient is (sum_j a_j w_j^D)^{2q}, a = W_2, w = W_1, and a product is a number times a
    monomial times powers of a.a, a.w, w.w, sum a and sum w. Let a and w be a_g rho and w_g rho on groups g of D + 1 coordinates, where rho
    runs through the (D+1)-th roots of unity: all five sums vanish, so each product is one monomial or 0, and the gradient
    ((D + 1) sum_g a_g w_g^D)^{2q} has that many. It grows like n^{2q}, the printed J like n^{2(H-1)}: less for D >= 3, H >= 3, and for
    D = 2, H >= 4.

    Examples:
        >>> fewest_products_of_wide_layers(depth=3, degree=3, width=8)
        7
    """
    h, d = as_index(depth, "depth", minimum=2), as_index(degree, "degree", minimum=2)
    groups = as_index(width, "width", minimum=1) // (d + 1)
    refuse_long_counts("depth and degree", (h - 2) * d.bit_length())
    q = d ** (h - 2)
    refuse_long_counts("depth, degree and width", 2 * min(q, groups) * (2 * q + groups).bit_length())
    return math.comb(groups + 2 * q - 1, 2 * q)


def count_exponents(length: int, degree: int, first: int) -> int:
    """How many e_1, ..., e_length there are with 0 <= e_1 <= D v, 0 <= e_{i+1} <= D e_i, for v = first.

    It is a polynomial in v, kept by its coefficients in the basis binom(v, i).
    """
    newton = [1]
    for _ in range(length):
        values = [_sum_of_binomials([0, *newton], degree * u + 1) for u in range(len(newton) + 1)]
        newton = []
        while values:  # forward differences at 0
            newton.append(values[0])
            values = [b - a for a, b in pairwise(values)]
    return _sum_of_binomials(newton, first)


def _sum_of_binomials(coefficients: list[int], n: int) -> int:
    """sum_i c_i binom(n, i)."""
    total, binomial = 0, 1
    for i, c in enumerate(coefficients):
        total += c * binomial
        binomial = binomial * (n - i) // (i + 1)
    return total
