r"""What a sweep must be asked for: the coefficients of 1/b and 1/b^2, as means over independent one-sample statistics z_s and z'_s.

An average over b samples has the joint cumulants kappa_k / b^(k-1) of one sample, so that with E over the centred statistics of one sample
at every step, and D for derivatives of a step's quantity in all of them,

    var(g)      beta_1 = E ||D g[z]||^2 = sum over earlier steps of E||G'(w_t) w_a||^2, and tr Cov(grad l(w_t; x)) for the batch of step t
                beta_2 = E <D g[z], D^2 g[z, z]> + 1/2 E ||D^2 g[z, z']||^2 + E <D g[z], D^3 g[z, z', z']>
    E loss      beta_1 = 1/2 E D^2 L[z, z] = E( <G, w_aa> + 1/2 <w_a, G'(w_t) w_a> ),      the first term the shift of the mean weights
                beta_2 = 1/6 E D^3 L[z, z, z] + 1/8 E D^4 L[z, z, z', z']

A jet in a z + b z' has D X[z], D^2 X[z, z] / 2, D^2 X[z, z'], D^3 X[z, z', z'] / 2 and so on for its parts a, aa, ab, abb. Where all
directions are gone through, z is one direction at one step; what mixes the noise z of two steps has mean 0 in each, and is left out of the
parts aa and aaa.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

from theory.large_batch.jets import AA, AAA, AABB, AB, ABB, BB, ONE, A, B, Exponents, Ring, inner, ring_below
from theory.large_batch.sweeps import Moment


@dataclass(frozen=True)
class Term:
    """A part of a coefficient: what is read of each direction at a step, `divisor` times what it is, and the ring of jets that it needs.

    Attributes:
        own_noise: whether the noise of the batch of a step counts at that step.
        in_pairs: whether z' is there too, so that the noise depends on how other noise has moved the weights.
    """

    ring: Ring
    read: Callable[[Moment], Any]
    divisor: int = 1
    own_noise: bool = False
    in_pairs: bool = False


def first_of_variance(layer: int) -> Term:
    """|| G'_k(w_t) w_a ||^2: what the batches before t contribute."""

    def read(moment: Moment) -> Any:
        moved = moment.mean[layer - 1].parts.get(A)
        return inner(moved, moved)

    return Term(frozenset({ONE, A}), read)


def first_of_loss() -> Term:
    """L_aa."""
    return _part_of_loss(AA, 1)


def second_of_loss() -> tuple[Term, Term]:
    """The term of third cumulants, L_aaa, and that of two covariances, L_aabb / 2."""
    return _part_of_loss(AAA, 1), _part_of_loss(AABB, 2, in_pairs=True)


def _part_of_loss(top: Exponents, divisor: int, in_pairs: bool = False) -> Term:
    """The part L_ij of the mean loss on the jets of the weights: as dL/da = <G, dw/da>, i L_ij = sum of m <G_(i-m)(j-n), w_mn>."""
    i, j = top

    def read(moment: Moment) -> Any:
        total: Any = 0
        for w, g in zip(moment.weights, moment.mean, strict=True):
            for m, n in product(range(1, i + 1), range(j + 1)):
                total = total + m * inner(g.parts.get((i - m, j - n)), w.parts.get((m, n)))
        return total

    return Term(ring_below(top), read, divisor=divisor * i, in_pairs=in_pairs)


def second_of_variance(layer: int) -> tuple[Term, Term]:
    """The term of third cumulants, 2 <g_a, g_aa>, and those of two covariances, 1/2 ||g_ab||^2 + 2 <g_a, g_abb>."""

    def third(moment: Moment) -> Any:
        parts = moment.noisy[layer - 1].parts
        return 2 * inner(parts.get(A), parts.get(AA))

    def pairs(moment: Moment) -> Any:
        parts = moment.noisy[layer - 1].parts
        crossed = parts.get(AB)
        return inner(crossed, crossed) + 4 * inner(parts.get(A), parts.get(ABB))

    of_pairs = Term(frozenset({ONE, A, B, AB, BB, ABB}), pairs, divisor=2, own_noise=True, in_pairs=True)
    return Term(frozenset({ONE, A, AA}), third, own_noise=True), of_pairs
