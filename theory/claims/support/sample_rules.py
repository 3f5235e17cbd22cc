"""Gaussian inputs as a list of points: the second route of checks on single samples, without a moment.

    E f(z) = sum_i w_i f(z_i),   z ~ N(0, 1),   He_n(z_i) = 0,   w_i = (n-1)! / (n He_{n-1}(z_i)^2)

is exact for polynomials of degree 2n - 1 (Gauss-Hermite), up to the balls around the points.
"""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
from flint import arb, fmpz_poly

from theory.arithmetic.working_precision import working_precision
from theory.budget import CannotError
from theory.claims.support.recursion_cases import Rule
from theory.claims.support.second_route import BITS
from theory.exact import to_fmpq
from theory.inputs import InputLaw


def gauss_hermite(law: InputLaw, degree: int) -> Rule:
    """Points and weights for polynomials of this degree in one scalar Gaussian sample; CannotError for another law."""
    if not law.is_centred_gaussian or law.dimension != 1:
        raise CannotError(f"inputs must be scalar Gaussian, but were {law!r}")
    n = degree // 2 + 1
    below, at = fmpz_poly([1]), fmpz_poly([0, 1])  # He_0, He_1
    for k in range(1, n):
        below, at = at, fmpz_poly([0, 1]) * at - k * below
    with working_precision(BITS):
        scale = arb(to_fmpq(law.second_moment[0, 0])).sqrt()
        found: Any = at.complex_roots()  # pairs (ball, multiplicity)
        roots = [root.real for root, _ in found]  # known to be real and simple
        weights = [arb(factorial(n - 1)) / (n * _value(below, z) ** 2) for z in roots]
        return [np.array([[scale * z]], dtype=object) for z in roots], weights


def _value(polynomial: fmpz_poly, z: arb) -> arb:
    total = arb(0)
    for c in reversed(polynomial.coeffs()):
        total = total * z + arb(c)
    return total
