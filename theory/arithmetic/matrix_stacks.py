"""Many matrices of one shape whose entries are polynomials in eps, for sums of very many products: of integers, or of doubles in balls.

Each kind goes with one kind of constant matrices (`matrices`, `ball_matrices`), whose scales have been taken out before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from flint import arb, arb_poly, fmpq_poly, fmpz_mat

from theory.arithmetic.ball_matrices import TINY, BallMatrix
from theory.arithmetic.matrices import ExactMatrix
from theory.arithmetic.norms import UNIT, gamma


@dataclass(frozen=True)
class Sums:
    """One sum for each of `places`: term n adds eps^powers[n] times the member members[n] of a stack to the sum rows[n]."""

    places: np.ndarray
    rows: np.ndarray
    members: np.ndarray
    powers: np.ndarray

    @classmethod
    def of(cls, places: Sequence[int], members: Sequence[int], powers: Sequence[int] | None = None) -> Sums:
        """From the place of every term."""
        distinct, rows = np.unique(np.array(places), return_inverse=True)
        return cls(
            distinct, rows.astype(np.int32), np.array(members, dtype=np.int32), np.array(powers or [0] * len(members), dtype=np.int8)
        )


#: Below 2^-900 squares have lost digits: what a norm of so small squares misses is less than this for every entry.
_SMALL, _MISSED = 2.0**-900, 2.0**-449


class Stack(Protocol):
    """What both kinds can do, with constant matrices of their own kind. Members are sum_j eps^j M_j with j < length."""

    @classmethod
    def single(cls, matrix: Any) -> Self:
        """One member, a constant matrix without a scale."""

    @classmethod
    def total(cls, count: int, parts: Iterable[tuple[np.ndarray, Self]]) -> Self:
        """Of `count` members: the sums of those of parts, each with the places of its members."""

    def sums(self, terms: Sums, length: int) -> Self:
        """Sums of members, of at most `length` powers of eps."""

    def times(self, matrix: Any) -> Self:
        """M_j W."""

    def spread(self, matrix: Any) -> Self:
        """Of members of order 1: their products with a matrix."""

    def inner(self, matrix: Any) -> Self:
        """tr(M_j R): of order 1."""

    def polynomial(self, member: int) -> Any:
        """A member of order 1 as a polynomial of the ring."""

    def coefficients(self, member: int) -> list[Any]:
        """M_0, M_1, ... as matrices of the ring."""


class IntegerStack:
    """Members are lists of integer matrices M_0, M_1, ..., as long as they need be."""

    def __init__(self, members: list[list[fmpz_mat]]) -> None:
        self.members = members

    @classmethod
    def single(cls, matrix: ExactMatrix) -> IntegerStack:
        """One member, a matrix of scale 1."""
        return cls([[matrix.core]])

    @classmethod
    def total(cls, count: int, parts: Iterable[tuple[np.ndarray, IntegerStack]]) -> IntegerStack:
        """Of `count` members: the sums of those of parts, each with the places of its members."""
        members: list[list[fmpz_mat]] = [[] for _ in range(count)]
        for places, part in parts:
            for place, member in zip(places.tolist(), part.members, strict=True):
                _add(members[place], member, 0)
        return cls(members)

    def sums(self, terms: Sums, length: int) -> IntegerStack:
        """Sums of members, of at most `length` powers of eps."""
        members: list[list[fmpz_mat]] = [[] for _ in terms.places]
        for row, i, power in zip(terms.rows.tolist(), terms.members.tolist(), terms.powers.tolist(), strict=True):
            _add(members[row], self.members[i], power)
        return IntegerStack(members)

    def times(self, matrix: ExactMatrix) -> IntegerStack:
        """M_j W, W of scale 1."""
        return IntegerStack([[part * matrix.core for part in member] for member in self.members])

    def spread(self, matrix: ExactMatrix) -> IntegerStack:
        """Of members of order 1: their products with a matrix of scale 1."""
        return IntegerStack([[matrix.core * part[0, 0] for part in member] for member in self.members])

    def inner(self, matrix: ExactMatrix) -> IntegerStack:
        """tr(M_j R): of order 1."""
        core = matrix.core
        column = fmpz_mat(core.nrows() * core.ncols(), 1, core.transpose().entries())
        return IntegerStack([[fmpz_mat(1, column.nrows(), part.entries()) * column for part in member] for member in self.members])

    def polynomial(self, member: int) -> fmpq_poly:
        """A member of order 1."""
        return fmpq_poly([part[0, 0] for part in self.members[member]])

    def coefficients(self, member: int) -> list[ExactMatrix]:
        """M_0, M_1, ... ."""
        return [ExactMatrix(part) for part in self.members[member]]


def _add(total: list[fmpz_mat], parts: list[fmpz_mat], power: int) -> None:
    """total += eps^power parts, in place."""
    zeros = fmpz_mat(parts[0].nrows(), parts[0].ncols())
    while len(total) < len(parts) + power:
        total.append(zeros)
    for j, part in enumerate(parts, power):
        total[j] = part if total[j] is zeros else total[j] + part


class BallStack:
    """Member i has M_j = mid[i, j] + E with ||E||_F <= error[i, j], in float64.

    With gamma_n as in `ball_matrices`, a product with W and a sum of n terms round by at most gamma_k ||M||_F ||W||_F, k the inner
    dimension, and gamma_n times the sum of the terms' norms.
    """

    def __init__(self, mid: np.ndarray, error: np.ndarray) -> None:
        self.mid, self.error = mid, error
        entries = mid.shape[2] * mid.shape[3]
        square = np.einsum("ijrc,ijrc->ij", mid, mid)
        self.norm = np.sqrt(square) * (1 + (entries + 16) * 2 * UNIT)  # upper bounds on ||mid[i, j]||_F
        small = square < _SMALL
        if small.any():
            self.norm[small] += _MISSED * entries * mid[small].any(axis=(1, 2))

    @classmethod
    def single(cls, matrix: BallMatrix) -> BallStack:
        """One member, a matrix of exponent 0."""
        return cls(matrix.mid[None, None], np.array([[matrix.error]]))

    @classmethod
    def total(cls, count: int, parts: Iterable[tuple[np.ndarray, BallStack]]) -> BallStack:
        """Of `count` members: the sums of those of parts, each with the places of its members."""
        terms = 0
        for places, part in parts:
            if not terms:
                shape = (count, *part.mid.shape[1:])
                mid, error, norm = np.zeros(shape), np.zeros(shape[:2]), np.zeros(shape[:2])
            mid[places] += part.mid
            error[places] += part.error
            norm[places] += part.norm
            terms += 1
        return cls(mid, _with_rounding(error, norm, terms))

    def sums(self, terms: Sums, length: int) -> BallStack:
        """Sums of members, of at most `length` powers of eps."""
        from scipy.sparse import csr_array  # a fifth of a second to load: only where it is used

        count, inner = len(terms.places), self.mid.shape[1:]
        mid, error, norm = np.zeros((count, length, *inner[1:])), np.zeros((count, length)), np.zeros((count, length))
        for power in (0, 1):
            chosen = terms.powers == power
            if chosen.any():
                place = terms.rows[chosen], terms.members[chosen]
                incidence = csr_array((np.ones(len(place[0])), place), shape=(count, len(self.mid)))
                end = power + inner[0]
                mid[:, power:end] += (incidence @ self.mid.reshape(len(self.mid), -1)).reshape(count, *inner)
                error[:, power:end] += incidence @ self.error
                norm[:, power:end] += incidence @ self.norm
        return BallStack(mid, _with_rounding(error, norm, int(np.bincount(terms.rows).max())))

    def times(self, matrix: BallMatrix) -> BallStack:
        """M_j W, W of exponent 0."""
        inner, columns = matrix.shape
        error = self.error * matrix.spectral + matrix.error * (self.norm + self.error) + gamma(inner) * matrix.frobenius * self.norm
        lost = inner * math.sqrt(self.mid.shape[2] * columns) * TINY
        mid = (self.mid.reshape(-1, inner) @ matrix.mid).reshape(*self.mid.shape[:3], columns)
        return BallStack(mid, error * (1 + 16 * UNIT) + lost)

    def spread(self, matrix: BallMatrix) -> BallStack:
        """Of members of order 1: their products with a matrix of exponent 0."""
        size = np.abs(self.mid[:, :, 0, 0])
        error = size * (matrix.error + UNIT * matrix.frobenius) + self.error * (matrix.frobenius + matrix.error)
        return BallStack(self.mid * matrix.mid, error * (1 + 16 * UNIT) + math.sqrt(matrix.mid.size) * TINY)

    def inner(self, matrix: BallMatrix) -> BallStack:
        """tr(M_j R): of order 1."""
        mid = self.mid.reshape(*self.error.shape, -1) @ matrix.mid.T.ravel()
        rounding = gamma(matrix.mid.size) * self.norm * matrix.frobenius + matrix.mid.size * TINY
        error = self.norm * matrix.error + self.error * (matrix.frobenius + matrix.error) + rounding
        return BallStack(mid[:, :, None, None], error * (1 + 16 * UNIT))

    def polynomial(self, member: int) -> arb_poly:
        """A member of order 1, in balls."""
        return arb_poly([arb(x, e) for x, e in zip(self.mid[member, :, 0, 0].tolist(), self.error[member].tolist(), strict=True)])

    def coefficients(self, member: int) -> list[BallMatrix]:
        """M_0, M_1, ... ."""
        return [BallMatrix(mid, error) for mid, error in zip(self.mid[member], self.error[member].tolist(), strict=True)]


def _with_rounding(error: np.ndarray, norm: np.ndarray, terms: int) -> np.ndarray:
    """Errors of sums, with what adding so many terms rounds, and the rounding of the bound itself."""
    bound: np.ndarray = (error + gamma(terms) * norm) * (1 + (terms + 8) * 2 * UNIT)
    return bound


def kind_of(ring: Any) -> Any:
    """The kind of stack that goes with ExactMatrix or BallMatrix."""
    return IntegerStack if ring is ExactMatrix else BallStack
