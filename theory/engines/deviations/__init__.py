"""The engine of deviations: two linear layers or more and few Gaussian inputs at t >= 2, in doubles with a proved bound on their error.

g_t is a polynomial in the deviations Z_s = S_s - E[x x^T] of the batches s < t, of degree m^(t-s) in Z_s (m = 2 H - 1), and linear in the
last batch. Its square has twice the degree, and is never formed: E||g_t||^2 is a quadratic form in the coefficients of g_t, whose matrix
are the moments E[Z^(a+a')], polynomials in eps = 1/b (`averages`). In Z_0 coefficients are computed as they are (`expansions`); in the
later deviations g_t is evaluated at points, which determine its coefficients (`nodes`). Every power of eps comes out by itself, low ones
from few moments, with a bound on its rounding: nothing is interpolated in b.

At p = 3 and t = 2 var(g) (degree 23) takes half a minute, at p = 2 and t = 3 E loss(w) (degree 49) ten seconds and var(g) (degree 76) 25
minutes, for one output.
"""

from __future__ import annotations

import numpy as np

from theory.budget import CannotError, Cost
from theory.engines.base import Quantity
from theory.engines.deviations.averages import Averages, Series, plus
from theory.engines.deviations.cost import half_degrees, predicted_cost
from theory.engines.deviations.evaluation import coefficients
from theory.engines.deviations.last_batch import LastBatch
from theory.exact import shown
from theory.extensions import reason_beyond
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent

#: Of the moments of Gaussian inputs: (2n - 1)!! leaves the doubles at 2n = 302. More steps have more in any case.
MOST_ORDER, MOST_STEPS = 300, 6
KINDS = ("variance", "second_moment", "mean", "loss")


class Deviations:
    """Coefficients of the gradient in the deviations of the batches, contracted with their moments."""

    name = "deviations"
    exact = False

    def unsupported_reason(self, problem: TeacherStudent, quantity: Quantity) -> str | None:
        """Inputs not Gaussian, not linear or one layer, t < 2, or another quantity; otherwise None."""
        if (reason := reason_beyond(problem)) is not None:
            return reason
        if not problem.inputs.is_gaussian:
            return f"the inputs must be Gaussian, but were {shown(problem.inputs)}"
        if not problem.is_linear or problem.depth < 2:
            return "needs two or more layers with the identity as activation"
        if quantity.step < 2:
            return f"is for t >= 2, but t = {quantity.step}: earlier steps have exact engines"
        return None if quantity.kind in KINDS else f"computes {', '.join(KINDS)}, not {quantity.kind}"

    def cost(self, problem: TeacherStudent, quantity: Quantity) -> Cost:
        """Predicted from the numbers of monomials, points and products; beyond reach where moments are beyond the doubles."""
        if quantity.step <= MOST_STEPS and 4 * half_degrees(problem, quantity)[0] > MOST_ORDER:
            return Cost.beyond_reach(f"moments of the inputs beyond order {MOST_ORDER}, which no double holds")
        return predicted_cost(problem, quantity)

    def compute(self, problem: TeacherStudent, quantity: Quantity) -> InverseBatchPolynomial | np.ndarray:
        """The polynomial, in doubles with radii; entrywise for the mean. CannotError when it cannot."""
        if (reason := self.unsupported_reason(problem, quantity)) is not None:
            raise CannotError(f"deviations cannot compute {quantity}: {reason}")
        degrees = half_degrees(problem, quantity)
        averages = Averages(problem.inputs, degrees)
        last = LastBatch(problem, quantity)
        c, r = coefficients(problem, quantity.step, degrees, last)
        if quantity.kind == "loss":
            return _polynomial(averages.squares(c, r, last.constant_form / 2))
        means = averages.means(*last.mean_of(c, r))
        if quantity.kind == "mean":
            shape = problem.student[last.layer - 1].shape
            entries = [_polynomial(Series(means.coefficients[:, e], means.radii[:, e])) for e in range(means.coefficients.shape[1])]
            array = np.empty(len(entries), dtype=object)
            array[:] = entries
            return array.reshape(shape)
        constant, linear = (averages.squares(c, r, form) for form in (last.constant_form, last.linear_form))
        second = plus(constant, linear.shifted())
        if quantity.kind == "second_moment":
            return _polynomial(second)
        found = plus(second, means.minus_squares())
        found.coefficients[0] = found.radii[0] = 0  # the gradient of full-gradient descent, squared, in both
        return _polynomial(found)


def _polynomial(series: Series) -> InverseBatchPolynomial:
    return InverseBatchPolynomial(series.coefficients.tolist(), radii=series.radii.tolist())
