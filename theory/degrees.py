"""Every degree bound: what the paper prints, and what is sharp.

With d_1 = 1, d_k = D d_{k-1} + 1 (the degree of layer k's output in the weights) and m = 2 d_H - 1 (the degree of every dl/dW_k in the
weights), g_t is a polynomial of degree m^{t-s} in the empirical moments of batch s. An expectation of k averages over one batch is a
polynomial of degree k - 1 in 1/b (k >= 1), so batch s adds 2 m^{t-s} - 1 to the degree of E||g_t||^2.

Depths H >= 1, activation degrees D >= 1 and steps t >= 0 are integers, else a TypeError or ValueError; UnaffordableError for degrees of
more than a million bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from theory.budget import refuse_long, saturated
from theory.exact import as_index, as_sequence


def output_degree(depth: int, *, activation_degree: int = 1) -> int:
    """d_H = 1 + D + ... + D^{H-1}: the degree of the network's output in its weights."""
    h, d = as_index(depth, "depth", minimum=1), as_index(activation_degree, "activation_degree", minimum=1)
    _refuse_beyond(h, d, "depth")
    return h if d == 1 else (d**h - 1) // (d - 1)


def gradient_degree(depth: int, *, activation_degree: int = 1) -> int:
    """m = 2 d_H - 1: the degree of the per-sample gradient in the weights, the same for every layer."""
    return 2 * output_degree(depth, activation_degree=activation_degree) - 1


def variance_degree(step: int, *, depth: int = 2, activation_degree: int = 1) -> int:
    """The sharp bound for var(g_t) and E||g_t||^2: sum_{s <= t} (2 m^s - 1).

    Examples:
        >>> [variance_degree(t) for t in range(5)]
        [1, 6, 23, 76, 237]
        >>> [variance_degree(t, depth=1) for t in range(3)]
        [1, 2, 3]
    """
    m, t = gradient_degree(depth, activation_degree=activation_degree), as_index(step, "step")
    return 2 * _powers(m, t + 1) - (t + 1)


def mean_gradient_degree(step: int, *, depth: int = 2, activation_degree: int = 1) -> int:
    """The sharp bound for E g_t: sum_{s <= t} (m^s - 1).

    Examples:
        >>> [mean_gradient_degree(t) for t in range(3)]
        [0, 2, 10]
    """
    m, t = gradient_degree(depth, activation_degree=activation_degree), as_index(step, "step")
    return _powers(m, t + 1) - (t + 1)


def loss_degree(step: int, *, depth: int = 2, activation_degree: int = 1) -> int:
    """The sharp bound for E loss(w_t): sum_{s < t} (2 d_H m^{t-1-s} - 1).

    Examples:
        >>> [loss_degree(t) for t in range(3)]
        [0, 3, 14]
    """
    d, m = output_degree(depth, activation_degree=activation_degree), gradient_degree(depth, activation_degree=activation_degree)
    t = as_index(step, "step")
    return 2 * d * _powers(m, t) - t


def loss_variance_degree(step: int, *, depth: int = 2, activation_degree: int = 1) -> int:
    """The sharp bound for var loss(w_t) and E loss(w_t)^2: sum_{s < t} (4 d_H m^{t-1-s} - 1).

    Attained, for every t >= 1, by weights 1, teacher 0, x in {0, 1}: loss(w)^2 is a monomial of degree 4 d_H in the weights, whose highest
    part in the shares of ones has a non-zero cumulant for coefficient; (E loss)^2 has twice the degree of E loss, which is less.

    Examples:
        >>> [loss_variance_degree(t) for t in range(3)]
        [0, 7, 30]
    """
    d, m = output_degree(depth, activation_degree=activation_degree), gradient_degree(depth, activation_degree=activation_degree)
    t = as_index(step, "step")
    return 4 * d * _powers(m, t) - t


def batch_degrees(lasts: Iterable[int], batches: int, *, m: int) -> list[int]:
    """The degree of a product in the moments of batch s, s = 0, ..., batches - 1: the sum of m^{u-s} over its factors with u >= s.

    A factor that depends on the batches up to u has degree m^{u-s} in batch s: g_t has u = t, W_t has u = t - 1, and what no batch moves
    has u = -1. m is the degree of a gradient in the weights.

    Examples:
        >>> batch_degrees([1, 1], 2, m=3), batch_degrees([1, 0], 3, m=3)      # ||g_1||^2, and W_2 g_0
        ([6, 2], [4, 1, 0])
    """
    reached = list(lasts)
    _refuse_beyond(max(reached, default=0), m, "step")
    return [sum(m ** (u - s) for u in reached if u >= s) for s in range(batches)]


def expectation_degree(of_batches: Iterable[int]) -> int:
    """The sharp bound for the expectation of what has degree d_s in the moments of batch s: sum_s max(d_s - 1, 0).

    Examples:
        >>> expectation_degree([6, 2])      # ||g_1||^2
        6
    """
    return sum(max(d - 1, 0) for d in _indices(of_batches, "of_batches"))


def printed_degree_a6(gradients: Iterable[int], weights: Iterable[int]) -> int:
    """Theorem A.6 as printed (line 629): (3^{f+1} - 1)/2 for every gradient of a step f, and (3^f - 1)/2 for every weight of a step f.

    Examples:
        >>> printed_degree_a6([1, 1], []), printed_degree_a6([0], [2])      # ||g_1||^2, and W_2 g_0
        (8, 5)
    """
    exponents = [f + 1 for f in _indices(gradients, "gradients")] + _indices(weights, "weights")
    _refuse_beyond(max(exponents, default=0), 3, "step")
    return sum((3**k - 1) // 2 for k in exponents)


def printed_variance_degree_a7(step: int) -> int:
    """Theorem A.7 as printed (two linear layers): 3^{t+1} - 1."""
    t = as_index(step, "step")
    _refuse_beyond(t, 3, "step")
    return 3 ** (t + 1) - 1


def printed_variance_degrees_3_4(step: int, *, activation_degree: int = 1) -> tuple[int, int]:
    """Theorem 3.4 as printed, which states two bounds: (D+1)^{(t+1)D} - 1 and 2 (D+1)^{(t+1)D} - 1. Neither depends on the depth."""
    d = as_index(activation_degree, "activation_degree", minimum=1)
    exponent = (as_index(step, "step") + 1) * d
    _refuse_beyond(exponent, d + 1, "(step + 1) activation_degree")
    power = (d + 1) ** exponent
    return power - 1, 2 * power - 1


def _indices(values: Iterable[int], name: str) -> list[int]:
    return [as_index(value, f"{name}[{i}]") for i, value in enumerate(as_sequence(values, name))]


def _powers(m: int, count: int) -> int:
    """1 + m + ... + m^{count-1}."""
    _refuse_beyond(count, m, "step")
    return count if m == 1 else (m**count - 1) // (m - 1)


def _refuse_beyond(exponent: int, base: int, name: str) -> None:
    refuse_long(name, "the degree", saturated(max(exponent, 0)) * math.log2(base), f"a smaller {name}")
