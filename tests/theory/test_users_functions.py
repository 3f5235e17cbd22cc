"""A user's function that raises, or returns what is no number, is a ValueError or TypeError that names the call and gives the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from theory import Discrete, TeacherStudent, enumeration, large_batch, recursion, trace_forms, variance_poly
from theory.approximation import every_path_bound
from theory.chebyshev import approximate


def problem(learning_rates: Callable[[int], Any], activation: Any = (0, 1)) -> TeacherStudent:
    return TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], Discrete([1, 2]), learning_rates, activation)


def fails(t: int) -> float:
    raise KeyError(t)


RATES: dict[Callable[..., Any], str] = {
    len: r"learning_rates\(0\) must have a value, but the function raised TypeError.*no len",
    fails: r"learning_rates\(0\) must have a value, but the function raised KeyError\(0\)",
    lambda: 1: r"learning_rates\(0\) must have a value, but the function raised TypeError",
    lambda t: 1 / t: r"learning_rates\(0\) must have a value, but the function raised ZeroDivisionError",
    lambda t: None: r"learning_rates\(0\) must be an int, Fraction, fmpq or float, but was None",
    lambda t: np.ones(3): r"learning_rates\(0\) must be an int, Fraction",
    lambda t: -1: r"learning_rates\(0\) must not be negative, but was -1",
    lambda t: float("nan"): r"learning_rates\(0\) must be finite",
}
FORM = trace_forms.tr(trace_forms.g(1, 1).T @ trace_forms.g(1, 1))
ENTRIES: dict[str, Callable[[TeacherStudent], Any]] = {
    "check_step": lambda p: p.check_step(1),
    "is_exact": lambda p: p.is_exact(1),
    "variance_polynomial": lambda p: variance_poly.variance_polynomial(p, 1, 1),
    "predicted_cost": lambda p: variance_poly.predicted_cost(p, 1, 1),
    "enumeration": lambda p: enumeration.variance(p, 1, 1, batch_size=2),
    "large_batch": lambda p: large_batch.leading_coefficient(p, 1, 1),
    "recursion": lambda p: recursion.expectation(FORM, p),
    "every_path_bound": lambda p: every_path_bound(problem(p.learning_rates, "tanh"), approximate("tanh", 3, 5), 2, input_radius=2),
}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("rates", RATES, ids=range(len(RATES)))
def test_learning_rates(rates: Callable[[int], Any], entry: str) -> None:
    with pytest.raises((ValueError, TypeError), match=RATES[rates]):
        ENTRIES[entry](problem(rates))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda path: path.weights[7], r"function\(path\) must have a value, but the function raised IndexError"),
        (lambda path: None, r"function\(path\) must be an int, Fraction, fmpq or float, but was None"),
    ],
)
def test_functions_of_paths(function: Callable[[Any], Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        enumeration.expectation(problem(lambda t: 1), function, 1, batch_size=1)
