"""Exact and float64 matrices do the same arithmetic, and the error bounds of the latter contain the former."""

from __future__ import annotations

from fractions import Fraction as F
from functools import reduce
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given

from tests.strategies import fractions
from tests.strategies import matrices as exact_matrices
from theory.arithmetic.ball_matrices import BallMatrix
from theory.arithmetic.balls import ball_to_float
from theory.arithmetic.matrices import ExactMatrix
from theory.exact import as_matrix, to_fmpq, to_fraction


def table(matrix: Any) -> np.ndarray:
    """The entries as Fractions; of a ball its middle."""
    return np.vectorize(F, otypes=[object])(matrix.entries()[0])


def contains(ball: BallMatrix, exact: np.ndarray) -> bool:
    """||exact - middle||_F <= error, decided in rationals."""
    middle = np.vectorize(F, otypes=[object])(ball.mid) * F(2) ** ball.exponent
    distance = ((exact - middle) ** 2).sum()
    return bool(distance <= (F(ball.error) * F(2) ** ball.exponent) ** 2)


@given(exact_matrices(2, 3), exact_matrices(3, 2), fractions)
def test_exact_arithmetic(x, y, factor):
    a, b = as_matrix(x, "x"), as_matrix(y, "y")
    left, right = ExactMatrix.from_array(a), ExactMatrix.from_array(b)
    assert (table(left @ right) == a @ b).all()
    assert (table(left + right.T) == a + b.T).all()
    assert (table(left.T) == a.T).all()
    assert (table(left.times(to_fmpq(factor))) == a * factor).all()
    assert to_fraction(left.inner(right)) == (a @ b).trace()
    assert to_fraction((left @ right).trace()) == (a @ b).trace()
    core, scale = left.core_and_scale()
    assert (table(core.times(scale)) == a).all()
    assert all(v.denominator == 1 for v in table(core).ravel())


def test_floats_enter_exactly():
    a = np.array([[0.1, -(2.0**-1070)], [1e300, 3.0]])
    assert (table(ExactMatrix.from_array(a)) == np.vectorize(F, otypes=[object])(a)).all()
    ball = BallMatrix.from_array(np.array([[0.1, -3.5], [7.0, 2.0**-40]]))
    assert ball.error == 0
    assert contains(ball, np.array([[F(0.1), F(-3.5)], [F(7), F(1, 2**40)]], dtype=object))


@given(exact_matrices(3, 3), exact_matrices(3, 3), exact_matrices(3, 3), fractions)
def test_balls_contain_what_they_stand_for(x, y, z, factor):
    """Thirds are no doubles: every operation starts from rounded entries."""
    a, b, c = (as_matrix(m, "m") for m in (x, y, z))
    p, q, r = (BallMatrix.from_array(m) for m in (a, b, c))
    assert contains(p, a)
    assert contains(p @ q, a @ b)
    assert contains((p @ q) @ (q.T @ r), a @ b @ b.T @ c)
    assert contains(p + q @ r, a + b @ c)
    assert contains(p.times(to_fmpq(factor)), a * factor)
    assert contains(p.times(arb(to_fmpq(factor), 0.01)), a * (factor + F(1, 128)))
    core, scale = (p @ q).core_and_scale()
    assert contains(core, a @ b / to_fraction(scale))
    for ball, value in ((p.inner(q), (a @ b).trace()), ((p @ r).trace(), (a @ c).trace())):
        assert ball.contains(arb(to_fmpq(value))) or abs(value - F(ball_to_float(ball)[0])) <= F(ball_to_float(ball)[1])


@pytest.mark.parametrize("order", [3, 17, 64])
@pytest.mark.parametrize("spread", [0, 40, 120])
def test_long_products_stay_within_the_bound(order, spread):
    """Six random factors with entries of very different sizes; the bound is neither broken nor silly."""
    generator = np.random.default_rng(order + spread)
    factors = []
    for _ in range(6):
        sizes = np.ldexp(1.0, generator.integers(-spread, spread + 1, size=(order, order)))
        factors.append(generator.standard_normal((order, order)) / order**0.5 * sizes)
    ball = reduce(lambda p, q: p @ q, map(BallMatrix.from_array, factors))
    exact = reduce(lambda p, q: p @ q, map(ExactMatrix.from_array, factors))
    assert contains(ball, table(exact))
    if spread == 0:  # otherwise the largest entries may meet small ones only
        assert ball.error <= 1e-14 * ball.frobenius
    trace, value = BallMatrix.from_array(factors[0]).inner(ball), ExactMatrix.from_array(factors[0]).inner(exact)
    middle, radius = ball_to_float(trace)
    assert abs(F(middle) - to_fraction(value)) <= F(radius)


def test_the_bound_feels_an_error_of_the_input():
    """A perturbation as large as the error admits stays inside after a product, one three times as large does not."""
    generator = np.random.default_rng(1)
    x, y = generator.standard_normal((2, 8, 8))
    nudge = np.zeros((8, 8))
    nudge[2, 3] = 1e-6
    inside = BallMatrix(x, error=1e-6) @ BallMatrix(y)
    exact = table(ExactMatrix.from_array(x + nudge) @ ExactMatrix.from_array(y))
    outside = table(ExactMatrix.from_array(x + 30 * nudge) @ ExactMatrix.from_array(y))
    assert contains(inside, exact)
    assert not contains(inside, outside)


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (3, 5), (40, 40), (64, 7)])
def test_norms_are_upper_bounds_and_close(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    for matrix in (x, x * 2.0**-900, x * 2.0**-1030, x * 2.0**700, np.zeros(shape), np.ones(shape)):
        ball = BallMatrix(matrix)
        scale = float(np.abs(matrix).max()) or 1.0
        exact_square = sum(F(v) ** 2 for v in matrix.ravel())
        assert F(ball.frobenius) ** 2 >= exact_square
        largest = float(np.linalg.norm(matrix / scale, 2)) * scale
        assert largest * (1 - 1e-12) <= ball.spectral <= 1.31 * largest + 1e-300


def test_the_high_part_of_a_product_is_exact():
    """What `_split` promises: high parts of so few bits that sums of n products of them are exact in doubles."""
    generator = np.random.default_rng(2)
    for n in (1, 7, 64, 200):
        x, y = generator.standard_normal((2, n, n)) * np.ldexp(1.0, generator.integers(-30, 30, (2, n, n)))
        bits = (53 - n.bit_length()) // 2
        (high_x, low_x, rest), (high_y, _, _) = BallMatrix(x)._split(bits), BallMatrix(y)._split(bits)
        assert (high_x + low_x == x).all()
        assert rest >= np.linalg.norm(low_x) * (1 - 1e-12)
        exact = table(ExactMatrix.from_array(high_x) @ ExactMatrix.from_array(high_y))
        assert (np.vectorize(F, otypes=[object])(high_x @ high_y) == exact).all()


@pytest.mark.parametrize("bits", [16, 20, 24, 26, 28, 32, 50])
@pytest.mark.parametrize("order", [2, 16, 64])
def test_cancellation_does_not_escape_the_bound(order, bits):
    """[R R] [Q; E - Q] = R E with integers: the rounding of R Q must be in the bound although nothing of it is in the result."""
    generator = np.random.default_rng(bits)
    r, q = (generator.integers(-(2**bits), 2**bits, (order, order)).astype(float) for _ in range(2))
    e = generator.integers(-2, 3, (order, order)).astype(float)
    left, right = np.hstack([r, r]), np.vstack([q, e - q])
    ball = BallMatrix.from_array(left) @ BallMatrix.from_array(right)
    assert contains(ball, table(ExactMatrix.from_array(left) @ ExactMatrix.from_array(right)))


def test_overflow_is_an_error_and_not_a_number():
    with pytest.raises(ArithmeticError, match="left the range of double precision"):
        BallMatrix(np.array([[np.inf]]))
    huge = BallMatrix.from_array(np.array([[1e300]]))
    product = reduce(lambda p, q: p @ q, [huge] * 8)  # the exponent is kept apart
    assert contains(product, np.array([[F(1e300) ** 8]], dtype=object))
    with pytest.raises(ArithmeticError, match="left the range of double precision"):
        product.entries()
    with pytest.raises(ArithmeticError, match="left the range of double precision"):
        ball_to_float(product.trace())


def test_ball_to_float_covers_the_whole_ball():
    ball = arb(fmpq(1, 3)) + arb(0, 1e-5)
    value, radius = ball_to_float(ball)
    assert abs(F(value) - F(1, 3)) + F(1, 10**5) <= F(radius) * F(1001, 1000)
    assert radius < 1.001e-5
