"""How fast polynomials converge to an activation, from its singularities in the complex plane: rates, and degrees that are safe.

A function that is analytic inside the ellipse with foci +-R and sum of the semi-axes rho R, and at most M there, has Chebyshev
coefficients |a_k| <= 2 M rho^-k. The supremum M is bounded in complex balls that cover the ellipse.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from fractions import Fraction

from flint import acb, arb, fmpq

from theory.activations import Activation
from theory.activations import activation as as_activation
from theory.arithmetic.working_precision import working_precision
from theory.chebyshev.sup_bounds import as_radius, sup_norms
from theory.exact import NumberLike, as_choice, as_double, shown, to_fmpq

REMEZ = "remez_derivative"
#: The methods of `theory.chebyshev.approximate` for which theory promises something.
PROMISING = (REMEZ, "interpolate", "interpolate_derivative")
#: `degree_for` looks no further: beyond, a polynomial can hardly be formed, let alone certified.
_HIGHEST = 10_000
#: What coefficients in doubles lose, times n (or n^3 / R for the derivative of an interpolant), relative to the sup norms.
_ROUNDING = 2.0**-48
_BITS = 64


def convergence_rate(activation: str | Activation, radius: NumberLike) -> float:
    """rho = y/R + sqrt(1 + (y/R)^2): errors on [-R, R] fall like rho^-n, y the distance of sigma's singularities from the real axis.

    Infinity for an entire sigma, 1.0 for one that is not analytic.
    """
    y = as_activation(activation).strip / float(as_radius(radius))
    return y + math.sqrt(1 + y * y)


def degree_for(activation: str | Activation, radius: NumberLike, tolerance: float, method: str = "remez_derivative") -> int:
    """A degree for which theory promises value and derivative errors of at most `tolerance` on [-radius, radius], before any fit.

    With |sigma| <= M and |sigma'| <= M' on the ellipse with foci +-R and sum of the semi-axes rho R (in balls; the best of several rho),

        "remez_derivative":                  e_1 <= 2 M' rho^-(n-1) / (rho - 1),         e_0 <= R e_1
        "interpolate_derivative":            e_1 <= 4 M' rho^-(n-1) / (rho - 1),         e_0 <= R e_1
        "interpolate":                       e_0 <= 4 M rho^-n / (rho - 1),              e_1 <= (4 M / R) sum_{k>n} k^2 rho^-k

    Elu is not analytic but has a Lipschitz derivative: Jackson's theorem, e_1 <= pi L' R / (2 n), promises for "remez_derivative" alone.
    The bounds are safe, and large: `approximate` tells what was achieved, usually some 100 times less.

    Raises ValueError for an activation that is not smooth (no degree suffices for the derivative), for a user's callable (nothing is
    known of it off the real line), and for a tolerance that coefficients in doubles cannot reach.
    """
    sigma, r = as_activation(activation), as_radius(radius)
    wanted = as_double(tolerance, "tolerance")
    if wanted <= 0:
        raise ValueError(f"tolerance must be positive, but was {shown(tolerance)}")
    if not sigma.is_smooth:
        raise ValueError(f"activation must be smooth, but the derivative of {sigma} jumps: no degree brings its error below half the jump")
    if not sigma.is_certified:
        raise ValueError(
            f"activation must be one of the named ones, but was {sigma}: where a function of the user's is analytic is not known"
        )
    as_choice(method, "method", PROMISING)
    scale = max(1.0, float(r))
    value, slope, lipschitz = sup_norms(sigma, r)
    with working_precision(_BITS):
        if sigma.strip:
            largest = sigma.strip / float(r)
            parts = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
            heights = [largest * f for f in parts] if largest < math.inf else [0.05 * 1.6**k for k in range(14)]
            n = min(_enough(y + math.sqrt(1 + y * y), sigma, r, wanted, method) for y in heights)
        elif method == REMEZ:
            n = max(1, math.ceil(math.pi * lipschitz * float(r) * scale / (2 * wanted)))
        else:
            raise ValueError(f"method must be {REMEZ} for {sigma}, which is not analytic, but was {shown(method)}")
    if n > _HIGHEST:
        raise ValueError(
            f"tolerance must be one that a degree of at most {_HIGHEST} is sure to meet on [-{radius}, {radius}], "
            f"but was {shown(tolerance)}: "
            "take a larger tolerance or a smaller radius"
        )
    growth = n**3 / float(r) if method == "interpolate" else n * scale
    if wanted < (reachable := _ROUNDING * growth * max(1.0, value, slope)):
        raise ValueError(
            f"tolerance must be at least {reachable:.2g}, what coefficients in doubles reach at degree {n}, but was {shown(tolerance)}"
        )
    return n


def _enough(rho: float, sigma: Activation, r: Fraction, wanted: float, method: str) -> int:
    """The smallest n for which both bounds on the ellipse of this rho are at most `wanted`."""
    of_value = method == "interpolate"
    function = sigma.complex_value if of_value else sigma.complex_derivative
    assert function is not None  # it is analytic in a strip
    size = sup_on_ellipse(function, r, rho)
    if not math.isfinite(size):
        return _HIGHEST + 1
    radius, q = float(r), 1 / rho

    def suffices(n: int) -> bool:
        k = n + 1
        if of_value:
            tail = q**k * (k * k / (1 - q) + 2 * k * q / (1 - q) ** 2 + q * (1 + q) / (1 - q) ** 3)
            worse = max(4 * size * q**n / (rho - 1), 4 * size / radius * tail)
        else:
            worse = max(1.0, radius) * (2 if method == REMEZ else 4) * size * q ** (n - 1) / (rho - 1)
        return worse * (1 + 1e-9) <= wanted

    high = 1
    while not suffices(high):
        high *= 2
        if high > _HIGHEST:
            return high
    return bisect_left(range(high), True, lo=1, key=suffices)


def sup_on_ellipse(function: Callable[[acb], acb], r: Fraction, rho: float) -> float:
    """An upper bound on |function| on the ellipse R cos(theta - i log rho), arc by arc; infinity when no cover of arcs is finite.

    In the working precision that is set.
    """
    height, radius = -arb(rho).log(), arb(to_fmpq(r))
    for arcs in (64, 256, 1024):
        width = arb.pi() / arcs
        bounds = []
        for i in range(arcs):  # sigma is real on the real line: the upper half is enough
            angle = width * (i + arb(fmpq(1, 2))) + arb(0, (width / 2).upper())
            bounds.append(float(function(acb(angle, height).cos() * radius).abs_upper()))
        if all(math.isfinite(b) for b in bounds):
            return max(bounds)
    return math.inf
