"""Theorem 3.3, the informal version of Theorem A.6: the sum must start at s = 0."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np

from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.support.batch_means import held_against, mean_over_all_batches, route_over_all_batches
from theory.claims.support.partition_argument import mean_given_initial_weights
from theory.claims.support.recursion_cases import MixedProduct, difference, fractions, mean_given_start
from theory.inputs import Discrete, Gaussian, InputLaw
from theory.problem import TeacherStudent
from theory.recursion import degree_bound
from theory.trace_forms import W, g


def check(instance: MixedProduct) -> Evidence:
    """The partition argument down to w_0 against every path of SGD, at two batch sizes more than determine the polynomial.

    Gaussian inputs: one batch, every list of b samples, at b = 1, 2, 3.
    """
    problem = instance.problem
    bound = degree_bound(instance.form, depth=problem.depth, activation_degree=problem.activation_degree)
    finite = problem.inputs.support() is not None
    return held_against(
        r"its expectation given \(w_0\) is a polynomial in \(1/b\)",
        instance,
        mean_given_initial_weights(instance),
        bound,
        (lambda b: mean_given_start(instance, b)) if finite else lambda b: mean_over_all_batches(instance, b),
        range(1, bound + 3) if finite else (1, 2, 3),
        "enumeration of every path of SGD" if finite else route_over_all_batches(instance),
    )


def check_printed(instance: MixedProduct) -> Evidence:
    """The sum as printed starts at s = 1, so that the expectation tends to 0 as b grows; a product without randomness is constant."""
    letters = instance.form.letters
    random = any(x.kind == "g" or (x.kind == "W" and x.step) for x in letters)
    reason = "the instance must have no random letter" if random else ""
    left = {} if random else {f"b = {b}": fractions(mean_given_start(instance, b)) for b in (1, 2)}
    means = np.asarray([] if random else mean_given_initial_weights(instance), dtype=object)
    right = {name: np.array([v(b) for v in means.ravel()], dtype=object).reshape(means.shape)[()] for b, name in enumerate(left, start=1)}
    if any(difference(left[name], right[name]) for name in left):
        reason = "the two routes to the product differ"
    return Evidence(
        statement=r"the expectation is \(Q_1 / b + \cdots + Q_S / b^S\) for every \(b\), which tends to 0 (as printed)",
        instance=str(instance),
        left_route="enumeration of every path of SGD: nothing is random, and the value is the same for every b",
        left=left,
        right_route="the partition argument",
        right=right,
        holds=None if reason else all(difference(value, 0) == 0 for value in left.values()),
        difference=None if reason else F(0),
        reason=reason,
    )


def _norm() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), learning_rates=F(1, 4))
    return MixedProduct(problem, (W(1, 2).T @ W(1, 2), g(0, 1)))


def _constant() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[0]]], Discrete([1]), learning_rates=1)
    return MixedProduct(problem, (W(0, 1),))


def scalar_network(depth: int, sigma: tuple[F | int, ...], law: InputLaw, rate: F = F(1, 4)) -> TeacherStudent:
    """One unit in every layer: weights 1, 2, 1, ..., the teacher's 1."""
    student = [[[2 if k == 1 else 1]] for k in range(depth)]
    return TeacherStudent(student, [[[1]]] * depth, law, rate, sigma)


_SKEW = Discrete([1, 2], [F(1, 3), F(2, 3)])


def _quadratic_norm() -> MixedProduct:
    return MixedProduct(scalar_network(2, (1, F(1, 2), 1), _SKEW), (g(1, 1).T @ g(1, 1),))


def _quadratic_planar() -> MixedProduct:
    law = Discrete([(1, 0), (F(1, 2), -1)], [F(1, 3), F(2, 3)])
    problem = TeacherStudent([[[1, 1], [0, -1]], [[1, 2]]], [[[0, 1], [1, 0]], [[1, 1]]], law, F(1, 4), (0, 1, 1))
    return MixedProduct(problem, (W(1, 1) @ W(1, 1).T,), [[1, 0], [2, 1]], W(1, 2) @ g(0, 1))


def _three_linear_layers() -> MixedProduct:
    return MixedProduct(scalar_network(3, (0, 1), _SKEW), (g(1, 1).T @ g(1, 1),))


def _three_quadratic_layers() -> MixedProduct:
    return MixedProduct(scalar_network(3, (0, 1, 1), _SKEW), (), None, g(1, 1))


def _gaussian_quadratic() -> MixedProduct:
    return MixedProduct(scalar_network(2, (1, F(1, 2), 1), Gaussian(1)), (W(1, 2) @ W(1, 1),), None, g(0, 1))


CLAIM = Claim(
    id="3.3",
    module=__name__,
    verdict=Verdict.MISPRINTED,
    figure="degree bounds, every depth",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("a norm of weights times a gradient", _norm),
        Showcase("H = 2, D = 2: the norm of a gradient of step 1", _quadratic_norm),
        Showcase("H = 2, D = 2: two units, two coordinates", _quadratic_planar),
        Showcase("H = 3, D = 1: the norm of a gradient of step 1", _three_linear_layers),
        Showcase("H = 3, D = 2: a gradient of step 1", _three_quadratic_layers),
        Showcase("H = 2, D = 2, Gaussian inputs: weights of step 1", _gaussian_quadratic),
        Showcase("a product without randomness", _constant, printed=True),
    ),
)
