"""The Chebyshev approximant of an activation: `approximate` finds it, an `ActivationPolynomial` holds it with its two errors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev

from theory.activations import Activation
from theory.activations import activation as as_activation
from theory.activations.users_own import refuse_false_constants
from theory.budget import Budget, Cost, as_count, saturated
from theory.budget.unit_costs import UNITS
from theory.chebyshev.fits import METHODS, fitted, sample_points
from theory.chebyshev.monomials import power_basis
from theory.chebyshev.sup_bounds import as_radius, certified_sup
from theory.exact import NumberLike, as_choice, as_double, as_flag, as_index, as_number, as_sequence, shown, to_float, to_fraction
from theory.exact.foreign_arrays import plain

#: Of certifying, where no budget is given.
CERTIFYING = Budget(seconds=120.0, bytes=1e9)

_LARGEST_COEFFICIENT = 2.0**200


@dataclass(frozen=True, eq=False)
class ActivationPolynomial:
    """A polynomial P in place of an activation sigma on [-radius, radius]; made by `approximate` or `ActivationPolynomial.of`.

    Attributes:
        activation: sigma.
        radius: R, exactly.
        chebyshev: P as a numpy Chebyshev series on [-R, R]; its coefficients are P's own, to the last bit.
        value_error, derivative_error: upper bounds on sup |sigma - P| and sup |sigma' - P'| over [-R, R]; where sigma has a breakpoint,
            over both one-sided derivatives.
        lower_value_error, lower_derivative_error: lower bounds on the same.
        is_certified: whether these are proved, in ball arithmetic. Otherwise all four are maxima over sample points.
    """

    activation: Activation
    radius: Fraction
    chebyshev: Chebyshev
    value_error: float
    derivative_error: float
    lower_value_error: float
    lower_derivative_error: float
    is_certified: bool

    @classmethod
    def of(
        cls,
        activation: str | Activation,
        chebyshev: Chebyshev | Iterable[NumberLike],
        radius: NumberLike | None = None,
        *,
        certify: bool = True,
        budget: Budget | None = None,
    ) -> ActivationPolynomial:
        """A polynomial in hand, its errors certified: a numpy Chebyshev series on [-R, R], or the coefficients c_0, c_1, ... and R.

        Coefficients that are no doubles are rounded to the nearest. With `certify=False`, and always for a user's callable, the errors are
        sampled. Raises ValueError or TypeError for coefficients that are not numbers, not finite or beyond 2^200 and for series of another
        kind, domain or window; UnaffordableError when certifying would exceed the budget, two minutes by default (degrees beyond about
        1000).
        """
        sigma = as_activation(activation)
        if hasattr(chebyshev, "window"):  # one of numpy's series
            if not isinstance(chebyshev, Chebyshev) or list(chebyshev.window) != [-1, 1] or chebyshev.domain[0] != -chebyshev.domain[1]:
                raise ValueError(
                    "chebyshev must be a numpy Chebyshev series on an interval [-R, R] with the window [-1, 1], or its coefficients, "
                    f"but was {shown(chebyshev)}: convert(kind=Chebyshev, domain=[-R, R]) makes one"
                )
            if radius is not None and list(chebyshev.domain) != [-float(as_radius(radius)), float(as_radius(radius))]:
                raise ValueError(f"chebyshev must be a series on [-{radius}, {radius}], but its domain was {chebyshev.domain}")
            radius = float(chebyshev.domain[1]) if radius is None else radius
            chebyshev = chebyshev.coef
        if radius is None:
            raise TypeError("radius must be given with coefficients")
        r = as_radius(radius)
        exact = [as_number(c, f"chebyshev[{k}]") for k, c in enumerate(as_sequence(chebyshev, "chebyshev"))]
        if not exact or any(not -_LARGEST_COEFFICIENT <= c <= _LARGEST_COEFFICIENT for c in exact):
            raise ValueError(f"chebyshev must be one or more coefficients of at most {_LARGEST_COEFFICIENT:g}, but was {shown(exact)}")
        numbers = np.array([float(c) for c in exact])
        series = Chebyshev(numbers, domain=[-float(r), float(r)])
        series.coef.setflags(write=False)  # the errors are those of these coefficients
        if not (as_flag(certify, "certify") and sigma.is_certified):
            value, derivative = _sampled_errors(sigma, series, r)
            return cls(sigma, r, series, value, derivative, value, derivative, False)
        _require_certifying(len(numbers) - 1, budget)
        (low, high), (low_slope, high_slope) = certified_sup(sigma, r, power_basis(numbers, r, budget=budget), (0, 1))
        return cls(sigma, r, series, high, high_slope, low, low_slope, True)

    @cached_property
    def coefficients(self) -> tuple[Fraction, ...]:
        """P(x) = sum_j coefficients[j] x^j, exactly."""
        return tuple(to_fraction(c) for c in power_basis(self.chebyshev.coef, self.radius).coeffs())

    @property
    def degree(self) -> int:
        """Degree of P."""
        return int(max(np.flatnonzero(self.chebyshev.coef), default=0))

    @cached_property
    def derivative(self) -> Chebyshev:
        """P' as a numpy Chebyshev series on [-R, R]."""
        return self.chebyshev.deriv()

    def __call__(self, x: object) -> Any:
        """P(x) in doubles, for a number or an array."""
        return self.chebyshev(_as_doubles(x))

    def __str__(self) -> str:
        how = "certified" if self.is_certified else "sampled"
        return (
            f"polynomial of degree {self.degree} for {self.activation} on [-{float(self.radius):g}, {float(self.radius):g}], "
            f"errors {self.value_error:.3g} and {self.derivative_error:.3g} ({how})"
        )

    __repr__ = __str__


def approximate(
    activation: str | Activation,
    radius: NumberLike,
    degree: int,
    method: str = "remez_derivative",
    *,
    certify: bool = True,
    budget: Budget | None = None,
) -> ActivationPolynomial:
    """A polynomial of at most this degree close to `activation` on [-radius, radius], with certified errors.

    Args:
        activation: a name such as "sigmoid", or an `Activation`.
        radius: R > 0.
        degree: n >= 1. (For an activation with a symmetry the last coefficient may be zero.)
        method: "remez_derivative": the best uniform fit of sigma' of degree n - 1, integrated, its constant centred. For smooth sigma.
            "interpolate": sigma at the Chebyshev points. "interpolate_derivative": sigma' at the Chebyshev points, integrated, centred.
            "least_squares": closest to sigma in L2(-R, R).
        certify: False samples the errors instead of proving them.
        budget: seconds and bytes that certifying, and the fit, may take; two minutes, and ten seconds, by default.

    Raises ValueError or TypeError naming the argument; UnaffordableError beyond the budget (by default for degrees beyond about 1000).
    Cost: milliseconds for the polynomial, and `certifying_seconds(degree)` or several times that to certify it: 0.01 s at degree 20, 0.04 s
    at 41, 1.5 s at 300, 18 s at 900.

    Examples:
        >>> p = approximate("sigmoid", 8, 20)
        >>> p.lower_derivative_error <= p.derivative_error <= 1.01 * p.lower_derivative_error
        True
        >>> round(p.derivative_error, 6), len(p.coefficients)
        (0.0007, 20)
    """
    sigma, r, n = as_activation(activation), as_radius(radius), as_index(degree, "degree", minimum=1)
    as_choice(method, "method", METHODS)
    if method == "remez_derivative" and not sigma.is_smooth:
        raise ValueError(
            f"method must be interpolate, interpolate_derivative or least_squares for {sigma}, not {method!r}: its derivative jumps, and "
            "every polynomial misses the middle of a jump by half of it, so that no fit of the derivative is better than another"
        )
    if as_flag(certify, "certify") and sigma.is_certified:
        _require_certifying(n, budget)
    series = fitted(sigma, r, n, method, budget)
    coefficients = series.coef.copy()
    if sigma.slope_parity:  # rounding must not break the symmetry of sigma: exact engines use it
        coefficients[2 if sigma.slope_parity == "even" else 3 :: 2] = 0
    return ActivationPolynomial.of(sigma, coefficients, r, certify=certify, budget=budget)


def _sampled_errors(sigma: Activation, series: Chebyshev, radius: Fraction) -> tuple[float, float]:
    x = sample_points(sigma, float(radius), len(series.coef))
    if not sigma.is_certified:
        refuse_false_constants(sigma, x)
    # derivatives on both sides of a breakpoint
    beside = [float(np.nextafter(b, b + 1)) for b in map(float, sigma.breakpoints) if abs(b) < radius]
    slopes = np.union1d(x, beside)
    return (
        float(np.abs(sigma.value(x) - series(x)).max()),
        float(np.abs(sigma.derivative(slopes) - series.deriv()(slopes)).max()),
    )


def certifying_seconds(degree: float) -> float:
    """Predicted seconds: 4 n cells, each a Taylor shift of n^2 products of numbers whose length grows with n."""
    return UNITS["chebyshev.start"] + 4 * degree * (UNITS["chebyshev.cell"] + UNITS["chebyshev.shift"] * degree**2 * (1 + degree / 300))


def _require_certifying(degree: int, budget: Budget | None) -> None:
    n = saturated(degree)
    cost = Cost(certifying_seconds(n), 64.0 * n**2, f"{as_count(4 * n)} cells, each a Taylor shift of that degree")
    alternatives = ("a lower degree", "certify=False, which samples the errors")
    Budget.of(budget, CERTIFYING).require(cost, f"certifying degree {as_count(degree)}", alternatives)


def _as_doubles(x: object) -> Any:
    held = plain(x, "x")
    return to_float(held, "x") if isinstance(held, np.ndarray) else as_double(held, "x")
