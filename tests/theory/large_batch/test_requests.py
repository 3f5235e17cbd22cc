"""What the large-batch law refuses, before any work, and how it chooses its method."""

from __future__ import annotations

import numpy as np
import pytest

from tests.theory.large_batch.test_large_batch import QUADRATIC, network
from theory import Discrete, Gaussian, Independent, TeacherStudent
from theory.budget import Budget, CannotError, RangeError, UnaffordableError
from theory.large_batch import large_batch_law, large_batch_loss, leading_coefficient, noise_scale, predicted_cost

WIDE = TeacherStudent([np.ones((64, 64)) / 64] * 2, [np.zeros((64, 64))] * 2, Gaussian(64), learning_rates=0.1)
LINEAR = network((2, 2, 1), Gaussian(2))


def test_the_first_method_that_fits():
    assert large_batch_law(LINEAR, 1, 1).method == "rationals"
    floats = TeacherStudent([w.astype(float) for w in LINEAR.student], LINEAR.teacher, Gaussian(2), 0.1)
    assert large_batch_law(floats, 3, 1).method == "directions"
    law = large_batch_law(WIDE, [0, 1], 1, budget=Budget(seconds=0.05))
    assert (law.method, law.beta2) == ("probes", None)
    long = large_batch_law(TeacherStudent(LINEAR.student, LINEAR.teacher, Gaussian(2), "1/100"), [200], 1)
    assert long.method == "directions" and long.beta1.dtype == float


def test_moments_that_are_missing():
    fourth = network((1, 1, 1), Independent(1, [1, 0, 1, 0, 3]))
    law = large_batch_law(fourth, [0, 1], 1)
    assert law.beta2 is None and law.method == "rationals"
    with pytest.raises(CannotError, match=r"beta_2 needs more moments.*order 6, but end at order 4"):
        large_batch_law(fourth, 1, 1, order=2, method="rationals")
    with pytest.raises(CannotError, match="order 4, but end at order 3"):
        large_batch_law(network((1, 1, 1), Independent(1, [1, 0, 1, 0])), 0, 1)
    with pytest.raises(CannotError, match="order 8, but end at order 4"):
        large_batch_loss(network((1, 1, 1), Independent(1, [1, 0, 1, 0, 3]), QUADRATIC), 0)
    with pytest.raises(CannotError, match="cannot be sampled"):
        large_batch_law(fourth, 1, 1, method="probes")


def test_what_is_no_polynomial():
    tanh = TeacherStudent([[[1]], [[1]]], [[[1]], [[1]]], Discrete([1, 2]), learning_rates=1, activation="tanh")
    for call in (lambda: leading_coefficient(tanh, 0, 1), lambda: large_batch_law(tanh, 0, 1), lambda: noise_scale(tanh, 0)):
        with pytest.raises(CannotError, match="large-batch law needs a polynomial as activation"):
            call()


def test_costs_are_predicted_and_refused():
    with pytest.raises(UnaffordableError, match=r"would cost .*method='probes'"):
        leading_coefficient(WIDE, 9, 1, budget=Budget(seconds=0.1))
    with pytest.raises(UnaffordableError, match=r"probes for the relative error 1e-05"):
        large_batch_law(WIDE, 1, 1, method="probes", relative_error=1e-5, budget=Budget(seconds=5))
    with pytest.raises(UnaffordableError, match="would cost"):
        noise_scale(WIDE, 1, budget=Budget(seconds=1e-9))
    exact, doubles = (predicted_cost(LINEAR, 4, method=m).seconds for m in ("rationals", "directions"))
    assert exact > doubles and predicted_cost(LINEAR, 4).seconds == exact


@pytest.mark.parametrize("steps", [10**15, range(10**15, 10**15 - 9, -3), range(0, 10**15, 7)])
def test_no_step_is_walked_through_before_the_refusal(steps):
    """Any walk through a quadrillion of them would not end."""
    p = TeacherStudent(LINEAR.student, LINEAR.teacher, Gaussian(2), 1)
    for call in (lambda: large_batch_law(p, steps, 1), lambda: large_batch_loss(p, steps), lambda: noise_scale(p, steps)):
        with pytest.raises(UnaffordableError, match=r"t = (1000000000000000|999999999999994)"):
            call()


def test_a_path_that_leaves_the_doubles():
    far = TeacherStudent([[[1e80]], [[1e80]]], [[[0.0]], [[0.0]]], Gaussian(1), learning_rates=1.0)
    for call in (lambda: large_batch_law(far, 3, 1), lambda: noise_scale(far, 3), lambda: large_batch_law(far, 3, 1, method="probes")):
        with pytest.raises(RangeError, match=r"leaves the range of doubles at step [01]"):
            call()
    with pytest.raises(ValueError, match=r"student\[0\]"):
        large_batch_law(TeacherStudent([[[10**400]], [[1]]], [[[0]], [[0]]], Gaussian(1), 1), 0, 1, method="directions")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": []}, "steps must name at least one step"),
        ({"steps": -1}, "steps must be"),
        ({"steps": [0, 1.5]}, r"steps\[1\] must be"),
        ({"steps": range(3, 2)}, "steps must name at least one step"),
        ({"layer": 3}, "layer must be"),
        ({"order": 3}, "order must be 1 or 2"),
        ({"method": "guess"}, "method must be"),
        ({"relative_error": 0}, "relative_error must be positive"),
        ({"probes": 3}, "probes must be"),
        ({"seed": -1}, "seed must be"),
        ({"steps": 9}, "learning_rates must reach alpha_8"),
    ],
    ids=str,
)
def test_arguments_are_named(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        large_batch_law(**{"problem": LINEAR, "steps": 1, "layer": 1} | options)
