"""Closed forms of the degree bounds against their sums, and what is refused."""

from __future__ import annotations

import pytest

from theory.budget import UnaffordableError
from theory.degrees import (
    batch_degrees,
    expectation_degree,
    gradient_degree,
    loss_degree,
    mean_gradient_degree,
    output_degree,
    printed_degree_a6,
    printed_variance_degree_a7,
    variance_degree,
)


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
        lambda: printed_degree_a6([10**9], []),
    ],
)
def test_astronomical_degrees_are_refused(ask):
    with pytest.raises(
        UnaffordableError,
        match=r"must be smaller: the degree would cost .* the budget is 1,000,000 bits\. .* a smaller ",
    ):
        ask()


@pytest.mark.parametrize("wrong", [-1, 1.5, "x", None, True])
def test_bad_input_is_named(wrong):
    with pytest.raises((TypeError, ValueError), match="step must be"):
        variance_degree(wrong)
    with pytest.raises((TypeError, ValueError), match="depth must be"):
        variance_degree(1, depth=wrong)


@pytest.mark.parametrize("m", [1, 3, 5])
@pytest.mark.parametrize("t", [0, 1, 3])
def test_degrees_in_the_batches_add_up_to_those_in_the_inverse_batch_size(m, t):
    """Degree d >= 1 in the averages of a batch is degree d - 1 in 1/b."""
    depth = (m + 1) // 2
    assert sum(d - 1 for d in batch_degrees([t, t], t + 1, m=m)) == variance_degree(t, depth=depth)
    assert sum(d - 1 for d in batch_degrees([t], t + 1, m=m)) == mean_gradient_degree(t, depth=depth)
    outputs = [t - 1] * (2 * output_degree(depth))
    assert sum(d - 1 for d in batch_degrees(outputs, t, m=m)) == loss_degree(t, depth=depth)
    assert batch_degrees([-1], t, m=m) == [0] * t == batch_degrees([], t, m=m)
    assert expectation_degree(batch_degrees([t, t], t + 2, m=m)) == variance_degree(t, depth=depth)


@pytest.mark.parametrize("t", range(5))
def test_the_printed_bound_adds_up_the_degrees_in_the_batches(t):
    """One more for every batch than the sharp one: sum_f D_f instead of sum_f (D_f - 1)."""
    of_batches = batch_degrees([t, t, t - 1], t + 1, m=3)
    assert printed_degree_a6([t, t], [t]) == sum(of_batches)
    assert printed_degree_a6([t, t], []) == printed_variance_degree_a7(t) == variance_degree(t) + t + 1
