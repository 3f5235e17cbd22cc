"""Wider problems by brute force: labels, subsets of the points, torch's update, in lists of Fractions; no code of the package computes.

A network's weights are one flat list; gradients come from the differences that define them: the loss is a polynomial in each weight, and
its derivative at 0 is read off from values by Lagrange's formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as F
from itertools import combinations, pairwise, product

from tests.theory.linear_regression.all_batches import Vector, moved, spread
from theory import SGD


def output(sizes: Sequence[int], sigma: Sequence[F], w: Vector, x: Vector) -> Vector:
    """f(w; x)."""
    z, start = x, 0
    for k in range(1, len(sizes)):
        rows = [w[start + i * sizes[k - 1] :][: sizes[k - 1]] for i in range(sizes[k])]
        start += sizes[k] * sizes[k - 1]
        z = [sum((a * b for a, b in zip(row, z, strict=True)), F(0)) for row in rows]
        if k < len(sizes) - 1:
            z = [sum((c * h**i for i, c in enumerate(sigma)), F(0)) for h in z]
    return z


def loss(sizes: Sequence[int], sigma: Sequence[F], w: Vector, x: Vector, y: Vector) -> F:
    """1/2 ||f(w; x) - y||^2."""
    return sum(((a - b) ** 2 for a, b in zip(output(sizes, sigma, w, x), y, strict=True)), F(0)) / 2


def gradient(sizes: Sequence[int], sigma: Sequence[F], w: Vector, x: Vector, y: Vector) -> Vector:
    """d loss / dw: exact, from 2 degree + 1 values along every coordinate."""
    degree = 2 * (len(sigma) - 1) ** (len(sizes) - 2)
    slopes = slope_weights(degree)
    found = []
    for k in range(len(w)):
        values = [loss(sizes, sigma, [*w[:k], w[k] + h, *w[k + 1 :]], x, y) for h in range(degree + 1)]
        found.append(sum((s * v for s, v in zip(slopes, values, strict=True)), F(0)))
    return found


def slope_weights(degree: int) -> list[F]:
    """c_h with p'(0) = sum_h c_h p(h), h = 0, ..., degree, for every polynomial of this degree."""
    found = []
    for h in range(degree + 1):
        others = [j for j in range(degree + 1) if j != h]
        total = F(0)
        for left_out in others:
            term = F(1, h - left_out)
            for j in others:
                if j != left_out:
                    term *= F(-j, h - j)
            total += term
        found.append(total)
    return found


def trajectory(
    sizes: Sequence[int],
    sigma: Sequence[F],
    points: Sequence[tuple[Vector, Vector]],
    w0: Vector,
    rates: Sequence[F],
    steps: int,
    batch_size: int,
    replacement: bool,
    sgd: SGD,
) -> list[tuple[list[F], F]]:
    """(var(g_{t,k}) by layers, E loss(w_t)) for t = 0, ..., steps."""
    n = len(points)
    batches = list(product(range(n), repeat=batch_size) if replacement else combinations(range(n), batch_size))
    states: list[tuple[Vector, Vector | None]] = [(w0, None)]
    ends = [0]
    for k in range(1, len(sizes)):
        ends.append(ends[-1] + sizes[k] * sizes[k - 1])
    found = []
    for t in range(steps + 1):
        at_points = [[gradient(sizes, sigma, w, x, y) for x, y in points] for w, _ in states]
        means = [[[sum((g[i][k] for i in batch), F(0)) / batch_size for k in range(len(w0))] for batch in batches] for g in at_points]
        flat = [g for of_state in means for g in of_state]
        layers = [spread([g[a:b] for g in flat], b - a) for a, b in pairwise(ends)]
        losses = [sum((loss(sizes, sigma, w, x, y) for x, y in points), F(0)) / n for w, _ in states]
        found.append((layers, sum(losses, F(0)) / len(losses)))
        if t < steps:
            states = [moved(sgd, w, v, g, rates[t]) for (w, v), of_state in zip(states, means, strict=True) for g in of_state]
    return found
