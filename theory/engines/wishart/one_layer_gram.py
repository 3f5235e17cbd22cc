"""One linear layer: X_t = E[D_t^T D_t] at every step, D_t = W_t - W*, for plain SGD, momentum and weight decay.

With the step's coefficients (`SGD.linear_step`), the buffer V and the teacher T = W*, which only decaying weights see,
    D' = a_0 D + (a_0 - 1) T + a_1 V + a_2 D S,        V' = b_0 D + b_0 T + b_1 V + b_2 D S,
and each part P' = L_P + c_P D S is linear in the parts before and in D S, S independent of them:
    E[P'^T Q'] = E[L_P^T L_Q] + c_Q H_P + c_P H_Q^T + c_P c_Q E[S X S],        H_P = E[L_P^T D] Sigma.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq, fmpq_mat, fmpq_poly

from theory.exact import to_fmpq, to_fmpq_mat
from theory.problem import TeacherStudent

#: A p x p matrix of polynomials in eps.
Block = list[list[fmpq_poly]]
RESIDUAL, BUFFER, TEACHER = "DVT"


@dataclass(frozen=True)
class _Part:
    """P' = sum_Q linear[Q] Q + slope D S."""

    linear: dict[str, fmpq]
    slope: fmpq


def gram(problem: TeacherStudent, step: int, sandwich: Callable[[Block], Block]) -> Block:
    """X_step; `sandwich` is X -> E[S X S].

    Cost: about 2 p^4 operations on polynomials of degree <= step, for each step; with momentum or decaying weights up to 9 p^3 more.
    """
    sigma, teacher = (to_fmpq_mat(x) for x in (problem.inputs.second_moment, problem.teacher_weights[0]))
    parts = {RESIDUAL: to_fmpq_mat(problem.student[0]) - teacher}
    if problem.optimizer.weight_decay:
        parts[TEACHER] = teacher
    moments = {(p, q): _constant(x.transpose() * y) for p, x in parts.items() for q, y in parts.items()}
    for s, rate in enumerate(problem.rates_before(step)):
        moments = _after(moments, _parts(problem, rate, s == 0, TEACHER in parts), sandwich, sigma)
    return moments[RESIDUAL, RESIDUAL]


def _parts(problem: TeacherStudent, rate: Fraction | float, is_first: bool, decays: bool) -> dict[str, _Part]:
    (a0, a1, a2), (b0, b1, b2) = (map(to_fmpq, row) for row in problem.optimizer.linear_step(Fraction(rate), is_first))
    parts = {RESIDUAL: _Part({RESIDUAL: a0, TEACHER: a0 - 1, BUFFER: a1}, a2)}
    if problem.optimizer.has_buffer:
        parts[BUFFER] = _Part({RESIDUAL: b0, TEACHER: b0, BUFFER: b1}, b2)
    return parts | ({TEACHER: _Part({TEACHER: fmpq(1)}, fmpq(0))} if decays else {})


def _after(
    moments: dict[tuple[str, str], Block], parts: dict[str, _Part], sandwich: Callable[[Block], Block], sigma: fmpq_mat
) -> dict[tuple[str, str], Block]:
    squares, size = sandwich(moments[RESIDUAL, RESIDUAL]), sigma.nrows()
    mixed = {
        name: _times_sigma(_sum(((c, moments[q, RESIDUAL]) for q, c in part.linear.items() if c), size), sigma)
        for name, part in parts.items()
    }
    following = {}
    for p, left in parts.items():
        for q, right in parts.items():
            terms = [(x * y, moments[m, n]) for m, x in left.linear.items() for n, y in right.linear.items() if x and y]
            terms += [(right.slope, mixed[p]), (left.slope, _transposed(mixed[q])), (left.slope * right.slope, squares)]
            following[p, q] = _sum(((c, block) for c, block in terms if c), size)
    return following


def _sum(terms: Iterable[tuple[fmpq, Block]], size: int) -> Block:
    total: Block = [[fmpq_poly([])] * size for _ in range(size)]
    for c, block in terms:
        total = [[x + y * c for x, y in zip(a, b, strict=True)] for a, b in zip(total, block, strict=True)]
    return total


def _times_sigma(block: Block, sigma: fmpq_mat) -> Block:
    size = range(len(block))
    return [[sum((row[k] * sigma[k, j] for k in size if sigma[k, j]), fmpq_poly([])) for j in size] for row in block]


def _transposed(block: Block) -> Block:
    return [list(column) for column in zip(*block, strict=True)]


def _constant(matrix: fmpq_mat) -> Block:
    return [[fmpq_poly([c]) for c in row] for row in matrix.tolist()]
