"""E f(w_t) over the batches 0, ..., t-1 for polynomials f of the weights.

The last batch stays symbolic: w_t is affine in its averages u, f a polynomial in u, and every monomial is replaced by its expectation.
The batches before it are averaged by a rule on lattice points of their averages (`arithmetic.simplex_lattice`), exact in the degree
omega m^(t-1-s) that f, of degree omega in w_t, has in those of batch s; each point is a network with other weights (and buffers, which
change no degree) and one step less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpq_mpoly, fmpq_poly

from theory.arithmetic.simplex_lattice import lattice_weights
from theory.engines.deep_moments.batch_averages import BatchAverages, Table
from theory.engines.deep_moments.sample_polynomials import LawMoments, Layers, SampleNetwork, rationals
from theory.exact import Number
from theory.optimizers import State
from theory.problem import TeacherStudent

#: ((w_0, g_0), (w_1, g_1), ...): the weights and gradients of the steps so far.
Past = tuple[tuple[Layers, Layers], ...]
#: From a network, the past and the weights after it to polynomials in the network's variables.
Integrand = Callable[[SampleNetwork, Past, Layers], list[fmpq_mpoly]]


@dataclass(frozen=True)
class NestedBatches:
    """The average over one batch for each of `degrees`, those of the integrand in the batches' averages; `rates` reach alpha_{t-1}."""

    problem: TeacherStudent
    moments: LawMoments
    degrees: Sequence[int]
    rates: Sequence[Number]
    integrand: Integrand

    def expectations(self) -> list[fmpq_poly]:
        """E of each of the integrand's polynomials, as polynomials in eps."""
        network, state = SampleNetwork(self.problem, 0), State(rationals(self.problem.student))
        if not self.degrees:
            return [_contracted(f, {(): fmpq_poly([1])}, 0) for f in self.integrand(network, (), state.weights)]
        return self._over(network, (), state)

    def _over(self, network: SampleNetwork, past: Past, state: State[np.ndarray]) -> list[fmpq_poly]:
        s, weights = len(past), state.weights
        batch = BatchAverages.of(network, weights, self.moments)
        table = batch.table(self.moments, self.degrees[s])
        if s == len(self.degrees) - 1:
            ring = SampleNetwork(self.problem, len(batch.samples))
            gradient = batch.gradient(ring.variables)
            after = self._stepped(state, gradient, s).weights
            return [_contracted(f, table, len(ring.variables)) for f in self.integrand(ring, (*past, (weights, gradient)), after)]
        totals: list[fmpq_poly] = []
        for point, weight in lattice_weights(table, self.degrees[s]).items():
            gradient = batch.gradient([fmpq(u) for u in point])
            values = self._over(network, (*past, (weights, gradient)), self._stepped(state, gradient, s))
            totals = [weight * v for v in values] if not totals else [t + weight * v for t, v in zip(totals, values, strict=True)]
        return totals

    def _stepped(self, state: State[np.ndarray], gradient: Layers, s: int) -> State[np.ndarray]:
        return self.problem.optimizer.advance(state, gradient, self.rates[s]) if s < len(self.rates) else state


def _contracted(polynomial: fmpq_mpoly, table: Table, variables: int) -> fmpq_poly:
    """sum_a f_a E[u^a] for f = sum_a f_a u^a."""
    total = fmpq_poly([])
    for monomial, c in zip(polynomial.monoms(), polynomial.coeffs(), strict=True):
        total += table[monomial[:variables]] * c
    return total
