"""The abstract: "the norm of the gradient is a polynomial function" of 1/b "and decreases" in b. Squared, it is one; it can rise."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from itertools import pairwise
from math import comb

from theory import enumeration
from theory.claims.full_gradient import gaussian_rising
from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.claims.support.full_gradients import descent_gradient
from theory.claims.support.gradient_at_step import GradientAtStep
from theory.claims.support.partition_argument import mean_given_initial_weights
from theory.claims.support.recursion_cases import MixedProduct
from theory.claims.theorem_3_5 import smallest_rise
from theory.claims.theorem_3_5 import two_atoms_rising_from_zero as learned_in_one_step
from theory.degrees import variance_degree
from theory.inputs import Discrete, Rademacher
from theory.problem import TeacherStudent
from theory.trace_forms import g
from theory.variance_poly import second_moment_polynomial


@dataclass(frozen=True)
class Signs:
    """A gradient that is the mean of b signs: its norm itself, not squared, has a closed form."""

    name: str
    problem: TeacherStudent
    layer: int
    batch_sizes: tuple[int, ...] = (1, 2, 3, 4, 5)


def squared_norms(instance: GradientAtStep) -> tuple[str, list[F]]:
    """The second route, in words, and E||g||^2 at every batch size."""
    problem, t, k, sizes = instance.problem, instance.step, instance.layer, instance.batch_sizes
    if problem.inputs.support() is not None:
        return "enumeration of every mini-batch", [enumeration.moments(problem, t, k, batch_size=b)[0] for b in sizes]
    v = mean_given_initial_weights(MixedProduct(problem, (g(t, k).T @ g(t, k),)))
    return "set partitions of the samples, one sample's gradient as the products of Lemma A.8", [F(v(b)) for b in sizes]


def check(instance: GradientAtStep) -> Evidence:
    """E||g||^2 is a polynomial of at most the sharp degree whose constant term is that of full-gradient descent.

    In one layer, where it never rises, no coefficient is negative.
    """
    problem, t, k = instance.problem, instance.step, instance.layer
    v = second_moment_polynomial(problem, t, k)
    limit = F((descent_gradient(problem, t, k) ** 2).sum())
    bound = variance_degree(t, depth=problem.depth, activation_degree=problem.activation_degree)
    route, values = squared_norms(instance)
    left, right = [*(F(v(b)) for b in instance.batch_sizes), F(v.coefficients[0])], [*values, limit]
    facts = [left == right, v.degree <= bound, problem.depth > 1 or all(c >= 0 for c in v.coefficients)]
    falls = ", decreasing in b" if problem.depth == 1 else ""
    return Evidence(
        statement=rf"\(\mathbb{{E}} \|g\|^2\) is a polynomial in \(1/b\), of degree at most {bound}, with the limit of descent{falls}",
        instance=instance.name,
        left_route=f"exact polynomial of degree {v.degree}, and its constant term",
        left=tabulated("b", instance.batch_sizes, left[:-1]) | {"limit": left[-1]},
        right_route=f"{route}, and full-gradient descent",
        right=tabulated("b", instance.batch_sizes, values) | {"limit": limit},
        holds=all(facts),
        difference=max(abs(x - y) for x, y in zip(left, right, strict=True)),
    )


def check_printed(instance: GradientAtStep | Signs) -> Evidence:
    """The print, of the squared norm: no rise among the batch sizes. Of the norm itself: that it is a polynomial."""
    return _norm_of_signs(instance) if isinstance(instance, Signs) else _squared_norm_falls(instance)


def _squared_norm_falls(instance: GradientAtStep) -> Evidence:
    v = second_moment_polynomial(instance.problem, instance.step, instance.layer)
    route, values = squared_norms(instance)
    predicted = [F(v(b)) for b in instance.batch_sizes]
    rises = any(x < y for x, y in pairwise(values))
    return Evidence(
        statement=r"\(\mathbb{E} \|g\|^2\) decreases with increasing \(b\) (as printed)",
        instance=instance.name,
        left_route=f"exact polynomial of degree {v.degree}",
        left=tabulated("b", instance.batch_sizes, predicted),
        right_route=route,
        right=tabulated("b", instance.batch_sizes, values),
        holds=not rises if predicted == values else None,
        difference=max(abs(x - y) for x, y in zip(predicted, values, strict=True)),
        reason="" if predicted == values else "the two routes differ",
    )


def _norm_of_signs(instance: Signs) -> Evidence:
    """A polynomial in 1/b that takes the same values at b and b + 1 for b = 2, 4, 6, ... is constant: see the page."""
    k, sizes = instance.layer, instance.batch_sizes
    values = [enumeration.expectation(instance.problem, lambda path: abs(path.gradients[0][k - 1][0, 0]), 0, batch_size=b) for b in sizes]
    closed = [F(comb(b - 1, (b - 1) // 2), 2 ** (b - 1)) for b in sizes]
    pairs_agree = all(values[i] == values[i + 1] for i in range(1, len(values) - 1, 2))
    return Evidence(
        statement=r"\(\mathbb{E} \|g\|\), the norm itself, is a polynomial in \(1/b\) (as printed)",
        instance=instance.name,
        left_route="the mean absolute value of b signs, a binomial coefficient",
        left=tabulated("b", sizes, closed),
        right_route="enumeration of every mini-batch",
        right=tabulated("b", sizes, values),
        holds=not (pairs_agree and values[0] != values[1]) if closed == values else None,
        difference=max(abs(x - y) for x, y in zip(closed, values, strict=True)),
        reason="" if closed == values else "the two routes differ",
    )


def first_layer() -> GradientAtStep:
    """The smallest integers: 0, 3/256, 1/81, ..., up to 1/64."""
    found = smallest_rise()
    return GradientAtStep(found.name, found.problem, 1, 1, (1, 2, 3, 4))


def all_layers(layer: int) -> GradientAtStep:
    """With one sample a batch the student has the teacher's product after one step, whichever sample it was: no gradient is left."""
    found = learned_in_one_step()
    return GradientAtStep(found.name.replace("layer 1", f"layer {layer}"), found.problem, 1, layer)


def gaussian() -> GradientAtStep:
    """The full gradient's example: 22,157,824 at b = 1, 29,124,800 at b = 2."""
    found = gaussian_rising()
    return GradientAtStep(found.name, found.problem, 1, 1)


def one_layer() -> GradientAtStep:
    """Two inputs and one output: linear regression."""
    law = Discrete([(1, 2), (2, -1)], [F(1, 3), F(2, 3)])
    problem = TeacherStudent([[[1, 2]]], [[[0, 1]]], law, F(1, 2))
    return GradientAtStep("one layer, x = (1, 2) or (2, -1), w = (1, 2), w* = (0, 1), alpha = 1/2, t = 2", problem, 2, 1)


def quadratic() -> GradientAtStep:
    """Three layers, sigma(z) = 1 + z/2 + z^2."""
    law = Discrete([1, -2], [F(1, 3), F(2, 3)])
    problem = TeacherStudent([[[1]], [[F(1, 2)]], [[-1]]], [[[F(1, 2)]], [[1]], [[1]]], law, F(1, 5), (1, F(1, 2), 1))
    return GradientAtStep("sizes 1-1-1-1, sigma(z) = 1 + z/2 + z^2, x = 1 or -2, alpha = 1/5, t = 1, layer 2", problem, 1, 2)


def signs() -> Signs:
    """g_{0,2} is the mean of x_1 x_2 over the batch."""
    problem = TeacherStudent([[[0, 1]], [[1]]], [[[-1, 1]], [[1]]], Rademacher(2), 1)
    return Signs("x = (+-1, +-1) equally likely, W_1 = (0, 1), W_2 = 1, W* = (-1, 1), t = 0, layer 2", problem, 2)


CLAIM = Claim(
    id="abstract",
    module=__name__,
    verdict=Verdict.REFUTED,
    figure="squared norms",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("the smallest integers", first_layer),
        Showcase("three layers, quadratic activation", quadratic),
        Showcase("one layer", one_layer),
        Showcase("from 0 to 1/64, rising for every b", first_layer, printed=True),
        Showcase("no gradient at all at b = 1, layer 1", lambda: all_layers(1), printed=True),
        Showcase("no gradient at all at b = 1, layer 2", lambda: all_layers(2), printed=True),
        Showcase("Gaussian inputs, integer weights", gaussian, printed=True),
        Showcase("the norm itself is no polynomial", signs, printed=True),
    ),
)
