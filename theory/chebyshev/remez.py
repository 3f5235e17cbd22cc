"""Best uniform approximation by polynomials: the exchange algorithm of Remez, in doubles, in the Chebyshev basis.

    f(x_i) - p(x_i) = (-1)^i h,   i = 0, ..., d + 1,       then the x_i move to the extrema of f - p, until |h| is its largest value.

By de la Vallee Poussin |h| is a lower bound on the best error at every stage, so that the exchange knows when to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.polynomial.chebyshev import chebvander

MAX_EXCHANGES = 60
CLOSE = 1e-4  # the error has levelled when its largest value is within this of |h|
_PER_EXTREMUM = 24  # points between neighbouring extrema at which the error is looked at


def best_uniform(function: Callable[[np.ndarray], np.ndarray], degree: int, radius: float, breakpoints: Sequence[float] = ()) -> Chebyshev:
    """The polynomial of this degree closest to `function` on [-radius, radius] in the maximum norm, up to rounding and CLOSE.

    `breakpoints` are points where the function has a kink. When rounding hides the error's extrema, or the degree is too low for the
    exchange to find enough of them, the best polynomial met so far is returned, at worst the Chebyshev interpolant: nothing here is a
    promise, the certificate of the error is. Cost: a few exchanges of one linear system of order degree + 2 each.
    """
    grid = np.cos(np.linspace(np.pi, 0, _PER_EXTREMUM * (degree + 2) + 1))
    grid = np.union1d(grid, [x / radius for x in breakpoints])
    values = function(radius * grid)
    best, smallest = Chebyshev.interpolate(lambda x: function(radius * x), degree), np.inf
    # An even or odd function can make h = 0 on points that are symmetric about 0, and leave too few extrema: then one more point is
    # taken, and an end dropped.
    starts = [np.cos(np.linspace(np.pi, 0, degree + 2)), np.cos(np.linspace(np.pi, 0, degree + 3))[1:]]
    points = starts.pop(0)
    for _ in range(MAX_EXCHANGES):
        system = np.column_stack([chebvander(points, degree), (-1.0) ** np.arange(degree + 2)])
        *coefficients, level = np.linalg.solve(system, function(radius * points))
        trial = Chebyshev(coefficients)
        error = values - trial(grid)
        peaks = _peaks(grid, error)
        if len(peaks) < degree + 2:
            if not starts:
                break
            points = starts.pop(0)
            continue
        refined = np.array([_vertex(grid, error, i) for i in peaks])
        heights = np.abs(function(radius * refined) - trial(refined))
        refined = np.where(heights > np.abs(error[peaks]), refined, grid[peaks])  # at a kink the parabola misses
        heights = np.maximum(heights, np.abs(error[peaks]))
        if heights.max() < smallest:
            best, smallest = trial, heights.max()
        if smallest <= abs(level) * (1 + CLOSE):
            break
        points = _neighbours(refined, heights, degree + 2)
    return Chebyshev(best.coef, domain=[-radius, radius])


def _peaks(grid: np.ndarray, error: np.ndarray) -> list[int]:
    """Where |error| is largest between its changes of sign."""
    signs = np.sign(error)
    kept: list[int] = []
    starts = np.flatnonzero(np.concatenate([[True], signs[1:] != signs[:-1]])).tolist()
    for a, b in zip(starts, [*starts[1:], len(grid)], strict=True):
        i = a + int(np.abs(error[a:b]).argmax())
        if kept and signs[i] in (0, signs[kept[-1]]):  # a zero on the grid parts two runs of one sign
            kept[-1] = max(kept[-1], i, key=lambda n: abs(error[n]))
        else:
            kept.append(i)
    return kept


def _neighbours(points: np.ndarray, heights: np.ndarray, count: int) -> np.ndarray:
    """`count` neighbouring extrema, the largest one among them: the lower end is dropped until no more than that are left."""
    first, last = 0, len(points)
    while last - first > count:
        if heights[first] < heights[last - 1]:
            first += 1
        else:
            last -= 1
    return points[first:last]


def _vertex(x: np.ndarray, y: np.ndarray, i: int) -> float:
    """The extremum near x_i of the parabola through three neighbours."""
    if i in (0, len(x) - 1):
        return float(x[i])
    left, right = x[i - 1] - x[i], x[i + 1] - x[i]
    u, v = (y[i - 1] - y[i]) / left, (y[i + 1] - y[i]) / right
    curvature = (v - u) / (right - left)
    if curvature == 0:
        return float(x[i])
    shift = -(u - left * curvature) / (2 * curvature)
    return float(x[i] + np.clip(shift, left, right))
