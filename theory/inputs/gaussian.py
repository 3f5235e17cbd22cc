"""Gaussian input laws: joint moments by Stein's lemma, products of double factorials where Sigma = I."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq

from theory.arithmetic.definiteness import is_positive_semidefinite
from theory.budget import refuse_large
from theory.budget.unit_costs import UNITS
from theory.exact import MatrixLike, as_index, as_matrix, is_exact, spelled, to_float, to_fmpq, to_fraction
from theory.inputs.law import InputLaw
from theory.inputs.lengths import common_bits
from theory.inputs.second_moments import identity
from theory.inputs.stein import SHORT_ORDER, double_factorial, gaussian_moment, states_cost


class Gaussian(InputLaw):
    """x ~ N(0, Sigma): `Gaussian(p)` with Sigma = I, or `Gaussian(cov=Sigma)`, Sigma symmetric positive semidefinite, singular allowed.

    Raises ValueError for an asymmetric or indefinite covariance. An exact covariance is tested exactly; a float one may have eigenvalues
    down to -p * 2^-52 * ||Sigma||, the error of a covariance computed in doubles.
    """

    is_centred_gaussian = True

    def __init__(self, dimension: int | None = None, *, cov: MatrixLike | None = None) -> None:
        if (dimension is None) == (cov is None):
            raise TypeError("Gaussian takes exactly one of dimension and cov")
        if cov is None:
            self.dimension = as_index(dimension, "dimension", minimum=1)
            self.exact = self.is_standard = self.has_iid_coordinates = True
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
        self.is_standard = self.has_iid_coordinates = bool(np.all(self._sigma == identity(self.dimension)))

    @classmethod
    def on_dimension(cls, p: int, **parameters: Any) -> Gaussian:
        """N(0, cov), or N(0, I) on R^p without `cov`."""
        return cls(**parameters) if parameters else cls(p)

    def parameters(self) -> dict[str, Any]:
        """`dimension` where Sigma = I, otherwise `cov`: in floats where it was given so, which leaves it its tolerance."""
        if self.is_standard:
            return {"dimension": self.dimension}
        return {"cov": (self._sigma if self.exact else self._sigma.astype(float)).tolist()}

    @cached_property
    def second_moment(self) -> np.ndarray:
        """Sigma, a (p, p) object array of Fractions."""
        sigma = identity(self.dimension) if not hasattr(self, "_sigma") else self._sigma
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
        if sum(exponents) > SHORT_ORDER and exponents not in self._known:
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

    def moment_seconds(self, order: int) -> float:
        """Of products of double factorials where Sigma = I, otherwise of Stein's recursion, whose states most moments share."""
        return UNITS["law.table" if self.is_standard else "law.gaussian"] * self.dimension

    def moment_bits(self, order: int) -> float:
        """Products of order / 2 covariances."""
        return float(order) if self.is_standard else order / 2 * self._common_bits + order

    @cached_property
    def _common_bits(self) -> float:
        return common_bits(self._sigma.ravel().tolist())

    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        standard = generator.standard_normal((*shape, self.dimension))
        if self.is_standard:
            return standard
        values, vectors = np.linalg.eigh(to_float(self._sigma))
        return standard @ (vectors * np.sqrt(np.clip(values, 0, None))).T
