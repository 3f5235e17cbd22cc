"""The quantities, given w_t: polynomials in the weights that the batches before t average, and what their expectations make together.

The last batch is averaged in closed form: with q = dl/dW_k at one sample, E[ ||g_t||^2 | w_t ] = (1 - eps) ||E q||^2 + eps E||q||^2, and
q = delta z^T has ||q||^2 = |delta|^2 |z|^2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpq_mpoly, fmpq_poly

from theory.arithmetic.rows import RowMatrix
from theory.engines.base import Quantity
from theory.engines.deep_moments.nested_batches import Past
from theory.engines.deep_moments.sample_polynomials import LawMoments, Layers, SampleNetwork, inner, paired, rationals
from theory.exact import to_fraction
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent
from theory.trace_forms.letters import CONSTANT, TEACHER, WEIGHT, Letter

_EPS = fmpq_poly([0, 1])


@dataclass(frozen=True)
class Target:
    """One quantity of one problem: `polynomials` of the weights, and `result` of their expectations."""

    problem: TeacherStudent
    quantity: Quantity
    moments: LawMoments

    def polynomials(self, network: SampleNetwork, past: Past, weights: Layers) -> list[fmpq_mpoly]:
        """What is to be averaged over the batches before t (for trace forms, over those up to t)."""
        kind, layer = self.quantity.kind, self.quantity.layer or 0
        if kind == "trace_form":
            return self._form(network, past, weights)
        if kind in ("loss", "loss_variance"):
            errors = network.residual(weights).ravel().tolist()
            loss = sum((self._of_products(network, f, f) for f in errors), network.zero) * fmpq(1, 2)
            return [loss] if kind == "loss" else [loss * loss, loss]
        delta, z = network.factors(weights, layer)
        mean = self._mean(network, delta, z)
        if kind == "mean":
            return mean
        squares = sum((f * f for f in mean), network.zero)
        excess = self._of_products(network, _squares(delta), _squares(z)) - squares
        return [squares, excess, *(mean if kind == "variance" else ())]

    def result(self, expectations: Sequence[fmpq_poly]) -> InverseBatchPolynomial | np.ndarray:
        """The quantity."""
        kind = self.quantity.kind
        if kind in ("variance", "second_moment"):
            squares, excess, *mean = expectations
            return _as_polynomial(squares + _EPS * excess - sum((f * f for f in mean), fmpq_poly([])))
        if kind == "loss_variance":
            square, loss = expectations
            return _as_polynomial(square - loss * loss)
        shape = None
        if kind == "mean":
            shape = self.problem.student[(self.quantity.layer or 0) - 1].shape
        elif kind == "trace_form":
            shape = self.quantity.expression.shape(self.problem)
        if shape is None:
            return _as_polynomial(expectations[0])
        array = np.empty(shape, dtype=object)
        for index, value in zip(np.ndindex(*shape), expectations, strict=True):
            array[index] = _as_polynomial(value)
        return array

    def _mean(self, network: SampleNetwork, delta: np.ndarray, z: np.ndarray) -> list[fmpq_mpoly]:
        """E[delta_i z_j], row by row."""
        left, right = ([network.in_x(f) for f in entries.ravel().tolist()] for entries in (delta, z))
        powers = sorted({beta for f in left for beta in f})
        images = [paired(f, self.moments, powers) for f in right]
        return [network.zero + inner(f, image) for f in left for image in images]

    def _of_products(self, network: SampleNetwork, left: fmpq_mpoly, right: fmpq_mpoly) -> fmpq_mpoly:
        """E[left right]."""
        f, g = network.in_x(left), network.in_x(right)
        return network.zero + inner(f, paired(g, self.moments, list(f)))

    def _form(self, network: SampleNetwork, past: Past, weights: Layers) -> list[fmpq_mpoly]:
        def lookup(letter: Letter) -> RowMatrix:
            k, step = (letter.layer or 0) - 1, letter.step or 0
            if letter.kind in (CONSTANT, TEACHER):
                matrix = rationals([letter.matrix if letter.kind == CONSTANT else self.problem.teacher_weights[k]])[0]
            elif letter.kind == WEIGHT:
                matrix = (past[step][0] if step < len(past) else weights)[k]
            else:
                matrix = past[step][1][k]
            return RowMatrix(matrix.tolist())

        value = self.quantity.expression.evaluate(lookup)
        entries = [x for row in value.rows for x in row] if isinstance(value, RowMatrix) else [value]
        return [network.zero + f for f in entries]


def _squares(vector: np.ndarray) -> fmpq_mpoly:
    """|vector|^2."""
    return (vector.T @ vector)[0, 0]


def _as_polynomial(polynomial: fmpq_poly) -> InverseBatchPolynomial:
    return InverseBatchPolynomial([to_fraction(c) for c in polynomial.coeffs()])
