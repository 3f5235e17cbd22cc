"""Two linear layers as polynomials in the batches: the reduced state and its step, in integers.

Hidden width. With N = [W_1, W_2^T] (p_1 rows, p + p_2 columns), D = W_2 W_1 - W*_2 W*_1 and G = D S,
    W_1' = W_1 - alpha W_2^T G,    W_2'^T = W_2^T - alpha W_1 G^T,      that is   N' = N (I - alpha [[0, G^T], [G, 0]]),
so the columns of N stay in the span that they start in: N_0 = U R_0, the r = rank N_0 columns of U being columns of N_0, gives
N_t = U R_t, and with R = [R_1, R_2] (r x p and r x p_2) and M = U^T U
    R_1' = R_1 - alpha R_2 G,           R_2' = R_2 - alpha R_1 G^T,
    W_2 W_1 = R_2^T M R_1,          W_1^T W_1 = R_1^T M R_1,          W_2 W_2^T = R_2^T M R_2.
R_0 is the reduced row echelon form of N_0: mostly the identity, so that all of the weights' digits are in M, where they stay. Where the
rank is p_1, which a rank modulo a prime proves at once, there is nothing to reduce, and U = M = I.

Integers. Let rho R_0 be an integer matrix, delta a multiple of rho^2 M's denominator and of the teacher's. In the variable
Y = (alpha c / delta) S, c a common divisor of the entries of the integer matrix delta D (any number, when they all vanish),
    R_1' = R_1 - R_2 (delta D / c) Y,    R_2' = R_2 - R_1 ((delta D / c) Y)^T
has the denominator rho again, at every step. What Y hides is put back by its moments, E Y^a = (alpha c / delta)^|a| E S^a.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from flint import fmpq, fmpq_mat, fmpz, nmod_mat

from theory.arithmetic.rows import Rows, multiply, subtract, transpose
from theory.exact import to_fmpq_mat
from theory.problem import TeacherStudent

Rational = list[list[fmpq]]
_PRIME = (1 << 61) - 1


@dataclass(frozen=True)
class State:
    """rho R_1 (r x p), rho R_2 (r x p_2) and delta D (p_2 x p), in integers or integer polynomials."""

    first: Rows
    second: Rows
    residual: Rows


class PolynomialState:
    """The recursion of one problem: `initial`, then `after(state, Y)` step by step.

    Attributes:
        basis: U, of shape (p_1, r), rows of rationals; None for the identity.
        metric, eta: M = metric / eta, an integer matrix over an integer; None for the identity.
        rank: r, or 1 where all weights vanish.
        rho, delta: the denominators.
    """

    def __init__(self, problem: TeacherStudent) -> None:
        w1, w2 = (to_fmpq_mat(w) for w in problem.student)
        teacher = (to_fmpq_mat(problem.teacher_weights[1]) * to_fmpq_mat(problem.teacher_weights[0])).tolist()
        self.basis, reduced, metric = _reduce(_beside(w1, w2.transpose()))
        self.inputs, self.outputs, self.rank = w1.ncols(), w2.nrows(), len(reduced)
        self.eta, self.rho = _common(metric or []), _common(reduced)
        self.metric = None if metric is None else _integers(metric, self.eta)
        self.delta = math.lcm(self.rho**2 * self.eta, _common(teacher))
        self._factor = fmpz(self.delta // (self.rho**2 * self.eta))
        self._target = _integers(teacher, self.delta)
        rows = _integers(reduced, self.rho)
        self.initial = self._state([row[: self.inputs] for row in rows], [row[self.inputs :] for row in rows])

    def after(self, state: State, batch: Rows, content: fmpz | None = None) -> State:
        """The following state, given Y; `content` is the c of Y, 1 if None."""
        residual = state.residual if content is None else [[x // content for x in row] for row in state.residual]
        gradient = multiply(residual, batch)
        return self._state(
            subtract(state.first, multiply(state.second, gradient)),
            subtract(state.second, multiply(state.first, transpose(gradient))),
        )

    def gram(self, rows: Rows) -> Rows:
        """rows^T M rows, times eta: with the two parts of a state, rho^2 eta times W_1^T W_1 and W_2 W_2^T."""
        return multiply(transpose(rows), self._weighted(rows))

    def _state(self, first: Rows, second: Rows) -> State:
        product = multiply(transpose(second), self._weighted(first))
        return State(first, second, subtract([[x * self._factor for x in row] for row in product], self._target))

    def _weighted(self, rows: Rows) -> Rows:
        return rows if self.metric is None else multiply(self.metric, rows)


def content(rows: Rows) -> fmpz:
    """The greatest common divisor of an integer matrix; 1 when it vanishes."""
    divisor = fmpz(0)
    for row in rows:
        for x in row:
            divisor = divisor.gcd(x)
    return divisor or fmpz(1)


def _beside(left: fmpq_mat, right: fmpq_mat) -> fmpq_mat:
    return fmpq_mat([a + b for a, b in zip(left.tolist(), right.tolist(), strict=True)])


def _reduce(matrix: fmpq_mat) -> tuple[Rational | None, Rational, Rational | None]:
    """(U, R, M) with matrix = U R and M = U^T U, U some of its columns; (None, matrix, None) where the rank is the number of rows."""
    if has_independent_rows(matrix):
        return None, matrix.tolist(), None
    echelon, rank = matrix.rref()
    if rank == 0:  # all weights are zero; one hidden unit that stays zero keeps the shapes
        return [[fmpq(int(i == 0))] for i in range(matrix.nrows())], [[fmpq(0)] * matrix.ncols()], None
    if rank == matrix.nrows():
        return None, matrix.tolist(), None
    reduced = echelon.tolist()[:rank]
    pivots = [next(j for j, x in enumerate(row) if x) for row in reduced]
    columns = fmpq_mat([[row[j] for j in pivots] for row in matrix.tolist()])
    return columns.tolist(), reduced, (columns.transpose() * columns).tolist()


def has_independent_rows(matrix: fmpq_mat) -> bool:
    """True proves that the rank is the number of rows: it is modulo a prime. (False proves nothing.)"""
    if matrix.nrows() > matrix.ncols():
        return False
    integers = [int(x) % _PRIME for x in matrix.numer_denom()[0].entries()]
    return bool(nmod_mat(matrix.nrows(), matrix.ncols(), integers, _PRIME).rank() == matrix.nrows())


def _common(rows: Rational) -> int:
    return math.lcm(*(int(x.q) for row in rows for x in row))


def _integers(rows: Rational, denominator: int) -> Rows:
    return [[fmpz((x * denominator).p) for x in row] for row in rows]
