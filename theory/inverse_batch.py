"""Polynomials in 1/b: v(b) = c_0 + c_1/b + ... + c_r/b^r, exact, or in doubles with a proved error bound.

Questions about every b at once ("from which b on does v decrease?") are answered by isolated real roots, never by sampling.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from flint import fmpq_poly, fmpz_poly

from theory.arithmetic.balls import double_above, nearest_double
from theory.arithmetic.rational_text import decimal, digits_of, latex_number
from theory.arithmetic.real_roots import floors_of_sign_changes, integer_polynomial, largest_sign_change
from theory.budget import Cost, RangeError, as_count, refuse_large, saturated
from theory.budget.unit_costs import UNITS
from theory.exact import Number, NumberLike, as_double, as_index, as_number, as_sequence, shown, spelled, to_fmpq, to_fraction

#: Decimals that are written.
MAX_DIGITS = 10_000


class UndecidedError(RangeError):
    """The error bounds of inexact coefficients are too wide to settle the question."""


@dataclass(frozen=True, init=False)
class InverseBatchPolynomial:
    """v(b) = sum_s coefficients[s] / b^s.

    Attributes:
        coefficients: (c_0, ..., c_r), Fractions, or floats when `radii` is not zero; trailing exact zeros are removed.
        radii: per coefficient, a bound on its absolute error (zeros when exact).
        degree_bound: the sharp degree bound known for this quantity, or None.
        largest_batch: N where batches are drawn from N points without replacement: there is nothing beyond; None for every b.
    """

    coefficients: tuple[Number, ...]
    radii: tuple[float, ...]
    degree_bound: int | None
    largest_batch: int | None

    def __init__(
        self,
        coefficients: Iterable[NumberLike],
        *,
        radii: Sequence[float] | None = None,
        degree_bound: int | None = None,
        largest_batch: int | None = None,
    ) -> None:
        numbers = [as_number(c, f"coefficients[{s}]") for s, c in enumerate(as_sequence(coefficients, "coefficients"))]
        given = [0.0] * len(numbers) if radii is None else as_sequence(radii, "radii")
        errors = [_as_radius(r, f"radii[{s}]") for s, r in enumerate(given)]
        if len(errors) != len(numbers):
            raise ValueError(f"radii must have one entry for each of the {len(numbers)} coefficients, but had {len(errors)}")
        if not all(r >= 0 and math.isfinite(r) for r in errors):
            raise ValueError(f"radii must be finite and not negative, but were {shown(radii)}")
        if any(errors):
            exact = [Fraction(c) for c in numbers]
            numbers = [nearest_double(c) for c in exact]
            if beyond := [c for c, near in zip(exact, numbers, strict=True) if not math.isfinite(near)]:
                raise RangeError(f"coefficients with radii must be within the range of doubles, but one was {spelled(beyond[0])}")
            lost = [abs(c - Fraction(near)) for c, near in zip(exact, numbers, strict=True)]
            errors = [double_above(Fraction(r) + e) if e else r for r, e in zip(errors, lost, strict=True)]
        else:  # doubles without an error are the binary rationals that they are
            numbers = [Fraction(c) for c in numbers]
        while numbers and numbers[-1] == 0 and errors[-1] == 0:
            numbers.pop()
            errors.pop()
        object.__setattr__(self, "coefficients", tuple(numbers) or (Fraction(0),))
        object.__setattr__(self, "radii", tuple(errors) or (0.0,))
        object.__setattr__(self, "degree_bound", degree_bound)
        object.__setattr__(self, "largest_batch", None if largest_batch is None else as_index(largest_batch, "largest_batch", minimum=1))

    # -- what it is ---------------------------------------------------------------------------------------------------------------

    @property
    def is_exact(self) -> bool:
        """Whether the coefficients are Fractions, without error."""
        return not any(self.radii)

    @property
    def radius(self) -> float:
        """A bound on the absolute error of every coefficient; 0.0 when exact."""
        return max(self.radii)

    @property
    def degree(self) -> int:
        """r, the largest s with c_s != 0 (0 for the zero polynomial); for inexact coefficients, with c_s not provably 0."""
        return len(self.coefficients) - 1

    def __call__(self, batch_size: NumberLike) -> Number:
        """v(b) for real b >= 1, up to `largest_batch`: a Fraction when all is exact, else the double nearest to the exact sum.

        There is no cancellation: the sum is formed in rationals and rounded once. For inexact coefficients add `error(b)`.
        """
        b = self._batch_size(batch_size)
        value = self._at(b)
        return value if self.is_exact and isinstance(b, Fraction) else nearest_double(value)

    def error(self, batch_size: NumberLike) -> float:
        """A bound on |v(b) - true value| that comes from the coefficients' radii, rounded up; 0.0 when exact."""
        b = Fraction(self._batch_size(batch_size))
        bound = sum((Fraction(r) / b**s for s, r in enumerate(self.radii)), Fraction(0))
        return double_above(bound + (Fraction(0) if self.is_exact else abs(self._at(b)) * Fraction(1, 2**52)))

    def _batch_size(self, value: object) -> Number:
        b, most = as_number(value, "b"), self.largest_batch
        if b < 1 or (most is not None and b > most):
            bounds = "at least 1" if most is None else f"in [1, {most}], the batches without replacement"
            raise ValueError(f"b must be {bounds}, but was {shown(value)}")
        return b

    def _at(self, b: Number) -> Fraction:
        eps = 1 / Fraction(b)
        total = Fraction(0)
        for c in reversed(self.coefficients):
            total = total * eps + Fraction(c)
        return total

    # -- arithmetic ---------------------------------------------------------------------------------------------------------------

    def __add__(self, other: InverseBatchPolynomial) -> InverseBatchPolynomial:
        return self._combine(other, 1)

    def __sub__(self, other: InverseBatchPolynomial) -> InverseBatchPolynomial:
        return self._combine(other, -1)

    def _combine(self, other: InverseBatchPolynomial, sign: int) -> InverseBatchPolynomial:
        if not isinstance(other, InverseBatchPolynomial):
            raise TypeError(f"other must be an InverseBatchPolynomial, but was {shown(other)}")
        self._require_exact()
        other._require_exact()
        n = max(len(self.coefficients), len(other.coefficients))
        left = [*self.coefficients, *[Fraction(0)] * (n - len(self.coefficients))]
        right = [*other.coefficients, *[Fraction(0)] * (n - len(other.coefficients))]
        return InverseBatchPolynomial([x + sign * y for x, y in zip(left, right, strict=True)], largest_batch=self._reach(other))

    def __mul__(self, other: InverseBatchPolynomial | int | Fraction) -> InverseBatchPolynomial:
        self._require_exact()
        if not isinstance(other, InverseBatchPolynomial):
            factor = Fraction(as_number(other, "factor"))
            return InverseBatchPolynomial([c * factor for c in self.coefficients], largest_batch=self.largest_batch)
        other._require_exact()
        product = self._in_eps * other._in_eps
        return InverseBatchPolynomial([to_fraction(c) for c in product.coeffs()], largest_batch=self._reach(other))

    __rmul__ = __mul__

    @cached_property
    def _in_eps(self) -> fmpq_poly:
        return fmpq_poly([to_fmpq(c) for c in self.coefficients])

    def _reach(self, other: InverseBatchPolynomial) -> int | None:
        """The largest batch that both have."""
        return min((n for n in (self.largest_batch, other.largest_batch) if n is not None), default=None)

    def _require_exact(self) -> None:
        if not self.is_exact:
            raise ValueError("arithmetic needs exact coefficients; these carry an error bound")

    def derivative(self) -> InverseBatchPolynomial:
        """dv/db = - sum_s s c_s / b^{s+1}, again a polynomial in 1/b."""
        coefficients = [Fraction(0), *(-s * Fraction(c) for s, c in enumerate(self.coefficients))]
        radii = [0.0, *(double_above(s * Fraction(r)) for s, r in enumerate(self.radii))]
        if not self.is_exact:  # s * c is rounded once
            radii = [double_above(Fraction(r) + abs(c) * Fraction(1, 2**52)) for r, c in zip(radii, coefficients, strict=True)]
        return InverseBatchPolynomial(coefficients, radii=radii, largest_batch=self.largest_batch)

    # -- where it decreases -------------------------------------------------------------------------------------------------------

    def threshold_interval(self, bits: int = 60) -> tuple[Fraction, Fraction]:
        """Rationals (lo, hi) around `threshold`, hi - lo <= 2^-bits max(1, hi); lo = hi when it is hit exactly."""
        self._require_exact()
        self._require_every_batch()
        bits = as_index(bits, "bits", minimum=1)
        d, n = self.degree, saturated(bits)
        seconds = n * (UNITS["roots.bisection"] * (1 + d / 20) + UNITS["roots.bit"] * d * d * n)
        refuse_large("bits", "the interval", Cost(seconds, 1e6 + n * d, f"{as_count(bits)} bisections of numbers as long"), "fewer bits")
        if self._slope_sign_at_infinity() < 0:
            raise ValueError("the polynomial increases for every large b: there is no threshold")
        return largest_sign_change(self._descent(), bits)

    @property
    def threshold(self) -> float:
        """b_0 of Theorem 3.5, corrected: the smallest b_0 >= 0 such that v never increases on (b_0, infinity), as a double.

        It is the largest positive root of odd multiplicity of c_1 b^{r-1} + 2 c_2 b^{r-2} + ... + r c_r, which has the opposite sign of
        dv/db; 0.0 when there is none, and infinity when v increases for all large b. `threshold_interval` isolates it. ValueError where
        batches end (`largest_batch`).
        """
        self._require_every_batch()
        if not self.is_exact:
            first = next((s for s in range(1, len(self.coefficients)) if self.coefficients[s] or self.radii[s]), None)
            if first is not None and abs(Fraction(self.coefficients[first])) <= self.radii[first]:
                raise UndecidedError(f"the error bound of coefficient {first} does not settle its sign, nor whether there is a threshold")
            return self._midpoint().threshold
        if self._slope_sign_at_infinity() < 0:
            return math.inf
        lo, hi = largest_sign_change(self._descent(), 70)
        return nearest_double((lo + hi) / 2)

    def decreasing_from(self) -> int | None:
        """The smallest integer B >= 1 with v(b) >= v(b+1) for every integer b >= B, proved; None when v increases for all large b.

        Where batches end, for every integer b from B on below `largest_batch`.

        Between neighbouring sign changes of its slope v is monotone in real b, so the last rise b -> b + 1 has b = floor(r) or floor(r) - 1
        for such a sign change r: only these integers are compared, exactly, however large they are. For inexact coefficients every
        comparison must hold for all values within the radii, else UndecidedError.
        """
        if not self.is_exact:
            return self._decreasing_from_balls()
        last = self.largest_batch
        if last is None and self._slope_sign_at_infinity() < 0:
            return None
        beside = {b for n in floors_of_sign_changes(self._descent()) for b in (n - 1, n) if b >= 1}
        if last is not None:
            beside = {b for b in (*beside, last - 1) if 1 <= b < last}
        return next((b + 1 for b in sorted(beside, reverse=True) if self._step_down(b) < 0), 1)

    def _step_down(self, b: int) -> Fraction:
        """v(b) - v(b+1)."""
        return self._at(Fraction(b)) - self._at(Fraction(b + 1))

    def _descent(self) -> fmpz_poly:
        """Integer polynomial in b with the sign of -dv/db for b > 0: a positive multiple of sum_s s c_s b^{r-s}."""
        seconds = UNITS["roots.root"] * float(self.degree) ** 2 * (1 + self.degree / 100)
        cost = Cost(seconds, 1e4 * self.degree, f"{self.degree} roots to be isolated")
        refuse_large("the polynomial", "where it decreases", cost, "one of a lower degree")
        return integer_polynomial([s * Fraction(c) for s, c in enumerate(self.coefficients)][:0:-1])

    def _require_every_batch(self) -> None:
        if self.largest_batch is not None:
            raise ValueError(f"a threshold needs batches of every size, but they end at {self.largest_batch}: see decreasing_from")

    def _slope_sign_at_infinity(self) -> int:
        """Sign of -dv/db for large b: that of the first non-zero c_s, s >= 1; 0 for a constant."""
        leading = next((c for c in self.coefficients[1:] if c), 0)
        return (leading > 0) - (leading < 0)

    def _midpoint(self) -> InverseBatchPolynomial:
        return self._with_coefficients([Fraction(c) for c in self.coefficients])

    def _with_coefficients(self, coefficients: list[Fraction]) -> InverseBatchPolynomial:
        return InverseBatchPolynomial(coefficients, degree_bound=self.degree_bound, largest_batch=self.largest_batch)

    def _decreasing_from_balls(self) -> int | None:
        guess = self._midpoint().decreasing_from()
        if guess is None:
            raise UndecidedError(f"the coefficients' error bound {self.radius:.3g} does not settle where the polynomial decreases")
        # v(b) - v(b+1) = sum_s c_s (1/b^s - 1/(b+1)^s) with every weight positive: the worst case within the radii is again a polynomial
        worst = self._with_coefficients([Fraction(c) - Fraction(r) for c, r in zip(self.coefficients, self.radii, strict=True)])
        best = self._with_coefficients([Fraction(c) + Fraction(r) for c, r in zip(self.coefficients, self.radii, strict=True)])
        if worst.decreasing_from() != guess or (guess > 1 and best._step_down(guess - 1) >= 0):
            raise UndecidedError(f"the coefficients' error bound {self.radius:.3g} does not settle where the polynomial decreases")
        return guess

    # -- how it looks -------------------------------------------------------------------------------------------------------------

    def latex(self, letter: str = "b", digits: int | None = None) -> str:
        r"""LaTeX, lowest power first; `digits` rounds coefficients to decimals.

        Examples:
            >>> InverseBatchPolynomial([0, Fraction(3, 2), -1]).latex()
            '\\frac{3}{2}\\,b^{-1} - b^{-2}'
        """
        digits = None if digits is None else as_index(digits, "digits", minimum=1)
        if digits is not None and digits > MAX_DIGITS:
            raise ValueError(f"digits must be at most {MAX_DIGITS:,}, but was {spelled(digits)}")
        terms = []
        for s, c in enumerate(self.coefficients):
            if c == 0:
                continue
            size = latex_number(abs(Fraction(c)), digits if self.is_exact else digits or 6)
            power = "" if s == 0 else f"{letter}^{{-{s}}}"
            body = power if power and size == "1" else rf"{size}\,{power}" if power else size
            terms.append((" - " if c < 0 else " + ") + body)
        text = "".join(terms) or " + 0"
        return ("-" if text.startswith(" -") else "") + text[3:]

    def __str__(self) -> str:
        def term(s: int, c: Number) -> str:
            size = digits_of(abs(c)) if isinstance(c, Fraction) else f"{abs(c):.6g}"
            if s == 0:
                return size
            return (f"({size})" if "/" in size else size) + ("/b" if s == 1 else f"/b^{s}")

        parts = [(" - " if c < 0 else " + ") + term(s, c) for s, c in enumerate(self.coefficients) if c != 0]
        text = "".join(parts) or " + 0"
        text = ("-" if text.startswith(" -") else "") + text[3:]
        return text if self.is_exact else f"{text}  (each coefficient +- {self.radius:.2g})"

    def __repr__(self) -> str:
        text = str(self)
        if len(text) > 400:
            first = str(InverseBatchPolynomial(self.coefficients[:3], radii=self.radii[:3]))
            if len(first) >= 300:
                first = f"{decimal(Fraction(self.coefficients[min(1, self.degree)]), 6)}{'/b' if self.degree else ''}"
            text = f"{first} + ... (degree {self.degree})"
        return f"InverseBatchPolynomial({text})"


def _as_radius(value: object, name: str) -> float:
    """A float as it is, NaN and infinity too, which are refused together."""
    return value if type(value) is float else as_double(value, name)
