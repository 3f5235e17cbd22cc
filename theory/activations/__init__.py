"""Activation functions that are no polynomials: in doubles, in ball arithmetic with all derivatives, and what is known of them.

    sigmoid 1/(1 + e^-x)      tanh      softplus log(1 + e^x)      gelu x Phi(x)      silu x sigmoid(x)
    elu  e^x - 1 for x < 0, x otherwise            relu  max(x, 0)            leaky_relu(a)  a x for x < 0, x otherwise

An activation is analytic on each side of its breakpoints. It is *smooth* when it is C^1 with a Lipschitz derivative, which is what
Theorems 3.6 and A.9 need: errors of sigma and sigma' then bound the error of every gradient. relu and leaky_relu are not: a pre-activation
on the other side of a jump of sigma', however near, changes the gradient by the jump. Where two pieces meet, the derivative in use is the
left one, as in PyTorch's relu.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from flint import acb, arb, arb_series, fmpq

from theory.activations import formulas
from theory.arithmetic.working_precision import taylor_coefficients, working_precision
from theory.budget import Cost, as_count, refuse_large, saturated
from theory.exact import NumberLike, as_double, as_index, as_number, did_you_mean, read_number, shown, to_fmpq, written

Elementwise = Callable[[np.ndarray], np.ndarray]
#: What a user's functions may contradict their constants by, relative to their size.
_ROUNDING = 2.0**-40
#: Terms of a power series whose cost is worth predicting.
_MANY_TERMS = 1000


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

    @property
    def slopes(self) -> tuple[Fraction, ...]:
        """Those of a piecewise linear activation, from left to right; ValueError for any other."""
        if not self.is_piecewise_linear:
            raise ValueError(f"activation must be relu or leaky_relu, but was {self}")
        return tuple(piece.slope for piece in self.pieces if piece.slope is not None)

    def taylor(self, x: arb, order: int, *, piece: int = 0) -> list[arb]:
        """sigma^(j)(x) / j! for j < order, in balls that hold the true values for every point of the ball x, on one analytic piece.

        In flint's working precision: `theory.arithmetic.working_precision` sets it. Numbers of other kinds are taken exactly.
        """
        n, at = as_index(order, "order"), as_index(piece, "piece")
        if self.pieces and at >= len(self.pieces):
            raise ValueError(f"piece must be in 0..{len(self.pieces) - 1} for {self}, but was {shown(at)}")
        if n > _MANY_TERMS:
            terms = saturated(n)
            cost = Cost(3e-8 * terms**2, 100.0 * terms, f"a power series of {as_count(n)} terms")
            refuse_large("order", "the expansion", cost, "a lower order")
        return taylor_coefficients(self._piece(at).series, arb(_rational_or_ball(x)), n)

    def piece_at(self, x: NumberLike) -> int:
        """Index of the piece that holds x, a number or a ball (the left one at a breakpoint).

        ValueError for a ball that holds a breakpoint.
        """
        return self._piece_at(_rational_or_ball(x))

    def _piece_at(self, x: fmpq | arb) -> int:
        if isinstance(x, arb) and any(not (x <= b or x > b) for b in self.breakpoints):
            raise ValueError(f"x = {x} must lie on one side of the breakpoints {self.breakpoints}: more bits are needed")
        return sum(bool(x > b) for b in self.breakpoints)

    def exactly(self, x: Any) -> tuple[Any, Any]:
        """(sigma(x), sigma'(x)): flint rationals for a number x and a linear piece of sigma, balls otherwise.

        A ball that holds a breakpoint gets the values of both pieces when sigma is smooth, and is a ValueError when sigma' jumps there.
        """
        x = _rational_or_ball(x)
        if self.is_smooth and isinstance(x, arb) and any(x.contains(b) for b in self.breakpoints):
            with working_precision():
                (value, slope), *others = [self.taylor(x, 2, piece=n) for n in range(len(self.pieces)) if self._reaches(x, n)]
                for other_value, other_slope in others:
                    value, slope = value.union(other_value), slope.union(other_slope)
            return value, slope
        n = self._piece_at(x)
        if isinstance(x, fmpq) and (exact := self._piece(n).slope) is not None:
            return x * to_fmpq(exact), to_fmpq(exact)
        with working_precision():
            value, slope = self.taylor(arb(x), 2, piece=n)
        return value, slope

    def _piece(self, index: int) -> Piece:
        if not self.pieces:
            raise ValueError(f"activation must be a named one to be evaluated in balls, but is a function of the user's ({self})")
        return self.pieces[index]

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
        pieces = tuple(piece.series if piece.slope is None else piece.slope for piece in self.pieces)
        functions = tuple(map(id, self.functions))  # which need not be hashable
        return self.name, pieces, self.breakpoints, functions, self.lipschitz, self.derivative_lipschitz

    def __reduce__(self) -> Any:
        """Named activations are pickled by name; a user's as far as its functions can be."""
        return (activation, (self.name,)) if self.is_certified else super().__reduce__()

    @property
    def advice(self) -> str:
        """What to do where only a polynomial will do."""
        argument = repr(self.name) if self.is_certified else "problem.activation"
        if self.is_smooth:
            return (
                f"take theory.chebyshev.approximate({argument}, radius, degree).coefficients in its place, and theory.approximation for "
                "how far that is from it"
            )
        return (
            f"take theory.chebyshev.approximate({argument}, radius, degree, 'interpolate').coefficients in its place (no bound on the "
            "difference exists: see the claim 'leaky ReLU'), or theory.enumeration, exact for inputs with finitely many atoms, one batch "
            "size at a time"
        )

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Activation({self.name})"


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
    if name in _NAMED:
        return _NAMED[name]
    reason = did_you_mean(name, _NAMED)
    if name.startswith("leaky_relu(") and name.endswith(")"):
        try:
            return leaky_relu(read_number(name[len("leaky_relu(") : -1], "a"))
        except ValueError as error:
            reason = f": {error}"
    raise ValueError(f"activation must be one of {', '.join(_NAMED)} or leaky_relu(a) with 0 <= a < 1, but was {shown(spec)}{reason}")


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


def _rational_or_ball(x: Any) -> fmpq | arb:
    return x if type(x) in (fmpq, arb) else to_fmpq(as_number(x, "x"))


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
_NAMED: dict[str, Activation] = {a.name.split("(")[0]: a for a in _ALL}
