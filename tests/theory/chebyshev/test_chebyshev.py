"""Polynomial approximants: certified errors beside samples in balls, exact coefficients, and the jumps that no polynomial follows."""

import math
from fractions import Fraction as F

import numpy as np
import pytest
from flint import arb, arb_poly, ctx
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import Chebyshev

from tests.strategies import fractions, positive_fractions
from theory import Gaussian, TeacherStudent
from theory.activations import activation, custom
from theory.chebyshev import (
    METHODS,
    ActivationPolynomial,
    approximate,
    power_basis,
    sup_norms,
)
from theory.chebyshev.remez import best_uniform
from theory.chebyshev.sup_bounds import SLACK
from theory.exact import to_fmpq

ANALYTIC = ["sigmoid", "tanh", "softplus", "gelu", "silu"]
KINKED = ["relu", "leaky_relu", "leaky_relu(1/5)"]
NAMES = [*ANALYTIC, "elu", *KINKED]
CLOSE = 1 + 1.01 * SLACK  # upper / lower bound: the slack, and rounding
NO_WORSE = 1.01  # Remez' exchange levels the error to 10^-4, the certificate to SLACK
SAMPLES = 50
BITS = 256  # for the cancellation in powers of x at the degrees sampled here


def methods_for(name):
    return METHODS[1:] if name in KINKED else METHODS


EVERY = [(name, method) for name in NAMES for method in methods_for(name)]


def largest_sampled(p):
    """The largest |sigma - P| and |sigma' - P'| met at SAMPLES points, in balls, P from its exact coefficients."""
    largest = [0.0, 0.0]
    with ctx.workprec(BITS):
        polynomial = arb_poly([arb(to_fmpq(c)) for c in p.coefficients])
        for k in range(SAMPLES):
            x = arb(to_fmpq(p.radius * F(2 * k - SAMPLES + 1, SAMPLES)))
            value, slope = p.activation.exactly(x)
            gaps = value - polynomial(x), slope - polynomial.derivative()(x)
            largest = [max(old, float(arb(gap).abs_lower())) for old, gap in zip(largest, gaps, strict=True)]
    return largest


@pytest.mark.parametrize(("name", "method"), EVERY)
@given(radius=positive_fractions, degree=st.integers(2, 14))
def test_certified_errors_bound_the_samples(name, method, radius, degree):
    p = approximate(name, radius, degree, method)
    value, derivative = largest_sampled(p)
    assert p.is_certified and value <= p.value_error <= CLOSE * p.lower_value_error
    assert derivative <= p.derivative_error <= CLOSE * p.lower_derivative_error


@pytest.mark.parametrize(("name", "method"), EVERY)
def test_sampled_errors_are_near_the_certified_ones(name, method):
    p, q = approximate(name, F(7, 3), 9, method), approximate(name, F(7, 3), 9, method, certify=False)
    assert not q.is_certified and "sampled" in str(q) and "certified" in str(p) and (p.chebyshev.coef == q.chebyshev.coef).all()
    assert p.lower_value_error / CLOSE <= q.value_error == q.lower_value_error <= p.value_error
    assert p.lower_derivative_error / CLOSE <= q.derivative_error == q.lower_derivative_error <= p.derivative_error


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=9), positive_fractions, fractions)
def test_the_power_basis_is_the_chebyshev_series_exactly(coefficients, radius, x):
    t = [F(1), x / radius]
    while len(t) < len(coefficients):
        t.append(2 * x / radius * t[-1] - t[-2])
    assert power_basis(coefficients, radius)(to_fmpq(x)) == to_fmpq(sum((F(c) * y for c, y in zip(coefficients, t, strict=False)), F(0)))


@pytest.mark.parametrize(("name", "method"), EVERY)
def test_coefficients_go_into_a_problem(name, method):
    p = approximate(name, F(7, 3), 7, method)
    problem = TeacherStudent(
        student=[[[1]], [[1]]], teacher=[[[2]], [[1]]], inputs=Gaussian(1), learning_rates=F(1, 10), activation=p.coefficients
    )
    assert all(isinstance(c, F) for c in p.coefficients) and problem.is_exact(1)
    assert problem.polynomial == p.coefficients and problem.activation_degree == p.degree <= 7
    x = np.linspace(-7 / 3, 7 / 3, 11)
    exact = [float(sum(c * F(y) ** j for j, c in enumerate(p.coefficients))) for y in x]
    assert np.abs(p(x) - exact).max() <= 2.0**-48 and p.derivative(0.5) == p.chebyshev.deriv()(0.5)


@pytest.mark.parametrize("method", ["remez_derivative", "interpolate_derivative"])
def test_the_constant_is_centred(method):
    for name in ("sigmoid", "gelu", "elu"):
        p, x = approximate(name, 3, 6, method), np.linspace(-3, 3, 4001)
        error = activation(name).value(x) - p(x)
        assert error.max() == pytest.approx(-error.min(), rel=1e-3) == pytest.approx(p.value_error, rel=SLACK)  # 4001 points miss less


def test_least_squares_of_relu():
    # the projection on Legendre polynomials: 3/32 + x/2 + 15/32 x^2 on [-1, 1]
    assert [float(c) for c in approximate("relu", 1, 2, "least_squares").coefficients] == pytest.approx([3 / 32, 1 / 2, 15 / 32], abs=1e-14)


@pytest.mark.parametrize("name", ANALYTIC)
def test_rounding_does_not_break_the_symmetry(name):
    for method in METHODS:
        even = approximate(name, 3, 11, method).coefficients[2::2]
        odd = approximate(name, 3, 12, method).coefficients[3::2]
        assert not any(even if activation(name).slope_parity == "even" else odd)


@pytest.mark.parametrize("name", [*ANALYTIC, "elu"])
@pytest.mark.parametrize("radius", [1, F(7, 3), 8])
def test_no_method_has_a_smaller_derivative_error_than_remez(name, radius):
    for degree in (1, 2, 3, 6, 11, 14):
        best = approximate(name, radius, degree).derivative_error
        assert all(best <= NO_WORSE * approximate(name, radius, degree, m).derivative_error for m in METHODS[1:])


# sigma' of sigmoid and tanh has double poles at the nearest singularities, that of softplus simple ones: for sigma' of order k there, best
# and interpolating polynomials miss it by a constant times n^(k-1) rho^-n, sigma by n^(k-2) rho^-n, and the derivative of what
# interpolates sigma by n^k rho^-n. Degrees start where the nearest poles outweigh the next ones, three times as far, a hundredfold;
# they are of the parity at which sigma's last coefficient does not vanish, and end a factor 100 above rounding.


@pytest.mark.parametrize("name", KINKED)
def test_no_polynomial_has_the_derivative_of_a_kink(name):
    half = (1 - activation(name).pieces[0].slope) / 2
    for method in METHODS[1:]:
        assert all(F(approximate(name, 1, n, method).derivative_error) >= half for n in (2, 5, 12, 25))
    with pytest.raises(ValueError, match=r"^method must be interpolate, .*its derivative jumps, and every polynomial misses"):
        approximate(name, 1, 5)


def test_both_sides_of_a_kink_are_sampled():
    # P' = x^2 is furthest from relu' = 1 just right of 0
    assert ActivationPolynomial.of("relu", [0, 1 / 4, 0, 1 / 12], 1, certify=False).derivative_error == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize(("m", "certify"), [(11, True), (41, True), (101, True), (1001, False)])
def test_a_small_ripple_ruins_the_derivative(m, certify):
    # T_m'(1) = m^2: the value error stays near 10^-3, the derivative error is that of 10^-3 m^2 / R
    ripple, base = 1e-3, approximate("sigmoid", 2, 9)
    coefficients = np.zeros(m + 1)
    coefficients[: len(base.chebyshev.coef)] = base.chebyshev.coef
    coefficients[m] += ripple
    p = ActivationPolynomial.of("sigmoid", coefficients, 2, certify=certify)
    assert p.is_certified == certify and p.degree == m
    assert abs(p.value_error - ripple) <= base.value_error + 2 * SLACK * ripple
    assert abs(p.derivative_error - ripple * m**2 / 2) <= base.derivative_error + 2 * SLACK * ripple * m**2 / 2


def test_sup_norms():
    assert sup_norms(custom(np.cos, lambda x: -np.sin(x), lipschitz=2, derivative_lipschitz=3), F(5)) == (1 + 2 * 5, 2, 3)
    exact = (1 / (1 + math.exp(-5)), 1 / 4, math.sqrt(3) / 18)
    assert all(x * (1 - 1e-15) <= bound <= x * (1 + 2e-6) for x, bound in zip(exact, sup_norms(activation("sigmoid"), F(5)), strict=True))
    with pytest.raises(ValueError, match=r"^activation must have a Lipschitz derivative"):
        sup_norms(activation("relu"), F(1))


def test_a_polynomial_in_hand():
    series = Chebyshev([0.5, 0.4, 0.0, 0.1], domain=[-2, 2])
    p = ActivationPolynomial.of("sigmoid", series)
    assert p.radius == 2 and p.degree == 3 and p.coefficients == ActivationPolynomial.of("sigmoid", [0.5, 0.4, 0, 0.1], 2).coefficients
    with pytest.raises(TypeError, match=r"^radius must be given"):
        ActivationPolynomial.of("sigmoid", [0.5, 0.4])
    with pytest.raises(ValueError, match=r"^chebyshev must be a numpy Chebyshev series"):
        ActivationPolynomial.of("sigmoid", Chebyshev([0.5, 0.4], domain=[0, 2]))
    with pytest.raises(ValueError, match=r"^chebyshev must be a series on"):
        ActivationPolynomial.of("sigmoid", series, 1)
    for bad in ([], [0.0, math.nan], [[1.0, 2.0]], None, 5, ["a"], [1j], [10**400], {1: 2}):
        with pytest.raises((ValueError, TypeError), match=r"^chebyshev"):
            ActivationPolynomial.of("sigmoid", bad, 2)


def test_constants_are_polynomials_too():
    assert ActivationPolynomial.of("tanh", [0, 0], 1).degree == 0
    flat = approximate("relu", 2, 1, "interpolate_derivative")
    assert flat.degree == 0 and flat.value_error == pytest.approx(1, rel=0.01)


WIDE_AND_TINY = [("tanh", 20, 1), ("sigmoid", 10**5, 30), ("silu", 160, 10), ("tanh", F(1, 10**25), 5)]


@pytest.mark.parametrize(("name", "radius", "degree"), WIDE_AND_TINY)
def test_wide_and_tiny_intervals(name, radius, degree):
    p = approximate(name, radius, degree)
    assert p.lower_derivative_error <= p.derivative_error <= 1.01 * p.lower_derivative_error


@pytest.mark.parametrize("radius", [F(10**400), F(1, 10**400)])
def test_a_radius_out_of_the_reach_of_doubles_is_named(radius):
    with pytest.raises(ValueError, match=r"^radius must be between"):
        approximate("tanh", radius, 3)


@pytest.mark.parametrize(
    ("name", "radius", "degree"), [("sigmoid", 8, 19), ("tanh", 4, 29), ("softplus", 8, 20), ("gelu", 5, 20), ("silu", 6, 20)]
)
def test_the_integral_of_the_best_derivative_is_nearly_the_best_value_too(name, radius, degree):
    """Within 1.6 times the best uniform error of the value: 1.3 for sigmoid, tanh and softplus, 1.57 for gelu."""
    best = best_uniform(activation(name).value, degree, float(radius))
    x = radius * np.cos(np.linspace(0, np.pi, 20001))
    assert approximate(name, radius, degree).value_error < 1.6 * np.abs(activation(name).value(x) - best(x)).max()
