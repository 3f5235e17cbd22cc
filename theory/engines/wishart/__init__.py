"""The engine of small input dimensions: polynomials in the batches' entries, exact for one or two linear layers and any law with moments.

With the last batch in closed form, E||g_t||^2, E g_t and E loss(w_t) are polynomials in the entries of S_0, ..., S_{t-1}, and the
entries of S have joint moments that are polynomials in eps = 1/b (of a Wishart matrix, for Gaussian inputs). Cheap for p = 1 up
to t = 4, for p = 2 up to t = 2, and at t = 1 while C(p(p+1)/2 + 6, 6) monomials are few; one layer costs next to nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.budget import CannotError, Cost
from theory.engines.base import Quantity
from theory.engines.wishart import form_polynomials, one_layer
from theory.engines.wishart.cost import predicted_cost, required_order
from theory.engines.wishart.last_batch import Loss, LossVariance, Mean, SecondMoment, Target
from theory.engines.wishart.nested_batches import NestedBatches
from theory.engines.wishart.polynomial_state import PolynomialState
from theory.extensions import OPTIMIZER, reason_beyond
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent


class Wishart:
    """Polynomials in the entries of S (Theorems A.6, A.7, lines 608-656), computed without expanding them in all batches at once."""

    name = "wishart"

    def unsupported_reason(self, problem: TeacherStudent, quantity: Quantity) -> str | None:
        """Not linear, more than two layers, gradients of single samples, or a moment table that ends too early; otherwise None."""
        if (reason := reason_beyond(problem, OPTIMIZER)) is not None:
            return reason
        if not problem.is_linear:
            return "needs the identity as activation"
        if problem.depth > 2:
            return f"needs one or two layers, but the network has {problem.depth}"
        if quantity.has_single_samples:
            return "needs gradients of whole batches, but the expression has gradients of single samples"
        if problem.depth == 1 and quantity.kind == "loss_variance" and not problem.optimizer.is_plain:
            return f"var loss of one layer is for plain SGD, but optimizer was {problem.optimizer}"
        missing = problem.inputs.missing_moments_reason(required_order(problem, quantity))
        return None if missing is None else f"needs the inputs' moments: {missing}"

    def cost(self, problem: TeacherStudent, quantity: Quantity) -> Cost:
        """Predicted from the number of points, monomials and digits."""
        return predicted_cost(problem, quantity)

    def compute(self, problem: TeacherStudent, quantity: Quantity) -> InverseBatchPolynomial | np.ndarray:
        """The polynomial, exact; entrywise for the mean and for matrix-valued trace forms. CannotError when it cannot."""
        if (reason := self.unsupported_reason(problem, quantity)) is not None:
            raise CannotError(f"wishart cannot compute {quantity}: {reason}")
        if quantity.kind == "trace_form":
            return form_polynomials.expectation(problem, quantity.expression)
        if quantity.kind == "variance":
            second = self._compute(problem, "second_moment", quantity.step, quantity.layer)
            for entry in self._compute(problem, "mean", quantity.step, quantity.layer).ravel():
                second = second - entry * entry
            return second
        return self._compute(problem, quantity.kind, quantity.step, quantity.layer)

    def _compute(self, problem: TeacherStudent, kind: str, step: int, layer: int | None) -> Any:
        if problem.depth == 1:
            of_gradient = {"second_moment": one_layer.second_moment, "mean": one_layer.mean}
            of_loss = {"loss": one_layer.loss, "loss_variance": one_layer.loss_variance}
            return {**of_gradient, **of_loss}[kind](problem, step)
        network, law = PolynomialState(problem, step), problem.inputs
        target: Target
        if kind in ("loss", "loss_variance"):
            target = (Loss if kind == "loss" else LossVariance)(network, law)
        else:
            assert layer is not None
            target = SecondMoment(network, law, layer) if kind == "second_moment" else Mean(network, law, layer)
        return target.result(NestedBatches(network, law, target).expectations())
