"""Theorems 3.6, A.9 and A.10 with every constant explicit: SGD of a smooth network beside SGD of a polynomial one. The front door.

gradient_gap_bound            || g_{t,k}^S - g_{t,k}^P ||, and every intermediate gap, at every step and layer (Theorem A.9)
every_path_bound              the same for all paths and batch sizes at once
polynomial_within             the construction of Theorem 3.6: a polynomial for which that bound is at most epsilon
product_gap_bound             tr( C (x)_i R_i ) R_0, any mixed product of weights and gradients (Theorem A.10)
variance_gap                  | sqrt var(g^S) - sqrt var(g^P) |
certified_decreasing_range    the batch sizes between which var(g^S) is proved to decrease

Both runs share w_0, the rates and the samples; the second has P for sigma, in the teacher too. Norms of the first run, the two errors
sup |sigma - P| and sup |sigma' - P'| on [-R, R], sup |sigma'| and the Lipschitz constant of sigma' go into one recursion over layers and
steps (`gap_recursion`); every constant is rounded up, and a run in doubles is only one more gap of the same kind (`double_runs`). Norms are
read off given batches (`run_bounds`) or bounded from w_0 and max ||x|| for all paths at once (`a_priori_bounds`).

As long as all pre-activations stay within [-R, R] the bound is a theorem; where one may leave there is none, and DomainError says where.
Bounds grow by a factor at every step: along a run they are tens of times the gap that is seen at first, hundreds of times after ten steps;
for all paths at once they are far larger. The cost is that of the run, predicted before it starts. relu and leaky_relu are refused: where
sigma' jumps no bound holds for all samples.

Source: Theorems 3.6 = A.9 and A.10, with what their proofs need put into the statements: sigma in C^1 with sigma' Lipschitz on [-R, R].
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
