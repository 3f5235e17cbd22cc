"""Brute force over all mini-batches of a finitely supported law, in rationals: the slow, obvious truth.

Given w_0 and the batch size b, batch s is b independent draws among N atoms, so SGD takes finitely many paths. Every
path is followed, its probability multiplied up, and the quantity averaged. By default the batches of one step are
grouped by their counts c_1 + ... + c_N = b, of probability b! / (c_1! ... c_N!) prod_n p_n^{c_n}; `literal=True` walks
through all N^b ordered batches instead, straight from the definition. Any depth, widths and activation: rationals
stay rationals for polynomials, relu and leaky_relu; `variance_ball` takes the others, in ball arithmetic.

It needs no theorem: not that there is a polynomial, not its degree, no moments. `interpolated_polynomial` finds the polynomial from the
values at b = 1, 2, ... and holds it against further ones. The cost is that of C(b + N - 1, N - 1)^(t + 1) paths, counted before any work
and refused beyond `max_paths` or `budget`.
"""

from theory.enumeration.expectations import expectation, loss, loss_variance
from theory.enumeration.interpolation import interpolated_polynomial
from theory.enumeration.variances import cost, mean_gradient, moments, variance, variance_ball
from theory.enumeration.walk import Path

__all__ = [
    "Path",
    "cost",
    "expectation",
    "interpolated_polynomial",
    "loss",
    "loss_variance",
    "mean_gradient",
    "moments",
    "variance",
    "variance_ball",
]
