"""The proof of the theorem as a computation, for two atoms and t = 1: var(b) = c_1/b + c_2/b^2 + ..., with a bound on the rest.

With q the frequency of the second atom in batch 0, p its mean, w_1(q) the weights that it leads to and G_n(q) the gradient at atom n,

    var = (1/b) E phi_1 + (1 - 1/b) E phi_2 - ||E psi||^2,     psi = sum_n p_n G_n,  phi_1 = sum_n p_n ||G_n||^2,  phi_2 = ||psi||^2.

Each of these functions f is split into its Taylor polynomial T at p, of degree below J, and a rest. On |q - p| <= d the rest is at most
sup|f^(J)| / J! |q - p|^J; elsewhere it is at most sup|f| + sup|T|, and that has a probability of at most 2 exp(-2 d^2 b) (Hoeffding). The
moments of q - p are polynomials in 1/b. All suprema are taken in ball arithmetic, over small intervals that cover [0, 1].
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction as F
from math import comb
from typing import Any

import numpy as np
from flint import arb, arb_poly, arb_series, fmpq, fmpq_poly

from theory.activations import Activation
from theory.arithmetic.balls import ends
from theory.arithmetic.working_precision import working_precision
from theory.backpropagation import Entrywise, Sigma, backpropagate, exact_sigma, forward
from theory.exact import to_fmpq
from theory.problem import TeacherStudent

BITS = 128
#: Intervals that cover |q - p| <= d, and as many elsewhere.
CELLS = 32
#: Batch sizes beyond which no certificate is looked for.
FARTHEST = 10**6


@dataclass(frozen=True)
class Expansion:
    """|var(b) - polynomial(1/b)| <= rest b^(-order/2) + tail exp(-2 distance^2 b) for every b >= 1."""

    polynomial: arb_poly
    order: int
    rest: arb
    tail: arb
    distance: F

    @property
    def leading(self) -> arb:
        """c_1, the limit of b var(b)."""
        return self.polynomial[1]

    def error(self, batch_size: int) -> arb:
        """The bound at one batch size."""
        with working_precision(BITS):
            b, d = arb(batch_size), to_fmpq(self.distance)
            return self.rest * b ** (-self.order // 2) + self.tail * (-2 * d * d * b).exp()

    def variance(self, batch_size: int) -> arb:
        """A ball that holds var(b)."""
        with working_precision(BITS):
            return self.polynomial(arb(1) / batch_size) + arb(0, self.error(batch_size).upper())

    def decreasing_from(self) -> int | None:
        """The first batch size found from which on var(b) > var(b+1) is proved, for every b; None when none is below FARTHEST.

        b^2 (var(b) - var(b+1)) >= c_1 b/(b+1) - sum_{i >= 2} i |c_i| b^(1-i) - 2 rest b^(2-J/2) - 2 tail b^2 exp(-2 d^2 b). From 1/d^2 on
        every term increases with b, so that what is positive once stays so.
        """
        with working_precision(BITS):
            above = next((b for b in (2**n for n in range(FARTHEST.bit_length())) if self._gain(b) > 0), None)
            if above is None:
                return None
            return bisect_left(range(above + 1), True, lo=above // 2 + 1, key=lambda b: bool(self._gain(b) > 0))

    def _gain(self, batch_size: int) -> arb:
        b, d = arb(batch_size), to_fmpq(self.distance)
        if not self.tail.is_zero() and batch_size * d * d < 1:
            return arb(-1)
        later = sum((i * abs(c) * b ** (1 - i) for i, c in enumerate(self.polynomial.coeffs()) if i >= 2), arb(0))
        return self.leading * b / (b + 1) - later - 2 * b * b * self.error(batch_size)


def expand(problem: TeacherStudent, layer: int, *, order: int = 8, distance: F = F(1)) -> Expansion:
    """The expansion of var(g_{1,layer}) with the Taylor polynomials below an even `order` >= 6 and d = `distance`.

    ValueError when there are more than two atoms, and when a pre-activation meets a breakpoint of sigma with |q - p| <= distance.
    """
    law = problem.inputs.support()
    if law is None or len(law[0]) != 2:
        raise ValueError(f"inputs must have two atoms, but were {problem.inputs}")
    if order < 6 or order % 2:
        raise ValueError(f"order must be even and at least 6, but was {order}")
    mean = F(law[1][1])
    with working_precision(BITS, terms=order + 1):
        moments = _centred_moments(mean, order)
        inside, outside = _intervals(mean, distance)
        taylor = _functions(problem, layer, arb(to_fmpq(mean)), order)
        averages = [sum((arb_poly(m) * c for m, c in zip(moments, f, strict=False)), arb_poly([0])) for f in taylor]
        at_order = zip(*(_functions(problem, layer, q, order + 1) for q in inside), strict=True)
        largest = [_largest(f[order] for f in column) for column in at_order]
        reach = to_fmpq(max(mean, 1 - mean))
        of_taylor = [sum((abs(c) * reach**j for j, c in enumerate(f)), arb(0)) for f in taylor]
        beyond = [arb(0)] * len(taylor)
        if outside:
            there = zip(*(_functions(problem, layer, q, 1) for q in outside), strict=True)
            beyond = [2 * (_largest(f[0] for f in column) + t) for column, t in zip(there, of_taylor, strict=True)]
        scale = _size(arb_poly(moments[order]))  # E (q - p)^J <= scale b^(-J/2)
        rests = [scale * x for x in largest]
        # | ||E psi||^2 - ||E T||^2 | <= sum (2 |E T| + e) e, with e the bound of an entry at b = 1
        factors = [arb(1), arb(1), *(2 * _size(a) + r + m for a, r, m in zip(averages[2:], rests[2:], beyond[2:], strict=True))]
        epsilon = arb_poly([0, 1])
        polynomial = epsilon * averages[0] + (1 - epsilon) * averages[1] - sum((a * a for a in averages[2:]), arb_poly([0]))
        rest, tail = (sum((f * x for f, x in zip(factors, errors, strict=True)), arb(0)) for errors in (rests, beyond))
        return Expansion(polynomial, order, rest, tail, distance)


def _functions(problem: TeacherStudent, layer: int, q: arb, order: int) -> list[list[arb]]:
    """phi_1, phi_2 and the entries of psi: f^(j)(q) / j! for j < order, in balls that hold the values for all points of the ball q."""
    law = problem.inputs.support()
    assert law is not None
    sigma = _on_series(problem.activation, order)
    student, teacher = ([_constants(w, order) for w in side] for side in (problem.student, problem.teacher_weights))
    atoms = [_constants(np.array([x], dtype=object), order) for x in law[0]]
    targets = [forward(teacher, sigma, x)[1][-1] for x in atoms]
    first = [backpropagate(student, sigma, x, y).gradients for x, y in zip(atoms, targets, strict=True)]
    share = _filled((1, 1), lambda _: arb_series([q, 1], order))
    step = [before + (after - before) * share for before, after in zip(*first, strict=True)]
    weights = problem.optimizer.step(student, step, arb(to_fmpq(problem.learning_rate(0))))
    at_atoms = [backpropagate(weights, sigma, x, y).gradients[layer - 1] for x, y in zip(atoms, targets, strict=True)]
    chances = [arb(to_fmpq(p)) for p in law[1]]
    psi = sum(g * p for g, p in zip(at_atoms, chances, strict=True))
    phi_1 = sum((g * g).sum() * p for g, p in zip(at_atoms, chances, strict=True))
    return [_coefficients(f, order) for f in (phi_1, (psi * psi).sum(), *psi.ravel().tolist())]


def _on_series(activation: Any, order: int) -> Sigma:
    """sigma and sigma' of a power series in balls, from their Taylor coefficients at its constant term."""
    if not isinstance(activation, Activation):
        return exact_sigma(activation)

    def function(h: arb_series) -> tuple[arb_series, arb_series]:
        at, *moving = _coefficients(h, order)
        by_piece = _taylor(activation, at, order + 1, moves=not all(c.is_zero() for c in moving))
        move, value, slope = arb_series([0, *moving], order), arb_series([0], order), arb_series([0], order)
        for j in reversed(range(order)):
            value, slope = value * move + by_piece[j], slope * move + (j + 1) * by_piece[j + 1]
        return value, slope

    return Entrywise(function)


def _taylor(activation: Activation, at: arb, order: int, moves: bool) -> list[arb]:
    """sigma^(j)(at) / j!; where several pieces meet the ball, hulls of their values and slopes, and a ValueError when it `moves`."""
    low, high = ends(at)
    first, last = activation.piece_at(low), activation.piece_at(high)
    if moves and (first != last or any(at.contains(k) for k in activation.breakpoints)):
        raise ValueError(f"distance must be smaller: a pre-activation in {at.str(5)} meets a breakpoint of {activation}")
    found = activation.taylor(at, order, piece=first)
    for piece in range(first + 1, last + 1):
        found = [x.union(y) for x, y in zip(found, activation.taylor(at, order, piece=piece), strict=True)]
    return found


def _centred_moments(p: F, order: int) -> list[fmpq_poly]:
    """E (q - p)^j for j <= order as polynomials in 1/b, from the cumulants of one draw: those of a mean are kappa_i / b^(i-1)."""
    draw = [to_fmpq(p * (1 - p) ** j + (1 - p) * (-p) ** j) for j in range(order + 1)]
    cumulants = [fmpq(0)] * (order + 1)
    for j in range(1, order + 1):
        cumulants[j] = draw[j] - sum((comb(j - 1, i - 1) * cumulants[i] * draw[j - i] for i in range(1, j)), fmpq(0))
    moments = [fmpq_poly([1])]
    for j in range(1, order + 1):
        terms = (fmpq_poly([0] * (i - 1) + [comb(j - 1, i - 1) * cumulants[i]]) * moments[j - i] for i in range(1, j + 1))
        moments.append(sum(terms, fmpq_poly([0])))
    return moments


def _intervals(mean: F, distance: F) -> tuple[list[arb], list[arb]]:
    """Balls that cover |q - mean| <= distance within [0, 1], and balls that cover the rest of it."""
    low, high = max(F(0), mean - distance), min(F(1), mean + distance)
    inside = _cells(low, high)
    return inside, [cell for a, b in ((F(0), low), (high, F(1))) if a < b for cell in _cells(a, b)]


def _cells(low: F, high: F) -> list[arb]:
    half = (high - low) / (2 * CELLS)
    return [arb(to_fmpq(low + (2 * i + 1) * half)) + arb(0, arb(to_fmpq(half)).upper()) for i in range(CELLS)]


def _constants(matrix: np.ndarray, order: int) -> np.ndarray:
    return _filled(matrix.shape, lambda place: arb_series([arb(to_fmpq(matrix[place]))], order))


def _filled(shape: tuple[int, ...], entry: Any) -> np.ndarray:
    """An array of series: numpy takes a series for a sequence unless it is put in its place by hand."""
    filled = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        filled[place] = entry(place)
    return filled


def _coefficients(series: arb_series, order: int) -> list[arb]:
    found = series.coeffs()
    return [*found, *([arb(0)] * (order - len(found)))]


def _largest(balls: Any) -> arb:
    found = arb(0)
    for ball in balls:
        found = found.max(abs(ball).upper())
    return found


def _size(polynomial: arb_poly) -> arb:
    """A bound on |polynomial(1/b)| b^v for b >= 1, v its lowest power."""
    return sum((abs(c) for c in polynomial.coeffs()), arb(0))
