"""Section 3.1.2: "the population loss is also a polynomial in 1/b and is a decreasing function of b when b is large". Only half is true."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from itertools import pairwise

import numpy as np

from theory.backpropagation import end_to_end, linear_gradients
from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.claims.support import second_route as route
from theory.degrees import loss_degree
from theory.inputs import Discrete, Gaussian
from theory.problem import TeacherStudent
from theory.variance_poly import loss_polynomial


@dataclass(frozen=True)
class Instance:
    """A problem, a step and the batch sizes at which the second route computes E loss(w_step)."""

    name: str
    problem: TeacherStudent
    step: int
    batch_sizes: tuple[int, ...] = (1, 2, 3)


def descent_loss(problem: TeacherStudent, step: int) -> F:
    """The population loss of full-gradient descent after `step` steps, for linear networks: plain rational matrix arithmetic."""
    sigma = problem.inputs.second_moment
    weights = [_exact(w) for w in problem.student]
    target = end_to_end([_exact(w) for w in problem.teacher])
    for s in range(step):
        gradients = linear_gradients(weights, (end_to_end(weights) - target) @ sigma)
        weights = list(problem.optimizer.step(weights, gradients, F(problem.learning_rate(s))))
    residual = end_to_end(weights) - target
    return F((residual @ sigma @ residual.T).trace()) / 2


def check(instance: Instance) -> Evidence:
    """The polynomial's values, degree bound and constant term (the loss of full-gradient descent); in one layer, that it never increases.

    In one layer every coefficient of a positive power of 1/b must be >= 0: see the proof.
    """
    problem, step = instance.problem, instance.step
    v = loss_polynomial(problem, step)
    values = [route.expected_loss(problem, step, batch_size=b) for b in instance.batch_sizes]
    compared = route.compare([F(v(b)) for b in instance.batch_sizes], values)
    limit = descent_loss(problem, step)
    facts = [v.coefficients[0] == limit, v.degree <= loss_degree(step, depth=problem.depth), compared.agrees]
    if problem.depth == 1:
        facts.append(all(c >= 0 for c in v.coefficients[1:]))
    return Evidence(
        statement="E loss(w_t) is a polynomial in 1/b whose constant term is the loss of full-gradient descent"
        + (", decreasing in b" if problem.depth == 1 else ""),
        instance=instance.name,
        left_route=f"exact polynomial of degree {v.degree}, and its constant term",
        left=tabulated("b", instance.batch_sizes, [F(v(b)) for b in instance.batch_sizes]) | {"limit": F(v.coefficients[0])},
        right_route=f"{route.route_name(problem)}, and the loss of full-gradient descent",
        right=tabulated("b", instance.batch_sizes, values) | {"limit": limit},
        holds=all(facts),
        difference=max(compared.distance, abs(F(v.coefficients[0]) - limit)),
        tolerance=compared.tolerance,
    )


def check_printed(instance: Instance) -> Evidence:
    """The print: E loss(w_t) decreases in b for large b, that is, the first non-zero coefficient of a power of 1/b is positive."""
    v = loss_polynomial(instance.problem, instance.step)
    values = [route.expected_loss(instance.problem, instance.step, batch_size=b) for b in instance.batch_sizes]
    compared = route.compare([F(v(b)) for b in instance.batch_sizes], values)
    rises = all(route.is_less(low, high) for low, high in pairwise(values))
    rises_forever = v.decreasing_from() is None
    return Evidence(
        statement="E loss(w_t) is a decreasing function of b when b is large (as printed)",
        instance=instance.name,
        left_route="exact polynomial, and the b from which on it decreases or increases",
        left={"E loss": v, "decreases from b": v.decreasing_from(), "increases from b": (v * -1).decreasing_from()},
        right_route=route.route_name(instance.problem),
        right=tabulated("b", instance.batch_sizes, values),
        holds=not (rises_forever and rises) if compared.agrees else None,
        difference=compared.distance,
        tolerance=compared.tolerance,
        reason="" if compared.agrees else "the two routes to the loss differ",
    )


def saddle() -> Instance:
    """A start near the saddle at zero, and a step of length one: noise helps to leave it."""
    problem = TeacherStudent([[[F(1, 10)]], [[F(1, 10)]]], [[[1]], [[1]]], Gaussian(1), learning_rates=1)
    return Instance("x ~ N(0, 1), w = (1/10, 1/10), w* = 1, alpha = 1, t = 1", problem, 1)


def saddle_two_atoms() -> Instance:
    """The same near-saddle start with two atoms, where every mini-batch can be listed."""
    problem = TeacherStudent([[[F(1, 10)]], [[F(1, 10)]]], [[[1]], [[1]]], Discrete([0, 1]), learning_rates=1)
    return Instance("x in {0, 1} equally likely, w = (1/10, 1/10), w* = 1, alpha = 1, t = 1", problem, 1)


def two_layers() -> Instance:
    """Two layers of two units, t = 1, by enumeration."""
    problem = TeacherStudent(
        [[[1, F(1, 2)], [0, -1]], [[F(1, 2), 1]]],
        [[[0, 1], [1, 0]], [[1, 1]]],
        Discrete([(1, 0), (1, 2), (0, -1)], [F(1, 2), F(1, 4), F(1, 4)]),
        learning_rates=F(1, 5),
    )
    return Instance("sizes 2-2-1, three atoms, alpha = 1/5, t = 1", problem, 1)


def one_layer() -> Instance:
    """One layer, Gaussian inputs, t = 3: decreasing for every b."""
    problem = TeacherStudent([[[2]]], [[[F(1, 2)]]], Gaussian(1), learning_rates=F(1, 3))
    return Instance("one layer, x ~ N(0, 1), w = 2, w* = 1/2, alpha = 1/3, t = 3", problem, 3)


def _exact(matrix: np.ndarray) -> np.ndarray:
    return np.vectorize(F, otypes=[object])(matrix)


CLAIM = Claim(
    id="3.1.2 loss",
    module=__name__,
    verdict=Verdict.REFUTED,
    figure="expected loss",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("two layers", two_layers),
        Showcase("near a saddle", saddle),
        Showcase("one layer", one_layer),
        Showcase("Gaussian inputs near a saddle", saddle, printed=True),
        Showcase("two atoms near a saddle", saddle_two_atoms, printed=True),
    ),
)
