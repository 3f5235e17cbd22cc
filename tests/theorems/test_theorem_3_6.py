"""Theorem 3.6: for bounded inputs a polynomial is constructed for every tolerance; for Gaussian inputs there is none."""

from fractions import Fraction as F
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import discrete_laws, matrices
from theory import Gaussian, TeacherStudent
from theory.approximation import polynomial_within
from theory.chebyshev import approximate, convergence_rate, power_basis
from theory.claims import theorem_3_6 as claim
from theory.exact import to_fraction

pytestmark = pytest.mark.theorems("3.6")


@st.composite
def instances(draw):
    """Small networks, two atoms, up to three steps; every path at b = 1 is followed."""
    sizes = draw(st.sampled_from([(1, 1, 1), (1, 2, 1), (2, 1, 1), (1, 1, 1, 1)]))
    layers = [[draw(matrices(rows, columns)) for columns, rows in pairwise(sizes)] for _ in range(2)]
    halved = [[[[x / 2 for x in row] for row in w] for w in side] for side in layers]
    law = draw(discrete_laws(sizes[0], 2))
    name = draw(st.sampled_from(["sigmoid", "tanh", "softplus", "gelu", "silu"]))
    steps, epsilon = draw(st.integers(1, 3)), draw(st.sampled_from([F(1, 10), F(1, 1000), F(1, 10**6)]))
    return claim.Instance(name, TeacherStudent(*halved, law, F(1, 20), name), steps, epsilon)


@given(instances())
@settings(max_examples=25)
def test_a_polynomial_for_every_tolerance(ledger, instance):
    try:
        polynomial_within(instance.problem, instance.steps, instance.tolerance)
    except ValueError:  # a-priori bounds explode with large inputs: then no polynomial is promised
        ledger.vacuous("3.6", "the a-priori bounds are too large")
    else:
        ledger.record("3.6", claim.check(instance))


#: The certified errors of the derivative fall by the predicted rate per degree, up to this relative error of the exponent.
RATE_ERROR = 0.03


@pytest.mark.parametrize(
    ("name", "radius", "degrees"), [("sigmoid", 4, range(12, 37, 2)), ("tanh", 2, range(12, 37, 2)), ("softplus", 4, range(12, 37, 2))]
)
def test_errors_fall_at_the_predicted_rate(name, radius, degrees):
    """rho^-n times a power of n: sigma' has a double pole (sigmoid, tanh: n^1) or a simple one (softplus: n^0) on the ellipse."""
    power = 0 if name == "softplus" else 1
    errors = [approximate(name, radius, n).derivative_error / n**power for n in degrees]
    slope = -np.polyfit(list(degrees), np.log(errors), 1)[0]
    predicted = np.log(convergence_rate(name, radius))
    assert abs(slope / predicted - 1) < RATE_ERROR, (slope, predicted)


def test_a_polynomial_is_of_no_use_in_the_mean_over_gaussian_inputs():
    """The interpolant of the sigmoid on [-6, 6] at degree 61, in L2(N(0, 1)): of order 10^5, exactly."""
    p = approximate("sigmoid", 6, 61, "interpolate")
    square = power_basis(p.chebyshev.coef, p.radius) ** 2
    mean = sum(to_fraction(c) * Gaussian(1).moment((j,)) for j, c in enumerate(square.coeffs()))
    assert 1e4 < float(mean) ** 0.5 < 1e6
