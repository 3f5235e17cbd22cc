r"""Two layers of one unit, x ~ N(0, 1), w_0 = (1, 1), w* = 1/n, rates 1 and n: var(g_2) rises at b of order n, for all large n.

With h = 1/n, by symmetry both weights are w_0 = 1, w_1 = 1 - (1 - h) s_0, w_2 = w_1 - (1/h) w_1 (w_1^2 - h) s_1 and the gradient of either
layer is g_2 = w_2 (w_2^2 - h) s_2. At b = n / lambda, n^3 var(g_2) is a polynomial in lambda and h: `scaled_variance`. The first step leads
to the saddle 0, w_1 = sqrt(h) z with z = (1 - s_0) / sqrt(h) + sqrt(h) s_0 of variance about 2 lambda, and for h -> 0 there remains

    F(lambda) = E[ y^2 (y^2 - 1)^2 ],      y = z (2 - z^2),      z ~ N(0, 2 lambda).

F falls and rises again; what lies between F and n^3 var is a polynomial in h, whose sign one finds exactly.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import prod

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from theory.arithmetic.real_roots import integer_polynomial, largest_positive_root
from theory.claims.record import Evidence
from theory.exact import to_fmpq, to_fraction
from theory.inputs import Gaussian
from theory.problem import TeacherStudent
from theory.variance_poly import variance_polynomial

BITS = 40  # of roots


def network(n: int) -> TeacherStudent:
    """The problem for this n."""
    return TeacherStudent([[[1]], [[1]]], [[[Fraction(1, n)]], [[1]]], Gaussian(1), learning_rates=[1, n])


@cache
def scaled_variance() -> dict[tuple[int, int], fmpq]:
    """n^3 var(g_2) at b = n / lambda: the coefficients of lambda^i h^j, h = 1/n, by (i, j)."""
    context = fmpq_mpoly_ctx.get(["h", "eps", "s", "w"], Ordering.lex)
    h, eps, s, w = context.gens()

    def mean(f: fmpq_mpoly) -> fmpq_mpoly:
        powers: dict[int, dict[tuple[int, ...], fmpq]] = defaultdict(dict)
        for (i, j, k, m), c in f.to_dict().items():
            powers[int(k)][int(i), int(j), 0, int(m)] = c
        total, moment = context.constant(0), context.constant(1)
        for k in range(max(powers) + 1):
            total += context.from_dict(powers[k]) * moment
            moment *= 1 + 2 * k * eps  # E s^(k+1) = (1 + 2 k eps) E s^k
        return total

    def over_both(f: fmpq_mpoly) -> fmpq_mpoly:
        return mean(mean(f).compose(h, eps, s, 1 - (1 - h) * s))

    moved = w * (h + h * s) - w**3 * s  # h w_2
    gradient = moved**3 - h**3 * moved  # h^3 w_2 (w_2^2 - h)
    variance = (1 + 2 * eps) * over_both(gradient**2) - over_both(gradient) ** 2  # h^6 var(g_2)
    return {(int(i), int(j) + int(i) - 9): c for (j, i, _, _), c in variance.to_dict().items()}  # eps = lambda h; n^3 h^-6 = h^-9


def at(scale: Fraction) -> fmpq_poly:
    """n^3 var(g_2) at b = n scale, a polynomial in h = 1/n."""
    rate = to_fmpq(1 / scale)
    coefficients: dict[int, fmpq] = defaultdict(fmpq)
    for (i, j), c in scaled_variance().items():
        coefficients[j] += c * rate**i
    return fmpq_poly([coefficients[j] for j in range(max(coefficients) + 1)])


def rises_beyond(low: Fraction, high: Fraction) -> Fraction | None:
    """A number beyond which, for every n, var(g_2) at b = low n is below that at b = high n; None where that fails for large n."""
    difference = at(high) - at(low)
    if difference[0] <= 0:
        return None
    in_n = [to_fraction(c) for c in difference.coeffs()[::-1]]  # n^degree times it, lowest power first
    return largest_positive_root(integer_polynomial(in_n), BITS)[1]


def limit() -> fmpq_poly:
    """F(lambda), from the moments of a normal variable alone: E z^(2k) = (2k - 1)!! (2 lambda)^k."""
    z = fmpq_poly([0, 1])
    y = z * (2 - z**2)
    integrand = y**2 * (y**2 - 1) ** 2
    return fmpq_poly([integrand[2 * k] * prod(range(1, 2 * k, 2)) * 2**k for k in range(integrand.degree() // 2 + 1)])


@dataclass(frozen=True)
class Saddle:
    """Scales low < high with var(g_2) at b = low n below var(g_2) at b = high n, for every large n, and some n to try."""

    low: int = 16
    high: int = 24
    sizes: tuple[int, ...] = (216, 1000, 10**6)

    @property
    def given(self) -> dict[str, str]:
        """For the page."""
        return {
            "Initial weights": r"\(W_{1} = 1, \; W_{2} = 1\)",
            "Teacher": r"\(W^* = \frac{1}{n}\), any large \(n\)",
            "Inputs": r"\(x \sim N(0, 1)\)",
            "Learning rate": r"\(\alpha_0 = 1, \; \alpha_1 = n\)",
            "Gradient": r"\(g_{2,1}\) and \(g_{2,2}\), which are equal",
        }

    def evidence(self) -> Evidence:
        """The polynomial in lambda and 1/n against the engine's polynomials in 1/b, and its limit against normal moments."""
        beyond = rises_beyond(Fraction(self.low), Fraction(self.high))
        from_where = "none" if beyond is None else f"{float(beyond):.1f}"
        ends = [Fraction(scale) for scale in (self.low, self.high)]
        differences = {n: at(ends[1])(fmpq(1, n)) - at(ends[0])(fmpq(1, n)) for n in self.sizes}
        left = {f"n = {n}": to_fraction(d) for n, d in differences.items()}
        right = {}
        for n in self.sizes:
            v = variance_polynomial(network(n), 2, 1)
            right[f"n = {n}"] = n**3 * (Fraction(v(self.high * n)) - Fraction(v(self.low * n)))
        limits = [to_fraction(limit()(1 / to_fmpq(scale))) for scale in ends]
        same_limit = [to_fraction(at(scale)[0]) for scale in ends] == limits
        distance = max(abs(left[name] - right[name]) for name in left)
        return Evidence(
            statement=rf"\(b_0 > {self.low} n\): \(\mathrm{{var}}({self.low} n) < \mathrm{{var}}({self.high} n)\) if \(n > {from_where}\)",
            instance="x ~ N(0, 1), w = (1, 1), w* = 1/n, alpha = (1, n), t = 2: n^3 times the difference of the two variances",
            left_route=rf"\(n^3 (\mathrm{{var}}({self.high} n) - \mathrm{{var}}({self.low} n))\) by the polynomial in \(n/b\) and \(1/n\)",
            left=left | {"in the limit": limits[1] - limits[0]},
            right_route=r"exact polynomial of degree 23 in \(1/b\) for each \(n\)",
            right=right,
            holds=distance == 0 and same_limit and beyond is not None and all(beyond < n for n in self.sizes),
            difference=distance,
        )
