"""A user's own activation, what takes too long to certify, and bad input to the approximants."""

import math
import pickle
import time
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
from numpy.polynomial import Chebyshev, Legendre, Polynomial

from theory.activations import activation, custom
from theory.budget import Budget, UnaffordableError
from theory.chebyshev import METHODS, ActivationPolynomial, approximate, power_basis, sup_norms
from theory.exact import to_fmpq

SINE = custom(np.sin, np.cos, lipschitz=1, derivative_lipschitz=1, name="sine")


def test_errors_of_a_user_s_activation_are_sampled():
    for method in METHODS:
        p = approximate(SINE, 2, 9, method)
        assert not p.is_certified and "sampled" in str(p) and 0 < p.value_error < 1e-4 > p.derivative_error > 0
        assert p.value_error == p.lower_value_error and not ActivationPolynomial.of(SINE, p.chebyshev).is_certified


def test_what_cannot_be_certified_in_time_is_refused_at_once():
    began = time.perf_counter()
    with pytest.raises(UnaffordableError, match="certify=False") as refused:
        approximate("sigmoid", 8, 5000)
    assert time.perf_counter() - began < 1 and refused.value.cost.seconds > 3600
    with pytest.raises(UnaffordableError):
        ActivationPolynomial.of("sigmoid", np.ones(5001), 8)


NOT_FINITE = custom(lambda x: np.where(np.abs(x) > 1, np.nan, x), np.ones_like, lipschitz=1, derivative_lipschitz=1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("sigmoid", 0, 5), ValueError, "radius must be positive"),
        (("sigmoid", -1, 5), ValueError, "radius must be positive"),
        (("sigmoid", math.nan, 5), ValueError, "radius must be finite"),
        (("sigmoid", "1", 5), TypeError, "radius must be"),
        (("sigmoid", 1, 0), ValueError, "degree must be at least 1"),
        (("sigmoid", 1, 2.0), TypeError, "degree must be an integer"),
        (("sigmoid", 1, True), TypeError, "degree must be an integer"),
        (("sigmoid", 1, 5, "taylor"), ValueError, "method must be one of"),
        (("swish", 1, 5), ValueError, "activation must be one of"),
        ((np.tanh, 1, 5), TypeError, "activation must be"),
        ((NOT_FINITE, 2, 5), ValueError, "value must return finite numbers, but returned nan at"),
    ],
)
def test_bad_input_is_named(arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        approximate(*arguments)


def tanh_slope(x):
    return 1 - np.tanh(x) ** 2


@pytest.mark.parametrize(
    ("derivative", "constants", "message"),
    [
        (tanh_slope, (0.01, 1), r"^lipschitz must be at least sup \|sigma'\|"),
        (tanh_slope, (1, 0.1), r"^derivative_lipschitz must be at least the slope of sigma'"),
        (np.cos, (1, 1), r"^derivative must be that of value"),
    ],
)
def test_constants_that_samples_contradict_are_refused(derivative, constants, message):
    false = custom(np.tanh, derivative, lipschitz=constants[0], derivative_lipschitz=constants[1])
    with pytest.raises(ValueError, match=message):
        approximate(false, 3, 9)


def test_functions_of_numbers_are_no_functions_of_arrays():
    with pytest.raises(ValueError, match=r"^value must take and return arrays"):
        custom(math.tanh, np.cos, lipschitz=1, derivative_lipschitz=1)


@pytest.mark.parametrize("name", ["gelu", "leaky_relu(1/5)", "relu"])
def test_named_activations_and_their_polynomials_cross_processes(name):
    p = approximate(name, 2, 5, "interpolate")
    again = pickle.loads(pickle.dumps(p))
    assert again.activation == p.activation and again.coefficients == p.coefficients and again.value_error == p.value_error


def test_a_series_of_another_kind_or_window_is_not_taken_for_one():
    for series in (Polynomial([0, 0, 1]), Legendre([0, 1], domain=[-2, 2]), Chebyshev([0, 1], domain=[-2, 2], window=[0, 1])):
        with pytest.raises(ValueError, match=r"^chebyshev must be a numpy Chebyshev series"):
            ActivationPolynomial.of("tanh", series, 2)


def test_certified_coefficients_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        approximate("tanh", 2, 9).chebyshev.coef[1] += 1


def test_functions_may_work_in_place():
    careless = custom(lambda x: np.tanh(x, out=x), tanh_slope, lipschitz=1, derivative_lipschitz=1)
    assert approximate(careless, 2, 9).value_error == pytest.approx(approximate("tanh", 2, 9).value_error, rel=0.01)


def test_complex_values_are_refused():
    with pytest.raises(ValueError, match=r"^value must take and return arrays of doubles"):
        custom(lambda x: x * 1j, np.ones_like, lipschitz=1, derivative_lipschitz=1)


def test_functions_need_not_be_hashable():
    square = custom(Polynomial([0, 1, 0.1]), Polynomial([1, 0.2]), lipschitz=2, derivative_lipschitz=0.2)
    assert sup_norms(square, F(1)) == (2, 2, 0.2) and approximate(square, 1, 2).value_error < 1e-12


@pytest.mark.parametrize("method", METHODS)
def test_a_fit_that_takes_long_is_refused_at_once(method):
    with pytest.raises(UnaffordableError, match=r"a fit of this degree by \w+ would cost .*a lower degree; or a larger budget$"):
        approximate("tanh", 8, 100_000, method, certify=False)


def test_other_pieces_are_another_activation():
    """Or their sup norms would be shared."""
    other = replace(activation("tanh"), pieces=activation("softplus").pieces)
    assert other != activation("tanh") and sup_norms(other, F(3)) != sup_norms(activation("tanh"), F(3))


TINY = [("tanh", F(1, 2**95), "interpolate_derivative"), ("sigmoid", F(1, 2**90), "remez_derivative")]


@pytest.mark.parametrize(("name", "radius", "method"), TINY)
def test_tiny_errors_on_tiny_intervals_are_certified_within_a_percent(name, radius, method):
    p = approximate(name, radius, 1, method)
    assert 0 < p.lower_value_error <= p.value_error <= 1.01 * p.lower_value_error


@pytest.mark.parametrize(("count", "radius"), [(3000, 1e30), (2000, 0.1), (2500, 1e-30), (1500, 1)])
def test_powers_of_x_of_long_numbers_take_what_they_are_predicted_to_take(count, radius):
    """Denominators of R^k: as rationals, one after the other, they took a minute."""
    began = time.process_time()
    polynomial = power_basis([1] * count, radius)
    assert time.process_time() - began < 10
    assert polynomial.degree() == count - 1 and polynomial(to_fmpq(F(radius))) == count  # T_k(1) = 1
    assert polynomial(-to_fmpq(F(radius))) == count % 2  # T_k(-1) = (-1)^k


@pytest.mark.parametrize(("count", "radius"), [(10**5, 1), (20_000, 1e30), (20_000, 1e-9)])
def test_powers_of_x_that_take_long_are_refused_at_once(count, radius):
    began = time.process_time()
    with pytest.raises(UnaffordableError, match=r"^chebyshev in powers of x would cost .*fewer coefficients; .*or a larger budget$"):
        power_basis([1.0] * count, radius)
    assert time.process_time() - began < 2


def test_a_budget_pays_for_a_higher_degree_or_refuses_a_lower_one():
    with pytest.raises(UnaffordableError, match="certifying degree 40 would cost"):
        approximate("tanh", 2, 40, budget=Budget(seconds=0.01))
    with pytest.raises(UnaffordableError, match="a fit of this degree"):
        approximate("tanh", 2, 801, "least_squares", certify=False)
    assert approximate("tanh", 2, 801, "least_squares", certify=False, budget=Budget(60)).degree == 801
