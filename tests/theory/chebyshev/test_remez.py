"""Best uniform approximation: known best errors, equioscillation, and linear programs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial.chebyshev import chebval, chebvander
from scipy.optimize import linprog

from theory.chebyshev.remez import CLOSE, best_uniform

LEVEL = 1 + 2 * CLOSE  # largest error / best error: CLOSE, and the parabola through three points of the module's grid
PROGRAM = 1e-7  # feasibility tolerance of the linear program's solver
EPS = 2.0**-52
FINE = 20001


def errors(function, p, radius, breakpoints=()):
    x = np.union1d(radius * np.cos(np.linspace(np.pi, 0, FINE)), breakpoints)
    return function(x) - p(x)


def heights(error):
    """The largest |error| in each run of one sign: degree + 2 of them bound the best error from below (de la Vallee Poussin)."""
    starts = np.flatnonzero(np.diff(np.sign(error))) + 1
    return np.array([np.abs(run).max() for run in np.split(error, starts)])


def best_error_by_linear_program(function, degree, radius, breakpoints=(), points=401):
    """min e such that |f - p| <= e at Chebyshev points: a lower bound on the best error, and close to it."""
    x = np.union1d(np.cos(np.linspace(np.pi, 0, points)), np.array(breakpoints) / radius)
    v, y, e = chebvander(x, degree), function(radius * x), -np.ones((len(x), 1))
    bounds = [(None, None)] * (degree + 1) + [(0, None)]
    return linprog(np.r_[np.zeros(degree + 1), 1], np.block([[v, e], [-v, e]]), np.r_[y, -y], bounds=bounds).fun


def best_line_to_exp():
    """sinh(1) x + c: exp is missed by as much at both ends as at log sinh 1."""
    m = math.sinh(1)
    return (math.e - 2 * m + m * math.log(m)) / 2


@pytest.mark.parametrize("radius", [1.0, 0.5, 3.0])
@pytest.mark.parametrize("n", range(1, 12))
def test_a_power_by_lower_powers(n, radius):
    # x^n - 2^(1-n) T_n
    p = best_uniform(lambda x: x**n, n - 1, radius)
    assert np.abs(errors(lambda x: x**n, p, radius)).max() == pytest.approx(radius**n * 2.0 ** (1 - n), rel=2 * CLOSE)


@pytest.mark.parametrize(
    ("name", "function", "degree", "best"),
    [
        ("exp", np.exp, 0, math.sinh(1)),
        ("exp", np.exp, 1, best_line_to_exp()),
        ("|x|", np.abs, 1, 1 / 2),
        ("|x|", np.abs, 3, 1 / 8),  # x^2 + 1/8
        ("x^2", np.square, 1, 1 / 2),
        ("x + |x|", lambda x: x + np.abs(x), 1, 1 / 2),
    ],
)
def test_known_best_errors(name, function, degree, best):
    p = best_uniform(function, degree, 1.0, [0.0])
    assert np.abs(errors(function, p, 1.0)).max() == pytest.approx(best, rel=2 * CLOSE)


CASES = [
    ("exp", np.exp, (2, 3, 4, 5), 2.0, ()),
    ("shifted kink", lambda x: np.abs(x - 0.6), (1, 2, 3, 4, 5, 8), 2.0, (0.6,)),
    ("jump of the second derivative", lambda x: np.maximum(x, 0) ** 2 + x, (3, 4, 6), 2.0, (0.0,)),
    ("even", lambda x: 1 / (1 + x * x), (1, 3, 5, 9), 3.0, ()),
    ("odd", np.arctan, (2, 4, 6, 10), 3.0, ()),
    ("even with a kink", lambda x: np.exp(-np.abs(x)), (1, 3, 5, 9), 2.0, (0.0,)),
    ("no symmetry", lambda x: np.sin(3 * x + 1), (2, 5, 8), 1.0, ()),
]


@pytest.mark.parametrize(("name", "function", "degrees", "radius", "breakpoints"), CASES, ids=[c[0] for c in CASES])
def test_the_error_equioscillates_and_is_the_linear_program_s(name, function, degrees, radius, breakpoints):
    for degree in degrees:
        error = errors(function, best_uniform(function, degree, radius, breakpoints), radius, breakpoints)
        found, largest = heights(error), np.abs(error).max()
        assert len(found) >= degree + 2 and largest <= LEVEL * np.sort(found)[-(degree + 2)]
        assert best_error_by_linear_program(function, degree, radius, breakpoints) - PROGRAM <= largest


@pytest.mark.parametrize(("function", "degree"), [(np.exp, 3), (lambda x: np.abs(x - 0.3), 4), (np.arctan, 4)])
def test_the_linear_program_reaches_the_same_error(function, degree):
    breakpoints = (0.3,)
    largest = np.abs(errors(function, best_uniform(function, degree, 1.0, breakpoints), 1.0, breakpoints)).max()
    program = best_error_by_linear_program(function, degree, 1.0, breakpoints)
    assert largest <= program * (1 + 1e-3) + PROGRAM  # 401 Chebyshev points miss (pi d / 800)^2 / 2 of an extremum at most: 2e-4


@pytest.mark.parametrize(("function", "first", "degrees"), [(lambda x: 1 / (1 + x * x), 1, (1, 3, 5, 9)), (np.arctan, 0, (2, 4, 10))])
def test_symmetry_is_kept(function, first, degrees):
    for degree in degrees:
        coefficients = best_uniform(function, degree, 3.0).coef
        assert np.abs(coefficients[first::2]).max() <= 100 * EPS  # condition number of the exchange's system, below 100, times eps


@pytest.mark.parametrize("degree", [16, 20, 31, 40])
def test_errors_at_the_level_of_rounding(degree):
    # exp has error 2^-degree / (degree + 1)! : far below eps
    assert np.abs(errors(np.exp, best_uniform(np.exp, degree, 1.0), 1.0)).max() <= 20 * EPS * math.e


@pytest.mark.parametrize("function", [np.zeros_like, lambda x: np.full_like(x, 3.0), lambda x: 2 * x - 1, lambda x: x**3 - x])
@pytest.mark.parametrize("degree", [3, 4, 7])
def test_polynomials_are_their_own_best_approximants(function, degree):
    assert np.abs(errors(function, best_uniform(function, degree, 1.0), 1.0)).max() <= 50 * EPS


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8), st.integers(-20, 20))
def test_the_interval_only_scales(coefficients, k):
    # by powers of two: to the last bit
    radius, degree = 2.0**k, len(coefficients)

    def function(x):
        return np.exp(x) + chebval(x, coefficients)

    p, q = best_uniform(function, degree, 1.0), best_uniform(lambda x: function(x / radius), degree, radius)
    assert (p.coef == q.coef).all() and (q.domain == [-radius, radius]).all()


# even f with even degree (and odd f with odd degree): the best polynomial of that degree is the one of one degree more
@pytest.mark.parametrize(("function", "degrees"), [(lambda x: 1 / (1 + x * x), (2, 4, 6, 8)), (np.arctan, (1, 3, 5, 7))])
def test_one_degree_more_does_not_help_where_symmetry_forbids_it(function, degrees):
    for degree in degrees:
        same, more = (np.abs(errors(function, best_uniform(function, d, 3.0), 3.0)).max() for d in (degree, degree + 1))
        assert same == pytest.approx(more, rel=2 * CLOSE)
