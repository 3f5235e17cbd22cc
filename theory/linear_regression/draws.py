"""How a batch is drawn: with replacement, or not; what the noise of its mean is multiplied with."""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq, fmpq_poly

from theory.exact import as_index, shown, to_fraction
from theory.inverse_batch import InverseBatchPolynomial


@dataclass(frozen=True)
class Draws:
    """b draws from n samples, without replacement or with it, or (`samples` None) from a population."""

    samples: int | None
    replacement: bool

    @property
    def _pool(self) -> int | None:
        """n, where no sample is drawn twice."""
        return None if self.replacement else self.samples

    def __str__(self) -> str:
        how = "with" if self.replacement else "without"
        return "a population" if self.samples is None else f"{self.samples} samples, {how} replacement"

    def check(self, batch_size: object) -> int:
        """b as an int >= 1, at most n without replacement."""
        b = as_index(batch_size, "batch_size", minimum=1)
        if self._pool is not None and b > self._pool:
            raise ValueError(f"batch_size must be at most n = {self._pool} without replacement, but was {shown(batch_size)}")
        return b

    def scale(self, b: int) -> fmpq:
        """c = 1/b, or (n - b) / (b (n - 1)): the covariance of a batch's mean over that of a sample."""
        n = self._pool
        if n is None:
            return fmpq(1, b)
        return fmpq(n - b, b * (n - 1)) if n > 1 else fmpq(0)

    def in_inverse_batch(self, in_c: fmpq_poly, degree: int) -> InverseBatchPolynomial:
        """From a polynomial in c to the one in 1/b."""
        n = self._pool
        if n is not None:
            in_c = in_c(fmpq_poly([-1, n]) / (n - 1) if n > 1 else fmpq_poly([]))
        return InverseBatchPolynomial([to_fraction(v) for v in in_c.coeffs()], degree_bound=degree, largest_batch=n)
