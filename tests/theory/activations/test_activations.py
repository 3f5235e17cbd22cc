"""Activations: doubles beside balls, balls beside closed forms, and what is declared of each."""

import math
from fractions import Fraction as F

import numpy as np
import pytest
from flint import acb, arb, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from theory.activations import Activation, activation, custom, leaky_relu
from theory.approximation.double_runs import FUNCTION_ERROR
from theory.exact import to_fmpq

SMOOTH = ["sigmoid", "tanh", "softplus", "gelu", "silu", "elu"]
NAMES = [*SMOOTH, "relu", "leaky_relu", "leaky_relu(1/5)"]
REACH = 50  # far in the tails: sigmoid(-50) is 2e-22
BITS = 200
ORDER = 8
NARROW = 2.0**-80  # of a ball at BITS bits: Taylor coefficients of this order lose some dozen bits, and gelu's as many as x^2 has at REACH

reals = st.floats(-REACH, REACH)
every_name = pytest.mark.parametrize("name", NAMES)


def sigmoid_coefficients(x):
    """s' = s (1 - s), coefficient by coefficient."""
    s = [1 / (1 + (-x).exp())]
    for k in range(ORDER):
        s.append((s[k] - sum((s[i] * s[k - i] for i in range(k + 1)), arb(0))) / (k + 1))
    return s


def normal_cdf_coefficients(x):
    """Phi' = phi and phi' = -x phi: (k + 1) phi_{k+1} = -x phi_k - phi_{k-1}."""
    phi = [(-x * x / 2).exp() / (2 * arb.pi()).sqrt()]
    for k in range(ORDER):
        phi.append(-(x * phi[k] + (phi[k - 1] if k else 0)) / (k + 1))
    return [(-x / arb(2).sqrt()).erfc() / 2, *(p / (k + 1) for k, p in enumerate(phi))]


def times_x(a, x):
    return [x * a[0], *(x * a[j] + a[j - 1] for j in range(1, ORDER))]


def closed_form(name, x):
    """sigma^(j)(x) / j!, j < ORDER, by recurrences that the module does not use."""
    s = sigmoid_coefficients(x)
    if name == "sigmoid":
        return s[:ORDER]
    if name == "tanh":
        doubled = sigmoid_coefficients(2 * x)
        return [x.tanh(), *(2 ** (j + 1) * doubled[j] for j in range(1, ORDER))]
    if name == "softplus":
        return [x.exp().log1p(), *(s[j - 1] / j for j in range(1, ORDER))]
    if name == "gelu":
        return times_x(normal_cdf_coefficients(x), x)
    if name == "silu":
        return times_x(s, x)
    if name == "elu" and x <= 0:
        return [x.expm1(), *(x.exp() / math.factorial(j) for j in range(1, ORDER))]
    slope = 1 if x > 0 else {"relu": 0, "leaky_relu": fmpq(1, 100), "leaky_relu(1/5)": fmpq(1, 5)}[name]
    return [x * slope, arb(slope), *[arb(0)] * (ORDER - 2)]


@every_name
@given(x=reals)
def test_doubles_are_within_the_error_that_the_run_bounds_assume(name, x):
    sigma = activation(name)
    with ctx.workprec(BITS):
        for exact, f in zip(sigma.exactly(arb(x)), (sigma.value, sigma.derivative), strict=True):
            assert abs(arb(float(f(np.array([x]))[0])) - exact) <= arb(FUNCTION_ERROR) * (1 + abs(arb(x)))


@every_name
@given(x=reals)
def test_taylor_coefficients_are_those_of_the_closed_form(name, x):
    sigma = activation(name)
    with ctx.workprec(BITS):
        at = arb(x)
        for found, expected in zip(sigma.taylor(at, ORDER, piece=sigma.piece_at(at)), closed_form(name, at), strict=True):
            assert found.overlaps(expected) and found.rad() < NARROW and expected.rad() < NARROW


@every_name
@given(centre=st.integers(-64, 64), bits=st.integers(1, 20), inside=st.integers(-16, 16))
def test_wide_balls_hold_the_coefficients_at_every_point(name, centre, bits, inside):
    sigma, middle, radius = activation(name), F(centre, 16), F(1, 2**bits)
    for piece in range(len(sigma.pieces)):
        wide = sigma.taylor(arb(float(middle), float(radius)), ORDER, piece=piece)
        with ctx.workprec(BITS):
            thin = sigma.taylor(arb(float(middle + radius * F(inside, 16))), ORDER, piece=piece)
        assert len(wide) == len(thin) == ORDER and all(w.contains(t) for w, t in zip(wide, thin, strict=True))


@every_name
@given(x=st.integers(1, 40).map(lambda n: fmpq(n, 7)))
def test_the_parity_of_the_slope_is_as_declared(name, x):
    sigma = activation(name)
    with ctx.workprec(BITS):
        right, left = (arb(sigma.exactly(y)[1]) for y in (x, -x))
        assert (left - right).contains(0) == (sigma.slope_parity == "even")
        assert (left + right).contains(1) == (sigma.slope_parity == "odd" or name == "relu")


@pytest.mark.parametrize("name", [n for n in SMOOTH if n != "elu"])
def test_complex_functions_are_the_real_ones_up_to_the_edge_of_the_strip(name):
    sigma = activation(name)
    for x in (-3, 0, 2):
        for real, f in zip(sigma.exactly(arb(x)), (sigma.complex_value, sigma.complex_derivative), strict=True):
            assert f(acb(x)).real.overlaps(real)
    if sigma.strip < math.inf:  # within 10^-6 of a pole of sigma'
        assert abs(sigma.complex_derivative(acb(0, sigma.strip - 1e-6))) > 1e5
        assert all(abs(sigma.complex_derivative(acb(x, 0.9 * sigma.strip))) < 100 for x in (-3, 0, 2))


@every_name
def test_names_read_back(name):
    sigma = activation(name)
    assert activation(str(sigma)) == sigma == activation(sigma) == activation(f" {name.upper()} ")
    assert hash(activation(str(sigma))) == hash(sigma) and name.split("(")[0] in repr(sigma)
    assert sigma.is_smooth == (name in SMOOTH) == (not sigma.is_piecewise_linear) and sigma.is_certified


def test_leaky_relu_by_name():
    assert activation("leaky_relu(1/5)") == leaky_relu(F(1, 5)) != activation("leaky_relu") == leaky_relu(F(1, 100))
    assert leaky_relu(0) == activation("relu") and leaky_relu(0.25) == activation("leaky_relu(0.25)")


def test_rationals_stay_rationals_on_straight_pieces():
    assert activation("leaky_relu(1/5)").exactly(fmpq(-7, 3)) == (fmpq(-7, 15), fmpq(1, 5))
    assert activation("relu").exactly(fmpq(7, 3)) == (fmpq(7, 3), 1) and activation("relu").exactly(fmpq(-7, 3)) == (0, 0)
    assert activation("elu").exactly(fmpq(7, 3)) == (fmpq(7, 3), 1)
    assert isinstance(activation("elu").exactly(fmpq(-7, 3))[0], arb)


@pytest.mark.parametrize("x", [2, 2.0, F(2), "array", arb(2), np.float32(2)], ids=str)
def test_points_may_be_any_numbers(x):
    x = np.array(2.0) if isinstance(x, str) else x
    sigma = activation("leaky_relu(1/5)")
    assert sigma.piece_at(x) == 1 and sigma.exactly(x)[0] == 2 and sigma.taylor(x, 2, piece=1) == [2, 1]


@pytest.mark.parametrize("x", [np.ones((2, 2)), np.array([1.0, 2.0]), "1", None, 1j, float("nan"), [1]], ids=str)
@pytest.mark.parametrize(
    "method", [Activation.piece_at, Activation.exactly, lambda sigma, x: sigma.taylor(x, 2)], ids=["piece", "exactly", "taylor"]
)
@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_points_that_are_no_numbers_are_refused(name, method, x):
    with pytest.raises((TypeError, ValueError), match=r"^x must be "):
        method(activation(name), x)


def test_a_piece_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"^piece must be in 0\.\.1 for relu, but was 2"):
        activation("relu").taylor(1, 2, piece=2)
    with pytest.raises(ValueError, match=r"^piece must be at least 0"):
        activation("relu").taylor(1, 2, piece=-1)


@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("leaky_relu(1/4)", 0.25), ("elu", 1.0)])
def test_the_derivative_at_a_breakpoint_is_the_left_one(name, slope):
    sigma = activation(name)
    assert sigma.breakpoints == (0,) and sigma.derivative(np.zeros(1))[0] == slope
    assert sigma.piece_at(fmpq(0)) == sigma.piece_at(arb(0)) == 0 and arb(sigma.exactly(fmpq(0))[1]).overlaps(arb(to_fmpq(F(slope))))
    assert sigma.piece_at(arb(2.0**-60)) == 1
    if sigma.is_smooth:  # the values of both pieces, from -e^-0.001 to 0.001 and the slopes beside 1
        value, derivative = sigma.exactly(arb(0, 1e-3))
        assert all(value.contains(x) for x in (-0.0009, 0, 0.0009)) and all(derivative.contains(x) for x in (0.9991, 1))
        assert value.rad() < 0.002 and derivative.rad() < 0.002
        return
    with pytest.raises(ValueError, match=r"x = .* must lie on one side of the breakpoints"):
        sigma.exactly(arb(0, 1e-3))


def test_a_user_s_activation():
    made = custom(np.sin, np.cos, lipschitz=1, derivative_lipschitz=F(1), name="sine")
    assert isinstance(made, Activation) and str(made) == "sine" and not made.is_certified and not made.is_piecewise_linear
    assert made.value(np.array([0.5]))[0] == np.sin(0.5) and made.derivative(np.array([0.5]))[0] == np.cos(0.5)
    assert made == custom(np.sin, np.cos, lipschitz=1, derivative_lipschitz=1, name="sine")
    assert made != custom(np.sin, np.exp, lipschitz=1, derivative_lipschitz=1, name="sine")
    assert made != custom(np.sin, np.cos, lipschitz=5, derivative_lipschitz=1, name="sine")  # or they would share sup norms


GOOD = {"value": np.sin, "derivative": np.cos, "lipschitz": 1, "derivative_lipschitz": 1}


@pytest.mark.parametrize("argument", ["value", "derivative"])
@pytest.mark.parametrize(("function", "error"), [(lambda x: np.where(x > 0, np.nan, x), ValueError), (np.sum, ValueError), (3, TypeError)])
def test_callables_are_checked(argument, function, error):
    with pytest.raises(error, match=f"^{argument} must"):
        custom(**{**GOOD, argument: function})


@pytest.mark.parametrize("argument", ["lipschitz", "derivative_lipschitz"])
@pytest.mark.parametrize(("constant", "error"), [(-1, ValueError), (math.nan, ValueError), (math.inf, ValueError), ("1", TypeError)])
def test_constants_are_checked(argument, constant, error):
    with pytest.raises(error, match=f"^{argument} must"):
        custom(**{**GOOD, argument: constant})


@pytest.mark.parametrize("bad", ["swish", "leaky_relu(1)", "leaky_relu(-1/2)", "leaky_relu(1/0)", "leaky_relu(x)", ""])
def test_unknown_names(bad):
    with pytest.raises(ValueError, match=r"^activation must be one of sigmoid, "):
        activation(bad)


def test_what_is_no_activation():
    with pytest.raises(TypeError, match=r"^activation must be a name or an Activation"):
        activation(np.tanh)
    with pytest.raises(ValueError, match=r"^slope must be at least 0 and less than 1"):
        leaky_relu(1)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "gelu", "silu", "elu", "relu", "leaky_relu(1/3)"])
def test_no_coefficients_are_an_empty_list_and_each_order_begins_like_the_next(name):
    sigma = activation(name)
    assert sigma.taylor(arb(1) / 2, 0) == []
    for order in (1, 2, 3):
        shorter, longer = sigma.taylor(arb(1) / 2, order), sigma.taylor(arb(1) / 2, order + 1)
        assert len(shorter) == order and all(a.overlaps(b) for a, b in zip(shorter, longer, strict=False))
