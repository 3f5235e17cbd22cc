"""The joint law of a stack of samples, some of them equal."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from theory.exact import as_sequence, shown
from theory.inputs import MAX_ENUMERATED_ATOMS, InputLaw, as_law
from theory.inputs.law import Support


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
