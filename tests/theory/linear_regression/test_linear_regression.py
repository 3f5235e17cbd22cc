"""Linear regression against every sequence of batches, against other engines, and against formulas known from elsewhere."""

from fractions import Fraction as F
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.theory.linear_regression import all_batches
from theory import SGD, Discrete, Gaussian, TeacherStudent, Uniform, variance_poly
from theory.budget import Budget, CannotError, UnaffordableError
from theory.linear_regression import LinearRegression

X = [[F(1), F(2)], [F(0), F(-1)], [F(3), F(1, 2)]]
Y = [F(1), F(-2), F(1, 3)]
W0 = [F(1, 2), F(-1)]
RATES = [F(1, 3), F(1, 5)]
OPTIMIZERS = [
    SGD(),
    SGD(weight_decay=F(1, 3)),
    SGD(momentum=F(1, 2)),
    SGD(momentum=F(1, 2), dampening=F(1, 3), weight_decay=F(1, 7)),
    SGD(momentum=F(2, 3), nesterov=True, weight_decay=F(1, 5)),
]
SMALL = st.integers(-4, 4).map(lambda k: F(k, 2))


@pytest.mark.parametrize("sgd", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("replacement", [False, True])
def test_polynomials_are_those_of_all_batches(sgd, replacement):
    r = LinearRegression(X, Y, W0, RATES, replacement, sgd)
    for b, steps in ((1, 2), (2, 2), (3, 1 if replacement else 2)):
        for t, expected in enumerate(all_batches.trajectory(X, Y, W0, RATES, steps, b, replacement, sgd)):
            polynomials = (r.variance_polynomial(t), r.full_gradient_variance_polynomial(t), r.loss_polynomial(t))
            assert tuple(v(b) for v in polynomials) == expected
            assert [v.degree for v in polynomials] == [v.degree_bound for v in polynomials] == [t + 1, t, t]


@pytest.mark.parametrize("sgd", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("replacement", [False, True])
def test_values_in_doubles_are_the_polynomials(sgd, replacement):
    r = LinearRegression(X, Y, W0, lambda t: F(1, 10 + t), replacement, sgd)
    for b in (1, 2, 3):
        path = r.trajectory(6, b)
        for t in range(7):
            exact = (r.variance_polynomial(t)(b), r.full_gradient_variance_polynomial(t)(b), r.loss_polynomial(t)(b))
            for value, true in zip((path.variance[t], path.full_gradient_variance[t], path.loss[t]), exact, strict=True):
                assert abs(F(float(value)) - true) <= abs(true) * F(1, 2**52)
        assert (r.variance(6, b), r.full_gradient_variance(6, b), r.loss(6, b)) == (
            path.variance[6],
            path.full_gradient_variance[6],
            path.loss[6],
        )


@given(
    st.lists(st.tuples(SMALL, SMALL, SMALL), min_size=1, max_size=5), SMALL, st.booleans(), st.sampled_from(OPTIMIZERS), st.integers(0, 3)
)
def test_everything_decreases_in_the_batch_size(rows, w, replacement, sgd, step):
    r = LinearRegression([row[:2] for row in rows], [row[2] for row in rows], [w, -1], F(1, 2), replacement, sgd)
    for v in (r.variance_polynomial(step), r.full_gradient_variance_polynomial(step), r.loss_polynomial(step)):
        values = [v(b) for b in range(1, len(rows) + 1)]
        assert values == sorted(values, reverse=True)
    assert replacement or r.variance_polynomial(step)(len(rows)) == 0
    if replacement:  # c = 1/b: the coefficients themselves
        assert min(r.variance_polynomial(step).coefficients) >= 0 == r.variance_polynomial(step).coefficients[0]


@pytest.mark.parametrize(
    "law",
    [
        Gaussian(cov=[[2, F(1, 3)], [F(1, 3), 1]]),
        Gaussian(mean=[1, 2], cov=[[0, 0], [0, 1]]),
        Uniform(2),
        Discrete([[0, 1], [2, -1], [1, 1]], [F(1, 2), F(1, 4), F(1, 4)]),
    ],
)
def test_a_population_without_noise_is_a_network_of_one_layer(law):
    r = LinearRegression.population(law, [F(1, 2), -1], [3, 0], RATES)
    problem = TeacherStudent([[[3, 0]]], [[[F(1, 2), -1]]], law, RATES)
    for t in range(3):
        assert r.variance_polynomial(t) == variance_poly.variance_polynomial(problem, t, 1)
        assert r.loss_polynomial(t) == variance_poly.loss_polynomial(problem, t)


def test_label_noise_of_two_values_is_a_population_of_points():
    law, w = Discrete([[0, 1], [2, -1]], [F(1, 3), F(2, 3)]), [F(1, 2), -1]
    rows = [(x, s) for x, times in (([0, 1], 1), ([2, -1], 2)) for _ in range(times) for s in (F(3, 2), F(-3, 2))]
    data = LinearRegression(
        [x for x, _ in rows], [sum(a * b for a, b in zip(x, w, strict=True)) + s for x, s in rows], [1, 1], F(1, 4), replacement=True
    )
    noisy = LinearRegression.population(law, w, [1, 1], F(1, 4), noise=F(9, 4))
    for t in range(4):
        assert noisy.variance_polynomial(t) == data.variance_polynomial(t)
        assert noisy.full_gradient_variance_polynomial(t) == data.full_gradient_variance_polynomial(t)
        assert noisy.loss_polynomial(t) == data.loss_polynomial(t)


def test_the_recursion_of_bordelon_and_pehlevan():
    """Gaussian inputs: v <- [ diag((1 - alpha lambda)^2) + alpha^2 / b (diag(lambda^2) + lambda lambda^T) ] v,  E loss = 1/2 lambda . v."""
    lam, w_star, rate, b = [F(3), F(1), F(1, 4)], [F(1), F(-2), F(1, 2)], F(1, 5), 3
    cov = [[lam[i] if i == j else 0 for j in range(3)] for i in range(3)]
    r = LinearRegression.population(Gaussian(cov=cov), w_star, [0, 0, 0], rate)
    v = [x * x for x in w_star]
    for t in range(6):
        assert r.loss_polynomial(t)(b) == sum(x * y for x, y in zip(lam, v, strict=True)) / 2
        mixed = sum(x * y for x, y in zip(lam, v, strict=True))
        v = [(1 - rate * x) ** 2 * y + rate**2 / b * (x * x * y + x * mixed) for x, y in zip(lam, v, strict=True)]


@pytest.mark.parametrize("p, b", [(1, 1), (2, 3), (3, 4)])
def test_the_stationary_variance_of_isotropic_inputs_with_label_noise(p, b):
    """Cov(w) -> (alpha sigma^2 / b) / (2 - alpha a (1 + (p + 1)/b)) I for x ~ N(0, a I): Ziyin et al., Strength of minibatch noise."""
    a, noise, rate = F(3, 2), F(1, 3), F(1, 10)
    cov = [[a if i == j else 0 for j in range(p)] for i in range(p)]
    r = LinearRegression.population(Gaussian(cov=cov), [1] * p, [0] * p, rate, noise=noise)
    d = rate * noise / b / (2 - rate * a * (1 + F(p + 1, b)))
    found = r.stationary(b)
    assert found.full_gradient_variance == p * a**2 * d
    assert found.loss == (noise + p * a * d) / 2
    assert found.variance == p * a**2 * d + (p * (a**2 * (p + 1) * d) + p * a * noise) / b
    low, high = r.largest_stable_rate(b)
    assert low < 2 / (a * (1 + F(p + 1, b))) < high and high / low - 1 < F(1, 10**11)


@pytest.mark.parametrize("sgd", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("replacement", [False, True])
def test_long_runs_tend_to_the_limit(sgd, replacement):
    r = LinearRegression(X, Y, W0, F(1, 12), replacement, sgd)
    for b in (1, 2, 3):
        path, limit = r.trajectory(1500, b), r.stationary(b)
        for values, end in (
            (path.variance, limit.variance), (path.full_gradient_variance, limit.full_gradient_variance), (path.loss, limit.loss),
        ):  # fmt: skip
            assert float(values[-1]) == pytest.approx(float(end), rel=1e-9, abs=1e-30)


def test_the_largest_stable_rate_parts_runs_that_end_from_runs_that_do_not():
    r = partial(LinearRegression, X, Y, W0)
    for b in (1, 2, 3):
        low, high = r(F(1, 10)).largest_stable_rate(b)
        ends = r(low * F(9, 10)).trajectory(600, b).loss
        leaves = r(high * F(11, 10)).trajectory(600, b).loss
        assert ends[-1] < 1e3 * (1 + ends[0]) and leaves[-1] > 1e6 * leaves[300]
        with pytest.raises(ValueError, match="learning_rates must be stable at batch_size"):
            r(high).stationary(b)


@pytest.mark.parametrize(
    "rows, rate",
    [
        ([[1, 1], [1, 1 + F(1, 10**10)]], 1 - F(1, 2 * 10**10)),  # nearly one direction, |x|^2 = 2 + 1e-10 on average: 2 / |x|^2
        ([[1, 1], [1, 1 + F(1, 10**30)]], F(1)),
        ([[10**100, 0], [0, 1], [1, 1]], F(2, 10**200)),  # one sample in three: (1 - rate x^2)^2 < 1
        ([[10**200, 0], [0, 1], [1, 1]], F(2, 10**400)),
    ],
)
def test_the_largest_stable_rate_is_found_where_doubles_do_not_reach_it(rows, rate):
    low, high = LinearRegression(rows, [1] * len(rows), [0, 0], F(1, 10), replacement=True).largest_stable_rate(1)
    assert abs(low / rate - 1) < F(4, 10**12) and low < high < low * (1 + F(3, 10**12))


def test_the_search_beyond_doubles_is_refused_before_it_starts():
    columns = 6
    rows = [[i**j % 11 - 5 for j in range(1, columns)] for i in range(12)]
    nearly = [[*row, row[0] + F(i % 5, 10**14)] for i, row in enumerate(rows)]
    r = LinearRegression(nearly, [1] * 12, [0] * columns, F(1, 100), replacement=True)
    with pytest.raises(UnaffordableError, match="by halving"):
        r.largest_stable_rate(1, budget=Budget(seconds=4 * r.limit_cost().seconds, bytes=1e9))


def test_full_batches_without_replacement_have_no_noise():
    r = LinearRegression(X, Y, W0, F(1, 10))
    path = r.trajectory(50, 3)
    assert not path.variance.any() and not path.full_gradient_variance.any() and path.loss[-1] < path.loss[0]
    alone = LinearRegression([[2]], [3], [1], F(1, 10))
    assert alone.variance_polynomial(3).coefficients == (0,) and alone.variance(3, 1) == 0


def test_what_leaves_all_bounds_is_an_error_and_no_number():
    r = LinearRegression(X, Y, W0, 10)
    with pytest.raises(ArithmeticError, match="range of double precision"):
        r.variance(400, 1)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"X": []}, ValueError, "X must not be empty"),
        ({"X": [[1, 2], [3]]}, ValueError, "X must be a matrix"),
        ({"X": "points"}, (TypeError, ValueError), "X must be"),
        ({"X": [[1, float("nan")]]}, ValueError, "X.0, 1. must be finite"),
        ({"y": [1, 2]}, ValueError, "y must have one number for each of the 3 rows of X"),
        ({"w0": [1]}, ValueError, "w0 must have one number for each of the 2 columns"),
        ({"w0": [1, "a"]}, (TypeError, ValueError), r"w0\[1\]"),
        ({"learning_rates": -1}, ValueError, "learning_rates must not be negative"),
        ({"replacement": "no"}, TypeError, "replacement must be"),
        ({"optimizer": "adam"}, TypeError, "optimizer must be an optimizer"),
    ],
)
def test_arguments_are_checked(arguments, error, message):
    with pytest.raises(error, match=message):
        LinearRegression(**{"X": X, "y": Y, "w0": W0, "learning_rates": F(1, 10)} | arguments)


def test_questions_are_checked():
    r = LinearRegression(X, Y, W0, [F(1, 10)])
    for call, message in (
        (lambda: r.variance(1, 4), "batch_size must be at most n = 3 without replacement"),
        (lambda: r.variance(1, 0), "batch_size must be"),
        (lambda: r.variance(-1, 1), "^step must be"),
        (lambda: r.variance_polynomial(2), "learning_rates must reach alpha_1"),
        (lambda: r.stationary(1), "learning_rates must be one number for every step"),
        (lambda: LinearRegression([[1, 1], [2, 2]], [1, 2], [0, 0], 1).stationary(1), "columns of X must be linearly independent"),
        (lambda: LinearRegression.population(Gaussian(2), [1, 1], [0, 0], 1, noise=-1), "noise must be a variance"),
        (lambda: LinearRegression.population(Gaussian(2), [1], [0, 0], 1), "w_star must have one number for each of the 2"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(CannotError, match="plain SGD"):
        LinearRegression(X, Y, W0, F(1, 10), optimizer=SGD(momentum=F(1, 2))).largest_stable_rate(1)
    with pytest.raises(UnaffordableError, match="one batch size: variance"):
        LinearRegression(X, Y, W0, F(1, 10)).variance_polynomial(10**6)
    with pytest.raises(UnaffordableError, match="fewer steps"):
        LinearRegression(X, Y, W0, F(1, 10)).variance(10**12, 1)
    with pytest.raises(UnaffordableError):
        LinearRegression(np.ones((10, 300)), np.ones(10), np.ones(300), 0.1, budget=Budget(seconds=1))
