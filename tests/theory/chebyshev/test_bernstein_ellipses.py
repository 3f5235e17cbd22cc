"""Rates of convergence against certified errors, degrees that keep their promise, and what nothing can promise."""

import math
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.activations import activation, custom
from theory.chebyshev import METHODS, approximate, convergence_rate, degree_for
from theory.chebyshev.bernstein_ellipses import sup_on_ellipse

ANALYTIC = ["sigmoid", "tanh", "softplus", "gelu", "silu"]
KINKED = ["relu", "leaky_relu", "leaky_relu(1/5)"]
NO_WORSE = 1.01  # Remez' exchange levels the error to 10^-4, the certificate to SLACK
RATE = 0.03  # of log rho: what the next term of the asymptotic series leaves at these degrees


@pytest.mark.parametrize(
    ("name", "order", "radius", "degrees"),
    [
        ("sigmoid", 2, 5, range(20, 41, 4)),
        ("sigmoid", 2, 8, range(26, 59, 4)),
        ("tanh", 2, 1, range(8, 19, 2)),
        ("tanh", 2, 3, range(20, 45, 4)),
        ("softplus", 1, 5, range(21, 40, 2)),
        ("softplus", 1, 8, range(27, 56, 4)),
    ],
)
@pytest.mark.parametrize("method", METHODS[:3])
def test_errors_fall_at_the_rate_of_the_nearest_singularity(name, order, radius, degrees, method):
    n = np.array(degrees)
    fits = [approximate(name, radius, d, method) for d in degrees]
    powers = (order - 2, order if method == "interpolate" else order - 1)
    for power, errors in zip(powers, ([p.value_error for p in fits], [p.derivative_error for p in fits]), strict=True):
        slope = np.polyfit(n, np.log(errors) - power * np.log(n), 1)[0]
        assert -slope == pytest.approx(math.log(convergence_rate(name, radius)), rel=RATE)


def test_convergence_rate():
    # y = 3 R / 4 gives rho = 3/4 + 5/4 = 2
    assert convergence_rate("sigmoid", 4 * math.pi / 3) == pytest.approx(2) == convergence_rate("tanh", 2 * math.pi / 3)
    assert convergence_rate("gelu", 1) == math.inf and convergence_rate("elu", 1) == convergence_rate("relu", 1) == 1


@given(st.sampled_from(ANALYTIC), st.sampled_from([F(1, 2), 1, F(7, 3), 4]), st.integers(0, 9), st.sampled_from(METHODS[:3]))
def test_promised_degrees_suffice(name, radius, digits, method):
    p = approximate(name, radius, degree_for(name, radius, 10.0**-digits, method), method)
    assert max(p.value_error, p.derivative_error) <= 10.0**-digits


@pytest.mark.parametrize(("radius", "tolerance"), [(1, 0.1), (F(7, 3), 0.2), (F(1, 10), 1e-3)])
def test_promised_degrees_for_elu(radius, tolerance):
    p = approximate("elu", radius, degree_for("elu", radius, tolerance))
    assert max(p.value_error, p.derivative_error) <= tolerance


def test_the_bound_on_an_ellipse_holds_at_its_top():
    # sigma' of sigmoid is largest there, nearest to its pole: between two arcs
    for y in (1.0, 2.5, 3.1):
        bound = sup_on_ellipse(activation("sigmoid").complex_derivative, F(1), y + math.sqrt(1 + y * y))
        assert bound >= (1 - 1e-12) / (2 * math.cos(y / 2)) ** 2  # the rounding of y, magnified by the pole


def test_degrees_grow_with_what_is_asked():
    found = [degree_for("tanh", 2, 10.0**-k) for k in range(13)]
    assert found == sorted(found) and found[-1] > found[0]
    assert degree_for("tanh", 1, 1e-6) < degree_for("tanh", 2, 1e-6) < degree_for("tanh", 4, 1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("relu", 1, 0.1), "activation must be smooth"),
        (("leaky_relu", 1, 0.1), "activation must be smooth"),
        ((custom(np.sin, np.cos, lipschitz=1, derivative_lipschitz=1), 1, 0.1), "activation must be one of the named ones"),
        (("elu", 1, 0.1, "interpolate"), "method must be remez_derivative for elu"),
        (("tanh", 1, 0.1, "least_squares"), "method must be one of"),
        (("tanh", 1, 1e-16), "tolerance must be at least"),
        (("tanh", 1, 0), "tolerance must be positive"),
        (("tanh", 10**6, 1e-3), "tolerance must be one that a degree of at most 10000"),
        (("tanh", 1, math.nan), "tolerance must be finite"),
        (("tanh", 0, 0.1), "radius must be positive"),
    ],
)
def test_degrees_that_nothing_can_promise(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        degree_for(*arguments)
