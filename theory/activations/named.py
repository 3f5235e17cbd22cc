"""The named activations, and `activation`, which finds one by its name."""

from __future__ import annotations

import copyreg
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from flint import acb, arb

from theory.activations import formulas
from theory.activations.record import Activation, Elementwise, Piece
from theory.exact import NumberLike, as_number, did_you_mean, read_number, shown, to_fmpq, written


def activation(spec: str | Activation) -> Activation:
    """The activation that a name spells: "sigmoid", "tanh", "softplus", "gelu", "silu", "elu", "relu", "leaky_relu", "leaky_relu(1/5)".

    An Activation is returned as it is. Raises ValueError for a name that is not known, TypeError for anything else.

    Examples:
        >>> activation("leaky_relu(1/5)").derivative(np.array([-1.0, 2.0]))
        array([0.2, 1. ])
    """
    if isinstance(spec, Activation):
        return spec
    if not isinstance(spec, str):
        raise TypeError(f"activation must be a name or an Activation (theory.activations.custom makes one), but was {shown(spec)}")
    name = spec.strip().lower()
    if name in NAMED:
        return NAMED[name]
    reason = did_you_mean(name, NAMED)
    if name.startswith("leaky_relu(") and name.endswith(")"):
        try:
            return leaky_relu(read_number(name[len("leaky_relu(") : -1], "a"))
        except ValueError as error:
            reason = f": {error}"
    raise ValueError(f"activation must be one of {', '.join(NAMED)} or leaky_relu(a) with 0 <= a < 1, but was {shown(spec)}{reason}")


def leaky_relu(slope: NumberLike = Fraction(1, 100)) -> Activation:
    """a x for x <= 0 and x for x > 0, 0 <= a < 1."""
    a = as_number(slope, "slope", text=True)
    if not 0 <= a < 1:
        raise ValueError(f"slope must be at least 0 and less than 1, but was {shown(slope)}")
    exact, rate = Fraction(a), float(a)
    return Activation(
        name=f"leaky_relu({written(exact)})" if exact else "relu",
        value=lambda x: np.where(x > 0, x, rate * x),
        derivative=lambda x: np.where(x > 0, 1.0, rate),
        pieces=(Piece(lambda s: s * arb(to_fmpq(exact)), exact), Piece(lambda s: s, Fraction(1))),
        breakpoints=(0,),
        is_smooth=False,
    )


def _analytic(
    name: str, value: Elementwise, derivative: Elementwise, series: Any, slope: Callable[[acb], acb], strip: float, parity: str
) -> Activation:
    return Activation(
        name, value, derivative, (Piece(series),), strip=strip, slope_parity=parity, complex_value=series, complex_derivative=slope
    )


_ALL = (
    _analytic("sigmoid", formulas.sigmoid, formulas.sigmoid_slope, formulas.sigmoid_of, formulas.sigmoid_slope_of, math.pi, "even"),
    _analytic("tanh", np.tanh, formulas.tanh_slope, formulas.tanh_of, formulas.tanh_slope_of, math.pi / 2, "even"),
    _analytic("softplus", formulas.softplus, formulas.sigmoid, formulas.softplus_of, formulas.sigmoid_of, math.pi, "odd"),
    _analytic("gelu", formulas.gelu, formulas.gelu_slope, formulas.gelu_of, formulas.gelu_slope_of, math.inf, "odd"),
    _analytic("silu", formulas.silu, formulas.silu_slope, formulas.silu_of, formulas.silu_slope_of, math.pi, "odd"),
    Activation(
        "elu",
        formulas.elu,
        formulas.elu_slope,
        (Piece(lambda s: s.exp() - 1), Piece(lambda s: s, Fraction(1))),
        breakpoints=(0,),
    ),
    leaky_relu(0),
    leaky_relu(),
)

NAMED: dict[str, Activation] = {a.name.split("(")[0]: a for a in _ALL}


def _reduced(sigma: Activation) -> str | tuple[Any, ...]:
    """Named activations are pickled by name; a user's as far as its functions can be."""
    return (activation, (sigma.name,)) if sigma.is_certified else object.__reduce_ex__(sigma, 4)


# Here and not a method: the record does not know the names.
copyreg.pickle(Activation, _reduced)
