"""Theorems 3.6, A.9 and A.10 with every constant explicit: SGD of a smooth network beside SGD of a polynomial one. The front door.

gradient_gap_bound            || g_{t,k}^S - g_{t,k}^P ||, and every intermediate gap, at every step and layer (Theorem A.9)
every_path_bound              the same for all paths and batch sizes at once
polynomial_within             the construction of Theorem 3.6: a polynomial for which that bound is at most epsilon
product_gap_bound             tr( C (x)_i R_i ) R_0, any mixed product of weights and gradients (Theorem A.10)
variance_gap                  | sqrt var(g^S) - sqrt var(g^P) |
certified_decreasing_range    the batch sizes between which var(g^S) is proved to decrease
"""

from theory.approximation.gap_bounds import DomainError, GapBounds, Gaps
from theory.approximation.gradient_gaps import every_path_bound, gradient_gap_bound, polynomial_within
from theory.approximation.product_gaps import product_gap_bound, telescoped
from theory.approximation.variance_gaps import DecreasingRange, certified_decreasing_range, variance_gap

__all__ = [
    "DecreasingRange",
    "DomainError",
    "GapBounds",
    "Gaps",
    "certified_decreasing_range",
    "every_path_bound",
    "gradient_gap_bound",
    "polynomial_within",
    "product_gap_bound",
    "telescoped",
    "variance_gap",
]
