"""Certified sup of |sigma - P| and of its derivatives on an interval, from both sides, by bisection and Taylor expansions in balls.

On a cell |x - c| <= r, with sigma(c + s) = sum_{j<m} a_j s^j + a_m(xi) s^m and P(c + s) = sum_j q_j s^j exactly,

    sigma - P  =  sum_{j<m} (a_j - q_j) s^j  +  rest,       |rest| <= |a_m(cell)| r^m + sum_{j>=m} |q_j| r^j

and likewise for derivatives. The quadratic part is bounded by its largest value, the other terms by their absolute values; cells whose
bound is not within `slack` of the largest value proved so far are halved. So the upper and the lower bound close in on each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import numpy as np
from flint import arb, arb_poly, fmpq_poly

from theory.activations import Activation
from theory.activations import activation as named_activation
from theory.arithmetic.balls import double_above
from theory.arithmetic.working_precision import in_growing_bits
from theory.exact import NumberLike, as_number, shown, to_fmpq

#: Terms of a Taylor expansion; cells are halved until they suffice.
ORDER = 12
#: The upper bounds end within this of the lower ones.
SLACK = 0.004
#: The sup norms of an activation itself end closer.
_NORMS_SLACK = 1e-6
_SMALLEST_RADIUS = Fraction(1, 2**100)
#: Cells for each coefficient of P that are looked at; then the bounds are taken as they are, still true but wide.
_MOST_CELLS = 500
_MOST_TIMES = 16  # as many bits as at first
_UP = 1 + 2.0**-40  # more than the relative error of any sum formed here in doubles


def certified_sup(
    activation: Activation, radius: Fraction, polynomial: fmpq_poly, orders: Sequence[int], slack: float = SLACK
) -> list[tuple[float, float]]:
    """(lower, upper) bounds on sup |(sigma - P)^(d)| over [-radius, radius] for every d in `orders`, P with exact coefficients.

    At a breakpoint of sigma both one-sided derivatives count. Bits are added while the two are not within `slack` of each other, as for
    errors that are tiny beside P's terms. Cost: for degree n about 4 n cells of one Taylor shift of P each. Raises ValueError for an
    interval so wide, or coefficients so large, that no finite bound was found.
    """
    bits = 128 + math.ceil(1.3 * polynomial.length())
    lower, upper = in_growing_bits(
        lambda: _bounds(activation, radius, arb_poly(polynomial), orders, slack),
        lambda found: bool((found[1] <= (1 + 2 * slack) * found[0]).all()),
        bits,
        _MOST_TIMES * bits,
    )
    if not np.isfinite(upper).all():
        raise ValueError(f"radius must be small enough for finite bounds on {activation} and its polynomial, but was {float(radius):g}")
    return [(float(a), float(b)) for a, b in zip(lower, upper, strict=True)]


def _bounds(
    activation: Activation, radius: Fraction, polynomial: arb_poly, orders: Sequence[int], slack: float
) -> tuple[np.ndarray, np.ndarray]:
    ends = [-radius, *(Fraction(b) for b in activation.breakpoints if -radius < b < radius), radius]
    first, start = sum(-radius >= b for b in activation.breakpoints), max(2, polynomial.length())
    cells = [
        (piece, low + (high - low) * Fraction(2 * i + 1, 2 * start), (high - low) / (2 * start))
        for piece, (low, high) in enumerate(pairwise(ends), first)
        for i in range(start)
    ]
    lower, upper = np.zeros(len(orders)), np.zeros(len(orders))
    left = _MOST_CELLS * start
    while cells:
        left -= len(cells)
        bounds = [_cell(activation, polynomial, *cell, orders) for cell in cells]
        lower = np.maximum.reduce([lower, *(low for low, _ in bounds)])
        halves = []
        for (piece, centre, r), (_, high) in zip(cells, bounds, strict=True):
            if (high <= (1 + slack) * lower).all() or left < 0:
                upper = np.maximum(upper, high)
            else:
                halves += [(piece, centre - r / 2, r / 2), (piece, centre + r / 2, r / 2)]
        cells = halves
    return lower, upper


def sup_norms(activation: str | Activation, radius: NumberLike) -> tuple[float, float, float]:
    """(C_S, C_D, L'): upper bounds on |sigma|, |sigma'| and the Lipschitz constant of sigma' over [-radius, radius], within 10^-6.

    For a user's activation C_S = |sigma(0)| + Lip(sigma) R, and the others are the constants given. Raises ValueError for an
    activation that is not smooth: sigma' has no Lipschitz constant.
    """
    return _sup_norms(named_activation(activation), as_radius(radius))


@lru_cache(maxsize=256)
def _sup_norms(activation: Activation, radius: Fraction) -> tuple[float, float, float]:
    if not activation.is_smooth:
        raise ValueError(f"activation must have a Lipschitz derivative, but that of {activation} jumps")
    if not activation.is_certified:
        assert activation.lipschitz is not None and activation.derivative_lipschitz is not None
        at_zero = abs(float(activation.value(np.zeros(1))[0]))
        value = double_above(Fraction(at_zero) + Fraction(activation.lipschitz) * radius)
        return value, activation.lipschitz, activation.derivative_lipschitz
    found = certified_sup(activation, radius, fmpq_poly([]), (0, 1, 2), _NORMS_SLACK)
    return found[0][1], found[1][1], found[2][1]


def as_radius(radius: NumberLike) -> Fraction:
    """R > 0 as a Fraction; ValueError or TypeError, naming it, for what is not positive or out of the reach of doubles."""
    r = Fraction(as_number(radius, "radius"))
    if r <= 0:
        raise ValueError(f"radius must be positive, but was {shown(radius)}")
    if not _SMALLEST_RADIUS <= r <= 1 / _SMALLEST_RADIUS:
        raise ValueError(f"radius must be between 2^-100 and 2^100 but was {'tiny' if r < 1 else 'huge'}")
    return r


def _cell(
    activation: Activation, polynomial: arb_poly, piece: int, centre: Fraction, r: Fraction, orders: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds on the largest |(sigma - P)^(d)| in a cell, for every d."""
    c, width = arb(to_fmpq(centre)), arb(to_fmpq(r))
    shifted = polynomial(arb_poly([c, 1])).coeffs()
    near = activation.taylor(c, ORDER, piece=piece)
    try:
        far = activation.taylor(c + arb(0, width.upper()), ORDER + 1, piece=piece)[ORDER]
    except ValueError:  # a cell so wide that a denominator may vanish in it
        far = arb(0, math.inf)
    lower, upper = np.empty(len(orders)), np.empty(len(orders))
    for n, d in enumerate(orders):
        scaled, rest = [], 0.0
        power = arb(1)
        for j in range(d, max(ORDER, len(shifted))):
            term = arb(math.perm(j, d)) * power  # of (c + s)^j, differentiated d times, at s = r
            power = power * width
            if j < ORDER:
                difference = (near[j] - shifted[j] if j < len(shifted) else near[j]) * term
                middle = float(difference.mid())
                scaled.append(middle)
                rest += float(difference.rad()) + abs(middle) * 2.0**-52
            else:
                rest += float((shifted[j] * term).abs_upper())
        rest += float((far * math.perm(ORDER, d) * width ** (ORDER - d)).abs_upper())
        lower[n], upper[n] = _range(scaled, rest * _UP)
    return lower, upper


def _range(b: list[float], rest: float) -> tuple[float, float]:
    """Bounds on max over |s| <= 1 of |sum_j b_j s^j + rest(s)|, |rest(s)| <= rest."""
    if not math.isfinite(rest + sum(abs(x) for x in b)):
        return 0.0, math.inf
    quadratic = [b[0] + b[1] + b[2], b[0] - b[1] + b[2]]
    points = [1.0, -1.0, 0.0]
    if abs(b[1]) < 2 * abs(b[2]):
        s = -b[1] / (2 * b[2])
        points.append(s)
        quadratic.append(b[0] + s * (b[1] + s * b[2]))
    higher = sum(abs(x) for x in b[3:])
    size = sum(abs(x) for x in b)
    upper = (max(abs(q) for q in quadratic) + higher + size * 2.0**-48 + rest) * _UP
    found = max(abs(math.fsum(x * s**j for j, x in enumerate(b))) for s in points)
    return max(0.0, (found - size * 2.0**-48 - rest) / _UP), upper
