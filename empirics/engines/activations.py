"""Activations in torch: the polynomials and the named ones everywhere, a user's own functions on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch.nn import functional

from empirics.engine_records import is_users_function
from theory.problem import TeacherStudent

Function = Callable[[torch.Tensor], torch.Tensor]


def torch_activation(problem: TeacherStudent, device: torch.device) -> tuple[Function, Function] | None:
    """sigma and sigma' on tensors; None for the identity. ValueError for a user's function on another device than the CPU."""
    if problem.is_linear:
        return None
    if problem.is_polynomial:
        coefficients = [float(c) for c in problem.polynomial]
        slopes = [k * c for k, c in enumerate(coefficients)][1:]
        return partial(_horner, coefficients), partial(_horner, slopes)
    sigma = problem.activation_function
    if is_users_function(problem):
        if device.type != "cpu":
            raise ValueError(f"device must be 'cpu' for an activation that is a numpy function ({sigma}), but was {str(device)!r}")
        return partial(_by_numpy, sigma.value), partial(_by_numpy, sigma.derivative)
    name = sigma.name.split("(")[0]
    if name in ("relu", "leaky_relu"):
        slope = float(sigma.slopes[0])
        return partial(functional.leaky_relu, negative_slope=slope), lambda z: torch.where(z > 0, torch.ones_like(z), slope)
    return _NAMED[name]


def is_piecewise_linear(problem: TeacherStudent) -> bool:
    """Whether slopes jump: relu and leaky_relu."""
    return not problem.is_polynomial and problem.activation_function.is_piecewise_linear


def _horner(coefficients: list[float], z: torch.Tensor) -> torch.Tensor:
    result = torch.full_like(z, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        result.mul_(z).add_(c)
    return result


def _by_numpy(function: Callable[[np.ndarray], np.ndarray], z: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(function(z.to(torch.float64).numpy())).to(z.dtype)


def _normal_cdf(z: torch.Tensor) -> torch.Tensor:
    return torch.special.ndtr(z)


def _normal_density(z: torch.Tensor) -> torch.Tensor:
    return torch.exp(-z * z / 2) / (2 * torch.pi) ** 0.5


def _silu_slope(z: torch.Tensor) -> torch.Tensor:
    s = torch.sigmoid(z)
    return s * (1 + z * (1 - s))


def _sigmoid_slope(z: torch.Tensor) -> torch.Tensor:
    s = torch.sigmoid(z)
    return s * (1 - s)


_NAMED: dict[str, tuple[Function, Function]] = {
    "sigmoid": (torch.sigmoid, _sigmoid_slope),
    "tanh": (torch.tanh, lambda z: 1 - torch.tanh(z) ** 2),
    "softplus": (lambda z: torch.logaddexp(z, torch.zeros_like(z)), torch.sigmoid),
    "gelu": (functional.gelu, lambda z: _normal_cdf(z) + z * _normal_density(z)),
    "silu": (functional.silu, _silu_slope),
    "elu": (functional.elu, lambda z: torch.where(z > 0, 1.0, torch.exp(z.clamp(max=0)))),
}
