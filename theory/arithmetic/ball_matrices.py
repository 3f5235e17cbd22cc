"""float64 matrices with a proved error bound, and balls for their traces.

X is 2^exponent (X~ + E) with X~ in float64 and ||E||_F <= e. With u = 2^-53 and gamma_n = n u / (1 - n u), a sum of n
products in any order, fused or not, is off by at most gamma_n sum |x_i y_i| (Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., section 3.5). A product X Y is formed in two parts: X~ = X_h + X_l, where X_h and Y_h
have so few bits that X_h Y_h is exact. That leaves

    e_{XY}  =  ||X~||_2 e_Y + e_X ||Y~||_2 + e_X e_Y + u ||fl(X~ Y~)||_F + underflow
               + gamma_{n+1} ( ||X_h||_F ||Y_l||_F + ||X_l||_F ||Y~||_F )

instead of gamma_n ||X~||_F ||Y~||_F for the rounding: some thousand times less. The bounds hold for products formed by
sums of products, as BLAS libraries form them; they would not for Strassen's algorithm. Norms are rounded up by
`_slack`, which is far more than their own error.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property

import numpy as np
from flint import arb, arb_poly, fmpq

from theory.arithmetic.balls import ball_to_float
from theory.arithmetic.norms import UNIT, gamma
from theory.budget import RangeError
from theory.exact import Number

TINY = 2.0**-1074
_ONES = np.ones(16)


class BallMatrix:
    """2^exponent * (mid + E), ||E||_F <= error; `mid` float64, scaled so that nothing overflows."""

    exact = False
    scalar, polynomial = arb, arb_poly

    def __init__(self, mid: np.ndarray, error: float = 0.0, exponent: int = 0) -> None:
        if not (np.isfinite(mid).all() and math.isfinite(error)):
            raise RangeError("a product of matrices left the range of double precision; ask for exact arithmetic")
        self.mid, self.error, self.exponent = mid, error, exponent

    @classmethod
    def from_array(cls, array: np.ndarray) -> BallMatrix:
        """Floats exactly, Fractions rounded, with the rounding in the error; entries scaled by a power of two into [-1, 1]."""
        if array.dtype != object:
            return cls(np.ascontiguousarray(array))._scaled()
        largest = max((abs(x) for x in array.ravel().tolist()), default=Fraction(0))
        exponent = _log2_above(largest)
        scaled = [x * Fraction(2) ** -exponent for x in array.ravel().tolist()]
        mid = np.array([float(x) for x in scaled]).reshape(array.shape)
        misses = [abs(Fraction(m) - x) for m, x in zip(mid.ravel().tolist(), scaled, strict=True)]
        error = 0.0 if not any(misses) else math.sqrt(array.size) * float(max(misses)) * _slack(array.shape) + TINY
        return cls(mid, error, exponent)

    @classmethod
    def identity(cls, n: int) -> BallMatrix:
        """I of order n."""
        return cls(np.eye(n))

    @classmethod
    def zero(cls, shape: tuple[int, int]) -> BallMatrix:
        """A matrix of zeros."""
        return cls(np.zeros(shape))

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.mid.shape

    @property
    def bytes(self) -> float:
        """Memory held, with the copies that products and `inner` make."""
        return 3.0 * self.mid.nbytes

    @cached_property
    def T(self) -> BallMatrix:
        """The transpose, sharing memory."""
        result = BallMatrix.__new__(BallMatrix)
        result.mid, result.error, result.exponent = self.mid.T, self.error, self.exponent
        result.__dict__["frobenius"] = self.frobenius
        result.__dict__["T"] = self
        if "_parts" in self.__dict__:
            bits, (high, low, rest) = self.__dict__["_parts"]
            result.__dict__["_parts"] = bits, (high.T, low.T, rest)
        if "spectral" in self.__dict__:
            result.__dict__["spectral"] = self.spectral
        return result

    @cached_property
    def frobenius(self) -> float:
        """An upper bound on ||mid||_F."""
        return _norm(self.mid)

    @cached_property
    def spectral(self) -> float:
        """An upper bound on ||mid||_2, at most n^(1/16) too large for order n: ||X||_2^8 <= ||(X^T X)^4||_F."""
        if self.frobenius < 2.0**-990:
            return self.frobenius
        exponent = math.frexp(self.frobenius)[1]  # norm about one: eighth powers stay in range
        tall = np.ldexp(self.mid if self.mid.shape[0] >= self.mid.shape[1] else self.mid.T, -exponent)
        power, slack, missed = tall, _slack(self.shape), []
        for _ in range(3):
            missed.append(gamma(tall.shape[0]) * float(np.sum(power * power)) * slack)
            power = power.T @ power
        bound = float(np.sqrt(np.sum(power * power))) * slack
        for miss in reversed(missed):  # ||Y||_2^2 = ||Y^T Y||_2 <= ||fl(Y^T Y)||_2 + gamma ||Y||_F^2
            bound = math.sqrt(bound + miss) * slack
        return min(self.frobenius, math.ldexp(bound, exponent))

    def __matmul__(self, other: BallMatrix) -> BallMatrix:
        n = self.mid.shape[1]
        bits = (53 - n.bit_length()) // 2  # sums of n products of integers of that many bits are exact
        (x, x_low, x_rest), (y, y_low, y_rest) = self._split(bits), other._split(bits)
        cross = x @ y_low + x_low @ other.mid
        mid = x @ y + cross
        crossed = (self.frobenius + x_rest) * y_rest + x_rest * other.frobenius
        norm = _norm(mid)
        rounding = gamma(n + 1) * crossed + UNIT * norm + (n + 2) * math.sqrt(mid.size) * TINY
        error = self.spectral * other.error + self.error * other.spectral + self.error * other.error + rounding
        result = BallMatrix(mid, error * (1 + 16 * UNIT), self.exponent + other.exponent)
        result.frobenius = norm
        result.spectral = min(norm, (self.spectral * other.spectral + rounding) * (1 + 8 * UNIT))
        return result

    def _split(self, bits: int) -> tuple[np.ndarray, np.ndarray, float]:
        """mid = high + low exactly, high an integer of at most `bits` bits times a power of two; a bound on ||low||_F."""
        known = self.__dict__.get("_parts")
        if known is None or known[0] != bits:
            largest = float(np.abs(self.mid).max(initial=0.0))
            if largest < 2.0**-900:
                high = np.zeros_like(self.mid)
            else:
                shift = 1.5 * 2.0 ** (math.frexp(largest)[1] - bits + 52)  # adding it rounds to a multiple of 2^(e - bits)
                high = (self.mid + shift) - shift
            low = self.mid - high
            known = self.__dict__["_parts"] = bits, (high, low, _norm(low))
        return known[1]

    def __add__(self, other: BallMatrix) -> BallMatrix:
        exponent = max(self.exponent, other.exponent)
        left, right = self._shifted(exponent), other._shifted(exponent)
        mid = left.mid + right.mid
        total = BallMatrix(mid, left.error + right.error, exponent)
        total.error = (total.error + UNIT * total.frobenius) * (1 + 8 * UNIT) + math.sqrt(mid.size) * TINY
        return total

    def times(self, factor: fmpq | arb) -> BallMatrix:
        """factor * self; a ball's radius goes into the error."""
        ball = arb(factor)
        mantissa, power = ball.mid().man_exp()
        exponent = int(power) + int(abs(mantissa).bit_length())
        size, radius = ball_to_float(_shift(ball, -exponent))  # |size| <= 1
        error = abs(size) * self.error + (radius + 2 * UNIT) * (self.frobenius + self.error)
        error = error * (1 + 16 * UNIT) + math.sqrt(self.mid.size) * TINY
        return BallMatrix(self.mid * size, error, self.exponent + exponent)

    def inner(self, other: BallMatrix) -> arb:
        """A ball around tr(X Y): up to 16 long sums of products, then their sum."""
        left, right = self._row, other._column
        value = float(np.matmul(left, right).ravel() @ _ONES[: left.shape[0]])
        x, y = self.frobenius, other.frobenius
        rounding = gamma(left.shape[2] + left.shape[0]) * x * y + left.size * TINY
        error = (x * other.error + self.error * (y + other.error) + rounding) * (1 + 16 * UNIT)
        exponent = self.exponent + other.exponent
        return arb(value, error) * arb(2) ** exponent if exponent else arb(value, error)

    @cached_property
    def _row(self) -> np.ndarray:
        return np.ascontiguousarray(self.mid).reshape(math.gcd(self.mid.size, 16), 1, -1)

    @cached_property
    def _column(self) -> np.ndarray:
        return self.T._row.reshape(math.gcd(self.mid.size, 16), -1, 1)

    def trace(self) -> arb:
        """A ball around tr X."""
        n = self.mid.shape[0]
        value = math.fsum(self.mid.diagonal().tolist())
        return _shift(arb(value, (math.sqrt(n) * self.error + UNIT * abs(value)) * (1 + 8 * UNIT) + TINY), self.exponent)

    def core_and_scale(self) -> tuple[BallMatrix, fmpq]:
        """The matrix scaled to norm about 1, and the power of two to multiply it by."""
        core = self._scaled()
        scale, core.exponent = fmpq(2) ** core.exponent, 0
        return core, scale

    def core_at(self, scale: fmpq) -> BallMatrix:
        """The matrix divided by a power of two, with exponent 0."""
        core = self._shifted(int(scale.p.bit_length() - scale.q.bit_length()))
        core.exponent = 0
        return core

    def entries(self) -> tuple[np.ndarray, float]:
        """float64 array, and a bound on the error of any entry."""
        with np.errstate(over="ignore"):
            array = np.ldexp(self.mid, self.exponent)
        if not np.isfinite(array).all():
            raise RangeError("an entry left the range of double precision; ask for exact arithmetic")
        return array, math.ldexp(self.error, self.exponent) * (1 + 2 * UNIT) + TINY

    def _scaled(self) -> BallMatrix:
        """The same, with the largest entry of `mid` in [1/2, 1]."""
        largest = float(np.abs(self.mid).max(initial=0.0))
        return self._shifted(self.exponent + (math.frexp(largest)[1] if largest else 0))

    def _shifted(self, exponent: int) -> BallMatrix:
        """The same, with another exponent; only underflow can round."""
        if exponent == self.exponent:
            return BallMatrix(self.mid, self.error, self.exponent)
        shift = self.exponent - exponent
        mid = np.ldexp(self.mid, shift)
        lost = 0.0 if np.array_equal(np.ldexp(mid, -shift), self.mid) else math.sqrt(mid.size) * TINY
        error = math.ldexp(self.error, shift)
        return BallMatrix(mid, error + lost + (TINY if math.ldexp(error, -shift) != self.error else 0.0), exponent)


def _norm(mid: np.ndarray) -> float:
    """An upper bound on ||mid||_F."""
    flat = mid.ravel(order="K")
    with np.errstate(over="ignore", under="ignore"):
        square = float(np.dot(flat, flat))
    if 1e-250 < square < math.inf:
        return math.sqrt(square) * _slack(mid.shape)
    largest = float(np.abs(flat).max(initial=0.0))
    if largest < 2.0**-1000:  # nothing left to scale: every entry is at most the largest
        return math.sqrt(flat.size) * largest * 2
    exponent = math.frexp(largest)[1]
    return math.ldexp(_norm(np.ldexp(flat, -exponent)), exponent) * (1 + 4 * UNIT)


def _slack(shape: tuple[int, ...]) -> float:
    """More than the relative error of a norm summed in any order."""
    return 1 + (math.prod(shape) + 16) * 2 * UNIT


def _log2_above(value: Number) -> int:
    """e with 2^(e-1) <= value <= 2^e; 0 for zero."""
    numerator, denominator = value.as_integer_ratio()
    if numerator == 0:
        return 0
    e = numerator.bit_length() - denominator.bit_length()
    while Fraction(numerator, denominator) > Fraction(2) ** e:
        e += 1
    return e


def _shift(ball: arb, exponent: int) -> arb:
    return ball if exponent == 0 else ball * arb(2) ** exponent
