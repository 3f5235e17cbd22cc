"""The ways to fit a polynomial to an activation, in doubles: what one is worth is found out afterwards."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.polynomial import Chebyshev

from theory.activations import Activation
from theory.budget import Budget, Cost, as_count, saturated
from theory.chebyshev.bernstein_ellipses import PROMISING
from theory.chebyshev.remez import best_uniform

METHODS = (*PROMISING, "least_squares")

#: Of a fit, where no budget is given.
FITTING = Budget(seconds=10.0, bytes=2e9)

#: Degrees whose fit is predicted to take ten seconds.
_LONG_FITS = {"remez_derivative": 3000, "interpolate": 8000, "interpolate_derivative": 8000, "least_squares": 800}


def fitted(sigma: Activation, radius: Fraction, n: int, method: str, budget: Budget | None) -> Chebyshev:
    """The polynomial of degree n of this method. UnaffordableError beyond the budget, ten seconds by default."""
    order = saturated(n)
    cost = Cost(FITTING.seconds * (order / _LONG_FITS[method]) ** 3, 16.0 * order**2, f"a linear system of order {as_count(n)}")
    Budget.of(budget, FITTING).require(cost, f"a fit of this degree by {method}", ("a lower degree",))
    return _MAKERS[method](sigma, float(radius), n)


def _interpolate(sigma: Activation, radius: float, n: int) -> Chebyshev:
    return Chebyshev.interpolate(sigma.value, n, domain=[-radius, radius])


def _interpolate_derivative(sigma: Activation, radius: float, n: int) -> Chebyshev:
    return _centred(sigma, Chebyshev.interpolate(sigma.derivative, n - 1, domain=[-radius, radius]).integ(), radius)


def _remez_derivative(sigma: Activation, radius: float, n: int) -> Chebyshev:
    inside = [float(b) for b in sigma.breakpoints if abs(b) < radius]
    return _centred(sigma, best_uniform(sigma.derivative, n - 1, radius, inside).integ(), radius)


def _least_squares(sigma: Activation, radius: float, n: int) -> Chebyshev:
    """Gauss-Legendre on each analytic piece: a discrete fit that is the continuous one up to the quadrature's error."""
    ends = [-radius, *(float(b) for b in sigma.breakpoints if abs(b) < radius), radius]
    nodes, weights = np.polynomial.legendre.leggauss(2 * n + 40)
    halves = [(high - low) / 2 for low, high in pairwise(ends)]
    x = np.concatenate([low + h * (nodes + 1) for low, h in zip(ends, halves, strict=False)])
    w = np.concatenate([h * weights for h in halves])
    return Chebyshev.fit(x, sigma.value(x), n, domain=[-radius, radius], w=np.sqrt(w))


_MAKERS = {
    "remez_derivative": _remez_derivative,
    "interpolate": _interpolate,
    "interpolate_derivative": _interpolate_derivative,
    "least_squares": _least_squares,
}


def _centred(sigma: Activation, series: Chebyshev, radius: float) -> Chebyshev:
    """The constant chosen so that the largest errors on either side are equal."""
    x = sample_points(sigma, radius, len(series.coef))
    error = sigma.value(x) - series(x)
    return series + (error.max() + error.min()) / 2


def sample_points(sigma: Activation, radius: float, count: int) -> np.ndarray:
    """Where errors are looked at: a fine grid of Chebyshev points, and the breakpoints."""
    grid = radius * np.cos(np.linspace(np.pi, 0, 32 * count + 513))
    return np.union1d(grid, [float(b) for b in sigma.breakpoints if abs(b) < radius])
