"""Data sets as input laws: every point equally likely, exact moments, a digest of the points in their order."""

from __future__ import annotations

import pickle
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirics import DataSet
from theory import Discrete

points = st.lists(st.tuples(*[st.integers(-4, 4).map(lambda k: k / 4)] * 2), min_size=1, max_size=6)


@given(points, st.tuples(st.integers(0, 4), st.integers(0, 4)))
def test_moments_are_those_of_the_discrete_law(rows, powers):
    law = Discrete([tuple(map(F, row)) for row in rows])
    data = DataSet(rows)
    assert data.moment(powers) == law.moment(powers)
    assert dict(zip(*data.support(), strict=True)) == dict(zip(*law.support(), strict=True))
    assert data.second_moment.tolist() == law.second_moment.tolist()
    assert data.norm_bound >= law.norm_bound * (1 - 1e-15)


def test_a_list_of_numbers_is_points_of_the_line():
    assert DataSet([1.0, 2.0, 4.0]).points.shape == (3, 1) and len(DataSet([1, 2])) == 2


def test_the_points_are_a_copy_that_cannot_change():
    rows = np.ones((3, 2))
    data = DataSet(rows)
    rows[0, 0] = 9
    assert data.points.max() == 1
    with pytest.raises(ValueError, match="read-only"):
        data.points[0, 0] = 2


def test_the_digest_sees_values_order_and_shape():
    sets = [[[1.0, 2.0], [3.0, 4.0]], [[3.0, 4.0], [1.0, 2.0]], [[1.0], [2.0], [3.0], [4.0]], [[1.0, 2.0], [3.0, 4.5]]]
    assert len({DataSet(s).digest for s in sets}) == 4
    assert DataSet(np.array(sets[0], order="F")).digest == DataSet(sets[0]).digest == pickle.loads(pickle.dumps(DataSet(sets[0]))).digest


@pytest.mark.parametrize(("bad", "message"), [
    ([], "points must have the shape"), ([[]], "points must have the shape"), ([[[1.0]]], r"points must be .* shape \(1, 1, 1\)"),
    ([[1.0, np.nan]], r"points\[0, 1\] must be finite"), ([1.0, np.inf], r"points\[1, 0\] must be finite"),
])  # fmt: skip
def test_what_is_no_set_of_points_is_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        DataSet(bad)


def test_samples_are_points():
    data = DataSet([[0.0, 1.0], [2.0, 3.0]])
    drawn = data.sample(np.random.default_rng(0), (50, 2))
    assert drawn.shape == (50, 2, 2) and {tuple(x) for x in drawn.reshape(-1, 2)} == {(0.0, 1.0), (2.0, 3.0)}
