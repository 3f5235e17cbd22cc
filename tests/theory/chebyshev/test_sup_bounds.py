"""Certified suprema beside samples in balls, closed forms, and piecewise linear differences whose largest values are rational."""

import math
from dataclasses import replace
from fractions import Fraction as F

import pytest
from flint import arb, arb_poly, fmpq_poly
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import fractions, positive_fractions
from theory.activations import Piece, activation
from theory.chebyshev.sup_bounds import SLACK, certified_sup
from theory.exact import to_fmpq

CLOSE = 1 + 1.01 * SLACK  # upper / lower: the slack, and rounding
FINE = 1e-6
NO_POLYNOMIAL = fmpq_poly([])
ROUNDING = 4 * 2.0**-53  # of a closed form in doubles
SAMPLES = 60

names = st.sampled_from(["sigmoid", "tanh", "softplus", "gelu", "silu", "elu", "relu", "leaky_relu", "leaky_relu(1/5)"])
slopes = st.builds(F, st.integers(0, 4), st.just(5))


def polynomial(coefficients):
    return fmpq_poly([to_fmpq(F(c)) for c in coefficients])


def sampled(sigma, radius, p, d):
    """|(sigma - P)^(d)| in balls at SAMPLES points of the open interval, none of which is a breakpoint."""
    for _ in range(d):
        p = p.derivative()
    p = arb_poly(p)
    for k in range(SAMPLES):
        x = arb(to_fmpq(radius * F(2 * k - SAMPLES + 1, SAMPLES)))
        yield abs(sigma.taylor(x, d + 1, piece=sigma.piece_at(x))[d] * math.factorial(d) - p(x))


@given(names, positive_fractions, st.lists(fractions, max_size=6))
def test_no_sample_is_above_and_the_bounds_close_in(name, radius, coefficients):
    sigma, p = activation(name), polynomial(coefficients)
    for d, (lower, upper) in enumerate(certified_sup(sigma, radius, p, (0, 1, 2))):
        assert 0 <= lower <= upper <= CLOSE * lower
        assert not any(x > upper for x in sampled(sigma, radius, p, d))


def exact_cases():
    tanh = math.tanh(0.1)
    normal = 1 / math.sqrt(2 * math.pi)
    gelu_slope = (1 + math.erf(1)) / 2 + math.sqrt(2) * normal / math.e  # at sqrt(2), where gelu'' = phi(x) (2 - x^2) vanishes
    return [
        ("sigmoid", 8, (1 / (1 + math.exp(-8)), 1 / 4, math.sqrt(3) / 18)),
        ("tanh", 3, (math.tanh(3), 1, 4 / (3 * math.sqrt(3)))),
        ("tanh", F(1, 10), (tanh, 1, 2 * tanh * (1 - tanh**2))),
        ("softplus", 5, (math.log1p(math.exp(5)), 1 / (1 + math.exp(-5)), 1 / 4)),
        ("gelu", 4, (2 * (1 + math.erf(4 / math.sqrt(2))), gelu_slope, 2 * normal)),
        ("silu", F(1, 2), (1 / (2 + 2 * math.exp(-0.5)), 1 / (1 + math.exp(-0.5)) + 1 / (8 * math.cosh(0.25) ** 2), 1 / 2)),
        ("elu", 2, (2, 1, 1)),
        ("leaky_relu(1/5)", 3, (3, 1, 0)),
    ]


@pytest.mark.parametrize(("name", "radius", "norms"), exact_cases(), ids=str)
def test_norms_of_the_activations(name, radius, norms):
    found = certified_sup(activation(name), F(radius), NO_POLYNOMIAL, (0, 1, 2), FINE)
    for (lower, upper), exact in zip(found, norms, strict=True):
        assert lower <= exact * (1 + ROUNDING) and exact * (1 - ROUNDING) <= upper <= (1 + 2 * FINE) * lower


@pytest.mark.parametrize("radius", [F(1, 3), F(1), F(7, 3), F(10**6)])
def test_relu_and_half_the_identity(radius):
    (low, high), (low_slope, high_slope) = certified_sup(activation("relu"), radius, polynomial([0, F(1, 2)]), (0, 1))
    assert F(low) <= radius / 2 <= F(high) <= radius / 2 * F(CLOSE)
    assert low_slope <= 1 / 2 <= high_slope <= CLOSE / 2


@given(slopes, positive_fractions, fractions, fractions)
def test_piecewise_linear_differences(a, radius, constant, slope):
    # |sigma - P| is largest at an end or at the kink; sigma' - P' takes two values
    value = max(abs(sigma - constant - slope * x) for x, sigma in ((-radius, -a * radius), (0, 0), (radius, radius)))
    derivative = max(abs(a - slope), abs(1 - slope))
    found = certified_sup(activation(f"leaky_relu({a})"), radius, polynomial([constant, slope]), (0, 1))
    for (lower, upper), exact in zip(found, (value, derivative), strict=True):
        assert F(lower) <= exact <= F(upper) <= exact * F(CLOSE)


@given(st.integers(-30, 30), st.lists(fractions, min_size=1, max_size=5), positive_fractions)
def test_scaling_by_powers_of_two_scales_exactly(k, coefficients, radius):
    # s relu(x / s) = relu(x): with P(x) -> s P(x / s) the value error scales by s, the derivative error stays
    s = F(2) ** k
    (low, high), slope = certified_sup(activation("relu"), radius, polynomial(coefficients), (0, 1))
    scaled = polynomial([c * s ** (1 - j) for j, c in enumerate(coefficients)])
    assert certified_sup(activation("relu"), s * radius, scaled, (0, 1)) == [(low * float(s), high * float(s)), slope]


@pytest.mark.parametrize(
    ("breakpoint", "radius", "value", "slope"),
    [
        (1, F(1), 0, 0),  # on the right end: only the left piece, 0, is inside
        (1, F(1, 2), 0, 0),  # outside
        (-1, F(1), 1, 1),  # on the left end: only the right piece, x
        (-1, F(1, 2), F(1, 2), 1),
        (1, F(2), 2, 1),  # inside: both
    ],
)
def test_breakpoints_on_the_ends_and_outside(breakpoint, radius, value, slope):
    step = replace(activation("relu"), breakpoints=(breakpoint,))  # 0 up to the breakpoint, x after it
    for (lower, upper), exact in zip(certified_sup(step, radius, NO_POLYNOMIAL, (0, 1)), (value, slope), strict=True):
        assert lower <= exact <= upper <= float(exact) * CLOSE


@pytest.mark.parametrize("slack", [0.3, 1e-3, 1e-6])
def test_the_slack_is_kept(slack):
    for lower, upper in certified_sup(activation("sigmoid"), F(4), polynomial([F(1, 2), F(1, 5)]), (0, 1), slack):
        assert 1 <= upper / lower <= (1 + slack) * (1 + 1e-11)  # rounding is a part in 10^12


def test_remainders_are_taken_over_the_whole_interval():
    seen = []

    def recorded(s):
        seen.append(s[0])
        return activation("sigmoid").pieces[0].series(s)

    certified_sup(replace(activation("sigmoid"), pieces=(Piece(recorded),)), F(3), NO_POLYNOMIAL, (0,))
    reached = arb(-3)
    for ball in sorted((x for x in seen if x.rad() > 0), key=lambda x: float(x.mid())):
        assert ball.lower() <= reached
        reached = max(reached, ball.upper())
    assert reached >= 3


def test_the_error_of_an_activation_s_balls_is_in_both_bounds():
    fat = 1e-3
    blurred = Piece(lambda s: activation("tanh").pieces[0].series(s) + arb(0, fat))
    ((lower, upper),) = certified_sup(replace(activation("tanh"), pieces=(blurred,)), F(2), NO_POLYNOMIAL, (0,))
    assert lower <= math.tanh(2) - fat and math.tanh(2) + fat <= upper
