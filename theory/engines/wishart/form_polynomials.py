"""The expectation of a trace form, with every batch as a matrix of variables: small sizes only, and no reduction at all.

Each letter becomes a matrix of polynomials in the entries of S_0, S_1, ...; the form is evaluated in that ring as it stands, and every
monomial replaced by its expectation. Nothing is shared with the nested integration of the other quantities but the batches' moments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from flint import Ordering, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from theory.arithmetic.rows import RowMatrix
from theory.backpropagation import end_to_end, linear_gradients
from theory.engines.wishart.batch_moments import batch_moments, entries
from theory.engines.wishart.last_batch import as_polynomial
from theory.exact import to_fmpq
from theory.inverse_batch import InverseBatchPolynomial
from theory.optimizers import State
from theory.problem import TeacherStudent
from theory.trace_forms import TraceForm
from theory.trace_forms.letters import CONSTANT, GRADIENT, TEACHER, Letter


def expectation(problem: TeacherStudent, form: TraceForm) -> InverseBatchPolynomial | np.ndarray:
    """E form: a polynomial in 1/b, or an object array of them when the form is matrix-valued."""
    ring = _Ring(problem, form.step + 1)
    value = form.evaluate(ring.letter)
    if form.is_scalar:
        return as_polynomial(ring.expectation(value))
    result = np.empty((len(value.rows), len(value.rows[0])), dtype=object)
    for i, j in np.ndindex(result.shape):
        result[i, j] = as_polynomial(ring.expectation(value.rows[i][j]))
    return result


class _Ring:
    """Polynomials in the entries of S_0, ..., S_{batches-1}, and the network in them."""

    def __init__(self, problem: TeacherStudent, batches: int) -> None:
        self._problem, self._law = problem, problem.inputs
        pairs = entries(self._law.dimension)
        self._variables = len(pairs)
        names = [f"s{t}_{i}_{j}" for t in range(batches) for i, j in pairs]
        self._context = fmpq_mpoly_ctx.get(names, Ordering.lex)
        generators = self._context.gens()
        self._batches = []
        for t in range(batches):
            entry = {pair: generators[t * self._variables + k] for k, pair in enumerate(pairs)}
            size = range(self._law.dimension)
            self._batches.append(RowMatrix([[entry[min(i, j), max(i, j)] for j in size] for i in size]))
        self._teacher = [self._constant(w) for w in problem.teacher_weights]
        self.states = lru_cache(maxsize=None)(self._states)
        self.gradients = lru_cache(maxsize=None)(self._gradients)

    def letter(self, letter: Letter) -> RowMatrix:
        """The matrix of an untransposed letter."""
        if letter.kind == CONSTANT:
            return self._constant(letter.matrix)
        assert letter.layer is not None
        if letter.kind == TEACHER:
            return self._teacher[letter.layer - 1]
        assert letter.step is not None
        source: Callable[[int], Sequence[RowMatrix]] = self.gradients if letter.kind == GRADIENT else self.weights
        return source(letter.step)[letter.layer - 1]

    def expectation(self, polynomial: fmpq_mpoly | Any) -> fmpq_poly:
        """Every monomial replaced by its expectation, the first batch last."""
        if not isinstance(polynomial, fmpq_mpoly):
            return fmpq_poly([polynomial])
        n, batches = self._variables, len(self._batches)
        current = {tuple(map(int, a)): fmpq_poly([c]) for a, c in polynomial.to_dict().items()}
        for t in range(batches - 1, -1, -1):
            table = batch_moments(self._law, max((sum(a[t * n :]) for a in current), default=0))
            following: dict[tuple[int, ...], fmpq_poly] = defaultdict(lambda: fmpq_poly([]))
            for a, f in current.items():
                following[a[: t * n]] += f * table[a[t * n :]]
            current = following
        return current.get((), fmpq_poly([]))

    def weights(self, step: int) -> tuple[RowMatrix, ...]:
        """W_{step,1}, ..., W_{step,H}."""
        return self.states(step).weights

    def _states(self, step: int) -> State[RowMatrix]:
        if step == 0:
            return State(tuple(self._constant(w) for w in self._problem.student))
        rate = self._problem.learning_rate(step - 1)
        return self._problem.optimizer.advance(self.states(step - 1), self.gradients(step - 1), rate)

    def _gradients(self, step: int) -> list[RowMatrix]:
        weights = self.weights(step)
        return linear_gradients(weights, (end_to_end(weights) - end_to_end(self._teacher)) @ self._batches[step])

    def _constant(self, array: np.ndarray) -> RowMatrix:
        return RowMatrix([[self._context.constant(to_fmpq(x)) for x in row] for row in array.tolist()])
