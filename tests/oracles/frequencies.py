"""Polynomials in the frequencies q_{s,n} of the atoms written out, every batch's; monomials replaced by their moments.

Every weight is a polynomial (fmpq_mpoly) in the frequencies of the first N - 1 atoms of each earlier batch; the squared gradient is
multiplied out over the last batch too, and E[ prod q^k ] is taken from the definition by set partitions in disguise: counts c have
E[ prod (c_n)_{j_n} ] = (b)_{|j|} prod p_n^{j_n}. Gradients go forwards through the Jacobians d f / d W_k.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from tests.oracles.base import SymbolicOracle
from theory import InverseBatchPolynomial, TeacherStudent
from theory.engines.base import Quantity
from theory.exact import to_fmpq


class Frequencies(SymbolicOracle):
    kinds = ("variance", "second_moment", "mean")

    def covers(self, problem: TeacherStudent) -> bool:
        return problem.is_polynomial and problem.inputs.support() is not None

    def polynomial(self, problem: TeacherStudent, quantity: Quantity) -> Any:
        step = quantity.step
        support = problem.inputs.support()
        assert support is not None
        atoms, probabilities = support
        n = len(atoms) - 1
        names = [f"q{s}_{i}" for s in range(step + 1) for i in range(n)] or ["q"]
        ring = fmpq_mpoly_ctx.get(names, Ordering.lex)
        q = [list(ring.gens()[s * n : (s + 1) * n]) for s in range(step + 1)]
        weights = [_constants(ring, w) for w in problem.student]
        for s in range(step + 1):
            shares = [*q[s], 1 - sum(q[s], ring.constant(0))]
            gradients = [0 * w for w in weights]
            for atom, share in zip(atoms, shares, strict=True):
                for k, g in enumerate(_gradient(problem, ring, weights, atom)):
                    gradients[k] = gradients[k] + g * _single(share)
            rate = to_fmpq(problem.learning_rate(s)) if s < step else fmpq(0)
            weights = [w - g * rate for w, g in zip(weights, gradients, strict=True)]
        gradient = gradients[(quantity.layer or 1) - 1]
        p = [to_fmpq(x) for x in probabilities[:n]]
        mean = np.empty(gradient.shape, dtype=object)
        for place, x in np.ndenumerate(gradient):
            mean[place] = _expected(x, p, step + 1)
        if quantity.kind == "mean":
            return mean
        second = _expected(sum((x * x for x in gradient.ravel()), ring.constant(0)), p, step + 1)
        return second if quantity.kind == "second_moment" else second - sum((m * m for m in mean.ravel()), second - second)


def _constants(ring: fmpq_mpoly_ctx, matrix: np.ndarray) -> np.ndarray:
    result = np.empty(matrix.shape, dtype=object)
    for place, value in np.ndenumerate(matrix):
        result[place] = ring.constant(to_fmpq(value))
    return result


def _single(polynomial: fmpq_mpoly) -> np.ndarray:
    """An array of no dimensions: numpy would take a bare polynomial for a list of its terms."""
    array = np.empty((), dtype=object)
    array[()] = polynomial
    return array


def _gradient(problem: TeacherStudent, ring: fmpq_mpoly_ctx, weights: list, atom: tuple[Fraction, ...]) -> list:
    """Forwards through the Jacobians d f / d W_k, not backwards through errors."""
    sigma = [to_fmpq(c) for c in problem.polynomial]
    x = _constants(ring, np.array([[v] for v in atom], dtype=object))

    def run(ws: list) -> tuple[list, list]:
        z, h = [x], []
        for w in ws:
            h.append(w @ z[-1])
            z.append(sum((c * h[-1] ** i for i, c in enumerate(sigma) if i), 0 * h[-1] + sigma[0]))
        return z, h

    z, h = run(weights)
    error = h[-1] - run([_constants(ring, w) for w in problem.teacher_weights])[1][-1]
    gradients = []
    for k, w in enumerate(weights):
        g = np.empty(w.shape, dtype=object)
        for i, j in np.ndindex(w.shape):
            change = 0 * h[k]  # the change of h_k when W_k[i, j] changes at rate 1
            change[i, 0] = change[i, 0] + z[k][j, 0]
            for later in range(k, len(weights) - 1):
                slope = sum((m * c * h[later] ** (m - 1) for m, c in enumerate(sigma) if m > 1), 0 * h[later] + sigma[1])
                change = weights[later + 1] @ (slope * change)
            g[i, j] = (error * change).sum()
        gradients.append(g)
    return gradients


def _expected(polynomial: fmpq_mpoly, p: list[fmpq], batches: int) -> InverseBatchPolynomial:
    total, n = fmpq_poly([]), len(p)
    for exponents, c in polynomial.terms():
        term = fmpq_poly([c])
        for s in range(batches if n else 0):
            term *= _moment(tuple(int(e) for e in exponents[s * n : (s + 1) * n]), tuple(p))
        total += term
    return InverseBatchPolynomial(total.coeffs())


@cache
def _moment(k: tuple[int, ...], p: tuple[fmpq, ...]) -> fmpq_poly:
    """E[ prod q_n^{k_n} ]: expand one share after the other, q = (1/b) sum of b indicators, into falling factorials."""
    by_order = {0: fmpq(1)}  # coefficient of (b)_J / b^|k|
    for order, chance in zip(k, p, strict=True):
        new: dict[int, fmpq] = {}
        for total, c in by_order.items():
            for j in range(order + 1):
                new[total + j] = new.get(total + j, fmpq(0)) + c * _partitions(order, j) * chance**j
        by_order = new
    result = fmpq_poly([])
    for total, c in by_order.items():
        term = fmpq_poly([0] * (sum(k) - total) + [c])
        for i in range(total):
            term *= fmpq_poly([1, -i])
        result += term
    return result


@cache
def _partitions(k: int, j: int) -> int:
    """S_2(k, j): a set of k into j blocks."""
    if k == 0 or j == 0:
        return int(k == j)
    return j * _partitions(k - 1, j) + _partitions(k - 1, j - 1)


FREQUENCIES = Frequencies()
