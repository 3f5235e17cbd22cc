"""What every input law answers. A new law gives its moments, its samples and its parameters; whatever else it knows is optional.

The properties are what engines, cost models, samplers and files ask a law for: beside its name, in `theory.inputs.NAMED`, nobody asks
which class it has.
"""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np

from theory.budget import Cost, as_count, refuse_large, saturated
from theory.budget.unit_costs import UNITS
from theory.exact import as_index, as_sequence, shown, spelled, to_float, written
from theory.inputs.second_moments import empty_square

#: Of a moment: beyond it numbers have a hundred thousand digits.
MAX_ORDER = 10_000

#: Atoms, each a p-tuple, and their probabilities.
Support = tuple[tuple[tuple[Fraction, ...], ...], tuple[Fraction, ...]]
#: Atoms, the labels that belong to them, each a q-tuple, and the probabilities of these pairs.
LabelledSupport = tuple[tuple[tuple[Fraction, ...], ...], tuple[tuple[Fraction, ...], ...], tuple[Fraction, ...]]


class InputLaw(ABC):
    """A law on R^p with exact joint moments of the orders that it is asked for.

    Attributes:
        dimension: p.
        exact: whether all parameters were given exactly; floats are taken as the binary rationals that they are.
        highest_order: of the moments that are known.
        has_samples: whether the law is known well enough to be sampled.
        is_gaussian: whether x ~ N(mean, covariance), so that Stein's lemma holds.
        is_centred_gaussian: whether x ~ N(0, Sigma) besides, so that Isserlis' and Wishart's formulas hold.
        is_standard: whether x ~ N(0, I).
        has_iid_coordinates: whether the coordinates are independent and identically distributed.
        atom_count: length of the list of atoms that moments and losses are sums over; None for a law that is given otherwise, even if it
            has finitely many atoms: the 2^p corners of a cube are no list to go through at every step.
        population: the points of a finite population, float64 of shape (N, p), from which batches may also be drawn without replacement.
        targets: what is to be learned of each point of the population, float64 of shape (N, q); None where a teacher says it.
    """

    dimension: int
    exact: bool
    highest_order: float = math.inf
    has_samples: bool = True
    is_gaussian: bool = False
    is_centred_gaussian: bool = False
    is_standard: bool = False
    has_iid_coordinates: bool = False
    atom_count: int | None = None
    population: np.ndarray | None = None
    targets: np.ndarray | None = None

    # -- what a law gives ---------------------------------------------------------------------------------------------

    @abstractmethod
    def _moment(self, exponents: tuple[int, ...]) -> Fraction: ...

    @abstractmethod
    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray: ...

    @abstractmethod
    def parameters(self) -> dict[str, Any]:
        """The arguments that make the law again, numbers, nested lists or arrays of them: what `repr` and files hold of it."""

    @classmethod
    def on_dimension(cls, p: int, **parameters: Any) -> InputLaw:
        """The law on R^p with the other parameters as given: of a file, where p stands in the network's sizes."""
        return cls(p, **parameters)  # type: ignore[call-arg]

    # -- moments ------------------------------------------------------------------------------------------------------

    @property
    def has_centred_iid_coordinates(self) -> bool:
        """Whether the coordinates are independent, identically distributed and of mean 0."""
        return self.has_iid_coordinates and self.coordinate_moment(1) == 0

    def moment(self, exponents: Sequence[int]) -> Fraction:
        """E[ prod_i x_i^{a_i} ] for exponents (a_1, ..., a_p), non-negative integers.

        Examples:
            >>> from theory import Gaussian
            >>> Gaussian(2).moment((4, 2))
            Fraction(3, 1)
        """
        powers = tuple(as_index(a, f"exponents[{i}]") for i, a in enumerate(as_sequence(exponents, "exponents")))
        if len(powers) != self.dimension:
            raise ValueError(f"exponents must have one entry for each of the {self.dimension} coordinates, but had {len(powers)}")
        if sum(powers) > MAX_ORDER:
            raise ValueError(f"exponents must be of order {MAX_ORDER:,} together at most, but were of order {spelled(sum(powers))}")
        return self._moment(powers)

    def coordinate_moment(self, order: int) -> Fraction:
        """E[x_1^order], order >= 0; ValueError beyond order 10,000, and where the moment is not known."""
        k = as_index(order, "order")
        if k > MAX_ORDER:
            raise ValueError(f"order must be at most {MAX_ORDER:,}, but was {spelled(k)}")
        return self._coordinate_moment(k)

    def _coordinate_moment(self, order: int) -> Fraction:
        return self._moment((order, *[0] * (self.dimension - 1)))

    def missing_moments_reason(self, order: int) -> str | None:
        """Why there are no moments of this order; None where there are."""
        return None if order <= self.highest_order else f"moments must reach order {order}, but end at order {self.highest_order}"

    @cached_property
    def mean(self) -> np.ndarray:
        """E[x]: a (p,) object array of Fractions."""
        first = [self._moment(tuple(int(i == j) for i in range(self.dimension))) for j in range(self.dimension)]
        mean = np.array(first, dtype=object)
        mean.setflags(write=False)
        return mean

    @cached_property
    def covariance(self) -> np.ndarray:
        """E[x x^T] - E[x] E[x]^T: a (p, p) object array of Fractions."""
        covariance = self.second_moment - np.outer(self.mean, self.mean)
        covariance.setflags(write=False)
        return covariance

    @cached_property
    def second_moment(self) -> np.ndarray:
        """Sigma = E[x x^T]: a (p, p) object array of Fractions."""
        p = self.dimension
        sigma = empty_square(p, 1e-7 * p)
        for i in range(p):
            for j in range(i, p):
                powers = [0] * p
                powers[i] += 1
                powers[j] += 1
                sigma[i, j] = sigma[j, i] = self._moment(tuple(powers))
        sigma.setflags(write=False)
        return sigma

    def moment_seconds(self, order: int) -> float:
        """Predicted for one joint moment of at most this order, on one core; by default of a formula, coordinate by coordinate."""
        return UNITS["law.table"] * self.dimension

    def moment_bits(self, order: int) -> float:
        """Length of the common denominator of the moments of this order and of their numerators, at most (typically)."""
        return 64.0 * order

    # -- values -------------------------------------------------------------------------------------------------------

    def support(self) -> Support | None:
        """Atoms (each a p-tuple) and their probabilities, or None when the law has infinitely many atoms or too many to list."""
        return None

    def labelled_support(self) -> LabelledSupport | None:
        """Atoms, their labels, and the probabilities of these pairs; None for a law without labels, and where `support` is None."""
        return None

    def coordinate_values(self) -> Iterable[Fraction] | None:
        """The values that coordinates take, repeated or not; None when they are infinitely many or too many to list."""
        support = self.support()
        return None if support is None else chain.from_iterable(support[0])

    def weighted_points(self) -> tuple[np.ndarray, np.ndarray]:
        """The `atom_count` atoms in doubles, (N, p), and their probabilities; ValueError for a law that is no list of atoms."""
        raise ValueError(f"inputs must be a list of atoms to be gone through, but were {shown(self)}")

    @property
    def norm_bound(self) -> float | None:
        """An upper bound on ||x||, the least one up to rounding; None when there is none (Gaussian) or none is known (moment tables)."""
        return None

    # -- samples ------------------------------------------------------------------------------------------------------

    def sample(self, generator: np.random.Generator, shape: int | tuple[int, ...]) -> np.ndarray:
        """Independent draws, a float64 array of shape `shape + (p,)`; TypeError for what is no numpy generator and no shape."""
        if not isinstance(generator, np.random.Generator):
            raise TypeError(f"generator must be a numpy Generator such as np.random.default_rng(0), but was {shown(generator)}")
        sizes = as_sequence(shape, "shape") if isinstance(shape, Iterable) else [shape]
        sizes = [as_index(n, f"shape[{i}]") for i, n in enumerate(sizes)]
        numbers = saturated(self.dimension, *sizes)
        refuse_large("shape", "the draws", Cost(2e-8 * numbers, 16 * numbers, f"{as_count(numbers)} numbers"), "fewer at once")
        return self._sample(generator, tuple(sizes))

    def doubles(self) -> dict[str, np.ndarray]:
        """Parameters that samples are made of, such as atoms, in doubles and by name. ValueError that names one beyond the doubles."""
        return {}

    def check_doubles(self) -> None:
        """ValueError, naming the number, for a law whose parameters or second moments are beyond the doubles: it cannot be sampled."""
        self.doubles()
        to_float(self.second_moment, "inputs.second_moment")

    # -- text ---------------------------------------------------------------------------------------------------------

    @property
    def identity(self) -> str:
        """What tells the law from every other, for digests."""
        return repr(self)

    def __repr__(self) -> str:
        """The call that makes the law, every number in full."""
        keywords = {p.name for p in inspect.signature(type(self)).parameters.values() if p.kind is p.KEYWORD_ONLY}
        arguments = (f"{name}={_text(x)}" if name in keywords else _text(x) for name, x in self.parameters().items())
        return f"{type(self).__name__}({', '.join(arguments)})"


def as_law(value: object, name: str) -> InputLaw:
    """A law as it is; a TypeError that names the argument for anything else."""
    if not isinstance(value, InputLaw):
        raise TypeError(f"{name} must be an input law such as Gaussian(2), but was {shown(value)}")
    return value


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_text, value))}{',' if len(value) == 1 else ''})"
    return written(Fraction(value) if isinstance(value, float) else value)
