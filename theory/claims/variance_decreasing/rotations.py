r"""A family with two parameters: W_1 = W_2 = I, W* = I - k J, J = ((0, 1), (-1, 0)), x ~ N(0, I_2), one step of rate alpha, layer 2.

S J S = det(S) J for every symmetric S, so that D_1 = k J - 2 alpha k J S_0 - alpha^2 k^2 det(S_0) I, and det S_0 = 0 at b = 1: what grows
fastest with k is absent there. With a = alpha k,

    4 (var(2) - var(1)) = 397 a^6 - 15500 a^4 + 1672 a^3 k - 78 a^2 k^2 - 312 a^2 + 48 a k - 12 k^2.

For alpha = 1 this is k^2 (397 k^4 - 13906 k^2 - 276), positive for the integers |k| >= 6 alone; for every alpha > 0 it is k^2 times a
quadratic in k^2 with a positive first and a negative last coefficient: var rises from b = 1 to 2 if and only if |k| is beyond its root.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from itertools import product

from theory.claims.record import Evidence, tabulated
from theory.claims.variance_decreasing.one_step import variance_by_forms
from theory.inputs import Gaussian
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent
from theory.variance_poly import variance_polynomial

DEGREE = 6  # of var in k and in alpha: g_{1,2} has degree 3 in each


def network(k: int, rate: int) -> TeacherStudent:
    """The problem for these k and alpha."""
    identity = [[1, 0], [0, 1]]
    return TeacherStudent([identity, identity], [[[1, -k], [k, 1]], identity], Gaussian(2), learning_rates=rate)


def rise(k: int, alpha: int) -> int:
    """4 (var(2) - var(1))."""
    a = alpha * k
    return 397 * a**6 - 15500 * a**4 + 1672 * a**3 * k - 78 * a**2 * k**2 - 312 * a**2 + 48 * a * k - 12 * k**2


@dataclass(frozen=True)
class Rotations:
    """The formula at k, alpha = 0, ..., 6: as many points as determine a polynomial of its degrees. `shown` are those on the page."""

    shown: tuple[int, ...] = (1, 4, 5, 6)

    @property
    def given(self) -> dict[str, str]:
        """For the page."""
        return {
            "Initial weights": r"\(W_1 = W_2 = I\)",
            "Teacher": r"\(W^* = I - k J\), \(J = \begin{pmatrix} 0 &amp; 1 \\ -1 &amp; 0 \end{pmatrix}\), any \(k\)",
            "Inputs": r"\(x \sim N(0, I)\), \(p = 2\)",
            "Learning rate": r"any \(\alpha\)",
            "Gradient": r"\(g_{1,2}\)",
        }

    def evidence(self) -> Evidence:
        """The formula against the forms of the certificate and against the engine, at every point."""
        points = list(product(range(DEGREE + 1), repeat=2))
        formula = {point: rise(*point) for point in points}
        engine = {point: _difference(variance_polynomial(network(*point), 1, 2, engine="wishart")) for point in points}
        forms = {point: _difference(variance_by_forms(network(*point), 2)) for point in points}
        distance = max(abs(found[point] - formula[point]) for point in points for found in (engine, forms))
        return Evidence(
            statement=r"from \(b = 1\) to 2 the variance rises at \(\alpha = 1\) for \(|k| \ge 6\), and not below",
            instance="W_1 = W_2 = I, W* = I - k J, x ~ N(0, I_2), t = 1, layer 2; k and alpha from 0 to 6, which is a proof for all",
            left_route=r"\(4 (\mathrm{var}(2) - \mathrm{var}(1))\) at \(\alpha = 1\) by the formula",
            left=tabulated("k", self.shown, [formula[k, 1] for k in self.shown]),
            right_route=r"exact polynomials in \(1/b\), by two ways, at all 49 points",
            right=tabulated("k", self.shown, [engine[k, 1] for k in self.shown]),
            holds=distance == 0 and [rise(k, 1) > 0 for k in range(1, 8)] == [False] * 5 + [True] * 2,
            difference=distance,
        )


def _difference(v: InverseBatchPolynomial) -> F:
    return 4 * (F(v(2)) - F(v(1)))
