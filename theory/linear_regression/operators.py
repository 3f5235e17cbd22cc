"""One step of SGD as a linear map of second moments: an optimizer that is linear in the gradient, one layer, squared loss.

The state is u = (w, 1), or (w, v, 1) with a buffer v. With omega = R u, grad L = H u and the gradient's noise zeta, E[zeta | u] = 0,

    u' = A u + Q zeta,        Cov(zeta | u) = c N(u u^T),        c = 1/b, or (n-b)/(b(n-1)) without replacement,

so that mean and covariance of u, given w_0, obey  m' = A m,  D' = A D A^T + c Q N(D + m m^T) Q^T.  A and Q are affine in the rate, and
symmetric matrices are vectors of their entries i <= j.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import fmpq, fmpq_mat

from theory.exact import to_fmpq, to_fraction
from theory.linear_regression.moments import Moments, pairs
from theory.optimizers import SGD


def symmetric_square(b: fmpq_mat) -> fmpq_mat:
    """M -> B M B^T on symmetric matrices: entries B_ik B_jl + B_il B_jk, once where k = l."""
    rows, columns = pairs(b.nrows()), pairs(b.ncols())
    table = b.tolist()
    entries = [
        table[i][k] * table[j][m] + table[i][m] * table[j][k] if k != m else table[i][k] * table[j][k] for i, j in rows for k, m in columns
    ]
    return fmpq_mat(len(rows), len(columns), entries)


def outer(m: fmpq_mat) -> fmpq_mat:
    """m m^T of a column."""
    return fmpq_mat([[m[i, 0] * m[j, 0]] for i, j in pairs(m.nrows())])


@dataclass(frozen=True)
class Quadratic:
    """S_0 + rate S_1 + rate^2 S_2."""

    terms: tuple[fmpq_mat, fmpq_mat, fmpq_mat]

    @classmethod
    def through(cls, at_zero: fmpq_mat, at_one: fmpq_mat, at_minus_one: fmpq_mat) -> Quadratic:
        """By its values at the rates 0, 1 and -1."""
        half = fmpq(1, 2)
        return cls((at_zero, (at_one - at_minus_one) * half, (at_one + at_minus_one) * half - at_zero))

    def __call__(self, rate: fmpq) -> fmpq_mat:
        s0, s1, s2 = self.terms
        return s0 + s1 * rate + s2 * rate**2


@dataclass(frozen=True)
class Operators:
    """The maps of the module: of means (`drift`), of second moments (`kept`, and `noise`, which c multiplies), and linear functionals.

    `gradient_square` gives tr(H M H^T), `sample_noise` tr N(M), `loss` 1/2 tr(E[z z^T] R M R^T): rows.
    """

    moments: Moments
    optimizer: SGD

    @property
    def size(self) -> int:
        """Of the state u."""
        return (2 if self.optimizer.has_buffer else 1) * self.moments.dimension + 1

    def start(self, w0: list[fmpq]) -> fmpq_mat:
        """(w_0, 0, 1), a column."""
        return fmpq_mat([[x] for x in w0] + [[fmpq(0)]] * (self.size - 1 - len(w0)) + [[fmpq(1)]])

    @cached_property
    def residual(self) -> fmpq_mat:
        """R: u -> omega = (w, -1)."""
        p = self.moments.dimension
        result = fmpq_mat(p + 1, self.size)
        for i in range(p):
            result[i, i] = fmpq(1)
        result[p, self.size - 1] = fmpq(-1)
        return result

    @cached_property
    def gradient(self) -> fmpq_mat:
        """H: u -> grad L(w)."""
        return self.moments.gradient * self.residual

    @cached_property
    def covariance(self) -> fmpq_mat:
        """N: M -> E[ x x^T (z^T R M R^T z) ] - H M H^T."""
        p = self.moments.dimension
        counted = fmpq_mat(len(pairs(p)), len(pairs(p + 1)))
        for b, (k, m) in enumerate(pairs(p + 1)):
            for a in range(len(pairs(p))):
                counted[a, b] = self.moments.fourth[a, b] * (1 if k == m else 2)
        return counted * symmetric_square(self.residual) - symmetric_square(self.gradient)

    def drift(self, rate: fmpq, is_first: bool) -> fmpq_mat:
        """A."""
        result, gain = self._blocks(rate, is_first)
        return result + gain * self.gradient

    def gain(self, rate: fmpq, is_first: bool) -> fmpq_mat:
        """Q."""
        return self._blocks(rate, is_first)[1]

    def kept(self, is_first: bool) -> Quadratic:
        """M -> A M A^T, for every rate."""
        return Quadratic.through(*(symmetric_square(self.drift(fmpq(a), is_first)) for a in (0, 1, -1)))

    def noise(self, is_first: bool) -> Quadratic:
        """M -> Q N(M) Q^T, for every rate."""
        return Quadratic.through(*(symmetric_square(self.gain(fmpq(a), is_first)) * self.covariance for a in (0, 1, -1)))

    @cached_property
    def gradient_square(self) -> fmpq_mat:
        """M -> tr(H M H^T)."""
        return _trace(self.moments.dimension) * symmetric_square(self.gradient)

    @cached_property
    def sample_noise(self) -> fmpq_mat:
        """M -> tr N(M)."""
        return _trace(self.moments.dimension) * self.covariance

    @cached_property
    def loss(self) -> fmpq_mat:
        """M -> 1/2 tr(E[z z^T] R M R^T)."""
        second, every = self.moments.second, pairs(self.moments.dimension + 1)
        row = fmpq_mat([[second[k, m] * fmpq(1, 2) if k == m else second[k, m] for k, m in every]])
        return row * symmetric_square(self.residual)

    def _blocks(self, rate: fmpq, is_first: bool) -> tuple[fmpq_mat, fmpq_mat]:
        """The step without its gradient, and the place of the gradient in it."""
        p, n = self.moments.dimension, self.size
        kept, gain = fmpq_mat(n, n), fmpq_mat(n, p)
        kept[n - 1, n - 1] = fmpq(1)
        parts = self.optimizer.linear_step(to_fraction(rate), is_first)
        for block, (of_w, of_v, of_g) in enumerate(parts if self.optimizer.has_buffer else parts[:1]):
            for i in range(p):
                kept[block * p + i, i] = to_fmpq(of_w)
                gain[block * p + i, i] = to_fmpq(of_g)
                if self.optimizer.has_buffer:
                    kept[block * p + i, p + i] = to_fmpq(of_v)
        return kept, gain


def _trace(p: int) -> fmpq_mat:
    return fmpq_mat([[fmpq(int(i == j)) for i, j in pairs(p)]])
