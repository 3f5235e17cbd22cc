"""An activation of the user's own: callables and Lipschitz constants, looked at before they are believed."""

from __future__ import annotations

import numpy as np

from theory.activations.record import Activation, Elementwise
from theory.exact import as_double, as_number, shown

#: What a user's functions may contradict their constants by, relative to their size.
_ROUNDING = 2.0**-40


def custom(
    value: Elementwise, derivative: Elementwise, *, lipschitz: float, derivative_lipschitz: float, name: str = "custom"
) -> Activation:
    """A user's own sigma: callables on float64 arrays for sigma and sigma', and Lipschitz constants of both on the domain of use.

    Its approximation errors can only be sampled, and say so; runs take its values to be accurate to 2^-49 (1 + |x|). Raises TypeError
    for what cannot be called, ValueError for a constant that is negative or not finite, and for callables that do not return one finite
    number for every entry of [-1, 0, 1].
    """
    for label, function in (("value", value), ("derivative", derivative)):
        if not callable(function):
            raise TypeError(f"{label} must be a function of an array, but was {shown(function)}")
    constants = {"lipschitz": lipschitz, "derivative_lipschitz": derivative_lipschitz}
    for label, constant in constants.items():
        if not 0 <= as_number(constant, label) < 2**1000:
            raise ValueError(f"{label} must not be negative and must be within the range of doubles, but was {shown(constant)}")
    made = Activation(
        name=name,
        value=lambda x: checked(value, x, "value"),
        derivative=lambda x: checked(derivative, x, "derivative"),
        lipschitz=as_double(lipschitz, "lipschitz"),
        derivative_lipschitz=as_double(derivative_lipschitz, "derivative_lipschitz"),
        functions=(value, derivative),
    )
    made.value(np.array([-1.0, 0.0, 1.0]))
    made.derivative(np.array([-1.0, 0.0, 1.0]))
    return made


def refuse_false_constants(sigma: Activation, x: np.ndarray) -> None:
    """ValueError when a user's values, derivatives and constants contradict each other on the increasing points x.

    |sigma'| <= Lip(sigma),   |sigma'(y) - sigma'(x)| <= Lip(sigma') (y - x),   and the trapezoidal rule for sigma(y) - sigma(x) is off by
    at most Lip(sigma') (y - x)^2 / 4; all up to rounding. Passing proves nothing: only the points are looked at.
    """
    assert sigma.lipschitz is not None and sigma.derivative_lipschitz is not None
    value, slope, h = sigma.value(x), sigma.derivative(x), np.diff(x)
    rounding = _ROUNDING * (1 + float(np.abs(value).max()) + float(np.abs(slope).max()))
    i = int(np.abs(slope).argmax())
    if abs(slope[i]) > sigma.lipschitz + rounding:
        raise ValueError(f"lipschitz must be at least sup |sigma'|, but was {sigma.lipschitz}, and at {x[i]:.6g} it is {abs(slope[i]):.6g}")
    excess = np.abs(np.diff(slope)) - sigma.derivative_lipschitz * h - rounding
    if excess.max() > 0:
        i = int(excess.argmax())
        raise ValueError(
            f"derivative_lipschitz must be at least the slope of sigma', but was {sigma.derivative_lipschitz}, and between "
            f"{x[i]:.6g} and {x[i + 1]:.6g} it is {abs(slope[i + 1] - slope[i]) / h[i]:.6g}"
        )
    miss = np.abs(np.diff(value) - h * (slope[1:] + slope[:-1]) / 2) - sigma.derivative_lipschitz * h * h / 4 - rounding
    if miss.max() > 0:
        i = int(miss.argmax())
        raise ValueError(f"derivative must be that of value, but between {x[i]:.6g} and {x[i + 1]:.6g} the two contradict each other")


def checked(function: Elementwise, x: np.ndarray, name: str) -> np.ndarray:
    """function(x) as float64, of the shape of x and finite; a ValueError that names the first bad entry otherwise."""
    try:
        returned = np.asarray(function(x.copy()))  # a copy: it may work in place
        if returned.dtype.kind not in "fi" or returned.dtype.itemsize < 8:
            raise TypeError(f"it returned {returned.dtype}")
        y = returned.astype(np.float64)
    except Exception as error:
        raise ValueError(f"{name} must take and return arrays of doubles, but failed on one: {error}") from error
    if y.shape != x.shape:
        raise ValueError(f"{name} must return an array of the shape {x.shape} of its argument, but returned {y.shape}")
    if not np.isfinite(y).all():
        place = tuple(np.argwhere(~np.isfinite(y))[0])
        raise ValueError(f"{name} must return finite numbers, but returned {y[place]} at {float(x[place])!r}")
    return y
