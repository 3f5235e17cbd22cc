"""What Theorems 3.1 and 3.3 are checked on: a mixed product's mean as a polynomial in 1/b against its values at b = 1, 2, ..."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic.working_precision import working_precision
from theory.claims.record import Evidence, tabulated
from theory.claims.support.recursion_cases import MixedProduct, fractions, mean_over_batches
from theory.claims.support.sample_rules import gauss_hermite
from theory.claims.support.second_route import BITS, compare
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.trace_forms.letters import GRADIENT

Means = Any  # a polynomial in 1/b, or an object array of them


def attaining(depth: int, activation_degree: int, theta: Fraction = Fraction(1, 7)) -> TeacherStudent:
    """The network of the proofs: one unit in each layer, weights 1, teacher 0, sigma(z) = z^D, alpha = 1, x in {0, 1}, P(x = 1) = theta."""
    sigma = [0] * activation_degree + [1]
    return TeacherStudent([[[1]]] * depth, [[[0]]] * depth, Discrete([0, 1], [1 - theta, theta]), 1, sigma)


def held_against(
    statement: str, instance: MixedProduct, means: Means, bound: int, value: Callable[[int], Any], sizes: Iterable[int], route: str
) -> Evidence:
    """The means at every batch size against `value`, and their degree against the bound."""
    bs, polynomials = list(sizes), np.asarray(means, dtype=object)
    degree = max(v.degree for v in polynomials.ravel())
    left = [np.array([v(b) for v in polynomials.ravel()], dtype=object).reshape(polynomials.shape)[()] for b in bs]
    right = [value(b) for b in bs]
    pairs = ([x for side in sides for x in np.asarray(side, dtype=object).ravel()] for sides in (left, right))
    found = compare(*pairs)
    kind = "" if instance.problem.inputs.support() is None else ", in rationals"
    return Evidence(
        statement=f"{statement}, of degree at most {bound}",
        instance=str(instance),
        left_route=f"set partitions, one sample's gradient as the products of Lemma A.8, moments: degree {degree}",
        left=tabulated("b", bs, left),
        right_route=f"{route}{kind}",
        right=tabulated("b", bs, right),
        holds=found.agrees and degree <= bound,
        difference=found.distance,
        tolerance=found.tolerance,
        reason="" if degree <= bound else f"the degree is {degree}",
    )


def mean_over_all_batches(instance: MixedProduct, batch_size: int) -> Any:
    """E[ product | F_t ] by backpropagation through every list of b samples: atoms, or for a scalar Gaussian the points of a quadrature.

    The product has degree 2 D^{H-1} in a sample for each gradient of its batch, and for each weight after it.
    """
    problem = instance.problem
    if problem.inputs.support() is not None:
        return fractions(mean_over_batches(instance, batch_size))
    moved = sum(letter.last_batch == instance.step for letter in instance.form.terms[0].letters)
    degree = 2 * problem.activation_degree ** (problem.depth - 1) * moved
    with working_precision(BITS):
        return mean_over_batches(instance, batch_size, gauss_hermite(problem.inputs, degree))


def route_over_all_batches(instance: MixedProduct) -> str:
    """What that is called on a page."""
    if instance.problem.inputs.support() is not None:
        return "backpropagation through every list of b samples"
    return "backpropagation through b samples, each integrated by Gauss-Hermite quadrature, in balls"


def gradients_of_last_batch(instance: MixedProduct) -> int:
    """d = deg(G_t; M), t = len(history)."""
    return sum((letter.kind, letter.step) == (GRADIENT, instance.step) for letter in instance.form.terms[0].letters)
