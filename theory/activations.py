"""Activation functions that are no polynomials: in doubles, in ball arithmetic with all derivatives, and what is known of them.

    sigmoid 1/(1 + e^-x)      tanh      softplus log(1 + e^x)      gelu x Phi(x)      silu x sigmoid(x)
    elu  e^x - 1 for x < 0, x otherwise            relu  max(x, 0)            leaky_relu(a)  a x for x < 0, x otherwise

An activation is analytic on each side of its breakpoints. It is *smooth* when it is C^1 with a Lipschitz derivative, which is what
Theorems 3.6 and A.9 need (MATH: with it, and with nothing less, a sup bound on the gradients exists); relu and leaky_relu are not.
Where two pieces meet, the derivative in use is the left one, as in PyTorch's relu.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from flint import acb, arb, arb_series, ctx, fmpq

from theory.exact import as_number, to_fmpq

Elementwise = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Piece:
    """One analytic branch: the activation as a function of a power series in balls, and (where it is one) its linear slope."""

    series: Callable[[arb_series], arb_series]
    slope: Fraction | None = None


@dataclass(frozen=True, eq=False)
class Activation:
    """An entrywise activation sigma and its derivative.

    Attributes:
        name: as files and messages write it; `activation(name)` gives the activation back, unless it is a user's own.
        value, derivative: sigma and sigma' on float64 arrays.
        breakpoints: where analytic pieces meet, increasing; () for an analytic function.
        is_smooth: whether sigma is C^1 with a Lipschitz derivative.
        strip: the largest y such that sigma is analytic for |Im x| < y; 0.0 when it is not analytic on the real line.
        slope_parity: "even" when sigma' is even, "odd" when sigma' - 1/2 is odd, "" otherwise.
        lipschitz, derivative_lipschitz: of sigma and sigma', as a user gave them; None where they are computed.
    """

    name: str
    value: Elementwise
    derivative: Elementwise
    pieces: tuple[Piece, ...] = ()
    breakpoints: tuple[int, ...] = ()
    is_smooth: bool = True
    strip: float = 0.0
    slope_parity: str = ""
    complex_value: Callable[[acb], acb] | None = None
    complex_derivative: Callable[[acb], acb] | None = None
    lipschitz: float | None = None
    derivative_lipschitz: float | None = None
    functions: tuple[Any, ...] = field(default=(), repr=False)

    @property
    def is_certified(self) -> bool:
        """Whether it can be evaluated in ball arithmetic; a user's callable cannot, and its errors are sampled."""
        return bool(self.pieces)

    @property
    def is_piecewise_linear(self) -> bool:
        """Whether rationals stay rationals: relu and leaky_relu."""
        return self.is_certified and all(piece.slope is not None for piece in self.pieces)

    def taylor(self, x: arb, order: int, piece: int = 0) -> list[arb]:
        """sigma^(j)(x) / j! for j < order, in balls that hold the true values for every point of the ball x, on one analytic piece."""
        before, ctx.cap = ctx.cap, order
        try:
            coefficients = self.pieces[piece].series(arb_series([x, 1], order)).coeffs()
        finally:
            ctx.cap = before
        return coefficients[:order] + [arb(0)] * (order - len(coefficients))

    def piece_at(self, x: Any) -> int:
        """Index of the piece that holds the point x (the left one at a breakpoint). ValueError for a ball that holds a breakpoint."""
        if isinstance(x, arb) and any(not (x <= b or x > b) for b in self.breakpoints):
            raise ValueError(f"x = {x} must lie on one side of the breakpoints {self.breakpoints}: more bits are needed")
        return sum(bool(x > b) for b in self.breakpoints)

    def exactly(self, x: fmpq | arb) -> tuple[Any, Any]:
        """(sigma(x), sigma'(x)): rationals for a rational x and a piecewise linear sigma, balls otherwise.

        A ball that holds a breakpoint gets the values of both pieces when sigma is smooth, and is a ValueError when sigma' jumps there.
        """
        if self.is_smooth and isinstance(x, arb) and any(x.contains(b) for b in self.breakpoints):
            (value, slope), *others = [self.taylor(x, 2, n) for n in range(len(self.pieces)) if self._reaches(x, n)]
            for other_value, other_slope in others:
                value, slope = value.union(other_value), slope.union(other_slope)
            return value, slope
        n = self.piece_at(x)
        if isinstance(x, fmpq) and (exact := self.pieces[n].slope) is not None:
            return x * to_fmpq(exact), to_fmpq(exact)
        value, slope = self.taylor(arb(x), 2, n)
        return value, slope

    def _reaches(self, x: arb, piece: int) -> bool:
        """Whether the ball may hold points of a piece."""
        ends = (-math.inf, *self.breakpoints, math.inf)
        return not (x < ends[piece] or x > ends[piece + 1])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Activation):
            return NotImplemented
        return self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[Any, ...]:
        """All that tells activations apart: a user's by their functions and constants."""
        return self.name, self.functions, self.lipschitz, self.derivative_lipschitz

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Activation({self.name})"


def activation(spec: Any) -> Activation:
    """The activation that a name spells: "sigmoid", "tanh", "softplus", "gelu", "silu", "elu", "relu", "leaky_relu", "leaky_relu(1/5)".

    An Activation is returned as it is. Raises ValueError for a name that is not known, TypeError for anything else.

    Examples:
        >>> activation("leaky_relu(1/5)").derivative(np.array([-1.0, 2.0]))
        array([0.2, 1. ])
    """
    if isinstance(spec, Activation):
        return spec
    if not isinstance(spec, str):
        raise TypeError(f"activation must be a name or an Activation (theory.activations.custom makes one of a function), but was {spec!r}")
    name = spec.strip().lower()
    if name in _NAMED:
        return _NAMED[name]
    found = re.fullmatch(r"leaky_relu\((.+)\)", name)
    if found:
        try:
            return leaky_relu(Fraction(found[1]))
        except (ValueError, ZeroDivisionError):
            pass
    raise ValueError(f"activation must be one of {', '.join(_NAMED)} or leaky_relu(a) with 0 <= a < 1, but was {spec!r}")


def leaky_relu(slope: Any = Fraction(1, 100)) -> Activation:
    """a x for x <= 0 and x for x > 0, 0 <= a < 1."""
    a = as_number(slope, "slope")
    if not 0 <= a < 1:
        raise ValueError(f"slope must be at least 0 and less than 1, but was {slope}")
    exact, rate = Fraction(a), float(a)
    return Activation(
        name=f"leaky_relu({exact})" if exact else "relu",
        value=lambda x: np.where(x > 0, x, rate * x),
        derivative=lambda x: np.where(x > 0, 1.0, rate),
        pieces=(Piece(lambda s: s * arb(to_fmpq(exact)), exact), Piece(lambda s: s, Fraction(1))),
        breakpoints=(0,),
        is_smooth=False,
    )


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
            raise TypeError(f"{label} must be a function of an array, but was {function!r}")
    constants = {"lipschitz": lipschitz, "derivative_lipschitz": derivative_lipschitz}
    for label, constant in constants.items():
        if as_number(constant, label) < 0:
            raise ValueError(f"{label} must not be negative, but was {constant}")
    made = Activation(
        name=name,
        value=lambda x: checked(value, x, "value"),
        derivative=lambda x: checked(derivative, x, "derivative"),
        lipschitz=float(lipschitz),
        derivative_lipschitz=float(derivative_lipschitz),
        functions=(value, derivative),
    )
    made.value(np.array([-1.0, 0.0, 1.0]))
    made.derivative(np.array([-1.0, 0.0, 1.0]))
    return made


def checked(function: Elementwise, x: np.ndarray, name: str) -> np.ndarray:
    """function(x) as float64, of the shape of x and finite; a ValueError that names the first bad entry otherwise."""
    y = np.asarray(function(x), dtype=np.float64)
    if y.shape != x.shape:
        raise ValueError(f"{name} must return an array of the shape {x.shape} of its argument, but returned {y.shape}")
    if not np.isfinite(y).all():
        place = tuple(np.argwhere(~np.isfinite(y))[0])
        raise ValueError(f"{name} must return finite numbers, but returned {y[place]} at {x[place]!r}")
    return y


# -- the functions: doubles ------------------------------------------------------------


def _sigmoid(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1.0) / (1.0 + small)


def _sigmoid_slope(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))
    return small / (1.0 + small) ** 2


def _tanh_slope(x: np.ndarray) -> np.ndarray:
    small = np.exp(-2 * np.abs(x))
    return 4 * small / (1.0 + small) ** 2


def _normal_cdf(x: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr  # a quarter of a second to load: only where it is used

    return ndtr(x)


def _gelu_slope(x: np.ndarray) -> np.ndarray:
    return _normal_cdf(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _silu_slope(x: np.ndarray) -> np.ndarray:
    return _sigmoid(x) + x * _sigmoid_slope(x)


# -- the functions: power series and complex balls ------------------------------------------------------------


def _is_negative(s: Any) -> bool:
    """The side of 0 on which most of a ball, a complex ball, or a series' constant term lies."""
    first = s[0] if isinstance(s, arb_series) else s.real if isinstance(s, acb) else s
    return bool(first.mid() < 0)


def _sigmoid_of(s: Any) -> Any:
    """Written with the exponential that is small: wide balls far from 0 then stay narrow."""
    if _is_negative(s):
        small = s.exp()
        return small / (1 + small)
    return 1 / (1 + (-s).exp())


def _softplus_of(s: Any) -> Any:
    return (1 + s.exp()).log() if _is_negative(s) else s + (1 + (-s).exp()).log()


def _gelu_of(s: Any) -> Any:
    # erfc of the side where it does not cancel is not needed: absolute accuracy is what counts, and bits are cheap
    return s * (1 + (s * (1 / arb(2).sqrt())).erf()) / 2


def _sigmoid_slope_of(z: acb) -> acb:
    y = _sigmoid_of(z)
    return y * (1 - y)


def _gelu_slope_of(z: acb) -> acb:
    return (1 + (z / arb(2).sqrt()).erf()) / 2 + z * (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


def _analytic(
    name: str, value: Elementwise, derivative: Elementwise, series: Any, slope: Callable[[acb], acb], strip: float, parity: str
) -> Activation:
    return Activation(
        name, value, derivative, (Piece(series),), strip=strip, slope_parity=parity, complex_value=series, complex_derivative=slope
    )


_ALL = (
    _analytic("sigmoid", _sigmoid, _sigmoid_slope, _sigmoid_of, _sigmoid_slope_of, math.pi, "even"),
    _analytic(
        "tanh", np.tanh, _tanh_slope, lambda s: 2 * _sigmoid_of(2 * s) - 1, lambda z: 4 * _sigmoid_slope_of(2 * z), math.pi / 2, "even"
    ),
    _analytic("softplus", lambda x: np.logaddexp(0.0, x), _sigmoid, _softplus_of, _sigmoid_of, math.pi, "odd"),
    _analytic("gelu", lambda x: x * _normal_cdf(x), _gelu_slope, _gelu_of, _gelu_slope_of, math.inf, "odd"),
    _analytic(
        "silu",
        lambda x: x * _sigmoid(x),
        _silu_slope,
        lambda s: s * _sigmoid_of(s),
        lambda z: _sigmoid_of(z) + z * _sigmoid_slope_of(z),
        math.pi,
        "odd",
    ),
    Activation(
        "elu",
        lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))),
        lambda x: np.exp(np.minimum(x, 0.0)),
        (Piece(lambda s: s.exp() - 1), Piece(lambda s: s, Fraction(1))),
        breakpoints=(0,),
    ),
    leaky_relu(0),
    leaky_relu(),
)
_NAMED: dict[str, Activation] = {a.name.split("(")[0]: a for a in _ALL}
