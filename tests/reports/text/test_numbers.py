"""Long numbers are shortened, and never lost."""

from __future__ import annotations

import re
from fractions import Fraction as F
from html import unescape

import numpy as np
import pytest
from flint import arb

from reports.text.numbers import LONGEST_FULL_VALUE, decimal, log10, plain, show
from theory.arithmetic.working_precision import working_precision
from theory.inverse_batch import InverseBatchPolynomial


def full(html: str) -> str:
    """What stands behind 'in full'."""
    found = re.search(r"<pre[^>]*>(.*?)</pre>", html, re.DOTALL)
    assert found
    return unescape(found[1])


def words(html: str) -> str:
    """What is shown at once, without tags."""
    return re.sub(r"<[^>]+>", "", html.split("<details>")[0])


def test_short_values_stand_in_full() -> None:
    assert show(F(12393, 8192)) == '<span class="value">12393/8192</span>'
    assert show("a < b") == '<span class="value">a &lt; b</span>'


def test_a_long_rational_shows_decimals_and_keeps_every_digit() -> None:
    value = F(10**60 + 1, 3**70)
    html = show(value)
    assert "≈ 3.9949576e26" in html and F(full(html)) == value


def test_integers_beyond_the_limit_of_python_are_printed() -> None:
    value = 7**9000
    assert len(plain(value)) == 7606 and full(show(value)) == plain(value)


def test_a_long_polynomial_shows_its_ends_and_keeps_every_coefficient() -> None:
    polynomial = InverseBatchPolynomial([0, *(F(-(7**k), 10**9 + k) for k in range(1, 24))])
    html = show(polynomial)
    assert "degree 23" in html and "<math" in html
    rebuilt = {int(s or 1): -F(c.replace(" ", "")) for c, s in re.findall(r"- (\S+) / b(?:\^(\d+))?", full(html))}
    assert rebuilt == {s: c for s, c in enumerate(polynomial.coefficients) if c}


def test_a_gigantic_value_is_cut_and_says_so() -> None:
    html = show("x" * (LONGEST_FULL_VALUE + 5))
    assert "5 characters more" in html and len(html) < LONGEST_FULL_VALUE + 1500


def test_tables_and_arrays_are_shown_entry_by_entry() -> None:
    assert plain({"degree": 6, "values": (F(1, 2), 3)}) == "degree: 6; values: (1/2, 3)"
    assert plain(np.array([[F(1, 2), F(3)]], dtype=object)) == "[[1/2, 3]]"
    assert plain(True) == "true"


def test_sides_of_a_check_are_shown_by_what_they_are() -> None:
    matrix = np.array([[F(1, 2), F(3)], [F(0), F(-1)]], dtype=object)
    assert words(show(matrix)) == "[1/2, 3; 0, -1]" and words(show(np.array([[F(2, 3)]], dtype=object))) == "2/3"
    assert words(show({"b = 1": F(1, 2), "<b>": 0.123456789})) == "b = 1: 1/2; &lt;b&gt;: 0.1235"
    assert words(show([1.5, None, (2, F(1, 3))])) == "(1.5, –, (2, 1/3))"
    assert "<details>" not in show(matrix) + show(0.123456789)


def test_what_is_left_out_of_a_side_is_a_tap_away() -> None:
    many = {f"b = {b}": F(1, b) for b in range(1, 25)}
    html = show(many)
    assert (
        html.count("<li>") == 9 and "… (24 in all)" in html and "b = 24: 1/24" in full(html) and "b = 24" not in html.split("<details>")[0]
    )
    long = show({"b = 1": F(10**60 + 1, 3**70), "b = 2": 1})
    assert "b = 1: ≈ 3.9949576e26" in words(long) and str(3**70) in full(long)
    assert "… (9 × 9)" in show(np.zeros((9, 9), dtype=object))


def test_a_ball_shows_its_radius_where_that_matters() -> None:
    with working_precision(200):
        third = arb(1) / 3
    assert words(show(third)) == "0.33333333" and words(show(arb(2, 1e-3))) == "2 ± 0.001"


@pytest.mark.parametrize("exponent", [-400, -5, -4, 0, 6, 7, 400])
def test_decimals_are_right_at_every_size(exponent: int) -> None:
    value = F(-12345678, 10**7) * F(10) ** exponent
    assert F(decimal(value)) == value
    assert log10(value) == pytest.approx(exponent + 0.0915148, abs=1e-6)


def test_decimals_just_below_a_power_of_ten() -> None:
    assert decimal(F(10**12 - 1)) == "1e12" and decimal(F(10**12 - 1), digits=12) == "9.99999999999e11"


@pytest.mark.parametrize("value, text", [(float("inf"), "inf"), (-float("inf"), "-inf"), (float("nan"), "NaN"), (F(7, 10**500), "7e-500")])
def test_a_number_beyond_doubles_is_a_number(value: F | float, text: str) -> None:
    assert decimal(value, 2) == text
