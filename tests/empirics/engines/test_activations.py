"""Activations in torch beside those of numpy: values and slopes on a grid with the breakpoint, for every name."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
import torch

from empirics.engines.activations import torch_activation
from tests.instances import network
from theory import Gaussian
from theory import activations as known
from theory.activations import custom
from theory.activations.named import NAMED

CPU = torch.device("cpu")
NAMES = ["sigmoid", "tanh", "softplus", "gelu", "silu", "elu", "relu", "leaky_relu", "leaky_relu(1/5)"]
GRID = np.concatenate([np.linspace(-40, 40, 4001), np.linspace(-1e-6, 1e-6, 21), [-700.0, 700.0]])


def test_every_named_activation_is_tried():
    assert {name.split("(")[0] for name in NAMES} == set(NAMED)


@pytest.mark.parametrize("name", NAMES)
def test_values_and_slopes_are_numpys(name):
    sigma = known.activation(name)
    pair = torch_activation(network((2, 2, 1), Gaussian(2), activation=name), CPU)
    for mine, theirs in zip(pair, (sigma.value, sigma.derivative), strict=True):
        expected = theirs(GRID)
        assert np.abs(mine(torch.from_numpy(GRID)).numpy() - expected).max() <= 1e-14 + 1e-15 * np.abs(expected).max()


@pytest.mark.parametrize("name", NAMES)
def test_float32_stays_float32(name):
    value, slope = torch_activation(network((2, 2, 1), Gaussian(2), activation=name), CPU)
    x = torch.linspace(-3, 3, 31)
    assert value(x).dtype == slope(x).dtype == torch.float32


def test_a_polynomial_and_its_slope():
    value, slope = torch_activation(network((2, 2, 1), Gaussian(2), activation=(F(1, 2), -1, 0, 3)), CPU)
    x = torch.linspace(-2, 2, 41, dtype=torch.float64)
    assert torch.allclose(value(x), 0.5 - x + 3 * x**3, rtol=1e-14) and torch.allclose(slope(x), -1 + 9 * x**2, rtol=1e-14)


def test_of_a_straight_line_the_slope_is_a_constant():
    value, slope = torch_activation(network((2, 2, 1), Gaussian(2), activation=(1, 2)), CPU)
    x = torch.linspace(-2, 2, 5, dtype=torch.float64)
    assert torch.equal(value(x), 1 + 2 * x) and torch.equal(slope(x), torch.full((5,), 2.0, dtype=torch.float64))


def test_the_identity_is_left_out():
    assert torch_activation(network((2, 2, 1), Gaussian(2)), CPU) is None


def test_a_users_function_runs_on_the_cpu_only():
    sigma = custom(np.sin, np.cos, lipschitz=1, derivative_lipschitz=1)
    problem = network((2, 2, 1), Gaussian(2), activation=sigma)
    value, slope = torch_activation(problem, CPU)
    x = torch.linspace(-2, 2, 9)
    assert torch.allclose(value(x), x.sin()) and torch.allclose(slope(x), x.cos()) and value(x).dtype == torch.float32
    with pytest.raises(ValueError, match="device must be 'cpu' for an activation that is a numpy function"):
        torch_activation(problem, torch.device("cuda"))
