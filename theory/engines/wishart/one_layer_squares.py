"""One linear layer: E loss(w_t)^2, from the products of two entries of X_t = D_t^T D_t (see `one_layer`), again closed at every step.

X_{t+1} = (I - alpha_t S_t) X_t (I - alpha_t S_t), so that with a, b, c, d for pairs of indices i <= j

    X'_a X'_b = sum_{c <= d} P_{ab,cd}(alpha S) X_c X_d,        P of degree <= 4 and with integer coefficients: the same at every step,

and E[X_a X_b] at t + 1 is linear in those at t, with coefficients that have degree 3 in eps.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations_with_replacement
from typing import Any

from flint import Ordering, fmpq, fmpq_poly, fmpz_mpoly_ctx

from theory.arithmetic.rows import Rows, multiply, subtract
from theory.engines.wishart.batch_moments import Exponents, batch_moments, entries
from theory.exact import to_fmpq, to_fmpq_mat
from theory.inputs import InputLaw
from theory.problem import TeacherStudent

#: A product X_a X_b, a <= b, by the numbers of its factors.
Pair = tuple[int, int]
#: The terms of P_{ab,cd}: exponents in the entries of S, and the integer.
Terms = list[tuple[Exponents, int]]
#: E[X'_a X'_b] as a combination of the E[X_c X_d].
Transition = dict[Pair, list[tuple[Pair, fmpq_poly]]]


def squared_loss(problem: TeacherStudent, step: int) -> fmpq_poly:
    """E loss(w_step)^2, loss = 1/2 tr(X Sigma). Cost: the square of the number of pairs, for each step, in polynomials of degree 3 step."""
    residual = to_fmpq_mat(problem.student[0]) - to_fmpq_mat(problem.teacher_weights[0])
    gram, sigma = residual.transpose() * residual, to_fmpq_mat(problem.inputs.second_moment)
    indices = entries(problem.inputs.dimension)
    products = {(a, b): fmpq_poly([gram[indices[a]] * gram[indices[b]]]) for a, b in _pairs(len(indices))}
    last: tuple[fmpq, Transition] | None = None
    for rate in map(to_fmpq, problem.rates_before(step)):
        if last is None or last[0] != rate:
            last = rate, _transition(problem.inputs, rate)
        zero = fmpq_poly([])
        products = {pair: sum((products[source] * factor for source, factor in row), zero) for pair, row in last[1].items()}
    shares = [sigma[i, j] / (2 if i == j else 1) for i, j in indices]
    return sum((f * shares[a] * shares[b] * (1 if a == b else 2) for (a, b), f in products.items()), fmpq_poly([]))


def _transition(law: InputLaw, rate: fmpq) -> Transition:
    """E[P_{ab,cd}(rate S)] where it is not zero, row by row."""
    moments = batch_moments(law, 4)
    scaled = {exponents: moments[exponents] * rate ** sum(exponents) for exponents in moments.numerators}
    rows: Transition = {}
    for pair, row in _step(law.dimension).items():
        factors = ((source, sum((scaled[exponents] * c for exponents, c in terms), fmpq_poly([]))) for source, terms in row.items())
        rows[pair] = [(source, factor) for source, factor in factors if factor]
    return rows


@lru_cache(maxsize=4)
def _step(dimension: int) -> dict[Pair, dict[Pair, Terms]]:
    """P, row by row."""
    indices = entries(dimension)
    n = len(indices)
    context = fmpz_mpoly_ctx.get([*(f"s{k}" for k in range(n)), *(f"x{k}" for k in range(n))], Ordering.lex)
    generators = list(context.gens())
    batch, before = (_symmetric(variables, dimension) for variables in (generators[:n], generators[n:]))
    half = subtract(before, multiply(batch, before))
    after = subtract(half, multiply(half, batch))
    rows: dict[Pair, dict[Pair, Terms]] = {}
    for a, b in _pairs(n):
        product = after[indices[a][0]][indices[a][1]] * after[indices[b][0]][indices[b][1]]
        row = rows[a, b] = {}
        for monomial, c in zip(product.monoms(), product.coeffs(), strict=True):
            exponents = tuple(map(int, monomial))
            source = tuple(k for k, power in enumerate(exponents[n:]) for _ in range(power))
            row.setdefault((source[0], source[1]), []).append((exponents[:n], int(c)))
    return rows


def _symmetric(variables: list[Any], dimension: int) -> Rows:
    rows: Rows = [[None] * dimension for _ in range(dimension)]
    for (i, j), x in zip(entries(dimension), variables, strict=True):
        rows[i][j] = rows[j][i] = x
    return rows


def _pairs(count: int) -> list[Pair]:
    return list(combinations_with_replacement(range(count), 2))
