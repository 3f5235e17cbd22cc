"""SGD up to step t: what the last batch needs, as coefficients in the deviations of all batches before it, with bounds on their errors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations_with_replacement, product

import numpy as np

from theory.backpropagation import end_to_end, linear_gradients
from theory.engines.deviations.expansions import UNIT, Expansion
from theory.engines.deviations.last_batch import LastBatch
from theory.engines.deviations.monomials import exponents
from theory.engines.deviations.nodes import lattice
from theory.exact import to_fmpq
from theory.problem import TeacherStudent

#: Numbers in the widest polynomial of one evaluation: what a cache holds.
AT_ONCE = 1e6


def coefficients(problem: TeacherStudent, step: int, degrees: list[int], last: LastBatch) -> tuple[np.ndarray, np.ndarray]:
    """(c, r), of shape (monomials of batch 0, monomials of batch 1, ..., entries): see `averages`."""
    p = problem.inputs.dimension
    n = p * (p + 1) // 2
    lattices = [lattice(n, d, _doublings(problem, s, d)) for s, d in enumerate(degrees[1:], start=1)]
    count, counts = len(exponents(n, degrees[0])), [len(points) for points, _ in lattices]
    c, r = (np.empty((count, math.prod(counts), last.entries)) for _ in range(2))
    at_once = max(1, int(AT_ONCE // (count * last.entries)))
    every = list(product(*map(range, counts)))
    for start in range(0, len(every), at_once):
        chosen = np.array(every[start : start + at_once]).T
        batches = [_symmetric(points[index], p) for (points, _), index in zip(lattices, chosen, strict=True)]
        found = _run(problem, step, batches, last)
        for array, values in ((c, found.values), (r, found.radii)):
            array[:, start : start + at_once] = np.moveaxis(values.reshape(count, last.entries, -1), 2, 1)
    c, r = (array.reshape(count, *counts, last.entries) for array in (c, r))
    for axis, (_, inverse) in enumerate(lattices, start=1):
        slack = 1.01 * (len(inverse) + 2) * UNIT
        r = 1.01 * _along(axis, np.abs(inverse), r + slack * np.abs(c))
        c = _along(axis, inverse, c)
    return c, r


def _doublings(problem: TeacherStudent, step: int, degree: int) -> int:
    """So that the points reach to where a step moves the weights by as much as they are, within limits: any will do, these lose little."""
    moved = float(problem.learning_rate(step)) * float(sum((w.astype(float) ** 2).sum() for w in problem.networks)) / problem.depth
    return max(-4, min(4, round(math.log2(2 / (degree * moved))))) if moved > 0 else 0


def _run(problem: TeacherStudent, step: int, batches: list[np.ndarray], last: LastBatch) -> Expansion:
    """At points of the deviations of batches 1, ..., step - 1, (p, p, points) each."""
    sigma = problem.inputs.second_moment
    n = len(sigma) * (len(sigma) + 1) // 2
    weights, teacher = (tuple(Expansion.constant(w, n) for w in side) for side in (problem.student, problem.teacher_weights))
    target = end_to_end(teacher)
    for rate, batch in zip(map(to_fmpq, problem.rates_before(step)), _moments(sigma, batches), strict=True):
        gradients = linear_gradients(weights, (end_to_end(weights) - target) @ batch)
        weights = problem.optimizer.step(weights, gradients, rate)
    return last.averaged(weights, end_to_end(weights) - target)


def _moments(sigma: np.ndarray, batches: list[np.ndarray]) -> Iterator[Expansion]:
    """S_0, with Z_0 as it is, and S_1, S_2, ... at their points."""
    n = len(sigma) * (len(sigma) + 1) // 2
    yield Expansion.deviating(sigma)
    centre = sigma.astype(float)[:, :, None]
    for z in batches:
        yield Expansion((centre + z)[None], (np.abs(centre) + np.abs(z))[None], n, 0, 2)


def _symmetric(rows: np.ndarray, p: int) -> np.ndarray:
    """(points, p(p+1)/2) as matrices, (p, p, points)."""
    matrix = np.empty((p, p, len(rows)))
    for column, (i, j) in zip(rows.T, combinations_with_replacement(range(p), 2), strict=True):
        matrix[i, j] = matrix[j, i] = column
    return matrix


def _along(axis: int, matrix: np.ndarray, array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(np.tensordot(matrix, array, axes=(1, axis)), 0, axis))
