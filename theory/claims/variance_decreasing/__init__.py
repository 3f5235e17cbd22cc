"""The conjecture that var(g_t) decreases in b for every b >= 1: false, and true after one step for scalar Gaussian inputs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from itertools import product

import numpy as np
from flint import fmpq, fmpq_mat, fmpq_poly

from theory.backpropagation import end_to_end, linear_gradients
from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.claims.support import second_route as route
from theory.claims.support.scalar_monotonicity import is_certified, quadratic_form
from theory.claims.theorem_3_5 import Instance as Instance35
from theory.claims.theorem_3_5 import gaussian_rising, smallest_rise
from theory.exact import to_fmpq, to_fraction
from theory.inputs import Discrete, Gaussian
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent
from theory.references import quadrature
from theory.variance_poly import variance_polynomial


@dataclass(frozen=True)
class Instance:
    """For the true part: scalar Gaussian inputs, a linear network, the gradient of `layer` after one step."""

    name: str
    problem: TeacherStudent
    layer: int
    batch_sizes: tuple[int, ...] = (1, 2, 5)


@dataclass(frozen=True)
class Rise:
    """A pair of batch sizes b < b' with var(b) < var(b')."""

    name: str
    problem: TeacherStudent
    step: int
    layer: int
    pair: tuple[int, int]


def variance_after_one_step(problem: TeacherStudent, layer: int) -> tuple[InverseBatchPolynomial, int]:
    """sum over the entries M(s_0) s_1 of g_{1,layer} of c^T Q(eps) c, and the largest degree of an M.

    The coefficients c of M, of degree at most 2H - 1, come from its values at s_0 = 0, 1, ..., 2H - 1.
    """
    sigma, rate = problem.inputs.second_moment[0, 0], F(problem.learning_rate(0))
    weights, teacher = ([np.vectorize(F, otypes=[object])(w) for w in side] for side in (problem.student, problem.teacher))
    target = end_to_end(teacher)
    values = []
    for s in range(2 * problem.depth):
        moved = problem.optimizer.step(weights, linear_gradients(weights, (end_to_end(weights) - target) * (sigma * s)), rate)
        values.append([to_fmpq(x * sigma) for x in linear_gradients(moved, end_to_end(moved) - target)[layer - 1].ravel()])
    powers = fmpq_mat([[fmpq(s) ** j for j in range(len(values))] for s in range(len(values))])
    entries = [[row[n] for row in powers.solve(fmpq_mat(values)).tolist()] for n in range(len(values[0]))]
    degree = max(j for c in entries for j in range(len(c)) if c[j] != 0 or j == 0)
    form = quadratic_form(degree)
    total = fmpq_poly([0])
    for c in entries:
        for (i, a), (j, b) in product(enumerate(c[: degree + 1]), repeat=2):
            total += a * b * fmpq_poly(form[i][j].coeffs())
    return InverseBatchPolynomial([to_fraction(c) for c in total.coeffs()]), degree


def check(instance: Instance) -> Evidence:
    """t = 1, scalar Gaussian inputs, H <= 4: the certificate covers the network, and its polynomial has the quadrature's values."""
    v, degree = variance_after_one_step(instance.problem, instance.layer)
    values = [quadrature.variance(instance.problem, 1, instance.layer, batch_size=b) for b in instance.batch_sizes]
    compared = route.compare([F(v(b)) for b in instance.batch_sizes], values)
    facts = [is_certified(degree), v.decreasing_from() == 1, v.threshold <= 1, compared.agrees]
    return Evidence(
        statement="at t = 1, p = 1, Gaussian inputs, linear H <= 4: var decreases for every b >= 1",
        instance=instance.name,
        left_route=f"sum of c^T Q(1/b) c, entries of degree {degree}, all minors of dQ/d(1/b) with non-negative coefficients",
        left=tabulated("b", instance.batch_sizes, [F(v(b)) for b in instance.batch_sizes]),
        right_route=route.route_name(instance.problem),
        right=tabulated("b", instance.batch_sizes, values),
        holds=all(facts),
        difference=compared.distance,
        tolerance=compared.tolerance,
    )


def check_printed(rise: Rise) -> Evidence:
    """The conjecture: var(b) >= var(b') for b < b'; both values by the exact polynomial and by a route without one."""
    v = variance_polynomial(rise.problem, rise.step, rise.layer)
    values = [route.gradient_variance(rise.problem, rise.step, rise.layer, batch_size=b) for b in rise.pair]
    compared = route.compare([F(v(b)) for b in rise.pair], values)
    refuted = v(rise.pair[0]) < v(rise.pair[1]) and route.is_less(values[0], values[1])
    return Evidence(
        statement=f"var({rise.pair[0]}) >= var({rise.pair[1]}) (conjectured for every b)",
        instance=rise.name,
        left_route=f"exact polynomial of degree {v.degree}",
        left=tabulated("b", rise.pair, [F(v(b)) for b in rise.pair]),
        right_route=route.route_name(rise.problem),
        right=tabulated("b", rise.pair, values),
        holds=not refuted if compared.agrees else None,
        difference=compared.distance,
        tolerance=compared.tolerance,
        reason="" if compared.agrees else "the two routes to the variance differ",
    )


def scalar_networks(depth: int) -> Instance:
    """One unit in each of `depth` layers, alternating signs, a long step."""
    student = [[[F((-1) ** k * (k + 2), 3)]] for k in range(depth)]
    teacher = [[[1]] for _ in range(depth)]
    problem = TeacherStudent(student, teacher, Gaussian(1), learning_rates=F(1, 2))
    return Instance(f"{depth} linear layers of one unit, x ~ N(0, 1), alpha = 1/2, layer 1", problem, 1)


def wide_network() -> Instance:
    """Sizes 1-3-2."""
    student = [[[1], [F(1, 2)], [-1]], [[1, 0, 2], [F(1, 3), 1, 1]]]
    teacher = [[[1], [1], [0]], [[0, 1, 0], [2, 0, 1]]]
    problem = TeacherStudent(student, teacher, Gaussian(1), learning_rates=F(1, 4))
    return Instance("sizes 1-3-2, x ~ N(0, 1), alpha = 1/4, layer 2", problem, 2)


def two_atoms_rising() -> Rise:
    """var(1) = 387/4096, so the noise is not merely absent at b = 1, and var(2) is thirty times larger."""
    problem = TeacherStudent([[[F(3, 2)]], [[-1]]], [[[-1]], [[1]]], Discrete([1, 2]), learning_rates=1)
    return Rise("x in {1, 2} equally likely, w = (3/2, -1), w* = -1, alpha = 1, t = 1, layer 1", problem, 1, 1, (1, 2))


def _rise_of(instance: Instance35) -> Rise:
    assert instance.rise is not None
    return Rise(instance.name, instance.problem, instance.step, instance.layer, instance.rise)


CLAIM = Claim(
    id="conjecture",
    module=__name__,
    verdict=Verdict.REFUTED,
    figure="rising variances",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("two layers", lambda: scalar_networks(2)),
        Showcase("three layers", lambda: scalar_networks(3)),
        Showcase("four layers", lambda: scalar_networks(4)),
        Showcase("sizes 1-3-2", wide_network),
        Showcase("two atoms, the smallest integers", lambda: _rise_of(smallest_rise()), printed=True),
        Showcase("two atoms, positive at b = 1", two_atoms_rising, printed=True),
        Showcase("Gaussian, t = 3", lambda: _rise_of(gaussian_rising()), printed=True),
    ),
)
