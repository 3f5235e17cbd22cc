"""Two linear layers as polynomials in the batches: the reduced state and its step, in integers.

Hidden width. With N = [W_1, W_2^T] (p_1 rows, p + p_2 columns), D = W_2 W_1 - W*_2 W*_1 and G = D S,
    W_1' = W_1 - alpha W_2^T G,    W_2'^T = W_2^T - alpha W_1 G^T,      that is   N' = N (I - alpha [[0, G^T], [G, 0]]),
so the columns of N stay in the span that they start in: N_0 = U R_0, with r = rank N_0 <= min(p_1, p + p_2) columns in U and
U^T U = Delta diagonal, gives N_t = U R_t, and with R = [R_1, R_2] (r x p and r x p_2)
    R_1' = R_1 - alpha R_2 G,           R_2' = R_2 - alpha R_1 G^T,
    W_2 W_1 = R_2^T Delta R_1,          W_1^T W_1 = R_1^T Delta R_1,          W_2 W_2^T = R_2^T Delta R_2.

Integers. Let rho R_0 be an integer matrix, delta a multiple of rho^2 Delta's denominator and of the teacher's. In the variable
Y = (alpha c / delta) S, c a common divisor of the entries of the integer matrix delta D (any number, when they all vanish),
    R_1' = R_1 - R_2 (delta D / c) Y,    R_2' = R_2 - R_1 ((delta D / c) Y)^T
has the denominator rho again, at every step. What Y hides is put back by its moments, E Y^a = (alpha c / delta)^|a| E S^a.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from flint import fmpq, fmpq_mat, fmpz

from theory.exact import to_fmpq_mat
from theory.problem import TeacherStudent

#: A matrix over the ring: rows of entries, which may be integers or integer polynomials.
Rows = list[list[Any]]


@dataclass(frozen=True)
class State:
    """rho R_1 (r x p), rho R_2 (r x p_2) and delta D (p_2 x p)."""

    first: Rows
    second: Rows
    gap: Rows


class PolynomialState:
    """The recursion of one problem: `initial`, then `after(state, Y)` step by step.

    Attributes:
        basis: U, of shape (p_1, r), rows of rationals.
        metric, eta: Delta = metric / eta, integers.
        rho, delta: the denominators.
    """

    def __init__(self, problem: TeacherStudent) -> None:
        w1, w2 = (to_fmpq_mat(w) for w in problem.student)
        teacher = (to_fmpq_mat(problem.teacher[1]) * to_fmpq_mat(problem.teacher[0])).tolist()
        self.basis, reduced, metric = _reduce(_beside(w1, w2.transpose()))
        self.inputs, self.outputs, self.rank = w1.ncols(), w2.nrows(), len(metric)
        self.eta, self.rho = _common([metric]), _common(reduced)
        self.metric = _integers([metric], self.eta)[0]
        self.delta = math.lcm(self.rho**2 * self.eta, _common(teacher))
        self._factor = fmpz(self.delta // (self.rho**2 * self.eta))
        self._target = _integers(teacher, self.delta)
        rows = _integers(reduced, self.rho)
        self.initial = self._state([row[: self.inputs] for row in rows], [row[self.inputs :] for row in rows])

    def after(self, state: State, batch: Rows, content: fmpz | None = None) -> State:
        """The following state, given Y; `content` is the c of Y, 1 if None."""
        gap = state.gap if content is None else [[x // content for x in row] for row in state.gap]
        gradient = multiply(gap, batch)
        return self._state(
            subtract(state.first, multiply(state.second, gradient)),
            subtract(state.second, multiply(state.first, transpose(gradient))),
        )

    def gram(self, rows: Rows) -> Rows:
        """rows^T Delta rows, times eta: with the two parts of a state, rho^2 eta times W_1^T W_1 and W_2 W_2^T."""
        return multiply(transpose(rows), self._weighted(rows))

    def _state(self, first: Rows, second: Rows) -> State:
        product = multiply(transpose(second), self._weighted(first))
        return State(first, second, subtract([[x * self._factor for x in row] for row in product], self._target))

    def _weighted(self, rows: Rows) -> Rows:
        return [row if d == 1 else [x * d for x in row] for row, d in zip(rows, self.metric, strict=True)]


def content(rows: Rows) -> fmpz:
    """The greatest common divisor of an integer matrix; 1 when it vanishes."""
    divisor = fmpz(0)
    for row in rows:
        for x in row:
            divisor = divisor.gcd(x)
    return divisor or fmpz(1)


def multiply(left: Rows, right: Rows) -> Rows:
    """The matrix product over any ring (inner dimension at least 1)."""
    columns = list(zip(*right, strict=True))
    product = []
    for row in left:
        entries = []
        for column in columns:
            total = row[0] * column[0]
            for x, y in zip(row[1:], column[1:], strict=True):
                total = total + x * y
            entries.append(total)
        product.append(entries)
    return product


def subtract(left: Rows, right: Rows) -> Rows:
    """left - right."""
    return [[x - y for x, y in zip(a, b, strict=True)] for a, b in zip(left, right, strict=True)]


def transpose(rows: Rows) -> Rows:
    """The transpose."""
    return [list(column) for column in zip(*rows, strict=True)]


def _beside(left: fmpq_mat, right: fmpq_mat) -> list[list[fmpq]]:
    return [a + b for a, b in zip(left.tolist(), right.tolist(), strict=True)]


def _reduce(rows: list[list[fmpq]]) -> tuple[list[list[fmpq]], list[list[fmpq]], list[fmpq]]:
    """(U, R, Delta) with rows = U R and U^T U = diag(Delta): Gram-Schmidt on the columns, or U = I when that saves nothing."""
    width = len(rows)
    basis: list[list[fmpq]] = []
    norms: list[fmpq] = []
    coordinates: list[list[fmpq]] = []  # of every column of `rows`, as far as the basis had grown
    for column in zip(*rows, strict=True):
        rest, weights = list(column), []
        for u, norm in zip(basis, norms, strict=True):
            weight = sum((x * y for x, y in zip(column, u, strict=True)), fmpq(0)) / norm
            weights.append(weight)
            rest = [x - weight * y for x, y in zip(rest, u, strict=True)]
        if any(rest):
            basis.append(rest)
            norms.append(sum((x * x for x in rest), fmpq(0)))
            weights.append(fmpq(1))
        coordinates.append(weights)
    if not basis:  # all weights are zero; one hidden unit that stays zero keeps the shapes
        return [[fmpq(int(i == 0))] for i in range(width)], [[fmpq(0)] * len(coordinates)], [fmpq(1)]
    rank = len(basis)
    if rank == width:
        identity = [[fmpq(int(i == j)) for j in range(width)] for i in range(width)]
        return identity, rows, [fmpq(1)] * width
    reduced = [[c[i] if i < len(c) else fmpq(0) for c in coordinates] for i in range(rank)]
    return [[u[i] for u in basis] for i in range(width)], reduced, norms


def _common(rows: list[list[fmpq]]) -> int:
    return math.lcm(*(int(x.q) for row in rows for x in row))


def _integers(rows: list[list[fmpq]], denominator: int) -> Rows:
    return [[fmpz((x * denominator).p) for x in row] for row in rows]
