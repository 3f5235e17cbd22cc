"""The engine of deep networks: polynomial networks of any depth H and degree D, and any law with moments.

Given w_s, batch s enters through r averages of polynomials of one sample (`batch_averages`), r the number of independent directions of one
sample's gradient: one for each weight, or fewer. E||g_t||^2, E g_t and E loss(w_t) are polynomials in those of batch t-1, whose monomials
have expectations that are polynomials in eps = 1/b; the batches before are averaged on lattice points (`nested_batches`), the last one in
closed form (`targets`). No sampling, no rounding (polynomial form: Theorems 3.3 and 3.4, lines 276-303).

t = 0 for every network, linear ones of any size by matrices (`linear_start`), Gaussian inputs of any number for narrow first layers
(`many_inputs`). t = 1 while there are few monomials, C(r + 2m, r) with
m = 2 d_H - 1: sizes such as 1-1-1 and 2-2-1 with D = 2 and 3, 1-1-1-1 with D = 2, linear networks of any depth and width with p <= 3.
t = 2 where r is 1 or 2, as for sizes 1-1-1 and 1-n-1 with D = 2.
"""

from __future__ import annotations

import numpy as np

from theory.budget import CannotError, Cost
from theory.engines.base import Quantity
from theory.engines.deep_moments import linear_start, many_inputs
from theory.engines.deep_moments.cost import predict, required_order
from theory.engines.deep_moments.nested_batches import NestedBatches
from theory.engines.deep_moments.sample_polynomials import LawMoments
from theory.engines.deep_moments.targets import Target
from theory.extensions import OPTIMIZER, reason_beyond
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent


class DeepMoments:
    """Joint moments of the polynomials of one sample that a batch averages; exact for every law that has them."""

    name = "deep_moments"

    def unsupported_reason(self, problem: TeacherStudent, quantity: Quantity) -> str | None:
        """Not a polynomial, labels, no replacement, gradients of single samples, or a moment table that ends too early; otherwise None."""
        if (reason := reason_beyond(problem, OPTIMIZER)) is not None:
            return reason
        if not problem.is_polynomial:
            return f"the activation must be a polynomial, but is {problem.activation}"
        if quantity.has_single_samples:
            return "needs gradients of whole batches, but the expression has gradients of single samples"
        missing = problem.inputs.missing_moments_reason(required_order(problem, quantity))
        return None if missing is None else f"needs the inputs' moments: {missing}"

    def cost(self, problem: TeacherStudent, quantity: Quantity) -> Cost:
        """Predicted from the numbers of lattice points, monomials and products, and the length of the numbers."""
        return predict(problem, quantity)

    def compute(self, problem: TeacherStudent, quantity: Quantity) -> InverseBatchPolynomial | np.ndarray:
        """The polynomial, exact; entrywise for the mean and for matrix-valued trace forms. CannotError when it cannot."""
        if (reason := self.unsupported_reason(problem, quantity)) is not None:
            raise CannotError(f"deep_moments cannot compute {quantity}: {reason}")
        if linear_start.applies(problem, quantity):
            return linear_start.compute(problem, quantity)
        if many_inputs.applies(problem, quantity):
            return many_inputs.compute(problem, quantity)
        moments = LawMoments(problem.inputs)
        target = Target(problem, quantity, moments)
        degrees = quantity.batch_degrees(problem)
        while degrees and not degrees[-1]:  # a trace form without a gradient of its last step
            degrees.pop()
        rates = problem.rates_before(quantity.step)
        return target.result(NestedBatches(problem, moments, degrees, rates, target.polynomials).expectations())
