"""Leaky ReLU: no uniform bound, for any polynomial; convergence in the mean."""

from fractions import Fraction as F

import numpy as np
import pytest
from flint import fmpq
from hypothesis import example, given, settings
from hypothesis import strategies as st

from theory.activations import leaky_relu
from theory.chebyshev import METHODS, approximate
from theory.claims import leaky_relu as claim
from theory.exact import to_fmpq

ID = "leaky ReLU"
pytestmark = pytest.mark.theorems(ID)


slopes = st.fractions(0, F(4, 5), max_denominator=20)


@given(slopes, st.integers(1, 20), st.sampled_from(METHODS[1:]))
@example(F(0), 1, "interpolate_derivative")  # a constant
def test_no_polynomial_is_uniformly_close(ledger, slope, degree, method):
    """In exact arithmetic beside the kink, whatever the approximant."""
    ledger.refuted(ID, claim.check_printed(claim.Jump("drawn", slope, (degree,), method)))


@given(slopes, st.integers(1, 40), st.sampled_from(METHODS[1:]))
def test_every_certified_derivative_error_is_at_least_half_the_jump(slope, degree, method):
    assert approximate(leaky_relu(slope), 2, degree, method).lower_derivative_error >= float((1 - slope) / 2) * (1 - 1e-9)


@given(slopes, st.lists(st.fractions(-5, 5, max_denominator=9), min_size=2, max_size=6), st.integers(20, 90))
def test_the_gap_of_any_polynomial_at_all_is_at_least_half_the_jump(slope, coefficients, bits):
    """Not an approximant of anything: the two one-sided limits of the gap at u = 0 add up to the jump at least."""
    sigma = tuple(to_fmpq(c) for c in coefficients)
    instance = claim.Jump("any polynomial", slope, (1,))
    size = 1 + sum(abs(c) for c in coefficients)
    gaps = [claim._gap(instance, sigma, u) for u in (fmpq(0), fmpq(1, 2**bits))]
    steep = 4 * len(coefficients) ** 2 * size**2  # a Lipschitz constant of g^P and of g^S off the kink, near u = 0
    assert max(gaps) >= (1 - slope) / 2 - steep / 2**bits


@given(slopes, st.sampled_from(["interpolate", "interpolate_derivative"]))
@settings(max_examples=10)
def test_the_mean_square_falls(ledger, slope, method):
    ledger.record(ID, claim.check(claim.Jump("drawn", slope, (8, 32, 128), method)))


def test_the_measured_slope_of_the_mean():
    """Between degree 32 and 512 the mean gap falls like the power -0.8 of the degree, its largest value not at all."""
    instance = claim.relu()
    degrees = (32, 128, 512)
    means = [claim.mean_gap(instance, n) for n in degrees]
    assert -0.85 < np.polyfit(np.log(degrees), np.log(means), 1)[0] < -0.75
    assert all(0.5 <= claim.largest_gap(instance, n) < 0.51 for n in degrees)


def test_the_refutation_is_the_measured_gap_s(monkeypatch):
    """With networks that do follow, the print would hold."""
    monkeypatch.setattr(claim, "_gap", lambda instance, sigma, u: F(0))
    assert claim.check_printed(claim.relu()).holds is None
    monkeypatch.setattr(claim, "gap_in_doubles", lambda instance, degree, beside: 0.0)
    assert claim.check_printed(claim.relu()).holds is True
