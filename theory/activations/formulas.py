"""The formulas of the named activations: on arrays of doubles, and on anything with exp, log and erf (power series, balls, complex balls).

`..._slope` is the derivative; `..._of` takes series and balls.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import acb, arb, arb_series

# -- doubles ------------------------------------------------------------


def sigmoid(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1.0) / (1.0 + small)


def sigmoid_slope(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))
    return small / (1.0 + small) ** 2


def tanh_slope(x: np.ndarray) -> np.ndarray:
    small = np.exp(-2 * np.abs(x))
    return 4 * small / (1.0 + small) ** 2


def normal_cdf(x: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr  # a quarter of a second to load: only where it is used

    return ndtr(x)


def softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0.0, x)


def gelu(x: np.ndarray) -> np.ndarray:
    return x * normal_cdf(x)


def silu(x: np.ndarray) -> np.ndarray:
    return x * sigmoid(x)


def elu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0.0)))


def elu_slope(x: np.ndarray) -> np.ndarray:
    return np.exp(np.minimum(x, 0.0))


def gelu_slope(x: np.ndarray) -> np.ndarray:
    return normal_cdf(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def silu_slope(x: np.ndarray) -> np.ndarray:
    return sigmoid(x) + x * sigmoid_slope(x)


# -- power series, balls and complex balls ------------------------------------------------------------


def _is_negative(s: Any) -> bool:
    """The side of 0 on which most of a ball, a complex ball, or a series' constant term lies."""
    first = s[0] if isinstance(s, arb_series) else s.real if isinstance(s, acb) else s
    return bool(first.mid() < 0)


def sigmoid_of(s: Any) -> Any:
    """Written with the exponential that is small: wide balls far from 0 then stay narrow."""
    if _is_negative(s):
        small = s.exp()
        return small / (1 + small)
    return 1 / (1 + (-s).exp())


def softplus_of(s: Any) -> Any:
    return (1 + s.exp()).log() if _is_negative(s) else s + (1 + (-s).exp()).log()


def gelu_of(s: Any) -> Any:
    # erfc of the side where it does not cancel is not needed: absolute accuracy is what counts, and bits are cheap
    return s * (1 + (s * (1 / arb(2).sqrt())).erf()) / 2


def sigmoid_slope_of(z: acb) -> acb:
    y = sigmoid_of(z)
    return y * (1 - y)


def silu_of(s: Any) -> Any:
    return s * sigmoid_of(s)


def tanh_of(s: Any) -> Any:
    return 2 * sigmoid_of(2 * s) - 1


def tanh_slope_of(z: acb) -> acb:
    return 4 * sigmoid_slope_of(2 * z)


def silu_slope_of(z: acb) -> acb:
    return sigmoid_of(z) + z * sigmoid_slope_of(z)


def gelu_slope_of(z: acb) -> acb:
    return (1 + (z / arb(2).sqrt()).erf()) / 2 + z * (-z * z / 2).exp() / (2 * arb.pi()).sqrt()
