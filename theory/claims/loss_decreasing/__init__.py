"""The loss: "smaller batch sizes yield lower loss function values", and it "is a decreasing function of b": neither in general."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from itertools import pairwise

import numpy as np
from flint import fmpq_poly

from theory.backpropagation import Matrices, batch_gradient, end_to_end, exact_sigma, forward, linear_gradients
from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.claims.support import second_route as route
from theory.degrees import loss_degree
from theory.exact import to_fmpq, to_fmpq_array, to_fraction
from theory.inputs import Discrete, Gaussian
from theory.problem import TeacherStudent
from theory.variance_poly import loss_polynomial

#: The two sentences of the print, which exclude each other wherever the expected loss depends on b.
SMALLER_IS_LOWER = "smaller batch sizes yield lower loss function values"
LARGER_IS_LOWER = "the loss is a decreasing function of b when b is large"


@dataclass(frozen=True)
class Instance:
    """A problem, a step, the batch sizes at which the second route computes E loss(w_step), and the sentence that it refutes, if any."""

    name: str
    problem: TeacherStudent
    step: int
    batch_sizes: tuple[int, ...] = (1, 2, 3)
    sentence: str = LARGER_IS_LOWER


def descent_loss(problem: TeacherStudent, step: int) -> F:
    """The population loss of full-gradient descent after `step` steps, for linear networks: plain rational matrix arithmetic."""
    sigma = problem.inputs.second_moment
    weights = [_exact(w) for w in problem.student]
    target = end_to_end([_exact(w) for w in problem.teacher_weights])
    for s in range(step):
        gradients = linear_gradients(weights, (end_to_end(weights) - target) @ sigma)
        weights = list(problem.optimizer.step(weights, gradients, F(problem.learning_rate(s))))
    residual = end_to_end(weights) - target
    return F((residual @ sigma @ residual.T).trace()) / 2


def curvature(problem: TeacherStudent) -> F:
    """(alpha_0^2 / 2) sum_n p_n D^2 L[q_n, q_n] after a step of gradient descent, q_n = grad l(w_0; x_n) - grad L(w_0); atoms x_n.

    L along w + u alpha_0 q_n is a polynomial in u, and half of its second derivative at u = 0 is a coefficient.
    """
    atoms, probabilities = problem.inputs.support() or ((), ())
    sigma, rate = exact_sigma(problem.polynomial), to_fmpq(problem.learning_rate(0))
    student, teacher = (tuple(map(to_fmpq_array, side)) for side in (problem.student, problem.teacher_weights))
    points = [(to_fmpq_array(np.array([x], dtype=object)), to_fmpq(p)) for x, p in zip(atoms, probabilities, strict=True)]
    at_atoms = [batch_gradient(student, teacher, sigma, x) for x, _ in points]
    mean = tuple(sum(g[k] * p for g, (_, p) in zip(at_atoms, points, strict=True)) for k in range(problem.depth))

    def loss(weights: Matrices) -> fmpq_poly:
        errors = ((forward(weights, sigma, x)[1][-1] - forward(teacher, sigma, x)[1][-1], p) for x, p in points)
        return sum(((e * e).sum() * p for e, p in errors), fmpq_poly([])) / 2

    total = to_fmpq(0)
    for g, (_, p) in zip(at_atoms, points, strict=True):
        total += loss(tuple(_line(w - m * rate, (x - m) * rate) for w, m, x in zip(student, mean, g, strict=True)))[2] * p
    return to_fraction(total)


def check(instance: Instance) -> Evidence:
    """The polynomial's values and degree bound, its constant term and, at t = 1 with atoms, its first coefficient; in one layer, the signs.

    In one layer every coefficient of a positive power of 1/b must be >= 0: see the proof.
    """
    problem, step = instance.problem, instance.step
    v = loss_polynomial(problem, step)
    values = [route.expected_loss(problem, step, batch_size=b) for b in instance.batch_sizes]
    compared = route.compare([F(v(b)) for b in instance.batch_sizes], values)
    exact, expected = {}, {}
    if problem.is_linear:
        exact["limit"], expected["limit"] = F(v.coefficients[0]), descent_loss(problem, step)
    if step == 1 and problem.inputs.support() is not None:
        exact["first coefficient"], expected["first coefficient"] = F((*v.coefficients, 0)[1]), curvature(problem)
    bound = loss_degree(step, depth=problem.depth, activation_degree=problem.activation_degree)
    never_rises = problem.depth > 1 or all(c >= 0 for c in v.coefficients[1:])
    return Evidence(
        statement="\\(\\mathbb{E}\\,L(w_t)\\) is a polynomial in \\(1/b\\): its degree, its limit and its first coefficient"
        + ("; it never increases in \\(b\\)" if problem.depth == 1 else ""),
        instance=instance.name,
        left_route=f"exact polynomial of degree {v.degree}, at most {bound}",
        left=tabulated("b", instance.batch_sizes, [F(v(b)) for b in instance.batch_sizes]) | exact,
        right_route=f"{route.route_name(problem)}; gradient descent, and the curvature of the loss there",
        right=tabulated("b", instance.batch_sizes, values) | expected,
        holds=compared.agrees and exact == expected and v.degree <= bound and never_rises,
        difference=max([compared.distance, *(abs(exact[name] - expected[name]) for name in exact)]),
        tolerance=compared.tolerance,
    )


def check_printed(instance: Instance) -> Evidence:
    """The sentence of the instance: that E loss rises with b, or that it falls for large b."""
    v = loss_polynomial(instance.problem, instance.step)
    values = [route.expected_loss(instance.problem, instance.step, batch_size=b) for b in instance.batch_sizes]
    compared = route.compare([F(v(b)) for b in instance.batch_sizes], values)
    falls_from, rises_from = v.decreasing_from(), (v * -1).decreasing_from()
    if instance.sentence == LARGER_IS_LOWER:
        refuted = falls_from is None and all(route.is_less(low, high) for low, high in pairwise(values))
    else:
        refuted = rises_from is None and all(route.is_less(low, high) for high, low in pairwise(values))
    return Evidence(
        statement=f"{instance.sentence} (as printed)",
        instance=instance.name,
        left_route="exact polynomial, and the b from which on it decreases or increases",
        left={"E loss": v, "decreases from b": falls_from, "increases from b": rises_from}
        | tabulated("b", instance.batch_sizes, [F(v(b)) for b in instance.batch_sizes]),
        right_route=route.route_name(instance.problem),
        right=tabulated("b", instance.batch_sizes, values),
        holds=not refuted if compared.agrees else None,
        difference=compared.distance,
        tolerance=compared.tolerance,
        reason="" if compared.agrees else "the two routes to the loss differ",
    )


def saddle() -> Instance:
    """A start near the saddle at zero and a short step: noise helps to leave it."""
    problem = TeacherStudent([[[1]], [[1]]], [[[7]], [[1]]], Discrete([0, 1]), learning_rates=F(1, 6))
    return Instance("x in {0, 1} equally likely, w = (1, 1), w* = 7, alpha = 1/6, t = 1", problem, 1)


def gaussian_saddle() -> Instance:
    """The same with a normal input."""
    problem = TeacherStudent([[[1]], [[1]]], [[[30]], [[1]]], Gaussian(1), learning_rates=F(1, 58))
    return Instance("x ~ N(0, 1), w = (1, 1), w* = 30, alpha = 1/58, t = 1", problem, 1)


def two_layers() -> Instance:
    """Two layers of two units, t = 1, by enumeration."""
    problem = TeacherStudent(
        [[[1, F(1, 2)], [0, -1]], [[F(1, 2), 1]]],
        [[[0, 1], [1, 0]], [[1, 1]]],
        Discrete([(1, 0), (1, 2), (0, -1)], [F(1, 2), F(1, 4), F(1, 4)]),
        learning_rates=F(1, 5),
    )
    return Instance("sizes 2-2-1, three atoms, alpha = 1/5, t = 1", problem, 1)


def quadratic() -> Instance:
    """Three layers and a quadratic activation: degree 13."""
    student, teacher = ([[[F(1)]], [[F(1, 2)]], [[F(-1)]]], [[[F(1, 2)]], [[F(1)]], [[F(1)]]])
    problem = TeacherStudent(student, teacher, Discrete([0, 1, -1]), F(1, 5), (F(0), F(1), F(1, 2)))
    return Instance("sizes 1-1-1-1, x in {0, 1, -1} equally likely, sigma(z) = z + z^2/2, alpha = 1/5, t = 1", problem, 1)


def one_layer() -> Instance:
    """One layer, Gaussian inputs, t = 3: decreasing for every b."""
    problem = TeacherStudent([[[2]]], [[[F(1, 2)]]], Gaussian(1), learning_rates=F(1, 3))
    return Instance("one layer, x ~ N(0, 1), w = 2, w* = 1/2, alpha = 1/3, t = 3", problem, 3)


def smallest_one_layer() -> Instance:
    """E loss is 1/b: one step of gradient descent would end at the minimum, and all that is left is noise."""
    problem = TeacherStudent([[[1]]], [[[0]]], Gaussian(1), learning_rates=1)
    return Instance("one layer, x ~ N(0, 1), w = 1, w* = 0, alpha = 1, t = 1", problem, 1, sentence=SMALLER_IS_LOWER)


def one_layer_two_atoms() -> Instance:
    """1/16 + 1/(16 b)."""
    problem = TeacherStudent([[[1]]], [[[0]]], Discrete([0, 1]), learning_rates=1)
    return Instance("one layer, x in {0, 1} equally likely, w = 1, w* = 0, alpha = 1, t = 1", problem, 1, sentence=SMALLER_IS_LOWER)


def _line(start: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """start + u direction, entrywise polynomials in u."""
    return np.vectorize(lambda a, c: fmpq_poly([a, c]), otypes=[object])(start, direction)


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
        Showcase("near a saddle", gaussian_saddle),
        Showcase("three quadratic layers", quadratic),
        Showcase("one layer", one_layer),
        Showcase("two atoms near a saddle", saddle, printed=True, decisive=True),
        Showcase("Gaussian inputs near a saddle", gaussian_saddle, printed=True),
        Showcase("one layer against the other sentence", smallest_one_layer, printed=True),
        Showcase("one layer with two atoms", one_layer_two_atoms, printed=True),
    ),
)
