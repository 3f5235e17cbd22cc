"""The gate of numbers, flags and text: what is taken, what is refused, and that refusing itself never fails."""

from __future__ import annotations

from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
from flint import fmpq

from theory.exact import as_double, as_flag, did_you_mean, shown, spelled


def test_flags_are_true_or_false_only() -> None:
    assert as_flag(True, "flag") is True
    assert as_flag(np.bool_(False), "flag") is False
    wrong: Any
    for wrong in ("no", "True", 0, 1, None, [], np.array([True]), np.array(True), F(1)):
        with pytest.raises(TypeError, match=r"^flag must be True or False"):
            as_flag(wrong, "flag")


def test_doubles_are_nearest_and_within_range() -> None:
    assert as_double(F(1, 3), "x") == 1 / 3
    assert as_double(fmpq(1, 10), "x") == 0.1
    for beyond in (10**400, -(10**400), F(10**5000, 3), fmpq(10**6000)):
        with pytest.raises(ValueError, match=r"^x must be within the range of doubles"):
            as_double(beyond, "x")


def test_spelling_and_showing_never_fail() -> None:
    assert spelled(F(10**5000, 3)).endswith("(5003 characters)")
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]

    class Rude:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    for value in (10**5000, [10**5000], deep, Rude(), "x" * 10**5, np.zeros(10**5), F(10**5000, 7)):
        assert 0 < len(shown(value)) <= 100
    assert shown(0.5) == "0.5"
    assert shown("relu") == "'relu'"


def test_known_words_are_suggested() -> None:
    assert did_you_mean("studnet", ("student", "teacher")) == "; did you mean 'student'?"
    assert did_you_mean("qqqq", ("student", "teacher")) == ""
    assert did_you_mean(5, ("student",)) == ""
