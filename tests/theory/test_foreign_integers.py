"""An integer of another library is the integer that it is, in every argument that takes one: same answer, no overflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flint import fmpz

from tests.theory.good_calls import GOOD_CALLS

CASES = [(f, given, name) for f, given in GOOD_CALLS.items() for name, value in given.items() if type(value) is int]


def _answer(function: Callable[..., Any], arguments: dict[str, Any]) -> str:
    answer = function(**arguments)
    return f"{type(answer).__name__} {answer!r}"


@pytest.mark.parametrize("kind", [fmpz, np.int8, np.uint16], ids=lambda k: k.__name__)
@pytest.mark.parametrize(
    ("function", "given", "name"), CASES, ids=[f"{getattr(f, '__qualname__', type(f).__name__)}-{n}" for f, _, n in CASES]
)
def test_they_are_integers(function: Callable[..., Any], given: dict[str, Any], name: str, kind: Callable[[int], Any]) -> None:
    assert _answer(function, {**given, name: kind(given[name] % 120)}) == _answer(function, {**given, name: given[name] % 120})
