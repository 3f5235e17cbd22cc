r"""Why no certificate of this kind reaches p >= 3: the form of the trace is indefinite for every large b.

An entry tr(C S_1) with C = M(S_0) I / p, M = (tr S - p)(||S - I||^2 - c), has, apart from the factor of the last batch,

    T(c) = (1 + 2 eps / p) E M^2 - (E M)^2 = A - 2 c B + c^2 C,

and dT/deps < 0 for some c if and only if B'^2 > A' C'. With x = S - I in orthonormal coordinates, n = p(p+1)/2 of them, each of variance
2 eps, M is a multiple of x_1 (|x|^2 - c), and for small eps

    B'^2 - A' C' = 16 p^2 (n - 4)(n + 2) eps^2 + O(eps^3):

positive for n >= 5, that is for p >= 3. For p = 2, n = 3. Exact moments by Stein's rule, with p as a variable:

    E tr(S^k) R = E tr(S^(k-1)) R + eps sum_{i=0}^{k-2} ( tr(S^i) tr(S^(k-1-i)) + tr(S^(k-1)) ) R + 2 eps sum_m m tr(S^(m+k-1)) R / tr(S^m).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from theory.arithmetic.real_roots import integer_polynomial, largest_positive_root
from theory.claims.record import Evidence, tabulated
from theory.engines.wishart.generator import expectation
from theory.exact import to_fraction

_RING = fmpq_mpoly_ctx.get(["p", "eps"], Ordering.lex)
BITS = 40  # of roots

#: A polynomial in tr S and tr S^2: the coefficient of tr(S)^i tr(S^2)^j, a polynomial in p, by (i, j).
Invariant = dict[tuple[int, int], Any]


@dataclass(frozen=True)
class ManyInputs:
    """The discriminant at each of some p: its formula, and from which b on it is positive; `compared` is a p small enough for unknowns."""

    sizes: tuple[int, ...] = (2, 3, 4, 5, 6)
    compared: int = 3

    @property
    def given(self) -> dict[str, str]:
        """For the page."""
        polynomial = r"\(C = M I / p\), \(M = (\mathrm{tr}\, S_0 - p)(\|S_0 - I\|^2 - c)\), the worst \(c\)"
        return {"Entry": rf"\(\mathrm{{tr}}(C S_1)\), {polynomial}", "Inputs": r"\(x \sim N(0, I)\) in \(\mathbb{R}^p\)"}

    def evidence(self) -> Evidence:
        """With p as a variable, by Stein's rule; at one p, in the entries of S, by the generator of the Wishart process."""
        left = {p: at_dimension(p) for p in self.sizes}
        right = discriminant_in_entries(self.compared)
        leading = {p: Fraction(4 * p**2 * (p**2 + p - 8) * (p**2 + p + 4)) for p in self.sizes}
        signs = [(to_fraction(f[2]) > 0) == (p >= 3) for p, f in left.items()]
        p, eps = _RING.gens()
        first = discriminant() - 4 * p**4 * (p**2 + p - 8) * (p**2 + p + 4) * eps**2
        begins = all(e > 2 for _, e in first.to_dict()) and all(
            not f[0] and not f[1] and to_fraction(f[2]) == leading[p] for p, f in left.items()
        )
        shown = {f"p = {p}": to_fraction(f[2]) for p, f in left.items()}
        beyond = {f"p = {p}: for every b from": Fraction(_integer_beyond(left[p])) for p in self.sizes if p >= 3}
        difference = left[self.compared] - right
        return Evidence(
            statement=r"\(p \ge 3\): the form of the trace is indefinite for every large \(b\), so that no certificate of this kind exists",
            instance="B'^2 - A' C' of A - 2 c B + c^2 C: the coefficient of 1/b^2, its first, and from which b on it is positive",
            left_route=r"moments of \(\mathrm{tr}\, S\) and \(\mathrm{tr}\, S^2\) with \(p\) as a variable, by Stein's rule",
            left=shown | beyond,
            right_route=rf"\(16 p^2 (n - 4)(n + 2)\), \(n = p (p + 1) / 2\); at \(p = {self.compared}\) all, from the entries of \(S\)",
            right=tabulated("p", self.sizes, leading.values())
            | {f"p = {self.compared}: for every b from": Fraction(_integer_beyond(right))},
            holds=all(signs) and begins and not any(difference.coeffs()),
            difference=max(abs(to_fraction(c)) for c in [fmpq(0), *difference.coeffs()]),
        )


@cache
def discriminant() -> fmpq_mpoly:
    """p^2 (B'^2 - A' C'), a polynomial in p and eps."""
    p, eps = _RING.gens()

    def mean(f: Invariant) -> fmpq_mpoly:
        return sum((c * trace_moment((1,) * i + (2,) * j) for (i, j), c in f.items()), _RING.constant(0))

    return _discriminant(mean, p, p + 2 * eps, lambda f: f.derivative(1))


def at_dimension(p: int) -> fmpq_poly:
    """B'^2 - A' C' in powers of eps, at one p."""
    powers = {int(e): c for (_, e), c in discriminant().compose(_RING.constant(p), _RING.gens()[1]).to_dict().items()}
    return fmpq_poly([powers.get(e, fmpq(0)) for e in range(max(powers) + 1)]) / p**2


def discriminant_in_entries(p: int) -> fmpq_poly:
    """The same from the moments of polynomials in the entries of S."""
    count = p * (p + 1) // 2
    context = fmpq_mpoly_ctx.get(["eps", *(f"s{n}" for n in range(count))], Ordering.lex)
    entries = iter(context.gens()[1:])
    s = {(i, j): next(entries) for i in range(p) for j in range(i, p)}
    trace = sum((s[i, i] for i in range(p)), context.constant(0))
    square = sum((x**2 * (1 if i == j else 2) for (i, j), x in s.items()), context.constant(0))
    identity = [[int(i == j) for j in range(p)] for i in range(p)]

    def mean(f: Invariant) -> fmpq_poly:
        polynomial = sum((c * trace**i * square**j for (i, j), c in f.items()), context.constant(0))
        powers = {int(e): c for (e, *_), c in expectation(polynomial, range(1, count + 1), 0, identity).to_dict().items()}
        return fmpq_poly([powers.get(e, fmpq(0)) for e in range(max(powers, default=0) + 1)])

    return _discriminant(mean, p, fmpq_poly([p, 2]), lambda f: f.derivative()) / p**2


def _discriminant(mean: Callable[[Invariant], Any], p: Any, last: Any, slope: Callable[[Any], Any]) -> Any:
    """p^2 (B'^2 - A' C') from a rule for E of polynomials in tr S and tr S^2; `last` is p + 2 eps."""
    first: Invariant = {(1, 0): 1, (0, 0): -p}  # tr S - p
    second: Invariant = {(0, 1): 1, (1, 0): -2, (0, 0): p}  # ||S - I||^2
    both, square = _product(first, second), _product(first, first)
    a = last * mean(_product(both, both)) - p * mean(both) ** 2
    b, c = last * mean(_product(both, first)), last * mean(square)
    return slope(b) ** 2 - slope(a) * slope(c)


def _product(left: Invariant, right: Invariant) -> Invariant:
    found: Invariant = {}
    for (i, j), x in left.items():
        for (k, m), y in right.items():
            found[i + k, j + m] = found.get((i + k, j + m), 0) + x * y
    return found


@cache
def trace_moment(powers: tuple[int, ...]) -> fmpq_mpoly:
    """E prod_k tr(S^k) over the sorted powers k >= 1, a polynomial in p and eps."""
    if not powers:
        return _RING.constant(1)
    p, eps = _RING.gens()
    *rest, k = powers

    def mean(*words: int) -> fmpq_mpoly:
        return p ** words.count(0) * trace_moment(tuple(sorted(w for w in words if w)))

    total = mean(*rest, k - 1)
    for i in range(k - 1):
        total += eps * (mean(*rest, i, k - 1 - i) + mean(*rest, k - 1))
    for n, m in enumerate(rest):
        total += 2 * m * eps * mean(*rest[:n], *rest[n + 1 :], m + k - 1)
    return total


def _integer_beyond(polynomial: fmpq_poly) -> int:
    """The least integer above all roots b of a polynomial in 1/b."""
    _, root = largest_positive_root(integer_polynomial([to_fraction(c) for c in polynomial.coeffs()[::-1]]), BITS)
    return int(root) + 1
