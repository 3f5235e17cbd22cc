"""Trace words: linear networks of any size with centred Gaussian inputs, by Stein's lemma on traces of words.

E||g_{t,k}||^2 is a combination of E tr(S P_1 S P_2 ...) with constant P_i (see `gradient_words`). With few S it is expanded by
`wishart_words` into traces of chains P_i Sigma P_j^T ..., with many by `word_levels`: both cost products of p x p matrices, whose number
does not depend on the sizes. Any number H of layers at t <= 1, with 4H - 2 S in a word of E||g||^2, 2H in one of the loss and 2H - 1 in
one of E g (at t = 2 it would be eighteen in two layers): two seconds for the variance of sizes 16-8-8-4, seconds for the loss and E g up
to six layers. One layer: any t, 4^t words.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic.ball_matrices import BallMatrix
from theory.arithmetic.matrices import ExactMatrix, Matrix
from theory.arithmetic.working_precision import working_precision
from theory.budget import CannotError, Cost
from theory.engines.base import Quantity, prefers_exact
from theory.engines.trace_words.cost import exact_cost, float_cost
from theory.engines.trace_words.gradient_words import GradientWords
from theory.exact import as_choice, shown
from theory.extensions import OPTIMIZER, reason_beyond
from theory.gaussian_moments.word_expectations import BITS, Expectations, expect_scalar, to_inverse_batch
from theory.gaussian_moments.word_polynomials import WordPolynomial
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent
from theory.trace_forms.letters import GRADIENT

ARITHMETICS = ("auto", "exact", "balls")


class TraceWords:
    """The engine. Exact input gives Fractions, float input floats with proved radii, unless exact arithmetic is cheap.

    Args:
        arithmetic: "exact" or "balls" for that arithmetic whatever the input; "auto" computes exactly when that fits the budget of the
            quantity and, for float input, is predicted to take at most FLOAT_SECONDS; in balls otherwise.

    Examples:
        >>> from theory import Gaussian
        >>> problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Gaussian(1), learning_rates=Fraction(1, 4))
        >>> TraceWords().compute(problem, Quantity("variance", 0, 1))
        InverseBatchPolynomial(32/b)
    """

    name = "trace_words"

    def __init__(self, arithmetic: str = "auto") -> None:
        self.arithmetic = as_choice(arithmetic, "arithmetic", ARITHMETICS)

    def unsupported_reason(self, problem: TeacherStudent, quantity: Quantity) -> str | None:
        """Why not: inputs not Gaussian or not centred, network not linear, or more than one layer with t >= 2."""
        if (reason := reason_beyond(problem, OPTIMIZER)) is not None:
            return reason
        if not problem.inputs.is_centred_gaussian:
            return f"the inputs must be Gaussian with mean 0, but were {shown(problem.inputs)}"
        if not problem.is_linear:
            return "the network must be linear, but its activation is not the identity"
        if problem.depth > 1 and quantity.step > 1:
            return f"two layers or more need t <= 1, but t = {quantity.step}"
        if quantity.kind == "trace_form" and any(x.kind == GRADIENT and x.sample for x in quantity.expression.letters):
            return "gradients of single samples are not words in the batch's S"
        return None

    def cost(self, problem: TeacherStudent, quantity: Quantity) -> Cost:
        """Predicted cost in the arithmetic that `compute` will take."""
        return (exact_cost if self._ring(problem, quantity) is ExactMatrix else float_cost)(problem, quantity)

    def compute(self, problem: TeacherStudent, quantity: Quantity) -> InverseBatchPolynomial | np.ndarray:
        """The polynomial in 1/b; for the mean, and a matrix-valued trace form, an object array of polynomials."""
        reason = self.unsupported_reason(problem, quantity)
        if reason is not None:
            raise CannotError(f"trace_words cannot compute {quantity}: {reason}")
        ring = self._ring(problem, quantity)
        t, k = quantity.step, quantity.layer or 0
        with working_precision(BITS):
            words = GradientWords(problem, ring)
            if quantity.kind == "loss":
                return expect_scalar(words.loss(t))
            if quantity.kind == "loss_variance":
                return self._loss_variance(words, t)
            if quantity.kind == "second_moment":
                return expect_scalar(words.squared_norm(t, k))
            if quantity.kind == "mean":
                return self._entrywise(words.gradients(t)[k - 1])
            if quantity.kind == "variance":
                return self._variance(words, t, k)
            form = quantity.expression.evaluate(words.look_up)
            return expect_scalar(form) if form.shape is None else self._entrywise(form)

    def _entrywise(self, form: WordPolynomial) -> np.ndarray:
        """E of a matrix-valued polynomial, entry by entry."""
        assert form.shape is not None
        return entrywise(Expectations(form.alphabet).matrix(form), form.shape)

    def _variance(self, words: GradientWords, step: int, layer: int) -> InverseBatchPolynomial:
        """E||g||^2 - ||E g||^2; the constant terms, ||gradient of full-gradient descent||^2 both, cancel."""
        expectations = Expectations(words.alphabet)
        total = expectations.scalar(words.squared_norm(step, layer))
        mean = expectations.matrix(words.gradients(step)[layer - 1])
        squares: list[Any] = [words.alphabet.ring.scalar(0)] * (2 * len(mean))
        for i, x in enumerate(mean):
            for j, y in enumerate(mean):
                squares[i + j] = squares[i + j] + x.T.inner(y)
        return to_inverse_batch(total - words.alphabet.ring.polynomial(squares), zero_constant=True)

    def _loss_variance(self, words: GradientWords, step: int) -> InverseBatchPolynomial:
        """E loss^2 - (E loss)^2: the square is a combination of products of two traces."""
        expectations, loss = Expectations(words.alphabet), words.loss(step)
        mean = expectations.scalar(loss)
        return to_inverse_batch(expectations.scalar(loss * loss) - mean * mean, zero_constant=True)

    def _ring(self, problem: TeacherStudent, quantity: Quantity) -> Any:
        if self.arithmetic != "auto":
            return ExactMatrix if self.arithmetic == "exact" else BallMatrix
        return ExactMatrix if prefers_exact(problem, quantity, exact_cost(problem, quantity)) else BallMatrix


def entrywise(coefficients: list[Matrix], shape: tuple[int, int]) -> np.ndarray:
    """Matrices of coefficients of eps^0, eps^1, ... as an object array of polynomials."""
    tables = [matrix.entries() for matrix in coefficients]
    result = np.empty(shape, dtype=object)
    for i, j in np.ndindex(*shape):
        numbers: list[Any] = [table[i, j] for table, _ in tables] or [Fraction(0)]
        result[i, j] = InverseBatchPolynomial(numbers, radii=[radius for _, radius in tables] or None)
    return result
