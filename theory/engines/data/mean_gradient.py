r"""E g_{t,k} on a data set: the mean gradient at w' is a cubic polynomial in D, whose powers are sums over the samples.

Around the mean of D, where its first power has none, and with M = M_0 + (D L + G D + D J D) S, M_0 = P S + Y,

    mean g_1 = W_2'^T M:    D^2: M_2^T D J D S + W_1 D^T (D L + G D) S,       D^3: W_1 D^T D J D S,
    mean g_2 = M W_1'^T:    D^2: D J D S M_1^T + (D L + G D) S D^T W_2,       D^3: D J D S D^T W_2.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic.bounded_arrays import Bounded, contracted, total
from theory.engines.data.batch_sums import Coefficients, Urn, added, batch_weight, multiplied, product
from theory.engines.data.first_step import Data, Step, turned

#: Weights in 1/b, and what they are the weights of.
Parts = list[tuple[Coefficients, Any]]


def mean_parts(data: Data, step: Step, layer: int, urn: Urn) -> Parts:
    """E g as a sum of matrices with polynomials in 1/b as weights; `step` is around its mean."""
    of, (w1, w2), (m1, m2) = step.matrices(), step.weights, step.middle
    second = data.mean(turned(data.points) @ data.points)
    residual = of["P"] @ second + data.mean(turned(data.minus_targets) @ data.points)
    constant = turned(m2) @ residual if layer == 1 else residual @ turned(m1)
    if not step.moves:
        return [((Fraction(1),), constant)]
    d = step.rho.map(lambda v: v[:, :, None]) * data.points.map(lambda v: v[:, None])
    d = d + (step.mean * type(d).of(-np.ones(()))).map(lambda v: v[None])
    back = d.map(lambda v: np.swapaxes(v, 1, 2))
    bend = d @ of["J"] @ d  # D J D, for every sample
    if layer == 1:
        square = turned(m2) @ _sum(bend) @ second + w1 @ (_paired(back, d @ of["L"]) + _paired(back, of["G"] @ d)) @ second
        cube = w1 @ _paired(back, bend) @ second
    else:
        square = _sum(bend) @ second @ turned(m1) + (_paired(d @ of["L"] @ second, back) + of["G"] @ _paired(d @ second, back)) @ w2
        cube = _paired(bend @ second, back) @ w2
    return [((Fraction(1),), constant), (batch_weight((2,), *urn), square), (batch_weight((3,), *urn), cube)]


def entrywise(parts: Parts) -> np.ndarray:
    """An object array of polynomials: lists of `Bounded`, the coefficients in 1/b."""
    tables = [(weight, matrix.entries()) for weight, matrix in parts]
    result = np.empty(tables[0][1].shape, dtype=object)
    for place in np.ndindex(result.shape):
        result[place] = added(*([table[place].times(c) for c in weight] for weight, table in tables))
    return result


def squared_norm(parts: Parts) -> list[Bounded]:
    """|| E g ||^2 as a polynomial in 1/b."""
    return added(*(multiplied([total(a * b)], product(u, v)) for u, a in parts for v, b in parts))


def _paired(a: Any, b: Any) -> Any:
    """sum_m a_m b_m for stacks of matrices."""
    return contracted(("mij", a), ("mjk", b), "ik")


def _sum(a: Any) -> Any:
    """sum_m a_m."""
    return contracted(("m", type(a).of(np.ones(a.shape[0]))), ("mij", a), "ij")
