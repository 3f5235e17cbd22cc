"""Matrices as rows, over any ring: by hand, and beside numpy's."""

from __future__ import annotations

import numpy as np
from flint import fmpq, fmpz_poly
from hypothesis import given
from hypothesis import strategies as st

from theory.arithmetic.rows import RowMatrix, inner, multiply, subtract, transpose

entries = st.integers(-9, 9)


def rows(m, n):
    return st.lists(st.lists(entries, min_size=n, max_size=n), min_size=m, max_size=m)


@st.composite
def pairs(draw):
    """Two matrices that can be multiplied."""
    m, n, k = (draw(st.integers(1, 3)) for _ in range(3))
    return draw(rows(m, n)), draw(rows(n, k))


@given(pairs())
def test_products_and_transposes_are_numpys(pair):
    left, right = pair
    a, b = np.array(left), np.array(right)
    assert multiply(left, right) == (a @ b).tolist() == (RowMatrix(left) @ RowMatrix(right)).rows
    assert transpose(left) == a.T.tolist() == RowMatrix(left).T.rows
    square = RowMatrix(left) @ RowMatrix(left).T
    assert square.trace() == inner(left, left) == (a * a).sum()
    assert subtract(left, left) == (RowMatrix(left) - RowMatrix(left)).rows == (a * 0).tolist()
    assert (RowMatrix(left) + RowMatrix(left) * 2).rows == (3 * a).tolist()


def test_entries_may_be_of_any_ring():
    x = fmpz_poly([0, 1])
    assert multiply([[x, 1]], [[x], [-1]]) == [[x * x - 1]]
    assert inner([[fmpq(1, 2), fmpq(1, 3)]], [[2, 3]]) == 2
