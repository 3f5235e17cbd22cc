"""Closed forms of the degree bounds against their sums, and what is refused."""

from __future__ import annotations

import pytest

from theory.budget import UnaffordableError
from theory.degrees import gradient_degree, loss_degree, mean_gradient_degree, output_degree, variance_degree


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
@pytest.mark.parametrize("activation_degree", [1, 2, 3])
def test_closed_forms_are_the_sums(depth, activation_degree):
    degree = 1
    for _ in range(depth - 1):
        degree = activation_degree * degree + 1
    m = 2 * degree - 1
    network = {"depth": depth, "activation_degree": activation_degree}
    assert output_degree(**network) == degree and gradient_degree(**network) == m
    for t in range(5):
        assert variance_degree(t, **network) == sum(2 * m**s - 1 for s in range(t + 1))
        assert mean_gradient_degree(t, **network) == sum(m**s - 1 for s in range(t + 1))
        assert loss_degree(t, **network) == sum(2 * degree * m**s - 1 for s in range(t))


def test_one_linear_layer_has_degrees_at_any_step():
    assert variance_degree(10**30, depth=1) == 10**30 + 1 and loss_degree(10**30, depth=1) == 10**30


@pytest.mark.parametrize(
    "ask",
    [
        lambda: variance_degree(10**9),
        lambda: variance_degree(10**400),
        lambda: output_degree(10**9, activation_degree=2),
        lambda: loss_degree(10**30),
    ],
)
def test_astronomical_degrees_are_refused(ask):
    with pytest.raises(UnaffordableError, match="must be small enough for a degree"):
        ask()


@pytest.mark.parametrize("wrong", [-1, 1.5, "x", None, True])
def test_bad_input_is_named(wrong):
    with pytest.raises((TypeError, ValueError), match="step must be"):
        variance_degree(wrong)
    with pytest.raises((TypeError, ValueError), match="depth must be"):
        variance_degree(1, depth=wrong)
