"""SGD with S_0, S_1, ... as matrices of unknowns: every update as it stands in the paper, then E of each monomial in their entries.

E prod S_ac sums over which factors share a sample; no letter, word or Gram matrix is used.
"""

from __future__ import annotations

from fractions import Fraction as F
from functools import cache, lru_cache
from typing import Any

import numpy as np
from flint import fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from tests.oracles.base import SymbolicOracle, is_linear_and_shallow
from tests.oracles.set_partitions import entry_moment
from theory import InverseBatchPolynomial, TeacherStudent
from theory.engines.base import Quantity
from theory.exact import to_fmpq


class Entrywise(SymbolicOracle):
    kinds = (*SymbolicOracle.kinds, "loss_variance")

    def covers(self, problem: TeacherStudent) -> bool:
        return is_linear_and_shallow(problem)

    def polynomial(self, problem: TeacherStudent, quantity: Quantity) -> Any:
        run = symbolic_run(problem, quantity.step)
        if quantity.kind in ("loss", "loss_variance"):
            residual = run.residuals[quantity.step]
            sigma = run.rational(problem.inputs.second_moment)
            twice = (residual @ sigma @ residual.T).trace()
            mean = run.expect(twice)
            return mean * F(1, 2) if quantity.kind == "loss" else (run.expect(twice * twice) - mean * mean) * F(1, 4)
        gradient = run.gradients[quantity.step][(quantity.layer or 1) - 1]
        means = array([[run.expect(x) for x in row] for row in gradient.tolist()])
        if quantity.kind == "mean":
            return means
        second = run.expect(sum((x * x for x in gradient.ravel()), run.ring.constant(0)))
        return second if quantity.kind == "second_moment" else second - sum((m * m for m in means.ravel()), second - second)


class SymbolicRun:
    """W_0, g_0, W_1, ... and the residuals D_t = W_{t,H} ... W_{t,1} - W*_H ... W*_1, in the entries of S_0, ..., S_step."""

    def __init__(self, problem: TeacherStudent, step: int) -> None:
        self.problem, p = problem, problem.sizes[0]
        self.upper = [(a, c) for a in range(p) for c in range(a, p)]
        names = [f"s{t}_{a}_{c}" for t in range(step + 1) for a, c in self.upper]
        self.ring = fmpq_mpoly_ctx.get(names, "lex")
        unknowns = dict(zip(names, self.ring.gens(), strict=True))
        self.weights = [[self.rational(w) for w in problem.student]]
        self.target = _chain([self.rational(w) for w in problem.teacher_weights])
        self.residuals, self.gradients = [], []
        for t in range(step + 1):
            s = array([[unknowns[f"s{t}_{min(a, c)}_{max(a, c)}"] for c in range(p)] for a in range(p)])
            w = self.weights[-1]
            residual = _chain(w) - self.target
            self.residuals.append(residual)
            g_t = [residual @ s] if len(w) == 1 else [w[1].T @ residual @ s, residual @ s @ w[0].T]
            self.gradients.append(g_t)
            rate = to_fmpq(problem.learning_rate(t)) if t < step else 0
            self.weights.append([x - y * rate for x, y in zip(w, g_t, strict=True)])
        self._moment = cache(self._moment_of_batch)

    def rational(self, matrix: Any) -> np.ndarray:
        """A matrix of constants of the ring."""
        return array([[self.ring.constant(to_fmpq(F(x))) for x in row] for row in np.asarray(matrix).tolist()])

    def expect(self, polynomial: fmpq_mpoly) -> InverseBatchPolynomial:
        """E over all batches."""
        total, n = fmpq_poly([]), len(self.upper)
        for exponents, c in polynomial.to_dict().items():
            value = fmpq_poly([c])
            for t in range(len(exponents) // n):
                value *= self._moment(tuple(int(e) for e in exponents[t * n : (t + 1) * n]))
            total += value
        return InverseBatchPolynomial(total.coeffs())

    def _moment_of_batch(self, exponents: tuple[int, ...]) -> fmpq_poly:
        factors = [entry for entry, e in zip(self.upper, exponents, strict=True) for _ in range(e)]
        return fmpq_poly([to_fmpq(x) for x in entry_moment(self.problem.inputs, factors)])


@lru_cache(maxsize=1)
def symbolic_run(problem: TeacherStudent, step: int) -> SymbolicRun:
    """The run that several quantities of one problem are read from."""
    return SymbolicRun(problem, step)


def array(rows: list[list[Any]]) -> np.ndarray:
    """Filled one by one: numpy takes a polynomial for a sequence."""
    result = np.empty((len(rows), len(rows[0])), dtype=object)
    for i, row in enumerate(rows):
        for j, x in enumerate(row):
            result[i, j] = x
    return result


def _chain(layers: list[np.ndarray]) -> np.ndarray:
    return layers[0] if len(layers) == 1 else layers[1] @ layers[0]


ENTRYWISE = Entrywise()
