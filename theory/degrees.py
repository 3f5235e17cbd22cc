"""Every degree bound: what the paper prints, and what is sharp.

With d_1 = 1, d_k = D d_{k-1} + 1 (the degree of layer k's output in the weights) and m = 2 d_H - 1 (the degree of every dl/dW_k in the
weights), g_t is a polynomial of degree m^{t-s} in the empirical moments of batch s. An expectation of k averages over one batch is a
polynomial of degree k - 1 in 1/b (k >= 1), so batch s adds 2 m^{t-s} - 1 to the degree of E||g_t||^2.
"""

from __future__ import annotations


def output_degree(depth: int, activation_degree: int = 1) -> int:
    """d_H: the degree of the network's output in its weights."""
    degree = 1
    for _ in range(depth - 1):
        degree = activation_degree * degree + 1
    return degree


def gradient_degree(depth: int, activation_degree: int = 1) -> int:
    """m = 2 d_H - 1: the degree of the per-sample gradient in the weights, the same for every layer."""
    return 2 * output_degree(depth, activation_degree) - 1


def variance_degree(step: int, *, depth: int = 2, activation_degree: int = 1) -> int:
    """The sharp bound for var(g_t) and E||g_t||^2: sum_{s <= t} (2 m^s - 1).

    Examples:
        >>> [variance_degree(t) for t in range(5)]
        [1, 6, 23, 76, 237]
        >>> [variance_degree(t, depth=1) for t in range(3)]
        [1, 2, 3]
    """
    m = gradient_degree(depth, activation_degree)
    return sum(2 * m**s - 1 for s in range(step + 1))


def mean_gradient_degree(step: int, *, depth: int = 2, activation_degree: int = 1) -> int:
    """The sharp bound for E g_t: sum_{s <= t} (m^s - 1).

    Examples:
        >>> [mean_gradient_degree(t) for t in range(3)]
        [0, 2, 10]
    """
    m = gradient_degree(depth, activation_degree)
    return sum(m**s - 1 for s in range(step + 1))


def loss_degree(step: int, *, depth: int = 2, activation_degree: int = 1) -> int:
    """The sharp bound for E loss(w_t): sum_{s < t} (2 d_H m^{t-1-s} - 1).

    Examples:
        >>> [loss_degree(t) for t in range(3)]
        [0, 3, 14]
    """
    d, m = output_degree(depth, activation_degree), gradient_degree(depth, activation_degree)
    return sum(2 * d * m**s - 1 for s in range(step))


def printed_variance_degree_a7(step: int) -> int:
    """Theorem A.7 as printed (two linear layers): 3^{t+1} - 1."""
    return 3 ** (step + 1) - 1


def printed_variance_degrees_3_4(step: int, *, activation_degree: int = 1) -> tuple[int, int]:
    """Theorem 3.4 as printed, which states two bounds: (D+1)^{(t+1)D} - 1 and 2 (D+1)^{(t+1)D} - 1. Neither depends on the depth."""
    power = (activation_degree + 1) ** ((step + 1) * activation_degree)
    return power - 1, 2 * power - 1
