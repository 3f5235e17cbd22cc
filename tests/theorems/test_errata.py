"""Errata on small instances, in exact arithmetic: what is printed comes out wrong, what it should read comes out right."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from math import comb, prod

import numpy as np
import pytest

from theory import Discrete, Gaussian, Rademacher, TeacherStudent, enumeration
from theory.claims.errata import read_errata
from theory.claims.theorem_3_5 import printed_threshold
from theory.inverse_batch import InverseBatchPolynomial
from theory.variance_poly import mean_gradient, second_moment_polynomial, variance_polynomial

pytestmark = pytest.mark.theorems
COVERED: list[str] = []


def erratum(*places: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Says of which errata a test is."""
    COVERED.extend(places)
    return lambda test: test


def coin(w1: int | F, w2: int | F, teacher: int | F, rate: int | F = 1) -> TeacherStudent:
    """Two layers of one unit, x in {0, 1} equally likely."""
    return TeacherStudent([[[w1]], [[w2]]], [[[teacher]], [[1]]], Discrete([0, 1]), learning_rates=rate)


def test_the_tests_are_of_errata_that_there_are() -> None:
    assert set(COVERED) <= {e.where for e in read_errata()} and len(COVERED) == len(set(COVERED)) > 15


@erratum("Lines 9-10, abstract")
def test_the_norm_of_the_gradient_rises() -> None:
    moment = second_moment_polynomial(coin(1, 0, 1), 1, 1)
    assert [moment(b) for b in (1, 2, 3)] == [0, F(3, 256), F(1, 81)] and moment.coefficients[0] == F(1, 64)


@erratum("Line 177")
def test_the_ratio_of_the_variances_depends_on_the_batch_size() -> None:
    # W_2 = s after the first batch, s the mean of b coins; the gradient of layer 1 is s (s - 1) times the mean of b coins, or times 1/2
    def law(b: int) -> list[tuple[F, F]]:
        return [(F(k, b), F(comb(b, k), 2**b)) for k in range(b + 1)]

    def variances(b: int) -> tuple[F, F]:
        second, fourth = (sum((p * (s * (s - 1)) ** k for s, p in law(b)), F(0)) for k in (1, 2))
        coins = sum((p * s * s for s, p in law(b)), F(0))
        return fourth * coins - (second / 2) ** 2, (fourth - second**2) / 4

    found = {b: variances(b) for b in (2, 3, 4)}
    assert [b * g / full for b, (g, full) in found.items()] == [4, 7, 11]
    assert all(variance_polynomial(coin(1, 0, 1), 1, 1)(b) == g for b, (g, _) in found.items())


@erratum("Lines 235, 537")
def test_read_by_value_the_identity_counts_twice() -> None:
    identity, letters = np.eye(2), [np.eye(2)]
    assert sum(np.array_equal(identity, m) + np.array_equal(identity.T, m) for m in letters) == 2


@erratum("Lines 271-275")
def test_the_expectation_of_the_squared_norm_depends_on_the_batch_size() -> None:
    problem = coin(2, 1, 0)
    moment, mean = second_moment_polynomial(problem, 0, 1), mean_gradient(problem, 0, 1)[0, 0]
    beta = variance_polynomial(problem, 0, 1).coefficients[1]
    assert beta > 0 and moment.coefficients == (mean(1) ** 2, beta)


@erratum("Lines 291-292, footnote 3", "Lines 637-638, 656-658, proof of Theorem A.7")
def test_random_initial_weights_leave_a_constant() -> None:
    starts = [TeacherStudent([[[w1]], [[1]]], [[[0]], [[1]]], Rademacher(1), learning_rates=1) for w1 in (1, -1)]
    moment = sum((second_moment_polynomial(s, 0, 1) * F(1, 2) for s in starts), InverseBatchPolynomial([0]))
    mean = sum(F(1, 2) * mean_gradient(s, 0, 1)[0, 0](1) for s in starts)
    assert mean == 0 and moment.degree == 0 and moment(7) == 1


@erratum("Lines 298-301, Theorem 3.4")
def test_the_degree_is_above_the_printed_bounds() -> None:
    # H = 2, D = 1
    first, second = (lambda t: 2 ** (t + 1) - 1), (lambda t: 2 * 2 ** (t + 1) - 1)
    degrees = {t: variance_polynomial(coin(1, 1, 0), t, 1).degree for t in (1, 2)}
    assert degrees == {t: sum(2 * 3**s - 1 for s in range(t + 1)) for t in (1, 2)} == {1: 6, 2: 23}
    assert first(1) < 6 <= second(1) and max(first(2), second(2)) < 23


@erratum("Lines 303-306", "Lines 660-665, proof of Theorem 3.5")
def test_two_coefficients_vanish_and_the_third_decides() -> None:
    v = variance_polynomial(coin(1, 1, 0, 2), 1, 1)
    assert v.coefficients[:3] == (0, 0, 0) and v.coefficients[3] > 0


@erratum("Line 309", "Lines 477-478")
def test_the_variance_rises_beyond_the_printed_root() -> None:
    v = variance_polynomial(coin(1, 0, 1), 1, 1)
    low, high = printed_threshold(v)
    assert low <= 1 <= high and high - low < F(1, 10**6) and v(1) == 0 and v(2) == F(1, 128)
    assert all(v(b) > v(b + 1) for b in range(int(v.threshold) + 1, 12))


@erratum("Lines 313-315")
def test_coefficients_are_homogeneous_in_the_weights() -> None:
    def network(c: int) -> TeacherStudent:
        weights = ([[c * F(1, 2)]], [[c * F(2, 3)]])
        return TeacherStudent(weights, [[[c * F(3, 4)]], [[c]]], Gaussian(1), learning_rates=F(1, 5) / c**2)

    for step in (0, 1):
        one, three = (variance_polynomial(network(c), step, 1).coefficients for c in (1, 3))
        assert three == tuple(3**6 * beta for beta in one) and any(one)


@erratum("Line 553")
def test_the_gradient_of_layer_2_has_the_transpose() -> None:
    w1, w2, v1, v2 = np.array([[1, 2, 0], [3, -1, 1]]), np.array([[2, 1]]), np.array([[1, 1, 1], [0, 2, 0]]), np.array([[2, -1]])
    x = np.array([[1], [2], [-1]])
    problem = TeacherStudent([w1, w2], [v1, v2], Discrete([x.ravel()]), learning_rates=1)
    gap = w2 @ w1 - v2 @ v1
    assert np.array_equal(enumeration.mean_gradient(problem, 0, 2, batch_size=1), gap @ x @ x.T @ w1.T)
    with pytest.raises(ValueError, match="mismatch"):
        gap @ x @ x.T @ w1


@erratum("Line 658, proof of Theorem A.7")
def test_with_the_printed_sign_the_constant_is_twice_the_squared_gradient() -> None:
    problem = coin(F(1, 2), F(-2, 3), F(3, 4), F(1, 2))
    moment, mean = second_moment_polynomial(problem, 1, 1), mean_gradient(problem, 1, 1)[0, 0]
    # one step of full-gradient descent, E x^2 = 1/2
    w1, w2 = F(1, 2), F(-2, 3)
    gap = w1 * w2 - F(3, 4)
    w1, w2 = w1 - F(1, 2) * w2 * gap / 2, w2 - F(1, 2) * gap * w1 / 2
    gradient = w2 * (w1 * w2 - F(3, 4)) / 2
    constants = moment.coefficients[0], mean.coefficients[0]
    assert constants == (gradient**2, gradient) and constants[0] + constants[1] ** 2 == 2 * gradient**2 != 0
    assert variance_polynomial(problem, 1, 1).coefficients[0] == constants[0] - constants[1] ** 2 == 0


@erratum("Line 669, proof of Theorem 3.5")
def test_the_printed_formula_is_not_the_derivative() -> None:
    # f(b) = 2/b + 3/b^2, r = 2
    b, r = F(5), 2
    f = 2 / b + 3 / b**2
    by_line_667 = -(2 * b + 2 * 3) / b ** (r + 1)
    assert by_line_667 == -2 / b**2 - 6 / b**3 != -r / b ** (r + 1) * f + f / b**r


@erratum("Lines 687-688, (A.6)")
def test_a_constant_of_the_activation_is_summed_over_the_units() -> None:
    w2, hidden = np.array([[1, 2], [3, 4]]), np.array([5, 6])
    assert np.array_equal(w2 @ (7 + hidden), w2 @ hidden + 7 * w2 @ np.ones(2, int)) and (w2 @ hidden).shape != w2.shape


@erratum("Lines 753-755")
def test_letters_of_the_sum_for_three_layers() -> None:
    for degree in (2, 3, 5):
        inner = ["W2", *["e1", "W1", "x"] * degree, "e1"]
        outer = ["W3", *["e2", *inner] * degree, "e2"]
        assert len(inner) == 3 * degree + 2 and len(outer) == degree * (3 * degree + 3) + 2 > degree * (3 * degree + 2) + 2


@erratum("Lines 782-783, 852-880")
def test_the_gradient_has_the_transposed_product() -> None:
    w1, w2, w3 = np.array([[1, 2], [0, 1], [1, -1]]), np.array([[1, 0, 2], [3, 1, 1]]), np.array([[2, 1]])
    x, teacher = np.array([[1], [2]]), [np.ones(w.shape, int) for w in (w1, w2, w3)]
    problem = TeacherStudent([w1, w2, w3], teacher, Discrete([x.ravel()]), learning_rates=1, activation=(0, 0, 1))
    h1 = w1 @ x
    h2 = w2 @ h1**2
    d1, d2 = (np.diag(2 * h.ravel()) for h in (h1, h2))  # sigma(z) = z^2
    residual = w3 @ h2**2 - teacher[2] @ (teacher[1] @ (teacher[0] @ x) ** 2) ** 2
    found = enumeration.mean_gradient(problem, 0, 1, batch_size=1)
    product = w3 @ d2 @ w2 @ d1
    assert np.array_equal(found, product.T @ residual @ x.T)
    with pytest.raises(ValueError, match="mismatch"):
        product @ residual @ x.T


@erratum("Line 790, footnote 8")
def test_the_first_pre_activation_is_above_the_printed_bound() -> None:
    # sigma(z) = z/10, W = 1, |x| <= 1: C_{S,0} = 1, C_{S,1} = 1/10
    bounds = [F(1), F(1, 10)]
    assert max(bounds[1:]) < 1 == max(bounds)


@erratum("Line 874")
def test_the_factor_too_many_breaks_the_bound() -> None:
    a, z_s, z_p = F(1), F(1, 10), F(1, 5)
    difference = abs(a * z_s - a * z_p)
    assert abs(a * z_s) * abs(z_s - z_p) < difference <= abs(a) * abs(z_s - z_p)


@erratum("Lines 894-898, Theorem A.10")
def test_the_same_row_repeated_leaves_every_bound() -> None:
    smooth, polynomial = F(11, 10), F(11, 10) + F(1, 1000)
    assert [prod([polynomial] * n) - prod([smooth] * n) > 1 for n in (10, 100)] == [False, True]
