"""Laws that are a list of atoms with probabilities: every expectation is a sum over the list."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory.arithmetic.definiteness import root_above
from theory.budget.unit_costs import UNITS
from theory.exact import (
    MatrixLike,
    Number,
    NumberLike,
    as_double,
    as_number,
    as_rows,
    as_sequence,
    is_exact,
    shown,
    spelled,
    to_float,
    to_fmpq_mat,
    to_fraction_array,
)
from theory.inputs.law import InputLaw, Support
from theory.inputs.lengths import SAMPLE, average_bits, common_bits
from theory.inputs.second_moments import empty_square


class Discrete(InputLaw):
    """Finitely many atoms: x = atoms[n] with probability probabilities[n] (equally likely when left out). Scalars are atoms of R^1.

    Exact probabilities must be non-negative and sum to exactly 1. Float probabilities may miss 1 by N * 2^-52; they are then divided by
    their exact sum, so that the law is a law. Repeated atoms are merged.
    """

    def __init__(self, atoms: MatrixLike, probabilities: Iterable[NumberLike] | None = None) -> None:
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
        self.atom_count = len(self.atoms)

    @classmethod
    def on_dimension(cls, p: int, **parameters: Any) -> Discrete:
        """The atoms have a dimension of their own."""
        return cls(**parameters)

    def parameters(self) -> dict[str, Any]:
        """`atoms` and `probabilities`, merged."""
        return {"atoms": list(self.atoms), "probabilities": list(self.probabilities)}

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
        sigma = empty_square(self.dimension, 1e-7 * len(self.atoms))
        weighted = [[x * q for x in atom] for atom, q in zip(self.atoms, self.probabilities, strict=True)]
        left, right = (to_fmpq_mat(np.array(rows, dtype=object)) for rows in (self.atoms, weighted))
        sigma[:] = to_fraction_array(np.array((left.transpose() * right).tolist(), dtype=object))
        sigma.setflags(write=False)
        return sigma

    def moment_seconds(self, order: int) -> float:
        """A sum of products, whose partial sums have, on average, half of the digits of the moment."""
        growth = self.moment_bits(order) * 2e-9 + order * self._bits[2] * 5e-9 * self.dimension
        return len(self.atoms) * (UNITS["law.atom"] + UNITS["law.coordinate"] * self.dimension + growth)

    def moment_bits(self, order: int) -> float:
        """Powers of the atoms' common denominator, and that of the probabilities."""
        atoms, probabilities, _ = self._bits
        return order * atoms + probabilities / 2

    @cached_property
    def _bits(self) -> tuple[float, float, float]:
        """Common to the atoms, common to the probabilities, and of a coordinate of an atom on average."""
        some = [x for atom in self.atoms[:SAMPLE] for x in atom][: 4 * SAMPLE]
        return common_bits([x for atom in self.atoms for x in atom]), common_bits(self.probabilities), average_bits(some)

    def support(self) -> Support:
        """The atoms and their probabilities."""
        return self.atoms, self.probabilities

    def weighted_points(self) -> tuple[np.ndarray, np.ndarray]:
        """Atoms and probabilities in doubles; the latter sum to 1 up to rounding."""
        weights = np.array([float(q) for q in self.probabilities])
        return self.doubles()["atoms"], weights / weights.sum()

    @property
    def norm_bound(self) -> float:
        """The longest atom."""
        return root_above(max(sum((x * x for x in atom), Fraction(0)) for atom in self.atoms))

    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        points, weights = self.weighted_points()
        return points[generator.choice(len(points), size=shape, p=weights)]

    def doubles(self) -> dict[str, np.ndarray]:
        """The atoms, (N, p)."""
        return {"atoms": to_float(np.array(self.atoms, dtype=object), "atoms")}
