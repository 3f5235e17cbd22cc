"""What an activation is: sigma and sigma' in doubles and in ball arithmetic, its pieces, and what is known of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from flint import acb, arb, arb_series, fmpq

from theory.arithmetic.working_precision import taylor_coefficients, working_precision
from theory.budget import Cost, as_count, refuse_large, saturated
from theory.exact import NumberLike, as_index, as_number, shown, to_fmpq

Elementwise = Callable[[np.ndarray], np.ndarray]

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
    functions: tuple[Elementwise, ...] = field(default=(), repr=False)

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

    def exactly(self, x: object) -> tuple[Any, Any]:
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
    def _key(self) -> tuple[object, ...]:
        """All that tells activations apart: a user's by their functions and constants."""
        pieces = tuple(piece.series if piece.slope is None else piece.slope for piece in self.pieces)
        functions = tuple(map(id, self.functions))  # which need not be hashable
        return self.name, pieces, self.breakpoints, functions, self.lipschitz, self.derivative_lipschitz

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


def _rational_or_ball(x: Any) -> fmpq | arb:
    return x if type(x) in (fmpq, arb) else to_fmpq(as_number(x, "x"))
