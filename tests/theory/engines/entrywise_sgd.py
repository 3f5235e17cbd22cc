"""SGD on linear networks with the entries of S_0, S_1, ... as unknowns: an oracle without words, letters or Gram matrices."""

from __future__ import annotations

from fractions import Fraction as F
from functools import cache
from typing import Any

import numpy as np
from flint import fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from tests.theory.gaussian_moments.test_gaussian_moments import falling_over_power, partitions
from theory.engines.base import Quantity
from theory.exact import to_fmpq
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent


class Entrywise:
    """SGD with S_0, S_1 as matrices of unknowns: every update as it stands in the paper, then E of each monomial in their entries.

    E prod S_ac sums over which factors share a sample; no letter, word or Gram matrix is used.
    """

    def __init__(self, problem: TeacherStudent, step: int) -> None:
        self.problem, p = problem, problem.sizes[0]
        self.upper = [(a, c) for a in range(p) for c in range(a, p)]
        names = [f"s{t}_{a}_{c}" for t in range(step + 1) for a, c in self.upper]
        self.ring = fmpq_mpoly_ctx.get(names, "lex")
        unknowns = dict(zip(names, self.ring.gens(), strict=True))
        rational = self._rational
        self.weights = [[rational(w) for w in problem.student]]
        target = self._chain([rational(w) for w in problem.teacher])
        self.residuals, self.gradients = [], []
        for t in range(step + 1):
            s = _array([[unknowns[f"s{t}_{min(a, c)}_{max(a, c)}"] for c in range(p)] for a in range(p)])
            w = self.weights[-1]
            residual = self._chain(w) - target
            self.residuals.append(residual)
            g_t = [residual @ s] if len(w) == 1 else [w[1].T @ residual @ s, residual @ s @ w[0].T]
            self.gradients.append(g_t)
            rate = to_fmpq(problem.learning_rate(t))
            self.weights.append([x - y * rate for x, y in zip(w, g_t, strict=True)])
        self.target = target
        self.moment = cache(self._moment)

    def _rational(self, matrix: Any) -> np.ndarray:
        return _array([[self.ring.constant(to_fmpq(F(x))) for x in row] for row in np.asarray(matrix).tolist()])

    @staticmethod
    def _chain(layers: list[np.ndarray]) -> np.ndarray:
        return layers[0] if len(layers) == 1 else layers[1] @ layers[0]

    def expect(self, polynomial: fmpq_mpoly) -> fmpq_poly:
        """E over all batches, a polynomial in 1/b."""
        total, n = fmpq_poly([]), len(self.upper)
        for exponents, c in polynomial.to_dict().items():
            value = fmpq_poly([c])
            for t in range(len(exponents) // n):
                value *= self.moment(tuple(int(e) for e in exponents[t * n : (t + 1) * n]))
            total += value
        return total

    def _moment(self, exponents: tuple[int, ...]) -> fmpq_poly:
        factors = [entry for entry, e in zip(self.upper, exponents, strict=True) for _ in range(e)]
        total = fmpq_poly([])
        for blocks in partitions(list(range(len(factors)))):
            value = F(1)
            for block in blocks:
                powers = [0] * self.problem.sizes[0]
                for i in block:
                    powers[factors[i][0]] += 1
                    powers[factors[i][1]] += 1
                value *= self.problem.inputs.moment(powers)
            total += fmpq_poly([to_fmpq(x) for x in falling_over_power(len(blocks), len(factors))]) * to_fmpq(value)
        return total

    def answer(self, quantity: Quantity) -> Any:
        if quantity.kind == "loss":
            residual = self.residuals[quantity.step]
            sigma = self._rational(self.problem.inputs.second_moment)
            return self.expect((residual @ sigma @ residual.T).trace()) / 2
        gradient = self.gradients[quantity.step][(quantity.layer or 1) - 1]
        mean = [self.expect(x) for x in gradient.ravel()]
        if quantity.kind == "mean":
            return mean
        square = self.expect(sum((x * x for x in gradient.ravel()), self.ring.constant(0)))
        return square if quantity.kind == "second_moment" else square - sum((m * m for m in mean), fmpq_poly([]))


def _array(rows: list[list[fmpq_mpoly]]) -> np.ndarray:
    """Filled one by one: numpy takes a polynomial for a sequence."""
    result = np.empty((len(rows), len(rows[0])), dtype=object)
    for i, row in enumerate(rows):
        for j, x in enumerate(row):
            result[i, j] = x
    return result


def coefficients(polynomial: InverseBatchPolynomial) -> fmpq_poly:
    return fmpq_poly([to_fmpq(c) for c in polynomial.coefficients])
