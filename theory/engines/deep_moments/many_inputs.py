"""Gaussian inputs of many coordinates at w_0: the network sees them through the pre-activations of student and teacher alone.

Gram-Schmidt on the rows of L = [W_1; W*_1] in the inner product a^T Sigma b gives y = A x with E[y y^T] = Delta diagonal, at most 2 p_1
coordinates, and L x = G y almost surely; x = K y + z with K = Sigma A^T Delta^-1 and z independent of y. The outputs, and so the loss and
the gradients of layers 2, ..., H, are those of a network with inputs y and first layers from G. In layer 1, q = delta x^T with delta a
function of y:

    E q = E[delta y^T] K^T,        E||q||^2 = E[ |delta|^2 (y^T K^T K y + tau) ],        tau = E|z|^2 = tr Sigma - tr(K Delta K^T).

Where x has the mean mu, all of this holds for x - mu, and one more coordinate of y that is always 1 takes the mean in: L x = [L mu, G] y
and x = [mu, K] y + z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpq_mat

from theory.engines.base import Quantity
from theory.engines.deep_moments.nested_batches import NestedBatches
from theory.engines.deep_moments.sample_polynomials import LawMoments, SampleNetwork, inner, paired, rationals
from theory.engines.deep_moments.targets import Target
from theory.exact import to_fmpq_mat, to_fraction, to_fraction_array
from theory.inputs import Gaussian
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent


def applies(problem: TeacherStudent, quantity: Quantity) -> bool:
    """Whether the quantity is one of t = 0, of Gaussian inputs with more coordinates than y has."""
    if quantity.step or quantity.kind == "trace_form" or problem.depth < 2:
        return False
    return problem.inputs.is_gaussian and problem.sizes[0] > seen_inputs(problem)


def seen_inputs(problem: TeacherStudent) -> int:
    """How many coordinates y has, at most."""
    return 2 * problem.sizes[1] + (0 if problem.inputs.is_centred_gaussian else 1)


def compute(problem: TeacherStudent, quantity: Quantity) -> InverseBatchPolynomial | np.ndarray:
    """The quantity at t = 0; for the mean entrywise."""
    reduced = _Reduced.of(problem)
    moments = LawMoments(reduced.problem.inputs)
    if quantity.layer != 1:
        target = Target(reduced.problem, quantity, moments)
        return target.result(NestedBatches(reduced.problem, moments, [], [], target.polynomials).expectations())
    network = SampleNetwork(reduced.problem, 0)
    delta, y = network.factors(rationals(reduced.problem.student), 1)
    left, right = ([network.in_x(f) for f in entries.ravel().tolist()] for entries in (delta, y))
    images = [paired(f, moments, sorted({beta for f in left for beta in f})) for f in right]
    mean = fmpq_mat([[inner(f, image) for image in images] for f in left]) * reduced.back.transpose()
    if quantity.kind == "mean":
        return np.vectorize(lambda x: InverseBatchPolynomial([to_fraction(x)]), otypes=[object])(np.array(mean.tolist(), dtype=object))
    gram = np.array((reduced.back.transpose() * reduced.back).tolist(), dtype=object)
    norms = network.in_x((delta.T @ delta)[0, 0])
    lengths = network.in_x((y.T @ gram @ y)[0, 0] + reduced.rest)
    square = sum((x * x for x in mean.entries()), fmpq(0))
    excess = inner(norms, paired(lengths, moments, list(norms))) - square
    return InverseBatchPolynomial([to_fraction(square) if quantity.kind == "second_moment" else 0, to_fraction(excess)])


@dataclass(frozen=True)
class _Reduced:
    """The network of y, K and tau."""

    problem: TeacherStudent
    back: fmpq_mat
    rest: fmpq

    @classmethod
    def of(cls, problem: TeacherStudent) -> _Reduced:
        rows = fmpq_mat([r for w in (problem.student[0], problem.teacher_weights[0]) for r in to_fmpq_mat(w).tolist()])
        sigma = to_fmpq_mat(problem.inputs.covariance)
        images = sigma * rows.transpose()
        found, deltas, factors = _gram_schmidt(rows * images)
        if not deltas:  # the network sees nothing of x
            found, deltas, factors = fmpq_mat(1, rows.nrows()), [fmpq(0)], fmpq_mat(rows.nrows(), 1)
        scaled = fmpq_mat([[x / d if d else fmpq(0) for x in row] for row, d in zip(found.tolist(), deltas, strict=True)])
        back = images * scaled.transpose()
        seen = sum((d * x * x for row in back.tolist() for d, x in zip(deltas, row, strict=True)), fmpq(0))
        centre: list[int] | None = None
        if not problem.inputs.is_centred_gaussian:
            mu = to_fmpq_mat(problem.inputs.mean[:, None])
            factors, back = _beside(rows * mu, factors), _beside(mu, back)
            deltas, centre = [fmpq(0), *deltas], [1, *(0 for _ in deltas)]
        width, first = problem.sizes[1], to_fraction_array(np.array(factors.tolist(), dtype=object))
        law = Gaussian(mean=centre, cov=[[to_fraction(d) if i == j else 0 for j in range(len(deltas))] for i, d in enumerate(deltas)])
        layers = ((first[:width], *problem.student[1:]), (first[width:], *problem.teacher_weights[1:]))
        trace = sum((sigma[i, i] for i in range(sigma.nrows())), fmpq(0))
        return cls(TeacherStudent(*layers, law, 0, problem.activation), back, trace - seen)


def _beside(left: fmpq_mat, right: fmpq_mat) -> fmpq_mat:
    return fmpq_mat([a + b for a, b in zip(left.tolist(), right.tolist(), strict=True)])


def _gram_schmidt(gram: fmpq_mat) -> tuple[fmpq_mat, list[fmpq], fmpq_mat]:
    """(C, deltas, G): rows C_i orthogonal in <a, b> = a^T gram b, of squared lengths deltas > 0; e_j = sum_i G_ji C_i up to length 0."""
    n = gram.nrows()
    found: list[list[fmpq]] = []
    deltas: list[fmpq] = []
    factors: list[list[fmpq]] = []
    for j in range(n):
        image = [gram[j, k] for k in range(n)]
        along = [sum((x * y for x, y in zip(image, c, strict=True)), fmpq(0)) / d for c, d in zip(found, deltas, strict=True)]
        rest = [fmpq(int(k == j)) - sum((g * c[k] for g, c in zip(along, found, strict=True)), fmpq(0)) for k in range(n)]
        length = gram[j, j] - sum((g * g * d for g, d in zip(along, deltas, strict=True)), fmpq(0))
        if length:
            found, deltas, along = [*found, rest], [*deltas, length], [*along, fmpq(1)]
        factors.append(along)
    if not deltas:
        return fmpq_mat(0, n), [], fmpq_mat(n, 0)
    return fmpq_mat(found), deltas, fmpq_mat([row + [fmpq(0)] * (len(deltas) - len(row)) for row in factors])
