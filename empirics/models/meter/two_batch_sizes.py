r"""Two batch sizes tell the noise from the gradient (McCandlish, Kaplan, Amodei et al., arXiv:1812.06162, appendix A.1).

M micro-batches of m examples each, at the same weights, with gradients g_1, ..., g_M, each a mean over its examples; G is the full
gradient, C the covariance of the gradient of a single example. With

    small = (1/M) sum_j ||g_j||^2             E small = ||G||^2 + tr C / m
    big   = || (1/M) sum_j g_j ||^2           E big   = ||G||^2 + tr C / (M m)

both unknowns have estimates without bias, linear in the two, for any M >= 2:

    tr C    =  m M / (M - 1)  (small - big)
    ||G||^2 =  (M big - small) / (M - 1)            the mean of <g_i, g_j> over the pairs i != j

Without replacement from N examples the M m examples of a step are different, and different examples have covariance -C/N, where C has the
divisor N - 1. Both expectations lose tr C / N: the first estimate stays as it is, the second gets tr C / N back.

Micro-batches of unequal sizes count the same in both means, so that the mean of 1/m stands for 1/m.
"""

from __future__ import annotations

import numpy as np


def estimates(
    small: np.ndarray, big: np.ndarray, micro_batches: int, inverse_size: float, dataset_size: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(tr C, ||G||^2), entry by entry; `inverse_size` is the mean of 1/m.

    >>> estimates(np.array(6.0), np.array(4.0), micro_batches=2, inverse_size=1 / 8)
    (np.float64(32.0), np.float64(2.0))
    """
    trace = (small - big) * micro_batches / (micro_batches - 1) / inverse_size
    square = (micro_batches * big - small) / (micro_batches - 1)
    return trace, square if dataset_size is None else square + trace / dataset_size
