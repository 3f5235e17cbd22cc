"""Lemma A.1 on random rows of random dimensions, exactly."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import matrices
from theory.claims.lemma_a1 import CLAIM, Instance, rows_entrywise
from theory.kronecker import kronecker_of_rows, padded, product_of_columns

pytestmark = pytest.mark.theorems


@st.composite
def chaining_rows(draw: st.DrawFn) -> Instance:
    """Up to three rows of up to three matrices; each row has its own dimensions."""
    columns = draw(st.integers(1, 3))
    rows = []
    for _ in range(draw(st.integers(1, 3))):
        sizes = draw(st.lists(st.integers(1, 2), min_size=columns + 1, max_size=columns + 1))
        rows.append(tuple(draw(matrices(a, b)) for a, b in pairwise(sizes)))
    return Instance(f"{len(rows)} rows of {columns}", tuple(rows))


@given(instance=chaining_rows())
def test_rows_then_columns(ledger, instance):
    ledger.record("A.1", CLAIM.check(instance))


@given(instance=chaining_rows())
def test_the_left_side_as_numpy_multiplies_it(instance):
    assert (kronecker_of_rows(instance.rows) == rows_entrywise(instance.rows)).all()


def test_the_columns_alone_may_chain():
    """(1x2) (x) (2x1) times (1x1) (x) (2x1) exists, the rows (1x2)(1x1) do not."""
    rows = [[[[1, 2]], [[5]]], [[[1], [3]], [[1], [1]]]]
    assert product_of_columns(rows).shape == (2, 1)
    with pytest.raises(ValueError, match=r"rows\[0\] must chain, but rows\[0\]\[0\] has shape \(1, 2\)"):
        kronecker_of_rows(rows)


def test_padding_takes_each_rows_own_dimension():
    rows = [[[[1, 2]]], [[[1, 0, 2], [0, 1, 1]], [[1], [1], [3]]]]
    long = padded(rows)
    assert [len(row) for row in long] == [2, 2]
    assert (long[0][1] == np.eye(2, dtype=int)).all()
    assert (product_of_columns(long) == kronecker_of_rows(rows)).all()
