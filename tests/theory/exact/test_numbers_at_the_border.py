"""Numbers as users have them: taken to the last bit, or refused by name. Nothing is rounded."""

from __future__ import annotations

import datetime
import decimal
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
from flint import arb, fmpq, fmpz
from hypothesis import given
from hypothesis import strategies as st

from theory import Discrete, Gaussian, TeacherStudent, Uniform
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


@pytest.mark.parametrize("beyond", [10**400, F(-(10**400), 3), fmpq(10**5000), Decimal("1e400")], ids=lambda x: type(x).__name__)
def test_what_is_beyond_the_doubles_is_refused_by_name(beyond: Any) -> None:
    with pytest.raises(ValueError, match=r"^x must be within the range of doubles"):
        as_double(beyond, "x")
    with pytest.raises(ValueError, match=r"^w\[0, 1\] must be within the range of doubles"):
        to_float(as_matrix([[1, beyond]], "w"), "w")


def test_a_ball_is_a_number_where_its_radius_is_0_and_refused_elsewhere() -> None:
    assert as_number(arb(3) / 4, "x") == F(3, 4)
    for ball in (arb(1, 0.25), arb("0.1"), arb(1) / 3):
        with pytest.raises(ValueError, match="x must be a number, but was the ball"):
            as_number(ball, "x")
        with pytest.raises(ValueError, match=r"points\[0, 0\] must be a number, but was the ball"):
            as_points([ball], "points")


@pytest.mark.parametrize("constant", [mpmath.pi, mpmath.e], ids=str)
def test_a_constant_that_has_no_last_digit_is_refused_and_never_called(constant: Any) -> None:
    with pytest.raises(TypeError, match="learning_rates must be an int"):
        TeacherStudent([[[1]]], [[[0]]], Discrete([0, 1]), constant)
    with pytest.raises(TypeError, match=r"points\[0, 0\] must be an int"):
        as_points([constant], "points")


@pytest.mark.parametrize("word", [pd.Series(["a"]), xr.Dataset({"a": 1.0}), mpmath.matrix([[1]]), np.array(["a", "b"]), "A", 0], ids=type)
def test_a_choice_is_one_of_the_words_and_no_array_that_compares_entry_by_entry(word: Any) -> None:
    with pytest.raises(ValueError, match="x must be one of a, b, but was"):
        as_choice(word, "x", ("a", "b"))
    with pytest.raises(ValueError, match="engine must be one of"):
        variance_polynomial(TeacherStudent([[[1]]], [[[0]]], Discrete([0, 1]), 1), 0, 1, engine=word)
