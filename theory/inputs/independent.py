"""Laws with independent, identically distributed coordinates: joint moments are products of moments of one coordinate."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

import numpy as np

from theory.arithmetic.definiteness import is_moment_sequence, root_above
from theory.budget.unit_costs import UNITS
from theory.exact import NumberLike, as_double, as_index, as_number, as_sequence, spelled
from theory.inputs.law import InputLaw, Support
from theory.inputs.lengths import common_bits
from theory.inputs.second_moments import two_constants

MAX_ENUMERATED_ATOMS = 1 << 16
#: Moments of a coordinate up to this order tell how long the higher ones are.
LOOKED_AT = 64


@lru_cache(maxsize=4)  # cost models and refusals ask for the same list again and again
def _combinations(values: tuple[Fraction, ...], probabilities: tuple[Fraction, ...], dimension: int) -> Support:
    atoms = tuple(product(values, repeat=dimension))
    if len(set(probabilities)) == 1:
        return atoms, (Fraction(1, len(atoms)),) * len(atoms)
    joint = [Fraction(1)]
    for _ in range(dimension):
        joint = [q * share for q in joint for share in probabilities]
    return atoms, tuple(joint)


class IndependentCoordinates(InputLaw):
    """x_1, ..., x_p independent and identically distributed. A law gives the moments of one coordinate, its samples and parameters.

    One whose coordinates take finitely many values says so by `coordinate_support`; one that is bounded, by `largest_square`.
    """

    has_iid_coordinates = True

    def __init__(self, dimension: int) -> None:
        self.dimension = as_index(dimension, "dimension", minimum=1)
        self.exact = True

    @abstractmethod
    def parameters(self) -> dict[str, Any]:
        """`dimension`; a law adds its own, or two of them would pass for one."""
        return {"dimension": self.dimension}

    @abstractmethod
    def _coordinate_moment(self, order: int) -> Fraction: ...

    def _moment(self, exponents: tuple[int, ...]) -> Fraction:
        result = Fraction(1)
        for a in exponents:
            result *= self._coordinate_moment(a)
        return result

    @cached_property
    def second_moment(self) -> np.ndarray:
        """E[x x^T], a (p, p) object array of Fractions: m_2 on the diagonal, m_1^2 beside it."""
        first = self._coordinate_moment(1) if self.dimension > 1 else Fraction(0)
        sigma = two_constants(self.dimension, self._coordinate_moment(2), first * first)
        sigma.setflags(write=False)
        return sigma

    def moment_bits(self, order: int) -> float:
        """Products such as m_1^4, m_2^2 and m_4, from those of the coordinate's moments that are known and not beyond order 64."""
        return max(1.0, order / LOOKED_AT) * _product_bits(self, int(min(order, LOOKED_AT, self.highest_order)))

    def coordinate_support(self) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]] | None:
        """The values of one coordinate and their probabilities; None when they are infinitely many or not known."""
        return None

    def support(self) -> Support | None:
        """All combinations of the values of the coordinates, when they are at most 65,536."""
        one = self.coordinate_support()
        if one is None or self.dimension >= MAX_ENUMERATED_ATOMS.bit_length() or len(one[0]) ** self.dimension > MAX_ENUMERATED_ATOMS:
            return None
        return _combinations(*one, self.dimension)

    def coordinate_values(self) -> Iterable[Fraction] | None:
        """Those of one coordinate."""
        one = self.coordinate_support()
        return None if one is None else one[0]

    @property
    def largest_square(self) -> Fraction | None:
        """The largest x_1^2, at most; None where there is none, or none is known."""
        values = self.coordinate_values()
        return None if values is None else max(x * x for x in values)

    @property
    def norm_bound(self) -> float | None:
        """sqrt p times the largest |x_1|."""
        largest = self.largest_square
        return None if largest is None else root_above(self.dimension * largest)


class Independent(IndependentCoordinates):
    """p independent, identically distributed coordinates, given by the moments (1, m_1, m_2, ...) of one of them, as far as the table goes.

    The table must belong to some law (the truncated Hamburger moment problem, decided exactly). A moment beyond the table is a ValueError.
    A table has no samples.
    """

    has_samples = False

    def __init__(self, dimension: int, moments: Sequence[NumberLike]) -> None:
        super().__init__(dimension)
        numbers = [as_number(m, f"moments[{k}]", text=True) for k, m in enumerate(as_sequence(moments, "moments"))]
        self.exact = all(isinstance(m, Fraction) for m in numbers)
        self._table = tuple(Fraction(m) for m in numbers)
        self.highest_order = len(self._table) - 1
        if not self._table or self._table[0] != 1:
            raise ValueError("moments[0] must be 1, the total probability")
        if not is_moment_sequence(self._table):
            raise ValueError("moments must be those of a law, but no law on the real line has these")

    def parameters(self) -> dict[str, Any]:
        """`dimension` and `moments`."""
        return super().parameters() | {"moments": list(self._table)}

    def _coordinate_moment(self, order: int) -> Fraction:
        if (missing := self.missing_moments_reason(order)) is not None:
            raise ValueError(missing)
        return self._table[order]

    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """A moment table does not determine its law: ValueError."""
        raise ValueError("inputs given by a moment table cannot be sampled; use Rademacher, Uniform, Gaussian or Discrete")


class Rademacher(IndependentCoordinates):
    """p independent signs, each +1 or -1 with probability 1/2."""

    def parameters(self) -> dict[str, Any]:
        """`dimension`."""
        return super().parameters()

    def _coordinate_moment(self, order: int) -> Fraction:
        return Fraction(1 - order % 2)

    def coordinate_support(self) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
        """-1 and 1: the atoms are the corners of a cube."""
        return (Fraction(-1), Fraction(1)), (Fraction(1, 2), Fraction(1, 2))

    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return 2.0 * generator.integers(0, 2, size=(*shape, self.dimension)) - 1.0


class Uniform(IndependentCoordinates):
    """p independent coordinates, uniform on [low, high]; without bounds, centred with variance 1 (on [-sqrt 3, sqrt 3]).

    E x^k = (high^{k+1} - low^{k+1}) / ((k + 1)(high - low)); with variance 1, E x^{2k} = 3^k / (2k + 1).
    """

    def __init__(self, dimension: int, low: NumberLike | None = None, high: NumberLike | None = None) -> None:
        super().__init__(dimension)
        if (low is None) != (high is None):
            raise TypeError("Uniform takes both low and high, or neither")
        self._bounds: tuple[Fraction, Fraction] | None = None
        if low is not None:
            ends = as_number(low, "low", text=True), as_number(high, "high", text=True)
            if ends[0] >= ends[1]:
                raise ValueError(f"low must be less than high, but low = {spelled(ends[0])} and high = {spelled(ends[1])}")
            self.exact = all(isinstance(end, Fraction) for end in ends)
            self._bounds = (Fraction(ends[0]), Fraction(ends[1]))

    def parameters(self) -> dict[str, Any]:
        """`dimension`, and `low` and `high` where they were given."""
        return super().parameters() | dict(zip(("low", "high"), self._bounds or (), strict=False))

    def _coordinate_moment(self, order: int) -> Fraction:
        if self._bounds is None:
            return Fraction(0) if order % 2 else Fraction(3 ** (order // 2), order + 1)
        low, high = self._bounds
        return (high ** (order + 1) - low ** (order + 1)) / ((order + 1) * (high - low))

    def moment_seconds(self, order: int) -> float:
        """Powers of the bounds, coordinate by coordinate."""
        return (3 * UNITS["law.table"] + 2e-9 * self.moment_bits(order)) * self.dimension

    @property
    def largest_square(self) -> Fraction:
        """That of the bound farther from 0."""
        return Fraction(3) if self._bounds is None else max(end * end for end in self._bounds)

    def doubles(self) -> dict[str, np.ndarray]:
        """`low` and `high` where they were given."""
        return {name: np.array(as_double(end, name)) for name, end in zip(("low", "high"), self._bounds or (), strict=False)}

    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        low, high = (-(3**0.5), 3**0.5) if self._bounds is None else map(float, self.doubles().values())
        return generator.uniform(low, high, size=(*shape, self.dimension))


@lru_cache(maxsize=32)
def _product_bits(law: IndependentCoordinates, highest: int) -> float:
    return common_bits([law.coordinate_moment(k) ** (highest // k) for k in range(1, highest + 1)])
