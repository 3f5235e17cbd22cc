"""Theorem 3.1, the expectation over one batch, for every depth and degree: the partition argument against backpropagation."""

from __future__ import annotations

from fractions import Fraction as F

from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.support.batch_means import (
    attaining,
    gradients_of_last_batch,
    held_against,
    mean_over_all_batches,
    route_over_all_batches,
)
from theory.claims.support.partition_argument import mean_over_last_batch
from theory.claims.support.recursion_cases import MixedProduct
from theory.inputs import Discrete, Gaussian
from theory.problem import TeacherStudent
from theory.trace_forms import W, g, teacher


def check(instance: MixedProduct) -> Evidence:
    """The polynomial in 1/b against the mean over every list of b samples, at one batch size more than determine it."""
    d = gradients_of_last_batch(instance)
    bound = max(d - 1, 0)
    return held_against(
        r"its expectation given \(\mathcal{F}_t\) is a polynomial in \(1/b\)",
        instance,
        mean_over_last_batch(instance),
        bound,
        lambda b: mean_over_all_batches(instance, b),
        range(1, bound + 3),
        route_over_all_batches(instance),
    )


def _norms() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[F(1, 2)]]], Discrete([1, 2], [F(1, 3), F(2, 3)]), learning_rates=F(1, 2))
    return MixedProduct(problem, (g(0, 1).T @ g(0, 1), g(0, 2).T @ g(0, 2)))


def _planar(weights: list[list[list[int]]], targets: list[list[list[int]]], sigma: tuple[int, ...]) -> TeacherStudent:
    law = Discrete([(1, 0), (F(1, 2), -1)], [F(1, 3), F(2, 3)])
    return TeacherStudent(weights, targets, law, learning_rates=F(1, 4), activation=sigma)


def _quadratic() -> MixedProduct:
    problem = _planar([[[1, 1], [0, -1]], [[1, 2]]], [[[0, 1], [1, 0]], [[1, 1]]], (1, 1, 1))
    return MixedProduct(problem, (g(0, 1).T @ W(0, 2).T, g(0, 2)), [[1, 0], [2, 1]], g(0, 2) @ teacher(1))


def _three_linear_layers() -> MixedProduct:
    problem = _planar([[[1, 1], [0, -1]], [[1, 2], [1, 0]], [[1, -1]]], [[[0, 1], [1, 0]], [[1, 1], [0, 1]], [[1, 1]]], (0, 1))
    return MixedProduct(problem, (g(1, 1).T @ g(1, 1), g(1, 3) @ W(1, 2) @ g(0, 1) @ teacher(3).T), None, g(1, 2), history=((0, 1, 1),))


def _three_quadratic_layers() -> MixedProduct:
    problem = _planar([[[1, 1]], [[1], [-1]], [[1, 2]]], [[[0, 1]], [[1], [0]], [[1, 1]]], (0, 1, 1))
    return MixedProduct(problem, (g(0, 1).T @ g(0, 1),), None, g(0, 3) @ g(0, 2))


def _attained() -> MixedProduct:
    return MixedProduct(attaining(3, 2), (g(0, 1) @ g(0, 2) @ g(0, 3), g(0, 1) @ g(0, 2)))


def _gaussian_quadratic() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], Gaussian(1), F(1, 4), (1, F(1, 2), 1))
    return MixedProduct(problem, (g(0, 1) @ g(0, 1),), None, g(0, 2))


def _gaussian_three_layers() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[F(1, 2)]], [[1]]], [[[0]], [[1]], [[1]]], Gaussian(1), F(1, 4), (0, 1, 1))
    return MixedProduct(problem, (g(0, 1) @ g(0, 3),))


CLAIM = Claim(
    id="3.1",
    module=__name__,
    verdict=Verdict.HOLDS,
    figure="powers of one batch, every depth",
    check=check,
    showcases=(
        Showcase("the product of both layers' norms", _norms),
        Showcase("H = 2, D = 2: three gradients of a quadratic network", _quadratic),
        Showcase("H = 3, D = 1: four gradients after one step", _three_linear_layers),
        Showcase("H = 3, D = 2: four gradients of three layers", _three_quadratic_layers),
        Showcase("H = 3, D = 2: the network of the proof", _attained, decisive=True),
        Showcase("H = 2, D = 2, Gaussian inputs", _gaussian_quadratic),
        Showcase("H = 3, D = 2, Gaussian inputs", _gaussian_three_layers),
    ),
)
