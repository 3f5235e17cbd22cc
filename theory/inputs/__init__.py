"""Input laws: where the samples x in R^p come from, and their exact joint moments.

Every law gives `dimension` (p), `moment(exponents)` = E[ x_1^{a_1} ... x_p^{a_p} ] as a Fraction, `second_moment` = E[x x^T],
`support()` (its atoms, when they are finitely many) and `sample`. Parameters given as floats are taken as the binary rationals
that they are; `exact` says whether all of them were exact to begin with.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from flint import fmpq

from theory.arithmetic.definiteness import is_moment_sequence, is_positive_semidefinite, root_above
from theory.budget import Cost, as_count, refuse_large, saturated
from theory.exact import (
    Number,
    as_double,
    as_index,
    as_matrix,
    as_number,
    as_rows,
    as_sequence,
    is_exact,
    shown,
    spelled,
    to_float,
    to_fmpq,
    to_fmpq_mat,
    to_fraction,
    to_fraction_array,
    written,
)
from theory.inputs.stein import double_factorial, gaussian_moment, states_cost

MAX_ENUMERATED_ATOMS = 1 << 16
#: Of a moment: beyond it numbers have a hundred thousand digits.
MAX_ORDER = 10_000


class InputLaw(ABC):
    """A law on R^p with exact joint moments of the orders that it is asked for."""

    dimension: int
    exact: bool

    @abstractmethod
    def _moment(self, exponents: tuple[int, ...]) -> Fraction: ...

    @abstractmethod
    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray: ...

    def sample(self, generator: np.random.Generator, shape: int | tuple[int, ...]) -> np.ndarray:
        """Independent draws, a float64 array of shape `shape + (p,)`; TypeError for what is no numpy generator and no shape."""
        if not isinstance(generator, np.random.Generator):
            raise TypeError(f"generator must be a numpy Generator such as np.random.default_rng(0), but was {shown(generator)}")
        sizes = as_sequence(shape, "shape") if isinstance(shape, Iterable) else [shape]
        sizes = [as_index(n, f"shape[{i}]") for i, n in enumerate(sizes)]
        numbers = saturated(self.dimension, *sizes)
        refuse_large("shape", "the draws", Cost(2e-8 * numbers, 16 * numbers, f"{as_count(numbers)} numbers"), "fewer at once")
        return self._sample(generator, tuple(sizes))

    def moment(self, exponents: Sequence[int]) -> Fraction:
        """E[ prod_i x_i^{a_i} ] for exponents (a_1, ..., a_p), non-negative integers.

        Examples:
            >>> Gaussian(2).moment((4, 2))
            Fraction(3, 1)
        """
        powers = tuple(as_index(a, f"exponents[{i}]") for i, a in enumerate(as_sequence(exponents, "exponents")))
        if len(powers) != self.dimension:
            raise ValueError(f"exponents must have one entry for each of the {self.dimension} coordinates, but had {len(powers)}")
        if sum(powers) > MAX_ORDER:
            raise ValueError(f"exponents must be of order {MAX_ORDER:,} together at most, but were of order {spelled(sum(powers))}")
        return self._moment(powers)

    @cached_property
    def second_moment(self) -> np.ndarray:
        """Sigma = E[x x^T]: a (p, p) object array of Fractions."""
        p = self.dimension
        sigma = _square(p, 1e-7 * p)
        for i in range(p):
            for j in range(i, p):
                powers = [0] * p
                powers[i] += 1
                powers[j] += 1
                sigma[i, j] = sigma[j, i] = self._moment(tuple(powers))
        sigma.setflags(write=False)
        return sigma

    def check_doubles(self) -> None:
        """ValueError, naming the number, for a law whose parameters or second moments are beyond the doubles: it cannot be sampled."""
        to_float(self.second_moment, "inputs.second_moment")

    def support(self) -> tuple[tuple[tuple[Fraction, ...], ...], tuple[Fraction, ...]] | None:
        """Atoms (each a p-tuple) and their probabilities, or None when the law has infinitely many atoms or too many to list."""
        return None

    @property
    def norm_bound(self) -> float | None:
        """An upper bound on ||x||, the least one up to rounding; None when there is none (Gaussian) or none is known (moment tables)."""
        return None


def as_law(value: Any, name: str) -> InputLaw:
    """A law as it is; a TypeError that names the argument for anything else."""
    if not isinstance(value, InputLaw):
        raise TypeError(f"{name} must be an input law such as Gaussian(2), but was {shown(value)}")
    return value


class Gaussian(InputLaw):
    """x ~ N(0, Sigma): `Gaussian(p)` with Sigma = I, or `Gaussian(cov=Sigma)`, Sigma symmetric positive semidefinite, singular allowed.

    Raises ValueError for an asymmetric or indefinite covariance. An exact covariance is tested exactly; a float one may have eigenvalues
    down to -p * 2^-52 * ||Sigma||, the error of a covariance computed in doubles.
    """

    def __init__(self, dimension: int | None = None, *, cov: Any = None) -> None:
        if (dimension is None) == (cov is None):
            raise TypeError("Gaussian takes exactly one of dimension and cov")
        self.is_standard = cov is None
        if cov is None:
            self.dimension = as_index(dimension, "dimension", minimum=1)
            self.exact = True
            return
        matrix = as_matrix(cov, "cov")
        if matrix.shape[0] != matrix.shape[1]:
            raise ValueError(f"cov must be square, but had shape {matrix.shape}")
        asymmetric = np.argwhere(matrix != matrix.T)
        if len(asymmetric):
            i, j = asymmetric[0]
            ours, theirs = spelled(matrix[i, j]), spelled(matrix[j, i])
            raise ValueError(f"cov must be symmetric, but cov[{i}, {j}] = {ours} and cov[{j}, {i}] = {theirs}")
        self.dimension = matrix.shape[0]
        self.exact = is_exact(matrix)
        if self.exact:
            if not is_positive_semidefinite(matrix):
                raise ValueError("cov must be positive semidefinite, but has a negative eigenvalue")
        else:
            lowest, highest = np.linalg.eigvalsh(matrix)[[0, -1]]
            if lowest < -self.dimension * 2.0**-52 * max(abs(lowest), abs(highest)):
                raise ValueError(f"cov must be positive semidefinite, but has the eigenvalue {lowest}")
        self._sigma = np.array([[Fraction(x) for x in row] for row in matrix.tolist()], dtype=object)
        self.is_standard = bool(np.all(self._sigma == _identity(self.dimension)))

    @cached_property
    def second_moment(self) -> np.ndarray:
        """Sigma, a (p, p) object array of Fractions."""
        sigma = _identity(self.dimension) if not hasattr(self, "_sigma") else self._sigma
        sigma.setflags(write=False)
        return sigma

    def __getstate__(self) -> dict[str, Any]:
        """Without the moments that are known by now. Of a copy: other threads may add what they compute meanwhile."""
        return {name: value for name, value in self.__dict__.copy().items() if name != "_known"}

    def _moment(self, exponents: tuple[int, ...]) -> Fraction:
        if self.is_standard:
            result = 1
            for a in exponents:
                result *= double_factorial(a)
            return Fraction(result)
        if exponents not in self._known:
            refuse_large("exponents", "the moment", states_cost(exponents, self._bits), "a lower order")
        return to_fraction(gaussian_moment(self._rationals, exponents, self._known))

    @cached_property
    def _known(self) -> dict[tuple[int, ...], fmpq]:
        return {}

    @cached_property
    def _rationals(self) -> list[list[fmpq]]:
        return [[to_fmpq(x) for x in row] for row in self._sigma.tolist()]

    @cached_property
    def _bits(self) -> int:
        return max(x.numerator.bit_length() + x.denominator.bit_length() for x in self._sigma.ravel())

    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        standard = generator.standard_normal((*shape, self.dimension))
        if self.is_standard:
            return standard
        values, vectors = np.linalg.eigh(to_float(self._sigma))
        return standard @ (vectors * np.sqrt(np.clip(values, 0, None))).T

    def __repr__(self) -> str:
        return f"Gaussian({self.dimension})" if self.is_standard else f"Gaussian(cov={_table(self._sigma)})"


class Discrete(InputLaw):
    """Finitely many atoms: x = atoms[n] with probability probabilities[n] (equally likely when left out). Scalars are atoms of R^1.

    Exact probabilities must be non-negative and sum to exactly 1. Float probabilities may miss 1 by N * 2^-52; they are then divided by
    their exact sum, so that the law is a law. Repeated atoms are merged.
    """

    def __init__(self, atoms: Any, probabilities: Any = None) -> None:
        table = as_rows(atoms, "atoms")
        weights: list[Number] = (
            [Fraction(1, len(table))] * len(table)
            if probabilities is None
            else [as_number(q, f"probabilities[{i}]", text=True) for i, q in enumerate(as_sequence(probabilities, "probabilities"))]
        )
        if len(weights) != len(table):
            raise ValueError(f"probabilities must have one entry for each of the {len(table)} atoms, but had {len(weights)}")
        for i, q in enumerate(weights):
            if q < 0:
                raise ValueError(f"probabilities[{i}] must not be negative, but was {shown(q)}")
        total = sum((Fraction(q) for q in weights), Fraction(0))
        slack = 0.0 if all(isinstance(q, Fraction) for q in weights) else len(weights) * 2.0**-52
        if abs(total - 1) > slack:
            raise ValueError(f"probabilities must sum to 1, but sum to {spelled(total if not slack else as_double(total, 'their sum'))}")
        self.dimension = table.shape[1]
        self.exact = is_exact(table) and not slack
        merged: dict[tuple[Fraction, ...], Fraction] = {}
        for row, q in zip(table.tolist(), weights, strict=True):
            if q:
                atom = tuple(Fraction(x) for x in row)
                merged[atom] = merged.get(atom, Fraction(0)) + Fraction(q) / total
        self.atoms = tuple(merged)
        self.probabilities = tuple(merged.values())

    def _moment(self, exponents: tuple[int, ...]) -> Fraction:
        present = [(i, a) for i, a in enumerate(exponents) if a]
        total = Fraction(0)
        for atom, q in zip(self.atoms, self.probabilities, strict=True):
            for i, a in present:
                q *= atom[i] ** a
            total += q
        return total

    @cached_property
    def second_moment(self) -> np.ndarray:
        """Sigma = sum_n q_n x_n x_n^T, a (p, p) object array of Fractions: one product of matrices in flint."""
        sigma = _square(self.dimension, 1e-7 * len(self.atoms))
        weighted = [[x * q for x in atom] for atom, q in zip(self.atoms, self.probabilities, strict=True)]
        left, right = (to_fmpq_mat(np.array(rows, dtype=object)) for rows in (self.atoms, weighted))
        sigma[:] = to_fraction_array(np.array((left.transpose() * right).tolist(), dtype=object))
        sigma.setflags(write=False)
        return sigma

    def support(self) -> tuple[tuple[tuple[Fraction, ...], ...], tuple[Fraction, ...]]:
        """The atoms and their probabilities."""
        return self.atoms, self.probabilities

    @property
    def norm_bound(self) -> float:
        """The longest atom."""
        return root_above(max(sum((x * x for x in atom), Fraction(0)) for atom in self.atoms))

    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        weights = np.array([float(q) for q in self.probabilities])
        index = generator.choice(len(self.atoms), size=shape, p=weights / weights.sum())
        return self._points()[index]

    def check_doubles(self) -> None:
        """ValueError, naming the number, for atoms or second moments beyond the doubles."""
        self._points()
        super().check_doubles()

    def _points(self) -> np.ndarray:
        return to_float(np.array(self.atoms, dtype=object), "atoms")

    def __repr__(self) -> str:
        atoms = ", ".join("(" + _list(atom) + ("," if len(atom) == 1 else "") + ")" for atom in self.atoms)
        return f"Discrete([{atoms}], [{_list(self.probabilities)}])"


class Independent(InputLaw):
    """p independent, identically distributed coordinates, given by the moments (1, m_1, m_2, ...) of one of them, as far as the table goes.

    The table must belong to some law (the truncated Hamburger moment problem, decided exactly). A moment beyond the table is a ValueError.
    A table has no samples.
    """

    _largest_square: Fraction | None = None  # of a coordinate

    def __init__(self, dimension: int, moments: Sequence[Any]) -> None:
        self.dimension = as_index(dimension, "dimension", minimum=1)
        numbers = [as_number(m, f"moments[{k}]", text=True) for k, m in enumerate(as_sequence(moments, "moments"))]
        self.exact = all(isinstance(m, Fraction) for m in numbers)
        self._table = tuple(Fraction(m) for m in numbers)
        if not self._table or self._table[0] != 1:
            raise ValueError("moments[0] must be 1, the total probability")
        if not is_moment_sequence(self._table):
            raise ValueError("moments must be those of a law, but no law on the real line has these")

    def coordinate_moment(self, order: int) -> Fraction:
        """E[x_1^order], order >= 0; ValueError beyond the table's end, and beyond order 10,000."""
        k = as_index(order, "order")
        if k > MAX_ORDER:
            raise ValueError(f"order must be at most {MAX_ORDER:,}, but was {spelled(k)}")
        return self._coordinate_moment(k)

    def _coordinate_moment(self, order: int) -> Fraction:
        if order >= len(self._table):
            raise ValueError(f"moments must reach order {order}, but end at order {len(self._table) - 1}")
        return self._table[order]

    @cached_property
    def second_moment(self) -> np.ndarray:
        """E[x x^T], a (p, p) object array of Fractions: m_2 on the diagonal, m_1^2 beside it."""
        first = self._coordinate_moment(1) if self.dimension > 1 else Fraction(0)
        sigma = _constants(self.dimension, self._coordinate_moment(2), first * first)
        sigma.setflags(write=False)
        return sigma

    def _moment(self, exponents: tuple[int, ...]) -> Fraction:
        result = Fraction(1)
        for a in exponents:
            result *= self._coordinate_moment(a)
        return result

    @property
    def norm_bound(self) -> float | None:
        """sqrt p times the largest |x_1|; None for a moment table."""
        return None if self._largest_square is None else root_above(self.dimension * self._largest_square)

    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """A moment table does not determine its law: ValueError."""
        raise ValueError("inputs given by a moment table cannot be sampled; use Rademacher, Uniform, Gaussian or Discrete")

    def __repr__(self) -> str:
        return f"Independent({self.dimension}, [{_list(self._table)}])"


class Rademacher(Independent):
    """p independent signs, each +1 or -1 with probability 1/2."""

    _largest_square = Fraction(1)

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension, [1])

    def _coordinate_moment(self, order: int) -> Fraction:
        return Fraction(1 - order % 2)

    def support(self) -> tuple[tuple[tuple[Fraction, ...], ...], tuple[Fraction, ...]] | None:
        """The 2^p corners of the cube, when they are at most 65,536."""
        if self.dimension > MAX_ENUMERATED_ATOMS.bit_length() - 1:
            return None
        corners = tuple(product((Fraction(-1), Fraction(1)), repeat=self.dimension))
        return corners, (Fraction(1, len(corners)),) * len(corners)

    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return 2.0 * generator.integers(0, 2, size=(*shape, self.dimension)) - 1.0

    def __repr__(self) -> str:
        return f"Rademacher({self.dimension})"


class Uniform(Independent):
    """p independent coordinates, uniform on [low, high]; without bounds, centred with variance 1 (on [-sqrt 3, sqrt 3]).

    E x^k = (high^{k+1} - low^{k+1}) / ((k + 1)(high - low)); with variance 1, E x^{2k} = 3^k / (2k + 1).
    """

    def __init__(self, dimension: int, low: Any = None, high: Any = None) -> None:
        super().__init__(dimension, [1])
        if (low is None) != (high is None):
            raise TypeError("Uniform takes both low and high, or neither")
        self._bounds: tuple[Fraction, Fraction] | None = None
        self._largest_square = Fraction(3)
        if low is not None:
            ends = as_number(low, "low", text=True), as_number(high, "high", text=True)
            if ends[0] >= ends[1]:
                raise ValueError(f"low must be less than high, but low = {spelled(ends[0])} and high = {spelled(ends[1])}")
            self.exact = all(isinstance(end, Fraction) for end in ends)
            self._bounds = (Fraction(ends[0]), Fraction(ends[1]))
            self._largest_square = max(end * end for end in self._bounds)

    def _coordinate_moment(self, order: int) -> Fraction:
        if self._bounds is None:
            return Fraction(0) if order % 2 else Fraction(3 ** (order // 2), order + 1)
        low, high = self._bounds
        return (high ** (order + 1) - low ** (order + 1)) / ((order + 1) * (high - low))

    def check_doubles(self) -> None:
        """ValueError for bounds or second moments beyond the doubles."""
        for end in self._bounds or ():
            as_double(end, "a bound")
        super().check_doubles()

    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        low, high = (-(3**0.5), 3**0.5) if self._bounds is None else (as_double(end, "a bound") for end in self._bounds)
        return generator.uniform(low, high, size=(*shape, self.dimension))

    def __repr__(self) -> str:
        ends = "" if self._bounds is None else f", {_list(self._bounds)}"
        return f"Uniform({self.dimension}{ends})"


def _identity(p: int) -> np.ndarray:
    return _constants(p, Fraction(1), Fraction(0))


def _constants(p: int, diagonal: Fraction, beside: Fraction) -> np.ndarray:
    """A (p, p) object array of one number on the diagonal and one beside it."""
    matrix = _square(p, 0.0)
    matrix.fill(beside)
    np.fill_diagonal(matrix, diagonal)
    return matrix


def _square(p: int, seconds: float) -> np.ndarray:
    """An empty (p, p) object array, `seconds` of work for each entry; UnaffordableError for one that is too large."""
    n = saturated(p)
    cost = Cost((1e-8 + seconds) * n * n, 100 * n * n, f"a matrix of order {as_count(p)}")
    refuse_large("dimension", "E[x x^T]", cost, "fewer input coordinates")
    return np.empty((p, p), dtype=object)


def _table(matrix: np.ndarray) -> str:
    return "[" + ", ".join("[" + _list(row) + "]" for row in matrix.tolist()) + "]"


def _list(numbers: Iterable[Fraction]) -> str:
    return ", ".join(map(written, numbers))
