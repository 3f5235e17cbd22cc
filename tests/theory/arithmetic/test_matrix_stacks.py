"""Stacks of integers against plain sums, and stacks of doubles against those: every error within its bound."""

from __future__ import annotations

from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from theory.arithmetic.ball_matrices import BallMatrix
from theory.arithmetic.matrices import ExactMatrix
from theory.arithmetic.matrix_stacks import BallStack, IntegerStack, Sums, kind_of


def test_every_ring_has_its_kind():
    assert kind_of(ExactMatrix) is IntegerStack and kind_of(BallMatrix) is BallStack


def constant(ring: Any, table: np.ndarray) -> Any:
    """A matrix without a scale."""
    return ring.from_array(table).core_at(fmpq(1))


def stacked(ring: Any, tables: list[np.ndarray]) -> Any:
    """Constant matrices as members of one stack."""
    kind = kind_of(ring)
    return kind.total(len(tables), ((np.array([i]), kind.single(constant(ring, table))) for i, table in enumerate(tables)))


def walk(ring: Any, tables: list[np.ndarray], factor: np.ndarray, right: np.ndarray) -> Any:
    """(1 + eps) M_0 + eps M_1 and 2 eps M_1, times W; their traces with R, times M_0."""
    stack = stacked(ring, tables)
    terms = Sums.of([0, 0, 0, 1, 1], [0, 0, 1, 1, 1], [0, 1, 1, 1, 1])
    moved = stack.sums(terms, 2).times(constant(ring, factor))
    traces = moved.inner(constant(ring, right))
    return moved, traces, traces.spread(constant(ring, tables[0]))


@given(st.integers(0, 10**6), st.integers(1, 4), st.sampled_from([1.0, 2.0**-300, 2.0**-500, 2.0**200]))
def test_doubles_are_within_their_bounds(seed, rows, size):
    generator = np.random.default_rng(seed)
    tables = [generator.standard_normal((rows, 3)) * size for _ in range(2)]
    factor, right = generator.standard_normal((3, 3)), generator.standard_normal((3, rows))
    rational = [np.vectorize(F, otypes=[object])(t) for t in (*tables, factor, right)]
    first, second = rational[0], rational[1]
    sums = [[first @ rational[2], (first + second) @ rational[2]], [0 * first @ rational[2], 2 * second @ rational[2]]]
    moved, traces, spread = walk(BallMatrix, tables, factor, right)
    for i in range(2):
        for j in range(2):
            trace = (sums[i][j] @ rational[3]).trace()
            for found, exact in ((moved, sums[i][j]), (traces, np.array([[trace]])), (spread, trace * first)):
                missed = sum(((F(x) - y) ** 2 for x, y in zip(found.mid[i, j].ravel().tolist(), exact.ravel().tolist(), strict=True)), F(0))
                assert missed <= F(found.error[i, j]) ** 2
                assert size == 2.0**-500 or found is spread or F(found.error[i, j]) <= F(1, 10**10) * F(size)


def test_products_and_sums_of_what_has_no_error_have_their_rounding():
    tenths = BallMatrix(np.array([[0.1, 0.2, 0.3]]))
    stack = BallStack.single(tenths)
    product = stack.times(BallMatrix(np.array([[0.7], [0.8], [0.9]])))
    exact = sum((F(x) * F(y) for x, y in zip((0.1, 0.2, 0.3), (0.7, 0.8, 0.9), strict=True)), F(0))
    assert 0 < abs(F(product.mid[0, 0, 0, 0]) - exact) <= F(product.error[0, 0]) <= F(1, 10**14)
    total = stack.sums(Sums.of([0, 0, 0], [0, 0, 0]), 1)
    assert max(abs(F(x) - 3 * F(y)) for x, y in zip(total.mid.ravel().tolist(), (0.1, 0.2, 0.3), strict=True)) > 0
    twice = BallStack.total(1, [(np.array([0]), total), (np.array([0]), stack)])
    for found, count in ((total, 3), (twice, 4)):
        missed = sum(((F(x) - count * F(y)) ** 2 for x, y in zip(found.mid.ravel().tolist(), (0.1, 0.2, 0.3), strict=True)), F(0))
        assert missed <= F(found.error[0, 0]) ** 2 and found.error[0, 0] <= 1e-14


def test_integers_are_plain_sums():
    tables = [np.array(t, dtype=object) for t in ([[1, 2, 0], [3, -1, 1]], [[0, 1, 1], [2, 2, -5]])]
    factor, right = np.array([[1, 2, 0], [0, 1, 1], [3, 0, 1]], dtype=object), np.array([[1, 0], [2, 1], [0, 7]], dtype=object)
    moved, traces, spread = walk(ExactMatrix, tables, factor, right)
    first, second = tables
    expected = [[first @ factor, (first + second) @ factor], [0 * first, 2 * second @ factor]]
    for i in range(2):
        for j in range(2):
            trace = (expected[i][j] @ right).trace()
            assert (moved.coefficients(i)[j].entries()[0] == expected[i][j]).all()
            assert traces.polynomial(i)[j] == trace
            assert (spread.coefficients(i)[j].entries()[0] == trace * first).all()


@pytest.mark.parametrize("tiny", [0.0, 2.0**-1060])
def test_what_is_zero_has_no_error_and_what_underflows_has(tiny):
    stack = stacked(BallMatrix, [np.full((1, 2), tiny)])
    assert (stack.norm >= 1.4 * tiny).all() and bool((stack.norm == 0).all()) == (tiny == 0)
    squared = stack.inner(BallMatrix(np.full((2, 1), tiny)))
    assert squared.mid[0, 0, 0, 0] == 0 and squared.error[0, 0] >= tiny * tiny
    assert F(squared.error[0, 0]) >= 2 * F(tiny) ** 2
