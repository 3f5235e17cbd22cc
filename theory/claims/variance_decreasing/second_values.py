"""var(g_t) at single batch sizes, in rationals, by routes that share no formula with the polynomials in 1/b."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from theory import enumeration
from theory.claims.variance_decreasing.backwards import variance_backwards
from theory.problem import TeacherStudent
from theory.references.symbolic import SymbolicNetwork


def second_values(problem: TeacherStudent, step: int, layer: int, batch_sizes: Iterable[int]) -> tuple[str, list[Fraction]]:
    """The route in words, and its values.

    Finitely many inputs: every mini-batch. One input dimension: backwards in time. More: every monomial in the entries of S_0 and S_1 by
    the set partitions of the samples, for two layers and t <= 1.
    """
    if problem.inputs.support() is not None:
        values = [enumeration.variance(problem, step, layer, batch_size=b) for b in batch_sizes]
        return "enumeration of every mini-batch, in rationals", values
    if problem.inputs.dimension == 1:
        values = [variance_backwards(problem, step, layer, batch_size=b) for b in batch_sizes]
        return "backwards in time: means of polynomials in the weights, in rationals", values
    network = SymbolicNetwork.of(problem)
    found = network.in_inverse_batch_size(network.variance_by_partitions(step, layer))
    return "set partitions of the samples in every monomial, Gaussian moments by pairings", [Fraction(found(b)) for b in batch_sizes]
