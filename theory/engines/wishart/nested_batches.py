"""E f(S_0, ..., S_{t-1}) for a polynomial f that is computed along the recursion, integrating the last batch first.

The last batches (one, or two for scalar inputs) stay polynomials: their monomials are replaced by their expectations. Every earlier batch
is set to the integer points of a lattice, from which the coefficients of its monomials follow; so nothing is ever expanded in all the
batches at once. w_{s+1} has degree 3 in w_s, one in S_s: if f has degree omega in w_t, its degree in S_s is omega 3^(t-1-s), and
a monomial of degree k_q, ..., k_{t-1} in the last batches has k_s <= omega + 2 (k_{s+1} + ... + k_{t-1}).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from flint import Ordering, fmpq, fmpq_poly, fmpz, fmpz_mat, fmpz_mpoly, fmpz_mpoly_ctx, fmpz_poly

from theory.arithmetic.rows import Rows
from theory.degrees import batch_degrees, gradient_degree
from theory.engines.wishart.batch_moments import batch_moments, entries, exponents_up_to
from theory.engines.wishart.integer_lattice import IntegerLattice
from theory.engines.wishart.last_batch import Target
from theory.engines.wishart.polynomial_state import PolynomialState, State, content
from theory.inputs import InputLaw

#: Entries of one matrix of coefficients that are integrated together; more only costs memory.
_CHUNK = 200_000


def target_degrees(omega: int, step: int) -> list[int]:
    """The degree in S_0, ..., S_{step-1} of a polynomial of degree omega in w_step."""
    return [omega * d for d in batch_degrees([step - 1], step, m=gradient_degree(2))]


def kept_batches(dimension: int, step: int) -> int:
    """How many of the last batches stay polynomials: with scalar inputs two are cheaper than one."""
    return min(step, 2 if dimension == 1 else 1)


def support(omega: int, batches: int, variables: int) -> Iterator[tuple[int, ...]]:
    """Exponents, first batch first, that a polynomial of degree omega in w_t can have in the entries of the last `batches` batches."""

    def extend(left: int, bound: int) -> Iterator[tuple[int, ...]]:
        if not left:
            yield ()
            return
        for own in exponents_up_to(variables, bound):
            for earlier in extend(left - 1, bound + 2 * sum(own)):
                yield earlier + own

    return extend(batches, omega)


class NestedBatches:
    """The expectation of a target's polynomials over the batches 0, ..., step - 1."""

    def __init__(self, network: PolynomialState, law: InputLaw, target: Target) -> None:
        step = len(network.moves)
        self._network, self._target, self._step = network, target, step
        self._pairs, self._dimension = entries(law.dimension), law.dimension
        degrees = target_degrees(target.degree, step)
        kept = kept_batches(law.dimension, step)
        self._outer = step - kept
        self._lattices = [IntegerLattice(len(self._pairs), d) for d in degrees[: self._outer]]
        # Y = unit * content * S
        units = [move.unit / scale.delta for move, scale in zip(network.moves, network.scales, strict=False)]
        self._moments = [_Moments(law, d, unit) for d, unit in zip(degrees, units, strict=True)]
        self._last = _LastBatches(self._moments[self._outer :], target.degree, len(self._pairs))
        self._denominator = math.prod((m.denominator for m in self._moments), start=fmpz(1))

    def expectations(self) -> list[fmpq_poly]:
        """One polynomial in eps for each of the target's polynomials."""
        if not self._step:
            return [fmpq_poly([x]) for x in self._target.polynomials(self._network.initial)]
        if not self._outer:
            return [fmpq_poly(f, self._denominator) for f in self._last.integrate([self._leaf(self._network.initial)])]
        return [fmpq_poly(f, self._denominator) for f in self._integrate(0, self._network.initial)]

    def _integrate(self, s: int, state: State) -> list[fmpz_poly]:
        """The expectations over the batches s, s + 1, ..., one polynomial in eps for each of the target's polynomials."""
        lattice, count = self._lattices[s], self._target.count
        divisor = content(state.residual)
        values: list[fmpz_poly] = []
        points = iter(lattice.points)
        while chunk := list(islice(points, max(1, _CHUNK // (count * self._last.size)))):
            states = (self._network.after(state, s, self._symmetric([fmpz(c) for c in point]), divisor) for point in chunk)
            if s + 1 < self._outer:
                values += [f for following in states for f in self._integrate(s + 1, following)]
            else:
                values += self._last.integrate([self._leaf(following) for following in states])
        return [self._moments[s].expectation(lattice.coefficients(values[k::count]), divisor) for k in range(count)]

    def _leaf(self, state: State) -> list[fmpz_mpoly]:
        for s, batch in enumerate(self._last.batches(self._symmetric), start=self._outer):
            state = self._network.after(state, s, batch)
        return self._target.polynomials(state)

    def _symmetric(self, variables: list[Any]) -> Rows:
        rows: Rows = [[None] * self._dimension for _ in range(self._dimension)]
        for (i, j), x in zip(self._pairs, variables, strict=True):
            rows[i][j] = rows[j][i] = x
        return rows


class _Moments:
    """E Y^a for Y = unit * content * S, as integer polynomials in eps over one denominator; for content = 1 in `numerators`."""

    def __init__(self, law: InputLaw, degree: int, unit: fmpq) -> None:
        table = batch_moments(law, degree)
        p, q = unit.p, unit.q
        self.numerators = {a: f * (p ** sum(a) * q ** (degree - sum(a))) for a, f in table.numerators.items()}
        self.denominator = table.denominator * q**degree
        self._degrees = [sum(a) for a in self.numerators]

    def expectation(self, coefficients: list[fmpz_poly], divisor: fmpz) -> fmpz_poly:
        """sum_a coefficients[a] E Y^a, up to the denominator."""
        powers = [fmpz(1)]
        for _ in range(self._degrees[-1]):
            powers.append(powers[-1] * divisor)
        total = fmpz_poly([])
        for c, moment, k in zip(coefficients, self.numerators.values(), self._degrees, strict=True):
            total += c * powers[k] * moment
        return total


class _LastBatches:
    """Polynomials in the last batches, and the matrix that takes their coefficients to expectations."""

    def __init__(self, tables: list[_Moments], omega: int, variables: int) -> None:
        self._count, self._variables = len(tables), variables
        names = [f"y{k}" for k in range(len(tables) * variables)] or ["y0"]
        self._context = fmpz_mpoly_ctx.get(names, Ordering.lex)
        exponents = list(support(omega, len(tables), variables)) if tables else [(0,)]
        #: every monomial that can occur, so that adding it once fixes the order of the coefficients
        self._full = self._context.from_dict(dict.fromkeys(exponents, 1))
        self._order = [tuple(int(k) for k in a) for a in self._full.monoms()]
        self._index = {a: n for n, a in enumerate(self._order)}
        self.size = len(self._order)
        rows = []
        for a in self._order:
            value = fmpz_poly([1])
            for k, table in enumerate(tables):
                value *= table.numerators[a[k * variables : (k + 1) * variables]]
            rows.append(value.coeffs())
        width = max(map(len, rows))
        self._moments = fmpz_mat([row + [0] * (width - len(row)) for row in rows])
        self._of_full = fmpz_poly((fmpz_mat(1, self.size, [1] * self.size) * self._moments).entries())

    def batches(self, symmetric: Callable[[list[Any]], Rows]) -> list[Rows]:
        """The batches as matrices of variables."""
        generators = list(self._context.gens())
        return [symmetric(generators[k * self._variables : (k + 1) * self._variables]) for k in range(self._count)]

    def integrate(self, leaves: list[list[fmpz_mpoly]]) -> list[fmpz_poly]:
        """The expectation of every polynomial, as a polynomial in eps."""
        integrated = fmpz_mat([self._coefficients(f) for leaf in leaves for f in leaf]) * self._moments
        return [fmpz_poly(row) - self._of_full for row in integrated.tolist()]

    def _coefficients(self, polynomial: fmpz_mpoly) -> list[fmpz]:
        """The coefficients of polynomial + full, in the order of the monomials."""
        padded = polynomial + self._full
        if len(padded) == self.size:
            return padded.coeffs()
        row = [fmpz(0)] * self.size  # a coefficient was -1
        for monomial, coefficient in padded.to_dict().items():
            row[self._index[monomial]] = coefficient
        return row
