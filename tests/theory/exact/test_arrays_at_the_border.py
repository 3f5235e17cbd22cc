"""Arrays and nested lists as users have them: taken to the last bit, or refused by name. Nothing is rounded, unmasked or dropped."""

from __future__ import annotations

import datetime
import itertools
from decimal import Decimal
from fractions import Fraction as F
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest
import sympy
import torch
import xarray as xr
from flint import fmpq, fmpq_mat, fmpz_mat
from numpy.polynomial import Chebyshev, Polynomial

from theory import Discrete, Gaussian, InverseBatchPolynomial, TeacherStudent
from theory.exact import as_doubles, as_matrix, as_number, as_points

EPS = F(*map(int, np.finfo(np.longdouble).eps.as_integer_ratio()))
MATRICES: list[tuple[str, Any]] = [
    ("masked", np.ma.masked_equal([[1.0, -9999.0]], -9999)),
    ("masked list", [np.ma.masked_equal([1.0, -9999.0], -9999)]),
    ("masked entry", [[1.0, np.ma.masked]]),
    ("complex", np.array([[1 + 0j]])),
    ("complex entry", [[1 + 0j]]),
    ("bools", np.array([[True]])),
    ("dates", np.array([["2020-01-01"]], dtype="M8[D]")),
    ("times", np.array([[5]], dtype="m8[s]")),
    ("structured", np.zeros((1, 1), dtype="i4,f4")),
    ("bytes", np.array([[b"1"]])),
    ("wrong nesting", [[[1], [0]], [[0], [1]]]),
    ("rows of arrays", [[np.ones(1), np.ones(1)]]),
    ("3-d", np.ones((1, 1, 1))),
    ("ragged", [[1, 2], [3]]),
    ("mixed depth", [[1, [2]]]),
    ("flat", [1, 2]),
    ("number", 1),
    ("text", "12"),
    ("rows of text", ["12", "34"]),
    ("set", {1, 2}),
    ("set of rows", {(1, 2)}),
    ("row sets", [{1, 2}]),
    ("dict", {0: [1]}),
    ("row dicts", [{"a": 1}]),
    ("bool column", pd.DataFrame({"a": [1], "b": [True]})),
    ("missing", pd.DataFrame({"a": [1, None]})),
    ("missing int", pd.DataFrame({"a": pd.array([1, None], dtype="Int64")})),
    ("dates frame", pd.DataFrame({"a": pd.to_datetime(["2020-01-01"])})),
    ("labels", pd.DataFrame({"a": ["x"]})),
    ("complex tensor", torch.ones(1, 1, dtype=torch.complex64)),
    ("bool tensor", torch.ones(1, 1, dtype=torch.bool)),
    ("sparse tensor", torch.eye(2).to_sparse()),
    ("dataset", xr.Dataset({"a": ("x", [1.0])})),
    ("endless", itertools.count()),
    ("class", list),
    ("empty", []),
    ("empty rows", [[]]),
]


@pytest.mark.parametrize("value", [v for _, v in MATRICES], ids=[name for name, _ in MATRICES])
def test_what_is_no_matrix_is_refused_by_name(value: Any) -> None:
    for make, name in (
        (lambda: as_matrix(value, "cov"), "cov"),
        (lambda: Gaussian(cov=value), "cov"),
        (lambda: TeacherStudent([value], [[[1]]], Gaussian(1), 0), r"student(\[0\])?"),
    ):
        with pytest.raises((TypeError, ValueError), match=rf"^{name}(\[\d+\]|\[\d+, \d+\])* must "):
            make()


def test_wrong_nesting_says_its_shape() -> None:
    with pytest.raises(ValueError, match=r"^cov must be a matrix with at least one row and one column, but had shape \(2, 2, 1\)"):
        Gaussian(cov=[[[1], [0]], [[0], [1]]])
    deep: Any = 1
    for _ in range(2000):
        deep = [deep]
    take: Any
    for take in (as_matrix, as_points, as_number):
        with pytest.raises((TypeError, ValueError), match=r"^deep must "):
            take(deep, "deep")
    with pytest.raises((TypeError, ValueError)):
        TeacherStudent(deep, deep, Gaussian(1), deep)


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        (np.ma.array([[1, 2]], mask=False), [F(1), F(2)]),
        (np.array([[2**53 + 1, 0]]), [F(2**53 + 1), F(0)]),
        ([[2**53 + 1, 0.5]], [F(2**53 + 1), F(1, 2)]),
        (pd.DataFrame({"a": [2**53 + 1], "b": [0.5]}), [F(2**53 + 1), F(1, 2)]),
        (np.array([["1/3", "0.1"]]), [F(1, 3), F(1, 10)]),
        ([[Decimal("0.1"), "0.1"]], [F(1, 10), F(1, 10)]),
        (np.array([[np.longdouble(1) + np.finfo(np.longdouble).eps, 0]]), [1 + EPS, F(0)]),
        (fmpz_mat([[1, 2]]), [F(1), F(2)]),
        (fmpq_mat(1, 2, [fmpq(1, 3), 2]), [F(1, 3), F(2)]),
        (sympy.Matrix([[sympy.Rational(1, 3), 2]]), [F(1, 3), F(2)]),
        (torch.tensor([[1, 2]]), [F(1), F(2)]),
        ([torch.tensor([1, 2])], [F(1), F(2)]),
        ([range(2)], [F(0), F(1)]),
        ((row for row in [(1, 2)]), [F(1), F(2)]),
    ],
    ids=lambda x: type(x).__name__,
)
def test_exact_matrices_keep_every_digit(value: Any, entries: list[F]) -> None:
    taken = as_matrix(value, "w")
    assert taken.dtype == object and taken.tolist() == [entries]


@pytest.mark.parametrize(
    "value",
    [
        np.float32([[0.1, 1e-40]]),
        np.float16([[0.1, 6e-8]]),
        torch.tensor([[0.1, 2.5]], requires_grad=True),
        torch.nn.Linear(2, 1).weight,
        torch.tensor([[0.1, 3]], dtype=torch.bfloat16),
        pd.DataFrame({"a": [0.1], "b": [0.3]}),
        xr.DataArray([[0.1, 2.0]]),
        np.array([[0.1, 2.0]], dtype=">f8"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_matrices_of_floats_are_the_doubles_that_they_are(value: Any) -> None:
    taken = as_matrix(value, "w")
    held = value.detach().tolist() if torch.is_tensor(value) else np.asarray(value).tolist()
    assert taken.dtype == np.float64 and taken.tolist() == held
    assert not isinstance(value, np.ndarray) or not np.shares_memory(taken, value)


@pytest.mark.parametrize(
    "rates",
    [
        pd.DataFrame({"lr": [0.1], "b": [0.2]}),
        {0.1, 0.2},
        frozenset({1}),
        {"a": 1},
        "fast",
        b"1",
        [True],
        [None],
        [[0.1], [0.2]],
        np.ones((2, 2)),
        [datetime.date.today()],
        pd.Series(pd.to_datetime(["2020-01-01"])),
        np.array(["x"]),
        np.ma.masked_equal([0.1, -9999], -9999),
        itertools.repeat(0.1),
        None,
        [1j],
    ],
    ids=lambda x: type(x).__name__,
)
def test_what_is_no_learning_rate_is_refused_by_name(rates: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^learning_rates(\[\d+\])? must "):
        TeacherStudent([[[1]]], [[[1]]], Gaussian(1), rates)


def test_scalars_and_series_are_learning_rates() -> None:
    for rates in (
        pd.Series([0.5, 0.25]),
        torch.tensor([0.5, 0.25]),
        xr.DataArray([0.5, 0.25]),
        np.array([0.5, 0.25]),
        (0.5, 0.25),
        iter([0.5, 0.25]),
    ):
        assert TeacherStudent([[[1]]], [[[1]]], Gaussian(1), rates).rates_before(2) == (0.5, 0.25)
    for rate in (torch.tensor(0.5), np.float32(0.5), np.array(0.5)):
        assert TeacherStudent([[[1]]], [[[1]]], Gaussian(1), rate).rates_before(2) == (0.5, 0.5)


@pytest.mark.parametrize("make", [fmpq_mat, fmpz_mat, lambda r, c, x: mpmath.matrix([x[:c], x[c:]])], ids=["fmpq", "fmpz", "mpmath"])
def test_a_matrix_of_another_library_is_rows_of_points_and_never_one_long_column(make: Any) -> None:
    table = make(2, 3, [1, 2, 3, 4, 5, 6])
    assert as_points(table, "x").tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert as_matrix(table, "x").tolist() == [[1, 2, 3], [4, 5, 6]]
    assert [list(map(int, atom)) for atom in Discrete(table).atoms] == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    "polynomial", [np.poly1d([1, 2]), Chebyshev([0, 0, 1]), Polynomial([0, 0, 1], domain=[0, 4])], ids=lambda p: type(p).__name__
)
def test_a_polynomial_of_numpy_is_no_sequence_of_coefficients(polynomial: Any) -> None:
    with pytest.raises(TypeError, match="activation must be numbers, but was a numpy polynomial"):
        TeacherStudent([[[1]], [[1]]], [[[0]], [[1]]], Discrete([0, 1]), 1, polynomial)
    with pytest.raises(TypeError, match="numpy polynomial"):
        InverseBatchPolynomial(polynomial)


def test_a_tensor_without_numbers_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="x must be an array of numbers, but its Tensor cannot be one"):
        as_points(torch.empty(2, device="meta"), "x")


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize("value, error, message", [
    ([np.ma.masked_equal([1.0, -9999.0], -9999)] * 2, ValueError, r"x\[0\] must have no masked entries, but had 1"),
    ([[1.0, np.ma.masked]], (TypeError, ValueError), r"x\[0, 1\] must"),
    ([0.5, torch.empty(2, device="meta")], TypeError, r"x\[1\] must be an array of numbers, but its Tensor cannot be one"),
    ([[1, 2], [3]], ValueError, r"x must be an array of numbers, the same count in every row, but has parts of shapes \[\(1,\), \(2,\)\]"),
    ([1, [2]], ValueError, "x must be an array of numbers, the same count in every row"),
    (np.array([1j]), TypeError, "x must hold real numbers, but holds complex numbers"),
    ([1, 1j], TypeError, r"x\[1\] must be an int"),
    ([[10**400]], ValueError, r"x\[0, 0\] must be within the range of doubles"),
    ([True], TypeError, r"x\[0\] must be"),
    (LOOP, ValueError, "x must have at most 32 dimensions"),
    ([np.ones((1,) * 64)], ValueError, "x must have at most 32 dimensions"),
    (np.array([np.longdouble("1e4000")]), ValueError, "x must be within the range of doubles"),
    ("12", TypeError, "x must be"),
])  # fmt: skip
def test_an_array_of_doubles_loses_nothing(value: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        as_doubles(value, "x")


def test_arrays_of_any_shape_as_doubles() -> None:
    assert as_doubles(F(1, 3), "x").shape == () and as_doubles(F(1, 3), "x") == 1 / 3
    assert as_doubles([[torch.tensor([1.0, 2.0]), (F(1, 2), float("inf"))]], "x").tolist() == [[[1, 2], [0.5, float("inf")]]]
    assert as_doubles(np.array([[F(1, 3), 2]], dtype=object), "x").tolist() == [[1 / 3, 2]]
    assert as_doubles([], "x").shape == (0,) and as_doubles(np.array(5), "x").shape == ()
    assert as_doubles(pd.Series([1, 2]), "x").tolist() == [1, 2] and as_doubles(xr.DataArray([[0.5]]), "x").tolist() == [[0.5]]
