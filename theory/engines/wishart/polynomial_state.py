"""Two linear layers as polynomials in the batches: the reduced state and its step, in integers.

Hidden width. With N = [W_1, W_2^T] (p_1 rows, p + p_2 columns), D = W_2 W_1 - W*_2 W*_1 and G = D S,
    W_1' = W_1 - alpha W_2^T G,    W_2'^T = W_2^T - alpha W_1 G^T,      that is   N' = N (I - alpha [[0, G^T], [G, 0]]),
so the columns of N stay in the span that they start in: N_0 = U R_0, the r = rank N_0 columns of U being columns of N_0, gives
N_t = U R_t, and with R = [R_1, R_2] (r x p and r x p_2) and M = U^T U
    R_1' = R_1 - alpha R_2 G,           R_2' = R_2 - alpha R_1 G^T,
    W_2 W_1 = R_2^T M R_1,          W_1^T W_1 = R_1^T M R_1,          W_2 W_2^T = R_2^T M R_2.
R_0 is the reduced row echelon form of N_0: mostly the identity, so that all of the weights' digits are in M, where they stay. Where the
rank is p_1, which a rank modulo a prime proves at once, there is nothing to reduce, and U = M = I.

Momentum and weight decay. The buffers stay in the same span, V = U [V_1, V_2], and with the step's coefficients (`SGD.linear_step`)
    R_1' = a_0 R_1 + a_1 V_1 + a_2 R_2 G,         V_1' = b_0 R_1 + b_1 V_1 + b_2 R_2 G,         and so R_2, V_2 with R_1 G^T:
plainly a = (1, 0, -alpha).

Integers. Let rho R_0 be an integer matrix, delta a multiple of rho^2 M's denominator and of the teacher's. In the variable
Y = (u c / delta) S, c a common divisor of the entries of the integer matrix delta D (any number, when they all vanish) and u the greatest
number of which a_2 and b_2 are multiples over k, the common denominator of the other coefficients (plainly u = alpha, k = 1),
    (k rho) R_1' = (k a_0) (rho R_1) + (k a_1) (rho V_1) + (k a_2 / u) (rho R_2) (delta D / c) Y
are integers again: the denominators rho and delta of a step are known before anything moves, and the same at every step of plain SGD. What
Y hides is put back by its moments, E Y^a = (u c / delta)^|a| E S^a.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq, fmpq_mat, fmpz, nmod_mat

from theory.arithmetic.rows import Rows, multiply, subtract, transpose
from theory.exact import Number, to_fmpq, to_fmpq_mat
from theory.optimizers import SGD
from theory.problem import TeacherStudent

Rational = list[list[fmpq]]
_PRIME = (1 << 61) - 1


@dataclass(frozen=True)
class State:
    """rho R_1 (r x p), rho R_2 (r x p_2) and delta D (p_2 x p), in integers or integer polynomials; rho V_1 and rho V_2 with momentum."""

    first: Rows
    second: Rows
    residual: Rows
    buffers: tuple[Rows, Rows] | None = None


@dataclass(frozen=True)
class Scale:
    """The denominators at one step, and what they make of the product of the weights and of the teacher's."""

    rho: int
    delta: int
    factor: fmpz
    target: Rows


@dataclass(frozen=True)
class Move:
    """One step in integers: u, and the rows (k a_0, k a_1, k a_2 / u) and (k b_0, k b_1, k b_2 / u)."""

    unit: fmpq
    of_weights: tuple[fmpz, ...]
    of_buffers: tuple[fmpz, ...]
    growth: int

    @classmethod
    def of(cls, optimizer: SGD, rate: Number, is_first: bool) -> Move:
        """The step of this optimizer; u = 1 where the gradient does not enter."""
        rows = [[to_fmpq(x) for x in row] for row in optimizer.linear_step(Fraction(rate), is_first)]
        k = math.lcm(*(int(x.q) for row in rows for x in row[:2]))
        unit = _common_measure(rows[0][2] * k, rows[1][2] * k)
        of_weights, of_buffers = (tuple((x * k / (unit if i == 2 else 1)).p for i, x in enumerate(row)) for row in rows)
        return cls(unit, of_weights, of_buffers, k)


class PolynomialState:
    """The recursion of one problem: `initial`, then `after(state, s, Y)` step by step, s = 0, ..., steps - 1.

    Attributes:
        basis: U, of shape (p_1, r), rows of rationals; None for the identity.
        metric, eta: M = metric / eta, an integer matrix over an integer; None for the identity.
        rank: r, or 1 where all weights vanish.
        scales: the denominators at steps 0, ..., steps.
        moves: the steps.
    """

    def __init__(self, problem: TeacherStudent, steps: int = 0) -> None:
        w1, w2 = (to_fmpq_mat(w) for w in problem.student)
        teacher = (to_fmpq_mat(problem.teacher_weights[1]) * to_fmpq_mat(problem.teacher_weights[0])).tolist()
        self.basis, reduced, metric = _reduce(_beside(w1, w2.transpose()))
        self.inputs, self.outputs, self.rank = w1.ncols(), w2.nrows(), len(reduced)
        self.eta, rho = _common(metric or []), _common(reduced)
        self.metric = None if metric is None else _integers(metric, self.eta)
        self._has_buffers = problem.optimizer.has_buffer
        self.moves = [Move.of(problem.optimizer, alpha, s == 0) for s, alpha in enumerate(problem.rates_before(steps))]
        self.scales = [self._scale(rho, teacher)]
        for move in self.moves:
            self.scales.append(self._scale(self.scales[-1].rho * move.growth, teacher) if move.growth > 1 else self.scales[-1])
        rows = _integers(reduced, rho)
        self.initial = self._state([row[: self.inputs] for row in rows], [row[self.inputs :] for row in rows], None, self.scales[0])

    @property
    def last(self) -> Scale:
        """The denominators after all steps."""
        return self.scales[-1]

    def after(self, state: State, step: int, batch: Rows, content: fmpz | None = None) -> State:
        """The following state, given Y; `content` is the c of Y, 1 if None."""
        move = self.moves[step]
        residual = state.residual if content is None else [[x // content for x in row] for row in state.residual]
        gradient = multiply(residual, batch)
        slopes = multiply(state.second, gradient), multiply(state.first, transpose(gradient))
        parts = list(zip((state.first, state.second), state.buffers or (None, None), slopes, strict=True))
        first, second = (_combined(move.of_weights, part) for part in parts)
        buffers = tuple(_combined(move.of_buffers, part) for part in parts) if self._has_buffers else None
        return self._state(first, second, buffers, self.scales[step + 1])

    def gram(self, rows: Rows) -> Rows:
        """rows^T M rows, times eta: with the two parts of a state, rho^2 eta times W_1^T W_1 and W_2 W_2^T."""
        return multiply(transpose(rows), self._weighted(rows))

    def _scale(self, rho: int, teacher: Rational) -> Scale:
        delta = math.lcm(rho**2 * self.eta, _common(teacher))
        return Scale(rho, delta, fmpz(delta // (rho**2 * self.eta)), _integers(teacher, delta))

    def _state(self, first: Rows, second: Rows, buffers: tuple[Rows, ...] | None, scale: Scale) -> State:
        product = multiply(transpose(second), self._weighted(first))
        residual = subtract([[x * scale.factor for x in row] for row in product], scale.target)
        return State(first, second, residual, None if buffers is None else (buffers[0], buffers[1]))

    def _weighted(self, rows: Rows) -> Rows:
        return rows if self.metric is None else multiply(self.metric, rows)


def _combined(factors: tuple[fmpz, ...], parts: tuple[Rows, Rows | None, Rows]) -> Rows:
    """sum_i factors_i parts_i; what has the factor 0 is not looked at, and may be missing."""
    terms = [[[x if a == 1 else x * a for x in row] for row in rows] for a, rows in zip(factors, parts, strict=True) if a and rows]
    first, *others = terms or [[[x * 0 for x in row] for row in parts[0]]]
    for rows in others:
        first = [[x + y for x, y in zip(a, b, strict=True)] for a, b in zip(first, rows, strict=True)]
    return first


def _common_measure(x: fmpq, y: fmpq) -> fmpq:
    """The greatest u > 0 of which both are integer multiples; 1 for two zeros."""
    common = math.lcm(int(x.q), int(y.q))
    return fmpq(math.gcd(int((x * common).p), int((y * common).p)), common) or fmpq(1)


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
