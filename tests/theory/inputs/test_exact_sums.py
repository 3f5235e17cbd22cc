"""Sums over the points of a data set are those of the rationals that its doubles are: against Discrete, and sums written out."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction as F
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from empirics import DataSet
from theory import Discrete, Gaussian, Independent, Rademacher, TeacherStudent, Uniform, variance_poly
from theory.inputs import InputLaw
from theory.inputs.exact_sums import CHUNK, ROWS, IntegerColumns, gram
from theory.kronecker import StackedSamples

doubles = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-3, 3).map(float) | st.floats(-1, 1).map(lambda x: 1000 + x * 1e-7)
tables = st.integers(1, 3).flatmap(lambda p: st.lists(st.lists(doubles, min_size=p, max_size=p), min_size=1, max_size=7))


def written_out(rows: list[list[float]], i: int, j: int) -> F:
    return sum((F(row[i]) * F(row[j]) for row in rows), F(0)) / len(rows)


@given(tables)
def test_second_moments_are_exact(rows: list[list[float]]) -> None:
    law = DataSet(rows)
    p = law.dimension
    for i, j in product(range(p), repeat=2):
        powers = [0] * p
        powers[i] += 1
        powers[j] += 1
        assert law.second_moment[i, j] == written_out(rows, i, j) == law.moment(powers)


@given(tables, st.lists(st.integers(0, 5), min_size=3, max_size=3))
def test_moments_are_exact(rows: list[list[float]], powers: list[int]) -> None:
    law = DataSet(rows)
    atoms = Discrete([tuple(map(F, row)) for row in rows])
    assert law.moment(powers[: law.dimension]) == atoms.moment(powers[: law.dimension])
    assert dict(zip(*law.support(), strict=True)) == dict(zip(*atoms.support(), strict=True))  # type: ignore[misc]


@pytest.mark.parametrize("scale", [1.0, 2.0**-1060, 2.0**1000], ids=["units", "subnormal", "huge"])
def test_many_points_are_summed_exactly_over_every_cut(scale: float) -> None:
    n = max(ROWS, CHUNK) + 17
    x = np.random.default_rng(5).standard_normal((n, 2)) * np.array([scale, 1.0])
    integers = [[int(F(v) * 2**1200) for v in column] for column in x.T]
    for i, j in product(range(2), repeat=2):
        assert gram(x)[i, j] == F(sum(a * b for a, b in zip(integers[i], integers[j], strict=True)), 2**2400)
    third = F(sum(a * a * b for a, b in zip(*integers, strict=True)), 2**3600)
    assert IntegerColumns(x).sum_of((2, 1)) == third


@pytest.mark.parametrize(
    "points",
    [
        [0.1] * 3,
        [0.7] * 7,
        [1000 + i * 1e-7 for i in range(5)],
        [1e8 + i for i in range(5)],
        [1e15 + i / 8 for i in range(4)],
        [1e-200, 3e-200],
    ],
    ids=["equal", "equal 7", "close", "far", "at the last bit", "tiny"],
)
def test_polynomials_of_a_data_set_are_those_of_its_points(points: list[float]) -> None:
    laws = DataSet(points), Discrete([F(x) for x in points])
    ours, theirs = (variance_poly.variance_polynomial(TeacherStudent([[[2]]], [[[1]]], law, 0), 0, 1) for law in laws)
    assert ours.is_exact and ours.coefficients == theirs.coefficients
    squares = [F(x) ** 2 for x in points]
    mean = sum(squares) / len(points)
    assert ours.coefficients[1:] == ((sum((q - mean) ** 2 for q in squares) / len(points),) if len(set(points)) > 1 else ())


LAWS: list[InputLaw] = [
    Gaussian(3),
    Gaussian(cov=[[2, 1], [1, 1]]),
    Gaussian(cov=[[1, 1], [1, 1]]),
    Gaussian(cov=[[0.1, 0.03], [0.03, 0.2]]),
    Gaussian(cov=[["1/3"]]),
    Rademacher(3),
    Uniform(2),
    Uniform(2, -1, F(1, 3)),
    Uniform(1, 0.1, 0.7),
    Independent(2, [1, F(1, 2), F(1, 2)]),
    Discrete([0.1, 0.2], [0.3, 0.7]),
    Discrete([(1, F(1, 3)), (0.1, 2)], [F(1, 7), F(6, 7)]),
    DataSet([[0.1, 0.3], [1e8, 1 / 3]]),
    DataSet([0.1] * 3),
    DataSet(np.float32([0.1, 0.7])),
    StackedSamples(("x", "y", "x"), (a := Gaussian(cov=[[0.1]]), DataSet([[0.1, 1e-9], [0.2, 7.0]]), a)),
]


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_the_second_moment_of_every_law_is_that_of_its_moments(law: InputLaw) -> None:
    sigma, p = law.second_moment, law.dimension
    assert sigma.shape == (p, p) and all(isinstance(x, F) for x in sigma.ravel())
    for i, j in product(range(p), repeat=2):
        powers = [0] * p
        powers[i] += 1
        powers[j] += 1
        assert sigma[i, j] == law.moment(powers)
    if (support := law.support()) is not None:
        assert sigma[0, -1] == sum((q * x[0] * x[-1] for x, q in zip(*support, strict=True)), F(0)) and sum(support[1]) == 1
    for again in (pickle.loads(pickle.dumps(law)), copy.deepcopy(law)):
        assert again.second_moment.tolist() == sigma.tolist() and repr(again) == repr(law) and again.moment([2] * p) == law.moment([2] * p)
    assert hash(law) == hash(law) and law in {law}


def test_a_data_set_is_exact() -> None:
    law = DataSet([0.1, 0.3])
    assert law.exact and TeacherStudent([[[1]]], [[[0]]], law, F(1, 2)).is_exact(3)
    assert not TeacherStudent([[[0.5]]], [[[0]]], law, F(1, 2)).is_exact(3)


def test_points_in_other_clothes_are_the_same_points() -> None:
    x = np.array([[0.1, 2.0], [0.3, -1.0]])
    for same in (
        x.tolist(),
        torch.tensor(x),
        pd.DataFrame(x),
        xr.DataArray(x),
        np.ma.array(x, mask=False),
        x.astype(">f8"),
        np.asfortranarray(x),
        np.longdouble(x),
        tuple(map(tuple, x)),
        (row for row in x),
        [torch.tensor(row, requires_grad=True) for row in x],
        x.astype(object),
    ):
        assert DataSet(same).digest == DataSet(x).digest
    assert DataSet(np.int8([1, -2])).points.tolist() == [[1.0], [-2.0]] == DataSet([F(1), -2]).points.tolist()
    assert DataSet([2**60, 2**80]).points[:, 0].tolist() == [2.0**60, 2.0**80]
    assert repr(DataSet([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])) == "DataSet(3 points in R^2, 258fd8ef)"  # stores on disk stay valid


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (np.ma.masked_equal([[1.0, -9999.0]], -9999), ValueError),
        ([[1.0, np.ma.masked]], ValueError),
        (np.array([2**53 + 1, 0]), ValueError),
        (np.array([2**63 + 2**10 + 1], dtype=np.uint64), ValueError),
        ([2**53 + 1, 0.5], ValueError),
        ([F(1, 3)], ValueError),
        ([10**400], ValueError),
        (np.longdouble([1]) + np.finfo(np.longdouble).eps, ValueError),
        (pd.DataFrame({"a": [2**53 + 1], "b": [0.5]}), ValueError),
        ([], ValueError),
        (pd.DataFrame({"a": [1, None]}), ValueError),
        ([[1, 2], [3]], ValueError),
        ([[[1], [0]], [[0], [1]]], ValueError),
        (np.ones((2, 1, 1)), ValueError),
        ([[0.5], 1.0], ValueError),
        (np.array([1j]), TypeError),
        ([1j], TypeError),
        ([True, False], TypeError),
        (np.array([True]), TypeError),
        (["1", "2"], TypeError),
        (np.array(["1"]), TypeError),
        ("12", TypeError),
        (b"12", TypeError),
        (np.array(["2020-01-01"], dtype="M8[D]"), TypeError),
        (np.array([1], dtype="m8[s]"), TypeError),
        ({1.0, 2.0}, TypeError),
        ({1.0: 2.0}, TypeError),
        (None, TypeError),
        (1.0, TypeError),
        ([None], TypeError),
        ([object()], TypeError),
        (np.zeros(2, dtype="f8,f8"), TypeError),
        (pd.DataFrame({"a": [1.0], "b": ["x"]}), TypeError),
        (torch.eye(2).to_sparse(), TypeError),
        (xr.Dataset({"a": ("x", [1.0])}), TypeError),
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_is_no_set_of_points_is_refused_by_name(bad: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^points(\[\d+\]|\[\d+, \d+\])? must "):
        DataSet(bad)


def test_large_sets_are_not_listed() -> None:
    assert DataSet(np.arange(70_000.0)).support() is None
    repeated = DataSet(np.arange(700_000) % 7)
    assert repeated.support() == (tuple((F(k),) for k in range(7)), (F(1, 7),) * 7)


def test_the_bound_on_the_norm_neither_overflows_nor_vanishes() -> None:
    for points, square in (
        ([[3e300, 4e300]], F(3e300) ** 2 + F(4e300) ** 2),
        ([[3e-300, 4e-300]], F(3e-300) ** 2 + F(4e-300) ** 2),
        ([0.0], F(0)),
    ):
        for law in (DataSet(points), Discrete([tuple(map(F, np.atleast_1d(row).tolist())) for row in points])):
            assert law.norm_bound is not None and square <= F(law.norm_bound) ** 2 <= square * (1 + F(1, 2**45))


def test_second_moments_of_many_coordinates_are_one_product():
    """In Fractions, one entry after the other, p = 200 takes a minute."""
    atoms = np.random.default_rng(0).integers(-2, 3, (3, 200)).tolist()
    law = Discrete(atoms, [F(1, 2), F(1, 3), F(1, 6)])
    sigma = law.second_moment
    for i, j in ((0, 0), (0, 199), (57, 123)):
        assert sigma[i, j] == sigma[j, i] == sum(q * x[i] * x[j] for q, x in zip(law.probabilities, law.atoms, strict=True))
