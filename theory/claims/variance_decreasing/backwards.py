r"""A second route to var(g_t) for scalar Gaussian inputs: backwards in time, at one batch size, in rationals.

If f is a polynomial in the weights, so is E[ f(w_{s+1}) | w_s = w ]: the powers of S_s = (1/b) chi^2_b in f(w - alpha_s g(w, S_s)) become
its moments, E S_s^k = prod_{j<k} (1 + 2 j / b), times the variance of x to the power k. From ||g_t||^2 and the entries of g_t, functions
of w_t, one comes in t such steps to their means, functions of w_0. Nothing is expanded in 1/b, and no lattice of batches is walked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from math import comb

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from theory.arithmetic.rows import RowMatrix
from theory.backpropagation import end_to_end, linear_gradients
from theory.budget import Budget, CannotError, Cost, as_count
from theory.degrees import gradient_degree
from theory.exact import as_index, to_fmpq, to_fraction
from theory.problem import TeacherStudent

SECONDS = 1e-5  # for each term of the largest polynomial


def variance_backwards(problem: TeacherStudent, step: int, layer: int, *, batch_size: int, budget: Budget | None = None) -> Fraction:
    """var(g_{step,layer}) at this batch size, exact.

    Raises CannotError for what is not a linear network with scalar Gaussian inputs, and UnaffordableError beyond the budget.
    Cost: the terms of a polynomial of degree 2 m^t in the weights, m = 2H - 1 the degree of a gradient.
    """
    if not (problem.is_linear and problem.inputs.is_centred_gaussian and problem.inputs.dimension == 1):
        raise CannotError(f"needs a linear network with scalar Gaussian inputs, not {problem}")
    t, k, b = problem.check_step(step), problem.check_layer(layer), as_index(batch_size, "batch_size", minimum=1)
    Budget.of(budget).require(predicted_cost(problem, t), f"going backwards from t = {t}", ("a smaller step",))
    walk = _Backwards(problem, b)
    gradient = walk.gradients[k - 1]
    second, *mean = walk.to_the_start([sum((g * g for g in gradient), walk.context.constant(0)), *gradient], t)
    return to_fraction(second - sum((m * m for m in mean), fmpq(0)))


def predicted_cost(problem: TeacherStudent, step: int) -> Cost:
    """Of `variance_backwards`; nothing is computed."""
    weights = sum(w.size for w in problem.student)
    if step < 2:
        return Cost(1e-3 * weights**2, 1e6, "no polynomial in the weights")
    degree = 2 * gradient_degree(problem.depth) ** min(step, 40)
    terms = comb(weights + degree, weights) if weights * step < 400 else 10**30
    return Cost(SECONDS * terms * degree / 18, 100.0 * terms, f"up to {as_count(terms)} terms")


class _Backwards:
    """The ring in the weights and S; `gradients` are the entries of g_k at S, layer by layer."""

    def __init__(self, problem: TeacherStudent, b: int) -> None:
        self._problem, self._b = problem, b
        self._sizes = [w.shape for w in problem.student]
        count = sum(w.size for w in problem.student)
        self.context = fmpq_mpoly_ctx.get([f"w{n}" for n in range(count)] + ["S"], Ordering.lex)
        *letters, self._batch = self.context.gens()
        self.gradients = self._gradients(letters)

    def to_the_start(self, values: Sequence[fmpq_mpoly], t: int) -> list[fmpq]:
        """E[ value | w_0 ] of polynomials in w_t and S_t."""
        *letters, batch = self.context.gens()
        values = [self._mean(f) for f in values]
        for s in reversed(range(t)):
            at = letters if s else [self.context.constant(to_fmpq(x)) for w in self._problem.student for x in w.ravel()]
            rate = to_fmpq(self._problem.learning_rate(s))
            gradients = [g for layer in self._gradients(at) for g in layer]
            moved = [w - g * rate for w, g in zip(at, gradients, strict=True)]
            values = [self._mean(f.compose(*moved, batch)) for f in values]
        start = [to_fmpq(x) for w in self._problem.student for x in w.ravel()]
        return [f(*start, fmpq(0)) for f in values]

    def _gradients(self, letters: Sequence[fmpq_mpoly]) -> list[list[fmpq_mpoly]]:
        def over(matrix: object) -> RowMatrix:
            return RowMatrix([[self.context.constant(to_fmpq(x)) for x in row] for row in matrix.tolist()])  # type: ignore[attr-defined]

        rest = iter(letters)
        weights = [RowMatrix([[next(rest) for _ in range(columns)] for _ in range(rows)]) for rows, columns in self._sizes]
        error = (end_to_end(weights) - end_to_end([over(w) for w in self._problem.teacher_weights])) * self._batch
        return [[g for row in gradient.rows for g in row] for gradient in linear_gradients(weights, error)]

    def _mean(self, f: fmpq_mpoly) -> fmpq_mpoly:
        """E over S."""
        powers: dict[int, dict[tuple[int, ...], fmpq]] = defaultdict(dict)
        for (*exponents, k), c in f.to_dict().items():
            powers[int(k)][*map(int, exponents), 0] = c
        total, moment = self.context.constant(0), to_fmpq(1)
        variance = to_fmpq(self._problem.inputs.second_moment[0, 0])
        for k in range(max(powers, default=0) + 1):
            total += self.context.from_dict(powers[k]) * moment
            moment *= variance * (1 + fmpq(2 * k, self._b))
        return total
