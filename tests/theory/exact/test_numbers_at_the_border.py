"""Numbers and arrays as users have them: taken to the last bit, or refused by name. Nothing is rounded, unmasked or dropped."""

from __future__ import annotations

import datetime
import decimal
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
from flint import arb, fmpq, fmpq_mat, fmpz, fmpz_mat
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import Chebyshev, Polynomial

from theory import Discrete, Gaussian, InverseBatchPolynomial, TeacherStudent, Uniform
from theory.activations import activation
from theory.exact import as_choice, as_double, as_index, as_matrix, as_number, as_points, read_number, to_float, written
from theory.exact.number_text import MAX_EXPONENT
from theory.variance_poly import variance_polynomial

LONG = "7" * 10_001
EPS = F(*map(int, np.finfo(np.longdouble).eps.as_integer_ratio()))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (Decimal("0.1"), F(1, 10)),
        (Decimal("1e-40"), F(1, 10**40)),
        (Decimal("12345678901234567890.123456789"), F("12345678901234567890.123456789")),
        (np.longdouble(1) + np.finfo(np.longdouble).eps, 1 + EPS),
        (mpmath.mpf(2) ** -1100, F(1, 2**1100)),
        (sympy.Rational(2, 7), F(2, 7)),
        (sympy.Integer(10**30), F(10**30)),
        (fmpq(2, 7), F(2, 7)),
        (fmpz(10) ** 30, F(10**30)),
        (np.int64(2**53 + 1), F(2**53 + 1)),
        (np.uint64(2**64 - 1), F(2**64 - 1)),
        ("1/3", F(1, 3)),
        (" -0.1 ", F(-1, 10)),
        ("1_000.5e-2", F(2001, 200)),
        (".5", F(1, 2)),
        ("2.", F(2)),
        (LONG, F(7 * (10**10_001 - 1) // 9)),
        (np.str_("2/4"), F(1, 2)),
        (np.array(3), F(3)),
        (np.array("1/3"), F(1, 3)),
    ],
    ids=lambda x: type(x).__name__,
)
def test_exact_numbers_are_taken_exactly(value: Any, number: F) -> None:
    taken = as_number(value, "x", text=True)
    assert type(taken) is F and taken == number


@pytest.mark.parametrize(
    "value", [0.1, np.float64(0.1), np.float32(0.1), np.float16(0.1), np.longdouble("0.5"), mpmath.mpf("0.1"), torch.tensor(0.1)]
)
def test_floats_that_doubles_hold_stay_floats(value: Any) -> None:
    taken = as_number(value, "x", text=True)
    assert type(taken) is float and taken == value


def test_a_long_float_keeps_every_digit() -> None:
    with mpmath.workdps(60):
        third = mpmath.mpf(1) / 3
    taken = as_number(third, "x")
    assert type(taken) is F and 0 < abs(taken - F(1, 3)) < F(1, 10**60)
    assert as_number(sympy.Float("0.1", 50), "x") != 0.1


@pytest.mark.parametrize(
    "value",
    [
        True,
        np.True_,
        None,
        1j,
        np.complex128(1),
        mpmath.mpc(1, 1),
        [1],
        (1,),
        {1},
        {1: 2},
        b"1",
        object(),
        int,
        datetime.date(2020, 1, 1),
        datetime.timedelta(1),
        np.timedelta64(3, "s"),
        np.datetime64("2020-01-01"),
        np.array([1]),
        pd.Timestamp(0),
        pd.NaT,
        pd.NA,
        lambda: 1,
        np.array(True),
        torch.tensor(True),
        torch.tensor([1.0]),
        np.void(b"1"),
        np.bytes_(b"1"),
        sympy.Symbol("x"),
        sympy.pi,
    ],
    ids=lambda x: type(x).__name__,
)
def test_what_is_no_number_is_refused_by_name(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^place must "):
        as_number(value, "place", text=True)
    with pytest.raises(TypeError, match=r"^place must "):
        as_index(value, "place")


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        -np.inf,
        np.longdouble("inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        mpmath.inf,
        mpmath.nan,
        np.ma.masked,
        "",
        "x",
        "nan",
        "inf",
        "1/0",
        "1//2",
        "1/2/3",
        "1e",
        "0x10",
        "1+1",
        "--1",
        "1 2",
        "_1",
        "1__0",
        "١",
        "1/-2",
        "1e-99999999",
        "1e99999999",
        "1e999999999999999999999999",
        Decimal("1e99999999"),
        Decimal("1e-99999999"),
        "1" * 2_000_000,
        mpmath.mpf(2) ** (10**9),
        sympy.Float(2) ** (10**9),
    ],
    ids=lambda x: str(x)[:12],
)
def test_numbers_that_cannot_be_held_are_refused_by_name(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^place must "):
        as_number(value, "place", text=True)


@given(st.fractions())
def test_what_is_written_is_read(x: F) -> None:
    assert read_number(written(x), "x") == x


@given(st.decimals(allow_nan=False, allow_infinity=False, places=20))
def test_decimals_in_text_are_what_they_say(x: Decimal) -> None:
    assert read_number(str(x), "x") == F(x) == as_number(x, "x")
    with decimal.localcontext() as context:
        context.prec = 2  # what a user has set is no business of numbers
        assert as_number(x, "x") == F(x)


def test_limits_of_text_are_limits_not_hangs() -> None:
    assert read_number(f"1e{MAX_EXPONENT}", "x") == 10**MAX_EXPONENT
    with pytest.raises(ValueError, match=r"^x must have a decimal exponent of at most 10,000"):
        read_number(f"1e-{MAX_EXPONENT + 1}", "x")
    for name in (
        "leaky_relu(1e-99999999)",
        "leaky_relu(1e99999999)",
        "leaky_relu(1/0)",
        "leaky_relu()",
        "leaky_relu(nan)",
        "leaky_relu(2)",
    ):
        with pytest.raises(ValueError, match=r"^activation must be one of .* or leaky_relu\(a\) with 0 <= a < 1, but was 'leaky_relu"):
            activation(name)
    assert activation(f"leaky_relu(1/{LONG})").name == f"leaky_relu(1/{LONG})"


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


def test_text_is_for_the_numbers_of_a_problem_only() -> None:
    for take in (as_number, as_double, as_index):
        with pytest.raises(TypeError, match=r"^tolerance must "):
            take("1", "tolerance")
    for text in (["1", "2"], np.array(["1"]), [["1"]], [[1.0, "2"]]):
        with pytest.raises(TypeError, match=r"^data(\[0, \d\])? must "):
            as_points(text, "data")


def test_strings_are_the_numbers_that_they_spell() -> None:
    problem = TeacherStudent(
        [[["1/3"]], [["0.1"]]], [[[1]], [["-2"]]], Discrete(["1/2", "2"], ["0.1", "0.9"]), ["1/10", "0.05"], ["0", "1", "1/7"]
    )
    assert problem.student[0][0, 0] == F(1, 3) and problem.student[1][0, 0] == F(1, 10)
    assert problem.learning_rates == (F(1, 10), F(1, 20)) and problem.activation == (0, 1, F(1, 7)) and problem.is_exact(2)
    assert problem.inputs.support() == (((F(1, 2),), (F(2),)), (F(1, 10), F(9, 10)))
    assert TeacherStudent([[[1]]], [[[1]]], Uniform(1, "-1/3", "1/3"), "1/3").learning_rates == F(1, 3)
    assert Gaussian(cov=[["1/3"]]).second_moment[0, 0] == F(1, 3)


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


@pytest.mark.parametrize("beyond", [10**400, F(-(10**400), 3), fmpq(10**5000), Decimal("1e400")], ids=lambda x: type(x).__name__)
def test_what_is_beyond_the_doubles_is_refused_by_name(beyond: Any) -> None:
    with pytest.raises(ValueError, match=r"^x must be within the range of doubles"):
        as_double(beyond, "x")
    with pytest.raises(ValueError, match=r"^w\[0, 1\] must be within the range of doubles"):
        to_float(as_matrix([[1, beyond]], "w"), "w")


@pytest.mark.parametrize("make", [fmpq_mat, fmpz_mat, lambda r, c, x: mpmath.matrix([x[:c], x[c:]])], ids=["fmpq", "fmpz", "mpmath"])
def test_a_matrix_of_another_library_is_rows_of_points_and_never_one_long_column(make: Any) -> None:
    table = make(2, 3, [1, 2, 3, 4, 5, 6])
    assert as_points(table, "x").tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert as_matrix(table, "x").tolist() == [[1, 2, 3], [4, 5, 6]]
    assert [list(map(int, atom)) for atom in Discrete(table).atoms] == [[1, 2, 3], [4, 5, 6]]


def test_a_ball_is_a_number_where_its_radius_is_0_and_refused_elsewhere() -> None:
    assert as_number(arb(3) / 4, "x") == F(3, 4)
    for ball in (arb(1, 0.25), arb("0.1"), arb(1) / 3):
        with pytest.raises(ValueError, match="x must be a number, but was the ball"):
            as_number(ball, "x")
        with pytest.raises(ValueError, match=r"points\[0, 0\] must be a number, but was the ball"):
            as_points([ball], "points")


@pytest.mark.parametrize(
    "polynomial", [np.poly1d([1, 2]), Chebyshev([0, 0, 1]), Polynomial([0, 0, 1], domain=[0, 4])], ids=lambda p: type(p).__name__
)
def test_a_polynomial_of_numpy_is_no_sequence_of_coefficients(polynomial: Any) -> None:
    with pytest.raises(TypeError, match="activation must be numbers, but was a numpy polynomial"):
        TeacherStudent([[[1]], [[1]]], [[[0]], [[1]]], Discrete([0, 1]), 1, polynomial)
    with pytest.raises(TypeError, match="numpy polynomial"):
        InverseBatchPolynomial(polynomial)


@pytest.mark.parametrize("constant", [mpmath.pi, mpmath.e], ids=str)
def test_a_constant_that_has_no_last_digit_is_refused_and_never_called(constant: Any) -> None:
    with pytest.raises(TypeError, match="learning_rates must be an int"):
        TeacherStudent([[[1]]], [[[0]]], Discrete([0, 1]), constant)
    with pytest.raises(TypeError, match=r"points\[0, 0\] must be an int"):
        as_points([constant], "points")


def test_a_tensor_without_numbers_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="x must be an array of numbers, but its Tensor cannot be one"):
        as_points(torch.empty(2, device="meta"), "x")


@pytest.mark.parametrize("word", [pd.Series(["a"]), xr.Dataset({"a": 1.0}), mpmath.matrix([[1]]), np.array(["a", "b"]), "A", 0], ids=type)
def test_a_choice_is_one_of_the_words_and_no_array_that_compares_entry_by_entry(word: Any) -> None:
    with pytest.raises(ValueError, match="x must be one of a, b, but was"):
        as_choice(word, "x", ("a", "b"))
    with pytest.raises(ValueError, match="engine must be one of"):
        variance_polynomial(TeacherStudent([[[1]]], [[[0]]], Discrete([0, 1]), 1), 0, 1, engine=word)
