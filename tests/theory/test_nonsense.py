"""Nonsense in the place of every argument of every public function of theory is a ValueError or TypeError that names the argument."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from tests.theory.good_calls import GOOD_CALLS
from theory import Gaussian

NONSENSE: list[Any] = [
    None,
    5,
    -1,
    2.5,
    "x",
    [],
    [[]],
    {},
    {"a": 1},
    {1, 2},
    object(),
    lambda: None,
    True,
    float("nan"),
    10**400,
    b"x",
    int,
    Ellipsis,
]
#: What a message may say in the place of an argument's own name.
ALSO = {
    "spec": "activation",
    "function": "form|function|problem",
    "form": "form|problem",
    "bounds": "bounds|form",
    "names": "names|laws",
    "d": "d|law",
    "a": "a|law",
    "y_dimension": "y_dimension|law",
    "matrix": "A|matrix",
    "name": "name",
    "slope": "slope",
    "chebyshev": "chebyshev",
    "problem": "problem|activation|inputs",
    "batch_size": "batch_size|max_paths|budget|problem",
    "step": "step|budget|learning_rates|max_paths|problem",
    "inputs": "inputs",
    "input_radius": "input_radius|polynomial",
    "steps": "step|budget",
    "degree": "degree|max_paths|budget",
    "largest": "largest|max_paths|budget",
    "max_paths": "max_paths|budget|paths",
    "extra": "extra|max_paths|budget",
    "y_count": "y_count|law|C_uv",
    "z_count": "z_count|law|C_uv",
    "z_dimension": "z_dimension|law|C_uv",
    "radius": "radius",
    "polynomial": "polynomial",
    "law": "law|inputs",
    "radii": "radii|coefficients",
    "expression": "expression|form|problem",
}
CASES = [(f, given, name) for f, given in GOOD_CALLS.items() for name in given]


@pytest.mark.parametrize(
    ("function", "given", "name"), CASES, ids=[f"{getattr(f, '__qualname__', type(f).__name__)}-{n}" for f, _, n in CASES]
)
def test_nonsense_is_refused_by_name(function: Callable[..., Any], given: dict[str, Any], name: str) -> None:
    for value in NONSENSE:
        if name == "step" and value == 5:
            continue  # a good step, and a long computation
        words = refusal(function, {**given, name: value})
        if words is not None:
            assert any(word in words for word in ALSO.get(name, name).split("|")), f"{value!r}: {words}"
            assert len(words) < 900


def refusal(function: Callable[..., Any], arguments: dict[str, Any]) -> str | None:
    """The words in which a call is refused; None for one that is answered."""
    try:
        function(**arguments)
    except (ValueError, TypeError) as error:
        return str(error)
    return None


def test_every_argument_of_a_function_is_tried() -> None:
    for function, given in GOOD_CALLS.items():
        parameters = set(inspect.signature(function).parameters)
        if function not in (Gaussian,):
            assert parameters == set(given), function


@pytest.mark.parametrize("function", list(GOOD_CALLS), ids=lambda f: getattr(f, "__qualname__", type(f).__name__))
def test_the_call_that_nonsense_is_put_into_is_a_good_one(function: Callable[..., Any]) -> None:
    function(**GOOD_CALLS[function])
