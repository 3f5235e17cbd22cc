"""A scalar network's gradient in powers of s_0, ..., s_t, all batches at once, and E s^k = sigma^2k (1)(1 + 2 eps)(1 + 4 eps) ...

The moments of chi-square over b: sizes (1, 1, 1), Gaussian inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import Ordering, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from tests.oracles.base import SymbolicOracle
from theory import InverseBatchPolynomial, TeacherStudent
from theory.engines.base import Quantity
from theory.exact import to_fmpq


class ChiSquare(SymbolicOracle):
    kinds = ("variance", "second_moment", "mean")

    def covers(self, problem: TeacherStudent) -> bool:
        return problem.is_linear and problem.sizes == (1, 1, 1) and problem.inputs.is_centred_gaussian

    def polynomial(self, problem: TeacherStudent, quantity: Quantity) -> Any:
        step = quantity.step
        s = fmpq_mpoly_ctx.get([f"s{k}" for k in range(step + 1)], Ordering.lex).gens()
        w1, w2 = (to_fmpq(w[0, 0]) + 0 * s[0] for w in problem.student)
        goal = to_fmpq(problem.teacher_weights[0][0, 0] * problem.teacher_weights[1][0, 0])
        for k in range(step):
            alpha, d = to_fmpq(problem.learning_rate(k)), w1 * w2 - goal
            w1, w2 = w1 - w2 * d * s[k] * alpha, w2 - w1 * d * s[k] * alpha
        g = (w2 if quantity.layer == 1 else w1) * (w1 * w2 - goal) * s[step]
        variance = to_fmpq(problem.inputs.second_moment[0, 0])
        mean, second = _expected(g, variance), _expected(g * g, variance)
        if quantity.kind == "mean":
            return np.array([[mean]], dtype=object)
        return second if quantity.kind == "second_moment" else second - mean * mean


def _expected(polynomial: fmpq_mpoly, variance: Any) -> InverseBatchPolynomial:
    top = max((int(k) for monomial in polynomial.monoms() for k in monomial), default=0)
    moments = [fmpq_poly([1])]
    for j in range(top):
        moments.append(moments[-1] * fmpq_poly([1, 2 * j]) * variance)
    total = fmpq_poly([])
    for monomial, c in polynomial.to_dict().items():
        term = fmpq_poly([c])
        for k in monomial:
            term *= moments[int(k)]
        total += term
    return InverseBatchPolynomial(total.coeffs())


CHI_SQUARE = ChiSquare()
