"""The certificate's forms a second time, undivided: in all monomials of the entries of S, with moments by the Wishart process.

A matrix of order 20 for each part at p = 2, H = 2, where the certificate has blocks of order 6, 4, 2 and 1. At single batch sizes, the
negative eigenvalues of dQ/deps are counted exactly: all roots of the characteristic polynomial are real, so by Descartes' rule they are as
many as its coefficients, with the signs of odd powers turned, change sign.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from flint import Ordering, fmpq, fmpq_mat, fmpq_mpoly_ctx, fmpq_poly

from theory.claims.record import Evidence, Value
from theory.claims.variance_decreasing.certificates import TRACE, TRACELESS, certificate
from theory.engines.wishart.generator import expectation
from theory.exact import to_fmpq

Form = list[list[fmpq_poly]]


@dataclass(frozen=True)
class Definiteness:
    """The certificate for p inputs and H layers, with batch sizes at which both ways to the forms count negative directions."""

    p: int
    depth: int
    batch_sizes: tuple[Fraction, ...]
    pairs: tuple[tuple[int, int], ...]

    @property
    def given(self) -> dict[str, str]:
        """For the page."""
        return {
            "Networks": rf"all of \({self.depth}\) linear layers, any widths, weights, teacher and learning rate; each layer, \(t = 1\)",
            "Inputs": rf"\(x \sim N(0, \Sigma)\) in \(\mathbb{{R}}^{self.p}\), any \(\Sigma\)",
        }

    def evidence(self) -> Evidence:
        """Blocks, with the moments of trace and determinant, against whole forms; none is negative where the certificate says so."""
        found = certificate(self.p, self.depth)
        blocks = [(block.form, 2 if block.frequency else 1) for block in found.blocks]
        wholes = [(form, 1) for form in WholeForms(self.p, self.depth).forms.values()]
        left, right = self._counted(blocks), self._counted(wholes)
        start, threshold = found.decreasing_from, found.threshold
        clean = start is not None and all(c >= 0 for block in found.blocks for minor in block.minors_beyond(start + 1) for c in minor)
        if start is not None and threshold is not None:
            clean = clean and all((left[f"b = {float(b):g}"] == 0) == (b > threshold[1]) for b in self.batch_sizes)
            clean = clean and all((left[f"from b = {low} to {high}"] == 0) == (low >= start) for low, high in self.pairs)
        shown: dict[str, Value] = {} if threshold is None else {"positive definite for every real b beyond": float(threshold[1])}
        return Evidence(
            statement=rf"the variance decreases on \(b = {start}, {(start or 0) + 1}, \ldots\): no negative eigenvalue is left",
            instance=f"every network of {self.depth} linear layers and every covariance: the number of negative eigenvalues of the forms",
            left_route="blocks by frequency, minors over the integers, moments of trace and determinant in closed form",
            left=left | shown,
            right_route="whole forms in the entries of S, characteristic polynomials, moments by the generator of the Wishart process",
            right=right,
            holds=clean and left == right,
            difference=Fraction(max(abs(left[name] - right[name]) for name in left)),
        )

    def _counted(self, forms: list[tuple[Any, int]]) -> dict[str, int]:
        """Negative eigenvalues of the derivative at every batch size, and of the difference between the two of every pair."""
        counts = {}
        for b in self.batch_sizes:
            eps = 1 / to_fmpq(b)
            slopes = (([[f.derivative()(eps) for f in row] for row in form], times) for form, times in forms)
            counts[f"b = {float(b):g}"] = sum(times * negatives(slope) for slope, times in slopes)
        for low, high in self.pairs:
            eps, after = fmpq(1, low), fmpq(1, high)
            steps = (([[f(eps) - f(after) for f in row] for row in form], times) for form, times in forms)
            counts[f"from b = {low} to {high}"] = sum(times * negatives(step) for step, times in steps)
        return counts


class WholeForms:
    """Q(eps) of the trace and of the traceless part, in the monomials of degree at most 2H - 1 in the entries of S."""

    def __init__(self, p: int, depth: int) -> None:
        self._p, self._degree = p, 2 * depth - 1
        self._entries = p * (p + 1) // 2

    @cached_property
    def forms(self) -> dict[str, Form]:
        """By part; the trace alone for p = 1."""
        rows = list(self._exponents(self._degree))
        gram = [[self._moment[tuple(a + c for a, c in zip(x, y, strict=True))] for y in rows] for x in rows]
        mean = [self._moment[x] for x in rows]
        last = fmpq_poly([1, fmpq(2, self._p)])
        trace = [[last * entry - x * y for entry, y in zip(row, mean, strict=True)] for row, x in zip(gram, mean, strict=True)]
        if self._p == 1:
            return {TRACE: trace}
        return {TRACE: trace, TRACELESS: [[fmpq_poly([0, 1]) * entry for entry in row] for row in gram]}

    @cached_property
    def _moment(self) -> dict[tuple[int, ...], fmpq_poly]:
        """E of every monomial up to twice the degree, a polynomial in eps."""
        names = ["eps", *(f"s{n}" for n in range(self._entries))]
        context = fmpq_mpoly_ctx.get(names, Ordering.lex)
        identity = [[int(i == j) for j in range(self._p)] for i in range(self._p)]
        found = {}
        for exponents in self._exponents(2 * self._degree):
            mean = expectation(context.from_dict({(0, *exponents): 1}), range(1, self._entries + 1), 0, identity)
            powers = {int(e): c for (e, *_), c in mean.to_dict().items()}
            found[exponents] = fmpq_poly([powers.get(e, fmpq(0)) for e in range(max(powers, default=0) + 1)])
        return found

    def _exponents(self, degree: int) -> Iterator[tuple[int, ...]]:
        return (x for x in product(range(degree + 1), repeat=self._entries) if sum(x) <= degree)


def negatives(matrix: list[list[fmpq]]) -> int:
    """Negative eigenvalues of a symmetric matrix."""
    coefficients = fmpq_mat(matrix).charpoly().coeffs()
    signs = [(c > 0) == (k % 2 == 0) for k, c in enumerate(coefficients) if c != 0]
    return sum(a != b for a, b in zip(signs[1:], signs[:-1], strict=True))
