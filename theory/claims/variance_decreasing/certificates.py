r"""From which batch size on var(g_1) decreases for every linear network of depth H with p = 1 or 2 Gaussian inputs: a certificate.

Every entry of g_{1,k} is tr(C S_1) with a symmetric matrix C = C(S_0) of polynomials of degree at most 2H - 1 in the first batch (inputs of
covariance Sigma: Sigma^(1/2) S Sigma^(1/2) in the place of S, which changes C alone). Given C, E tr(C S_1) = tr C and
E tr(C S_1)^2 = (tr C)^2 + 2 eps tr C^2, eps = 1/b; with the trace taken out of C, tr C^2 = (tr C)^2 / p + sum_k c_k^2 / 2,

    var = sum over entries [ (1 + 2 eps / p) E (tr C)^2 - (E tr C)^2 ] + eps sum_k E c_k^2,      c_1 = C_11 - C_22,  c_2 = 2 C_12.

So var is a quadratic form Q(eps) in the coefficients of tr C and one in those of each c_k. Where both have positive definite derivatives,
var increases in eps: it decreases in b, whatever the weights, widths, teacher, learning rate and covariance.

The polynomials tau^i rho^j Re (u + i v)^m and tau^i rho^j Im (u + i v)^m span all (`batch_invariants`), and those of different m, or of Re
and Im, are uncorrelated: each form falls into blocks, one for each frequency m = 0, ..., 2H - 1 (for p = 1, into the single one m = 0). A
block's derivative is positive definite for small eps if the lowest coefficients of its leading minors are positive (Sylvester), and stays
so up to the first root of its determinant.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from flint import fmpq, fmpq_mat, fmpz_poly

from theory.arithmetic.real_roots import largest_positive_root
from theory.budget import WITHOUT_BUDGET, Budget, CannotError, Cost, as_count, saturated, saturated_power
from theory.budget.unit_costs import UNITS
from theory.claims.variance_decreasing.batch_invariants import moment
from theory.exact import as_index, to_fraction

Matrix = list[list[fmpz_poly]]

TRACE, TRACELESS = "trace", "traceless"
BITS = 40  # of thresholds


@dataclass(frozen=True)
class Block:
    """One block of a form: of the trace or of the traceless part, at frequency m, in the polynomials tau^i rho^j z^m.

    Attributes:
        monomials: the pairs (i, j), in the order of the rows.
        form: Q(eps).
    """

    part: str
    frequency: int
    monomials: tuple[tuple[int, int], ...]
    form: Matrix

    @cached_property
    def derivative(self) -> Matrix:
        """dQ/deps."""
        return [[entry.derivative() for entry in row] for row in self.form]

    @cached_property
    def minors(self) -> list[fmpz_poly]:
        """Leading minors of dQ/deps, polynomials in eps."""
        return leading_minors(self.derivative)

    @property
    def is_definite_for_small_eps(self) -> bool:
        """Whether dQ/deps is positive definite between 0 and some eps: every minor begins with a positive coefficient."""
        return all(next((c > 0 for c in minor.coeffs() if c != 0), False) for minor in self.minors)

    @cached_property
    def threshold(self) -> tuple[Fraction, Fraction]:
        """Around the largest b at which the determinant of dQ/deps is zero; (0, 0) where there is none."""
        return largest_positive_root(_in_batch_size(self.minors[-1]), BITS)

    def minors_beyond(self, start: int) -> list[list[int]]:
        """b^degree times each minor at eps = 1/b, in powers of b - start: where none is negative, each is positive for b > start."""
        return [[int(c) for c in _in_batch_size(minor)(fmpz_poly([start, 1])).coeffs()] for minor in self.minors]

    def step_minors(self, b: int) -> list[Fraction]:
        """Leading minors of Q(1/b) - Q(1/(b+1))."""
        here, after = fmpq(1, b), fmpq(1, b + 1)
        step = [[entry(here) - entry(after) for entry in row] for row in self.form]
        return [to_fraction(fmpq_mat([row[:k] for row in step[:k]]).det()) for k in range(1, len(step) + 1)]


@dataclass(frozen=True)
class Certificate:
    """The blocks of both forms for p inputs and H linear layers, and what they prove."""

    p: int
    depth: int
    blocks: tuple[Block, ...]

    @property
    def indefinite(self) -> tuple[Block, ...]:
        """Blocks whose derivative is not positive definite however large b is: with one of these the forms prove nothing."""
        return tuple(block for block in self.blocks if not block.is_definite_for_small_eps)

    @property
    def threshold(self) -> tuple[Fraction, Fraction] | None:
        """Rationals around the real b beyond which var decreases for every network; (0, 0) where that is all b, None where it is no b."""
        return None if self.indefinite else max(block.threshold for block in self.blocks)

    @property
    def decreasing_from(self) -> int | None:
        """The smallest B for which Q(1/b) - Q(1/(b+1)) is positive definite for every integer b >= B; None where there is none."""
        if self.threshold is None:
            return None
        start = max(1, math.ceil(self.threshold[1]))
        while start > 1 and all(minor > 0 for block in self.blocks for minor in block.step_minors(start - 1)):
            start -= 1
        return start


def certificate(p: int, depth: int, *, budget: Budget | None = None) -> Certificate:
    """The forms of var(g_1) for p = 1 or 2 Gaussian inputs and `depth` linear layers.

    Raises CannotError for p >= 3, where the forms are indefinite for every large b (`many_inputs`), and UnaffordableError for a depth whose
    minors would exceed the budget, a minute by default. Cost: Bareiss elimination in Z[eps], of matrices of order H(H+1) for p = 2.

    Examples:
        >>> certificate(p=1, depth=4).decreasing_from, certificate(p=1, depth=5).decreasing_from
        (1, None)
        >>> proved = certificate(p=2, depth=2)
        >>> proved.decreasing_from, f"{float(proved.threshold[1]):.4f}"
        (3, '3.2834')
    """
    if as_index(p, "p", minimum=1) > 2:
        raise CannotError(f"p must be 1 or 2, but was {p}: for p >= 3 the forms are indefinite for every large b")
    n = saturated(as_index(depth, "depth", minimum=1))
    order = 2 * n if p == 1 else n * (n + 1)
    cost = Cost(UNITS["minors.entry"] * saturated_power(order, 8), 20 * saturated_power(order, 4), f"a matrix of order {as_count(order)}")
    Budget.of(budget, WITHOUT_BUDGET).require(cost, "the minors at this depth", ("a lower depth",))
    return Certificate(p, depth, tuple(_blocks(p, 2 * depth - 1)))


def forms(p: int, frequency: int, monomials: tuple[tuple[int, int], ...]) -> tuple[Matrix, Matrix]:
    """Q(eps) of the trace and of the traceless part for f = tau^i rho^j, in the place of Re z^m and Im z^m their root mean square.

    The trace's is (1 + 2 eps / p) E[f f'] - E f E f', E f = 0 for m > 0; the other one is eps E[f f'].
    """
    gram = [[moment(p, i + k, j + n + frequency) for k, n in monomials] for i, j in monomials]
    mean = [moment(p, i, j) if frequency == 0 else fmpz_poly([0]) for i, j in monomials]
    last, eps = fmpz_poly([1, 2 // p]), fmpz_poly([0, 1])
    trace = [[last * entry - x * y for entry, y in zip(row, mean, strict=True)] for row, x in zip(gram, mean, strict=True)]
    return trace, [[eps * entry for entry in row] for row in gram]


def _blocks(p: int, degree: int) -> Iterator[Block]:
    for m in range(degree + 1 if p == 2 else 1):
        reach = range(degree - m + 1)
        pairs = ((i, j) for i in reach for j in reach if i + 2 * j <= degree - m and (p == 2 or j == 0))
        monomials = tuple(sorted(pairs, key=lambda pair: (pair[0] + 2 * pair[1], pair)))
        trace, traceless = forms(p, m, monomials)
        yield Block(TRACE, m, monomials, trace)
        if p == 2:
            yield Block(TRACELESS, m, monomials, traceless)


def leading_minors(matrix: Matrix) -> list[fmpz_poly]:
    """det of the upper left k x k blocks, k = 1, 2, ...: Bareiss elimination, exact in Z[eps].

    Stops after the first minor that is zero as a polynomial.
    """
    rows = [list(row) for row in matrix]
    n = len(rows)
    previous = fmpz_poly([1])
    minors = []
    for k in range(n):
        pivot = rows[k][k]
        minors.append(pivot)
        if pivot.is_zero():
            break
        for i in range(k + 1, n):
            for j in range(k + 1, n):
                rows[i][j] = (rows[i][j] * pivot - rows[i][k] * rows[k][j]) / previous
        previous = pivot
    return minors


def _in_batch_size(minor: fmpz_poly) -> fmpz_poly:
    """b^degree minor(1/b), a polynomial in b."""
    return fmpz_poly(minor.coeffs()[::-1])
