"""Gaussian input laws: joint moments by Stein's lemma, products of double factorials where x ~ N(0, I)."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq

from theory.arithmetic.definiteness import is_positive_semidefinite
from theory.budget import refuse_large
from theory.budget.unit_costs import UNITS
from theory.exact import MatrixLike, NumberLike, as_index, as_matrix, as_rows, is_exact, spelled, to_float, to_fmpq, to_fraction
from theory.inputs.law import InputLaw
from theory.inputs.lengths import common_bits
from theory.inputs.second_moments import identity
from theory.inputs.stein import SHORT_ORDER, double_factorial, gaussian_moment, states_cost


class Gaussian(InputLaw):
    """x ~ N(mu, Sigma): `Gaussian(p)` is N(0, I), `Gaussian(mean=mu, cov=Sigma)` any other; without `mean` mu = 0, without `cov` Sigma = I.

    Sigma is symmetric positive semidefinite, singular allowed: a coordinate of variance 0 always has the value of its mean. One that is
    always 1 makes its column of W_1 the biases of the first layer: `Gaussian(mean=[1, 0], cov=[[0, 0], [0, 1]])` is x = (1, z).

    Raises TypeError or ValueError, naming the argument, for an asymmetric or indefinite covariance and a mean of another length. An exact
    covariance is tested exactly; a float one may have eigenvalues down to -p * 2^-52 * ||Sigma||, the error of one computed in doubles.
    """

    is_gaussian = True
    is_centred_gaussian = True

    def __init__(self, dimension: int | None = None, *, mean: Iterable[NumberLike] | None = None, cov: MatrixLike | None = None) -> None:
        if (dimension is None) == (mean is None and cov is None):
            raise TypeError("Gaussian takes exactly one of dimension and cov, or a mean with or without cov")
        self._sigma: np.ndarray | None = None  # None where it is I
        self._mu: np.ndarray | None = None  # None where it is 0
        self._exact_cov = self._exact_mean = True
        if cov is not None:
            sigma, self._exact_cov = _covariance(cov)
            self.dimension = len(sigma)
            self._sigma = None if np.all(sigma == identity(self.dimension)) else sigma
        if mean is not None:
            mu, self._exact_mean = _mean(mean)
            if cov is not None and len(mu) != self.dimension:
                raise ValueError(f"mean must have one entry for each of the {self.dimension} rows of cov, but had {len(mu)}")
            self.dimension = len(mu)
            self._mu = mu if np.any(mu != 0) else None
        if dimension is not None:
            self.dimension = as_index(dimension, "dimension", minimum=1)
        self.exact = self._exact_cov and (self._mu is None or self._exact_mean)
        if self._mu is not None:
            self.is_centred_gaussian = False
        self.is_standard = self._sigma is None and self._mu is None
        self.has_iid_coordinates = self._sigma is None and (self._mu is None or bool(np.all(self._mu == self._mu[0])))

    @classmethod
    def on_dimension(cls, p: int, **parameters: Any) -> Gaussian:
        """N(mean, cov), or N(0, I) on R^p without either."""
        return cls(**parameters) if parameters else cls(p)

    def parameters(self) -> dict[str, Any]:
        """`dimension` of N(0, I), otherwise `mean` where it is not 0 and `cov` where it is not I, in floats where they were given so."""
        if self.is_standard:
            return {"dimension": self.dimension}
        given = (("mean", self._mu, self._exact_mean), ("cov", self._sigma, self._exact_cov))
        return {name: (value if exact else value.astype(float)).tolist() for name, value, exact in given if value is not None}

    @cached_property
    def mean(self) -> np.ndarray:
        """mu, a (p,) object array of Fractions."""
        mu = np.full(self.dimension, Fraction(0), dtype=object) if self._mu is None else self._mu
        mu.setflags(write=False)
        return mu

    @cached_property
    def covariance(self) -> np.ndarray:
        """Sigma, a (p, p) object array of Fractions."""
        sigma = identity(self.dimension) if self._sigma is None else self._sigma
        sigma.setflags(write=False)
        return sigma

    @cached_property
    def second_moment(self) -> np.ndarray:
        """E[x x^T] = Sigma + mu mu^T, a (p, p) object array of Fractions."""
        if self._mu is None:
            return self.covariance
        second = self.covariance + np.outer(self._mu, self._mu)
        second.setflags(write=False)
        return second

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
        return to_fraction(gaussian_moment(*self._rationals, exponents, self._known))

    @cached_property
    def _known(self) -> dict[tuple[int, ...], fmpq]:
        return {}

    @cached_property
    def _rationals(self) -> tuple[list[list[fmpq]], list[fmpq] | None]:
        """Sigma, and mu where it is not 0."""
        sigma = [[to_fmpq(x) for x in row] for row in self.covariance.tolist()]
        return sigma, None if self._mu is None else [to_fmpq(x) for x in self._mu.tolist()]

    @cached_property
    def _bits(self) -> int:
        """Of the longest covariance, or of the square of the longest mean."""
        covariances = max(x.numerator.bit_length() + x.denominator.bit_length() for x in self.covariance.ravel())
        return max(covariances, *(2 * (x.numerator.bit_length() + x.denominator.bit_length()) for x in self.mean))

    def moment_seconds(self, order: int) -> float:
        """Of products of double factorials for N(0, I), otherwise of Stein's recursion, whose states most moments share."""
        return UNITS["law.table" if self.is_standard else "law.gaussian"] * self.dimension

    def moment_bits(self, order: int) -> float:
        """Products of order / 2 covariances, or of as many means as the order."""
        return float(order) if self.is_standard else order * self._common_bits + order

    @cached_property
    def _common_bits(self) -> float:
        squares = [] if self._mu is None else [x * x for x in self._mu.tolist()]
        return common_bits([*self.covariance.ravel().tolist(), *squares]) / 2

    def _sample(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        drawn = generator.standard_normal((*shape, self.dimension))
        if self._sigma is not None:
            values, vectors = np.linalg.eigh(to_float(self._sigma))
            drawn = drawn @ (vectors * np.sqrt(np.clip(values, 0, None))).T
        return drawn if self._mu is None else drawn + self.doubles()["mean"]

    def doubles(self) -> dict[str, np.ndarray]:
        """`mean` where it is not 0."""
        return {} if self._mu is None else {"mean": to_float(self._mu, "mean")}


def _mean(value: object) -> tuple[np.ndarray, bool]:
    """As Fractions, and whether it was exact."""
    column = as_rows(value, "mean")
    if column.shape[1] != 1:
        raise ValueError(f"mean must be one number for each coordinate, but had shape {column.shape}")
    return np.array([Fraction(x) for x in column[:, 0].tolist()], dtype=object), is_exact(column)


def _covariance(value: MatrixLike) -> tuple[np.ndarray, bool]:
    """As Fractions, and whether it was exact."""
    matrix = as_matrix(value, "cov")
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"cov must be square, but had shape {matrix.shape}")
    asymmetric = np.argwhere(matrix != matrix.T)
    if len(asymmetric):
        i, j = asymmetric[0]
        ours, theirs = spelled(matrix[i, j]), spelled(matrix[j, i])
        raise ValueError(f"cov must be symmetric, but cov[{i}, {j}] = {ours} and cov[{j}, {i}] = {theirs}")
    exact = is_exact(matrix)
    if exact:
        if not is_positive_semidefinite(matrix):
            raise ValueError("cov must be positive semidefinite, but has a negative eigenvalue")
    else:
        lowest, highest = np.linalg.eigvalsh(matrix)[[0, -1]]
        if lowest < -len(matrix) * 2.0**-52 * max(abs(lowest), abs(highest)):
            raise ValueError(f"cov must be positive semidefinite, but has the eigenvalue {lowest}")
    return np.array([[Fraction(x) for x in row] for row in matrix.tolist()], dtype=object), exact
