"""Arguments of enumeration: flags, limits, functions and integers are what they should be, or are refused by name."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

from tests.instances import PINNED
from theory import Discrete, Gaussian, TeacherStudent, enumeration
from theory.budget import Budget, UnaffordableError
from theory.references import quadrature
from theory.trace_forms import g, tr

PROBLEM = PINNED["coin"]
THREE = PINNED["three atoms"]
ENTRIES = {
    "moments": lambda problem=THREE, **options: enumeration.moments(problem, 0, 1, batch_size=2, **options),
    "variance": lambda problem=THREE, **options: enumeration.variance(problem, 0, 1, batch_size=2, **options),
    "variance_ball": lambda problem=THREE, **options: enumeration.variance_ball(problem, 0, 1, batch_size=2, **options),
    "mean_gradient": lambda problem=THREE, **options: enumeration.mean_gradient(problem, 0, 1, batch_size=2, **options),
    "loss": lambda problem=THREE, **options: enumeration.loss(problem, 1, batch_size=2, **options),
    "expectation": lambda problem=THREE, **options: enumeration.expectation(problem, lambda path: 1, 0, batch_size=2, **options),
}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("flag", ["no", 0, 1, None, [], np.array([True]), "False"])
def test_flags_are_truth_values(entry, flag):
    with pytest.raises(TypeError, match="literal must be"):
        ENTRIES[entry](literal=flag)
    with pytest.raises(TypeError, match="literal must be"):
        enumeration.cost(THREE, 0, batch_size=1, literal=flag)


@pytest.mark.parametrize("entry", ENTRIES)
def test_flags_of_numpy_are_flags(entry):
    ours, numpys = ENTRIES[entry](literal=True), ENTRIES[entry](literal=np.bool_(True))
    assert str(ours) == str(numpys)


@pytest.mark.parametrize("entry", [*ENTRIES, "interpolated_polynomial"])
@pytest.mark.parametrize(
    ("limit", "error"),
    [
        *((limit, ValueError) for limit in (float("nan"), np.float64("nan"), 0, -3)),
        *((limit, TypeError) for limit in (-math.inf, 1e6, "many", True)),
    ],
)
def test_limits_are_numbers_of_paths(entry, limit, error):
    interpolated = partial(enumeration.interpolated_polynomial, THREE, 0, 1, degree=1)
    with pytest.raises(error, match="max_paths must be"):
        ENTRIES.get(entry, interpolated)(max_paths=limit)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("problem", [None, 3, "network.toml", [[[1]]], Discrete([1])])
def test_what_is_no_problem_is_named(entry, problem):
    with pytest.raises(TypeError, match="problem must be a TeacherStudent"):
        ENTRIES[entry](problem)
    with pytest.raises(TypeError, match="problem must be a TeacherStudent"):
        enumeration.cost(problem, 0, batch_size=1)
    with pytest.raises(TypeError, match="problem must be a TeacherStudent"):
        enumeration.interpolated_polynomial(problem, 0, 1, degree=1)


@pytest.mark.parametrize("function", [None, "tr(g)", 3, ["lambda"]])
def test_what_is_no_function_is_named(function):
    with pytest.raises(TypeError, match="function must be a function of a path or a trace form"):
        enumeration.expectation(THREE, function, 0, batch_size=1)


@pytest.mark.parametrize(("value", "error"), [(None, TypeError), ("1", TypeError), (float("nan"), ValueError), (1j, TypeError)])
def test_what_a_function_returns_is_named(value, error):
    with pytest.raises(error, match=r"function\(path\) must be"):
        enumeration.expectation(THREE, lambda path: value, 0, batch_size=1)


def test_integers_that_could_be_mistaken_are_named():
    """The batch size, wherever it stands beside the step and the layer, is a keyword; and so are degrees beside steps."""
    for call in (enumeration.moments, enumeration.variance, enumeration.variance_ball, enumeration.mean_gradient, quadrature.variance):
        with pytest.raises(TypeError, match="positional"):
            call(THREE, 2, 1, 1)
    for call in (enumeration.cost, enumeration.loss, quadrature.loss):
        with pytest.raises(TypeError, match="positional"):
            call(THREE, 2, 1)
    with pytest.raises(TypeError, match="positional"):
        enumeration.interpolated_polynomial(THREE, 1, 1, 6)
    by_keyword = enumeration.variance(problem=THREE, batch_size=2, layer=1, step=1)
    assert by_keyword == enumeration.variance(THREE, 1, 1, batch_size=2) != enumeration.variance(THREE, 1, 2, batch_size=1)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: enumeration.variance(PROBLEM, 1, 1, batch_size=0), "batch_size must be at least 1"),
        (lambda: enumeration.variance(PROBLEM, 1, 1, batch_size=2.0), "batch_size must be an integer"),
        (lambda: enumeration.variance(PROBLEM, -1, 1, batch_size=2), "step must be at least 0"),
        (lambda: enumeration.variance(PROBLEM, 1, 3, batch_size=2), "layer must be in 1..2"),
        (lambda: enumeration.interpolated_polynomial(PROBLEM, 1, 1, degree=6, kind="mean"), "kind must be"),
        (lambda: enumeration.expectation(PROBLEM, tr(g(0, 1, 1) @ g(0, 2)), batch_size=2), "literal must be set"),
        (lambda: enumeration.expectation(PROBLEM, tr(g(0, 1, 2) @ g(0, 2)), batch_size=1, literal=True), "batch_size must be at"),
        (
            lambda: enumeration.loss(TeacherStudent([[[1]]], [[[0]]], Gaussian(1), 1), 1, batch_size=2),
            "inputs must have finite support",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_budget_stands_beside_or_in_the_place_of_the_number_of_paths(entry):
    """Six paths or more: too many for the number, not for the budget; each of the two is kept where both are given."""
    generous, nothing = Budget(60.0, 1e9), Budget(1e-9)
    answer = ENTRIES[entry]()
    assert str(ENTRIES[entry](budget=generous)) == str(ENTRIES[entry](budget=generous, max_paths=10**4)) == str(answer)
    for options in ({"max_paths": 1, "budget": generous}, {"max_paths": 10**4, "budget": nothing}, {"budget": nothing}):
        with pytest.raises(UnaffordableError, match=r"^enumeration would cost .*; the budget is .* Alternatives: .*; or a larger budget$"):
            ENTRIES[entry](**options)
