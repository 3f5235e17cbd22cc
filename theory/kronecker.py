"""Lemmas A.1 and A.2: mixed products of Kronecker and matrix products, and the expectation of products of quadratic forms.

Matrices are object arrays of rationals (Fractions out). Everything is dense and literal: it is what the lemmas say, for small sizes.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mpoly_ctx

from theory.budget import WITHOUT_BUDGET, Budget, Cost, as_count, saturated, saturated_power
from theory.budget.unit_costs import UNITS
from theory.exact import (
    MatrixLike,
    as_index,
    as_matrix,
    as_sequence,
    shown,
    spelled,
    to_fmpq,
    to_fmpq_array,
    to_fraction,
    to_fraction_array,
)
from theory.inputs import MAX_ENUMERATED_ATOMS, InputLaw, as_law
from theory.inputs.law import Support

_ENTRY_BYTES = 150.0
#: Of dense matrices, where no budget is given: 262,144 entries.
SMALL = Budget(seconds=60.0, bytes=_ENTRY_BYTES * (1 << 18))


def kronecker_product(matrices: Iterable[np.ndarray], *, budget: Budget | None = None) -> np.ndarray:
    """A_1 (x) ... (x) A_m; the empty product is [1]. UnaffordableError beyond the budget, by default for more than 262,144 entries."""
    factors = _matrices(matrices, "matrices")
    size = saturated(*(a.size for a in factors))
    cost = Cost(1e-6 * size, _ENTRY_BYTES * size, f"{as_count(size)} entries")
    Budget.of(budget, SMALL).require(cost, "the Kronecker product of matrices", ("fewer or smaller matrices",))
    return reduce(np.kron, factors, np.array([[Fraction(1)]], dtype=object))


def kronecker_of_rows(rows: Sequence[Sequence[MatrixLike]], *, budget: Budget | None = None) -> np.ndarray:
    """(x)_i prod_j M_ij: multiply within each row, then take the Kronecker product of the rows (Lemma A.1, left).

    Raises ValueError when a row does not chain or is empty; rows may be of different lengths. UnaffordableError as `kronecker_product`.
    """
    table = _table(rows)
    for i, row in enumerate(table):
        for j in range(1, len(row)):
            if row[j - 1].shape[1] != row[j].shape[0]:
                shapes = f"rows[{i}][{j - 1}] has shape {row[j - 1].shape} and rows[{i}][{j}] {row[j].shape}"
                raise ValueError(f"rows[{i}] must chain, but {shapes}")
    _require_products(table, budget)
    return kronecker_product((reduce(np.matmul, row) for row in table), budget=budget)


def product_of_columns(rows: Sequence[Sequence[MatrixLike]], *, budget: Budget | None = None) -> np.ndarray:
    """prod_j (x)_i M_ij: the Kronecker product of each column, then multiply them (Lemma A.1, right).

    Raises ValueError for rows of different lengths, or when two neighbouring columns' products do not chain; UnaffordableError as
    `kronecker_product`.
    """
    table = _table(rows)
    if len({len(row) for row in table}) > 1:
        raise ValueError(f"rows must have one length, but had {[len(row) for row in table]}; see `padded`")
    columns = [kronecker_product(column, budget=budget) for column in zip(*table, strict=True)]
    _require_products([columns], budget)
    for j in range(1, len(columns)):
        if columns[j - 1].shape[1] != columns[j].shape[0]:
            raise ValueError(f"columns {j - 1} and {j} must chain, but have shapes {columns[j - 1].shape} and {columns[j].shape}")
    return reduce(np.matmul, columns) if columns else np.array([[Fraction(1)]], dtype=object)


def _require_products(rows: list[list[np.ndarray]], budget: Budget | None) -> None:
    """UnaffordableError where multiplying the matrices of each row, from the left, takes too many products of rationals."""
    count = sum(row[0].shape[0] * sum(float(m.size) for m in row[1:]) for row in rows if row)
    largest = max((m.size for row in rows for m in row), default=0)
    cost = Cost(count * UNITS["kronecker.product"], _ENTRY_BYTES * largest, f"{as_count(count)} products")
    Budget.of(budget, WITHOUT_BUDGET).require(cost, "the matrix products of rows", ("smaller matrices",))


def padded(rows: Sequence[Sequence[MatrixLike]]) -> list[list[np.ndarray]]:
    """Rows of one length: each is continued by identities of its own number of columns, which differs from row to row."""
    table = _table(rows)
    length = max((len(row) for row in table), default=0)
    return [[*row, *[_identity(row[-1].shape[1])] * (length - len(row))] for row in table]


@dataclass(frozen=True, eq=False)
class StackedSamples(InputLaw):
    """The joint law of a stack of samples: block k is a draw named `names[k]` from `laws[k]`, equal names the same draw.

    Draws of different names are independent. For the y_i and z_j of Lemma A.2: any pattern of equal and independent
    samples, and, with one block that holds them all, any joint law whatever.
    """

    names: tuple[Hashable, ...]
    laws: tuple[InputLaw, ...]

    def __post_init__(self) -> None:
        names, laws = as_sequence(self.names, "names"), as_sequence(self.laws, "laws")
        if unhashable := [x for x in names if not isinstance(x, Hashable)]:
            raise TypeError(f"names must be hashable, such as 'x' or 1, but had {shown(unhashable[0])}")
        object.__setattr__(self, "names", tuple(names))
        object.__setattr__(self, "laws", tuple(laws))
        if len(self.names) != len(self.laws):
            raise ValueError(f"laws must have one entry for each of the {len(self.names)} names, but had {len(self.laws)}")
        by_name: dict[Hashable, InputLaw] = {}
        for i, (name, law) in enumerate(zip(self.names, self.laws, strict=True)):
            if by_name.setdefault(name, as_law(law, f"laws[{i}]")) is not law:
                raise ValueError(f"laws must give one law to the samples named {shown(name)}")
        object.__setattr__(self, "dimension", sum(law.dimension for law in self.laws))
        object.__setattr__(self, "exact", all(law.exact for law in self.laws))
        object.__setattr__(self, "has_samples", all(law.has_samples for law in self.laws))
        object.__setattr__(self, "highest_order", min((law.highest_order for law in self.laws), default=math.inf))

    def parameters(self) -> dict[str, Any]:
        """`names` and `laws`."""
        return {"names": list(self.names), "laws": list(self.laws)}

    def independent(self) -> StackedSamples:
        """The product law with the same marginals."""
        return StackedSamples(tuple(range(len(self.names))), self.laws)

    def _moment(self, exponents: tuple[int, ...]) -> Fraction:
        powers: dict[Hashable, tuple[InputLaw, list[int]]] = {}
        start = 0
        for name, law in zip(self.names, self.laws, strict=True):
            total = powers.setdefault(name, (law, [0] * law.dimension))[1]
            for i in range(law.dimension):
                total[i] += exponents[start + i]
            start += law.dimension
        return math.prod((law.moment(total) for law, total in powers.values()), start=Fraction(1))

    def support(self) -> Support | None:
        """All combinations of the atoms of the different draws, when every law has finitely many, 65,536 together at most."""
        draws = {name: law.support() for name, law in zip(self.names, self.laws, strict=True)}
        atoms, probabilities = [], []
        if any(s is None for s in draws.values()) or math.prod(len(s[0]) for s in draws.values() if s) > MAX_ENUMERATED_ATOMS:
            return None
        for chosen in product(*(zip(*(s or ((), ())), strict=True) for s in draws.values())):
            values = dict(zip(draws, chosen, strict=True))
            atoms.append(tuple(x for name in self.names for x in values[name][0]))
            probabilities.append(math.prod((q for _, q in chosen), start=Fraction(1)))
        return tuple(atoms), tuple(probabilities)

    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        draws = {name: law.sample(generator, shape) for name, law in dict(zip(self.names, self.laws, strict=True)).items()}
        return np.concatenate([draws[name] for name in self.names], axis=-1)


def moment_matrices(
    law: InputLaw, *, y_count: int, y_dimension: int, z_count: int, z_dimension: int, budget: Budget | None = None
) -> np.ndarray:
    """The constants C_uv of Lemma A.2, array [u, v] of matrices of order p_1^m p_2^(n-1):

        C_uv = E[ z_{1,u} z_{n,v} (x)_{i=0..m-1} y_{i+1} y_i^T  (x)  (x)_{j=1..n-1} z_{j+1} z_j^T ],      y_0 := y_m

    for the joint law of (y_1, ..., y_m, z_1, ..., z_n) in R^{m p_1 + n p_2}, one joint moment for each entry. UnaffordableError as
    `kronecker_product`, for all entries together.
    """
    as_law(law, "law")
    m, n = as_index(y_count, "y_count"), as_index(z_count, "z_count", minimum=1)
    p1, p2 = as_index(y_dimension, "y_dimension", minimum=1), as_index(z_dimension, "z_dimension", minimum=1)
    if m * p1 + n * p2 != law.dimension:
        raise ValueError(f"law must be a law on R^{spelled(m * p1 + n * p2)}, by the counts and dimensions, but was on R^{law.dimension}")
    entries_of_all = saturated(saturated_power(p1, 2 * m), saturated_power(p2, 2 * n))
    allowed, what, fewer = Budget.of(budget, SMALL), "the matrices C_uv for y_count and z_count", ("fewer y's and z's",)
    allowed.require(Cost(5e-6 * entries_of_all, _ENTRY_BYTES * entries_of_all, f"{as_count(entries_of_all)} entries"), what, fewer)
    work = saturated(law.dimension, m + n, entries_of_all)
    allowed.require(Cost(1e-7 * work, 100.0 * saturated(m + n), f"{as_count(work)} comparisons of indices"), what, fewer)
    order = p1**m * p2 ** (n - 1)
    y = [[i * p1 + a for a in range(p1)] for i in range(m)]  # positions of the coordinates of y_{i+1} in the stack
    z = [[m * p1 + j * p2 + a for a in range(p2)] for j in range(n)]
    left = [y[i] for i in range(m)] + [z[j] for j in range(1, n)]  # y_{i+1}, z_{j+1}: rows
    right = [y[i - 1] for i in range(m)] + [z[j] for j in range(n - 1)]  # y_i, z_j: columns, y_0 = y_m
    result = np.empty((p2, p2), dtype=object)
    cache: dict[tuple[int, ...], Fraction] = {}
    for u, v in product(range(p2), repeat=2):
        entries = np.empty((order, order), dtype=object)
        for row, rows in enumerate(product(*left)):
            for column, columns in enumerate(product(*right)):
                key = tuple(sorted((*rows, *columns, z[0][u], z[n - 1][v])))
                if key not in cache:
                    cache[key] = law.moment([key.count(k) for k in range(law.dimension)])
                entries[row, column] = cache[key]
        result[u, v] = entries
    return result


def expected_quadratic_product(
    law: InputLaw, a: Sequence[MatrixLike], d: Sequence[MatrixLike], y_dimension: int = 1, *, budget: Budget | None = None
) -> np.ndarray:
    """Lemma A.2, right-hand side, corrected: sum_{u,v in [p_2]} D_0 e_u e_v^T D_n tr( C_uv ( (x)_{i=0..m-1} A_i (x) (x)_{j=1..n-1} D_j ) ).

    It equals `direct_quadratic_product` for every joint law of the y_i and z_j: independence is not needed. A_0 := A_m, y_0 := y_m.

    Args:
        law: the joint law of (y_1, ..., y_m, z_1, ..., z_n), stacked.
        a: A_1, ..., A_m, each (p_1, p_1); none is allowed.
        d: D_0, (r, p_2), D_1, ..., D_{n-1}, (p_2, p_2), D_n, (p_2, c), n >= 1.
        y_dimension: p_1; read off A_1 when there is one.

    Raises ValueError naming the argument, UnaffordableError as `moment_matrices`. Cost: (p_1^m p_2^n)^2 joint moments.
    """
    y_forms, z_forms, p1, p2 = _forms(law, a, d, y_dimension)
    table = moment_matrices(law, y_count=len(y_forms), y_dimension=p1, z_count=len(z_forms) - 1, z_dimension=p2, budget=budget)
    return quadratic_product_from(table, y_forms, z_forms, budget=budget)


def quadratic_product_from(
    c: np.ndarray, a: Sequence[np.ndarray], d: Sequence[np.ndarray], rows: int | None = None, *, budget: Budget | None = None
) -> np.ndarray:
    """The sum of Lemma A.2 for given C_uv: an array [u, v] of matrices, as `moment_matrices` makes them.

    `rows` limits u to its first values (as the print's u in [p_1] does).
    """
    a, d = _matrices(a, "a"), _matrices(d, "d")
    if len(d) < 2:
        raise ValueError(f"d must have at least D_0 and D_1, but had {len(d)} matrices")
    middle = kronecker_product(a[-1:] + a[:-1] + d[1:-1], budget=budget)
    shape = (d[0].shape[1], d[-1].shape[0])
    if not isinstance(c, np.ndarray) or c.shape != shape or any(np.shape(x) != middle.T.shape for x in c.flat):
        raise ValueError(f"c must be an array of shape {shape} of matrices of shape {middle.T.shape}, but was {shown(c)}")
    first = shape[0] if rows is None else min(as_index(rows, "rows"), shape[0])
    total = np.zeros((d[0].shape[0], d[-1].shape[1]), dtype=object) * Fraction(0)
    for u, v in product(range(first), range(shape[1])):
        total = total + np.outer(d[0][:, u], d[-1][v, :]) * (c[u, v] * middle.T).sum()  # the trace of their product
    return total


def direct_quadratic_product(
    law: InputLaw, a: Sequence[MatrixLike], d: Sequence[MatrixLike], y_dimension: int = 1, *, budget: Budget | None = None
) -> np.ndarray:
    """Lemma A.2, left-hand side, without Kronecker products.

        E[ D_0 z_1 z_n^T D_n prod_{j=1..n-1} (z_j^T D_j z_{j+1}) prod_{i=0..m-1} (y_i^T A_i y_{i+1}) ],    y_0 := y_m, A_0 := A_m

    By enumeration of the atoms where the law has finitely many; otherwise the product is expanded in the coordinates and each monomial
    replaced by its joint moment. Arguments and errors as for `expected_quadratic_product`.
    """
    y_forms, z_forms, p1, p2 = _forms(law, a, d, y_dimension)
    support = law.support()
    if support is not None:
        total: Any = 0
        for atom, probability in zip(*support, strict=True):
            x = np.array([to_fmpq(value) for value in atom], dtype=object)
            total = total + _product(x, y_forms, z_forms, p1, p2) * to_fmpq(probability)
        return to_fraction_array(total)
    terms = saturated(saturated_power(p1, 2 * len(y_forms)), saturated_power(p2, 2 * len(z_forms) - 4))
    entries = z_forms[0].size * z_forms[-1].size
    cost = Cost(terms * entries * (5e-6 + 1e-6 * law.dimension), 300 * terms * entries, f"{as_count(terms)} monomials for each entry")
    Budget.of(budget, WITHOUT_BUDGET).require(cost, "expanding the product of a and d", ("fewer or smaller matrices",))
    unknowns = np.empty(law.dimension, dtype=object)
    unknowns[:] = fmpq_mpoly_ctx.get([f"x{k}" for k in range(law.dimension)], "lex").gens()
    polynomials = _product(unknowns, y_forms, z_forms, p1, p2)
    result = np.empty(polynomials.shape, dtype=object)
    for index in np.ndindex(*polynomials.shape):
        polynomial: Any = polynomials[index]
        terms = polynomial.to_dict().items()
        result[index] = sum((to_fraction(c) * law.moment([int(e) for e in powers]) for powers, c in terms), Fraction(0))
    return result


def _product(x: np.ndarray, a: list[np.ndarray], d: list[np.ndarray], p1: int, p2: int) -> np.ndarray:
    """D_0 z_1 z_n^T D_n times all the quadratic forms, at one value (or for unknown coordinates) of the stack."""
    m, n = len(a), len(d) - 1
    y = [x[i * p1 : (i + 1) * p1] for i in range(m)]
    z = [x[m * p1 + j * p2 : m * p1 + (j + 1) * p2] for j in range(n)]
    forms = [y[i - 1] @ to_fmpq_array(a[i - 1]) @ y[i] for i in range(m)]  # y_i^T A_i y_{i+1}, with y_0 = y_m and A_0 = A_m
    forms += [z[j - 1] @ to_fmpq_array(d[j]) @ z[j] for j in range(1, n)]
    scalar = math.prod(forms, start=fmpq(1))
    first, last = to_fmpq_array(d[0]) @ z[0], z[-1] @ to_fmpq_array(d[-1])
    result = np.empty((len(first), len(last)), dtype=object)
    for r, c in np.ndindex(*result.shape):  # one by one: numpy takes a polynomial for a sequence
        result[r, c] = first[r] * last[c] * scalar
    return result


def _forms(law: InputLaw, a: Sequence[MatrixLike], d: Sequence[MatrixLike], p1: int) -> tuple[list[np.ndarray], list[np.ndarray], int, int]:
    y_forms, z_forms = _matrices(a, "a"), _matrices(d, "d")
    as_law(law, "law")
    if len(z_forms) < 2:
        raise ValueError(f"d must have at least D_0 and D_1, but had {len(z_forms)} matrices")
    p1, p2 = (y_forms[0].shape[0] if y_forms else as_index(p1, "y_dimension", minimum=1)), z_forms[0].shape[1]
    for i, matrix in enumerate(y_forms):
        if matrix.shape != (p1, p1):
            raise ValueError(f"a[{i}] must have shape {(p1, p1)}, but had {matrix.shape}")
    for j, matrix in enumerate(z_forms[1:], start=1):
        if matrix.shape[0] != p2 or (j < len(z_forms) - 1 and matrix.shape[1] != p2):
            raise ValueError(f"d[{j}] must chain with D_0, of {p2} columns, but had shape {matrix.shape}")
    expected = len(y_forms) * p1 + (len(z_forms) - 1) * p2
    if law.dimension != expected:
        raise ValueError(f"law must be a law on R^{expected}, {len(y_forms)} y's and {len(z_forms) - 1} z's, but was on R^{law.dimension}")
    return y_forms, z_forms, p1, p2


def _table(rows: Sequence[Sequence[MatrixLike]]) -> list[list[np.ndarray]]:
    table = [_matrices(row, f"rows[{i}]") for i, row in enumerate(as_sequence(rows, "rows"))]
    for i, row in enumerate(table):
        if not row:
            raise ValueError(f"rows[{i}] must have at least one matrix")
    return table


def _matrices(value: Iterable[Any], name: str) -> list[np.ndarray]:
    """Every one of a sequence, in Fractions."""
    return [_exact(as_matrix(x, f"{name}[{i}]")) for i, x in enumerate(as_sequence(value, name))]


def _exact(matrix: np.ndarray) -> np.ndarray:
    """Floats as the binary rationals that they are."""
    return matrix if matrix.dtype == object else np.vectorize(Fraction, otypes=[object])(matrix)


def _identity(n: int) -> np.ndarray:
    return np.array([[Fraction(int(i == j)) for j in range(n)] for i in range(n)], dtype=object)
