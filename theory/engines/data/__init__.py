"""A labelled data set, two linear layers, t <= 1: N samples of which batches are drawn, with or without replacement.

Batch 0 enters through one matrix of rank-one samples (`first_step`), so that ||g_1||^2 is a form of degree six in it, and its average over
batches is a sum over set partitions of its places (`batch_sums`), three blocks at most once the blocks of one letter are constants. The
last batch is averaged in closed form, given w_t:

    E||g_t||^2  =  (1 - c) || mean_n g_n ||^2  +  c mean_n || g_n ||^2,      c = 1/b,  or (N/b - 1) / (N - 1) without replacement.

The first term, and in layer 1 the second, are traces of words in that matrix (`traces`, `words`): sums of products of N x N kernels. In
layer 2 the second is a sum over the last batch's sample of contractions of vectors in R^q (`last_sample`). The widths of the hidden layer
enter through products of weights alone.

In rationals where that is cheap, else in doubles with a proved error bound (theory.arithmetic.bounded_arrays). Digits, 1,797 x 64 with ten
outputs: minutes.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic.balls import double_above, nearest_double
from theory.arithmetic.bounded_arrays import Bounded, ExactArray, RoundedArray
from theory.budget import CannotError, Cost
from theory.engines.base import Quantity, prefers_exact
from theory.engines.data.batch_sums import Coefficients, Urn, added, multiplied
from theory.engines.data.cost import exact_cost, float_cost
from theory.engines.data.first_step import Data, Step
from theory.engines.data.last_sample import second_layer_squares
from theory.engines.data.mean_gradient import entrywise, mean_parts, squared_norm
from theory.engines.data.traces import first_layer_squares, loss, mean_gradient_square
from theory.exact import as_choice
from theory.extensions import ALL, reason_beyond
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent

ARITHMETICS = ("auto", "exact", "doubles")


class DataSets:
    """The engine; see the module.

    Args:
        arithmetic: "exact" or "doubles" for that arithmetic whatever the input; "auto" computes exactly when that fits the budget of the
            quantity and, for float input, is predicted to take at most FLOAT_SECONDS; in doubles otherwise.
    """

    name = "data"

    def __init__(self, arithmetic: str = "auto") -> None:
        self.arithmetic = as_choice(arithmetic, "arithmetic", ARITHMETICS)

    def unsupported_reason(self, problem: TeacherStudent, quantity: Quantity) -> str | None:
        """Why not: inputs that are no data set, another network than two linear layers, t > 1, or another quantity."""
        if (reason := reason_beyond(problem, *ALL)) is not None:
            return reason
        if problem.inputs.population is None:
            return "the inputs must be a DataSet"
        if not problem.is_linear or problem.depth != 2:
            return "the network must have two linear layers"
        if quantity.step > 1:
            return f"it needs t <= 1, but t = {quantity.step}"
        if quantity.kind in ("loss_variance", "trace_form"):
            return "it computes var(g), E||g||^2, E g and E loss alone"
        return None

    def cost(self, problem: TeacherStudent, quantity: Quantity) -> Cost:
        """Predicted cost in the arithmetic that `compute` will take."""
        return (exact_cost if self._kind(problem, quantity) is ExactArray else float_cost)(problem, quantity)

    @np.errstate(over="ignore", invalid="ignore")  # told as RangeError where a number is read
    def compute(self, problem: TeacherStudent, quantity: Quantity) -> InverseBatchPolynomial | np.ndarray:
        """The polynomial; for the mean an object array of polynomials, of the gradient's shape."""
        if (reason := self.unsupported_reason(problem, quantity)) is not None:
            raise CannotError(f"{self.name} cannot compute {quantity}: {reason}")
        data = Data.of(problem, self._kind(problem, quantity))
        whole, around = Step.of(problem, data, quantity.step)
        urn = len(data), problem.sampling != "independent"
        if quantity.kind == "loss":
            return _polynomial(loss(data, whole).average(urn))
        layer = quantity.layer or 0
        if quantity.kind == "mean":
            return np.vectorize(_polynomial, otypes=[object])(entrywise(mean_parts(data, around, layer, urn)))
        second = _second_moment(data, whole, around, layer, urn)
        if quantity.kind == "second_moment":
            return _polynomial(second)
        mean = squared_norm(mean_parts(data, around, layer, urn))
        found = added(second, [c.times(Fraction(-1)) for c in mean])
        if not urn[1]:
            found[0] = Bounded(Fraction(0))  # the full gradient's square, in both
        return _polynomial(found)

    def _kind(self, problem: TeacherStudent, quantity: Quantity) -> Any:
        if self.arithmetic != "auto":
            return ExactArray if self.arithmetic == "exact" else RoundedArray
        return ExactArray if prefers_exact(problem, quantity, exact_cost(problem, quantity)) else RoundedArray


def _second_moment(data: Data, whole: Step, around: Step, layer: int, urn: Urn) -> list[Bounded]:
    """E||g||^2."""
    of_mean = mean_gradient_square(data, whole, layer).average(urn)
    of_one = (first_layer_squares(data, whole) if layer == 1 else second_layer_squares(data, around)).average(urn)
    noise = _last_batch(*urn)
    rest: Coefficients = (1 - noise[0], *(-c for c in noise[1:]))
    return added(multiplied(of_mean, rest), multiplied(of_one, noise))


def _last_batch(points: int, without_replacement: bool) -> Coefficients:
    """c: the share of the variance of one sample that a batch of b has."""
    if not without_replacement:
        return (Fraction(0), Fraction(1))
    return (Fraction(-1, points - 1), Fraction(points, points - 1)) if points > 1 else (Fraction(0),)


def _polynomial(coefficients: list[Bounded]) -> InverseBatchPolynomial:
    """In rationals, or in doubles with their radii rounded up."""
    if not any(c.radius for c in coefficients):
        return InverseBatchPolynomial([c.value for c in coefficients])
    values = [nearest_double(c.value) for c in coefficients]
    radii = [double_above(c.radius + abs(Fraction(v) - c.value)) for c, v in zip(coefficients, values, strict=True)]
    return InverseBatchPolynomial(values, radii=radii)
