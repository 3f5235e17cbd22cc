r"""A second route: var(g_t), E loss(w_t) or var loss(w_t) at one batch size, by Gauss quadrature, in balls with a proved error bound.

For scalar Gaussian inputs, x ~ N(mu, sigma^2), a linear network of any depth sees batch s only through S_s, which is (sigma^2/b) chi^2_b
where mu = 0, and otherwise the sum of independent squares,

    S_s = (sigma^2 / b) chi^2_{b-1} + ( mu + sigma z / sqrt b )^2,      z ~ N(0, 1):

that of the samples about their mean, and that of their mean. Gauss rules with n nodes integrate polynomials of degree 2n - 1 exactly,
Laguerre's in chi^2 and Hermite's in z, and g_t has degree m^{t-s} in S_s: a tree of nodes over the batches gives the expectation with no
error but that of the balls. b may be any real number >= 1. No moment, cumulant or power of 1/b enters: it shares no formula with the
polynomial engines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
from flint import arb, arb_mat, arb_poly, fmpq_poly

from theory.arithmetic.working_precision import in_enough_bits
from theory.budget import WITHOUT_BUDGET, Budget, Cost, as_count, largest_that_fits, saturated
from theory.budget.unit_costs import UNITS
from theory.degrees import batch_degrees, gradient_degree, output_degree
from theory.exact import NumberLike, as_choice, as_index, as_number, shown, spelled, to_fmpq
from theory.problem import TeacherStudent, as_problem
from theory.routes import QUADRATURE, SIMULATION, applicable

Weights = tuple[arb_mat, ...]

KINDS = ("variance", "loss", "loss_variance")
MAX_BITS = 1 << 14
MAX_STEPS = 64  # far beyond every budget; only so that the cost itself is cheap


def variance(
    problem: TeacherStudent, step: int, layer: int, *, batch_size: NumberLike, bits: int = 128, budget: Budget | None = None
) -> arb:
    """A finite ball that contains var(g_{step,layer}) at this batch size (real, >= 1), computed with `bits` bits or more.

    The bits are doubled until the ball is finite. Needs scalar Gaussian inputs and a linear network of any depth; CannotError otherwise.
    Cost: the product of the batches' node counts.
    """
    k = as_problem(problem).check_layer(layer)
    t, b, nodes = _prepare(problem, step, batch_size, budget, "variance")

    def once() -> arb:
        mean: arb_mat | None = None
        second, target = arb(0), _target(problem)
        for weight, weights, s in _leaves(problem, t, b, nodes):
            g = _gradients(weights, target, s)[k - 1]
            scaled = g * weight
            mean = scaled if mean is None else mean + scaled
            second += weight * _square(g)
        assert mean is not None
        return second - _square(mean)

    return _finite(once, bits)


def loss(problem: TeacherStudent, step: int, *, batch_size: NumberLike, bits: int = 128, budget: Budget | None = None) -> arb:
    """A ball that contains E loss(w_step), loss(w) = (sigma^2 / 2) ||W_H ... W_1 - W*_H ... W*_1||^2; as `variance` otherwise."""
    t, b, nodes = _prepare(problem, step, batch_size, budget, "loss")
    return _finite(lambda: _loss_moments(problem, t, b, nodes)[0], bits)


def loss_variance(problem: TeacherStudent, step: int, *, batch_size: NumberLike, bits: int = 128, budget: Budget | None = None) -> arb:
    """A ball that contains var loss(w_step) = E loss^2 - (E loss)^2; as `loss` otherwise."""
    t, b, nodes = _prepare(problem, step, batch_size, budget, "loss_variance")

    def once() -> arb:
        mean, square = _loss_moments(problem, t, b, nodes)
        return square - mean * mean

    return _finite(once, bits)


def _loss_moments(problem: TeacherStudent, step: int, b: Fraction, nodes: list[int]) -> tuple[arb, arb]:
    """E loss(w_step), and E loss(w_step)^2 where the nodes are enough for it."""
    sigma, target = arb(to_fmpq(problem.inputs.second_moment[0, 0])), _target(problem)
    mean, square = arb(0), arb(0)
    for weight, weights, _ in _leaves(problem, step, b, nodes):
        value = _square(_product(weights) - target) * sigma / 2
        mean += weight * value
        square += weight * value * value
    return mean, square


def _finite(compute: Callable[[], arb], bits: int) -> arb:
    """The ball in `bits` bits, doubled until it is finite; RangeError when MAX_BITS do not suffice."""
    first = as_index(bits, "bits", minimum=2)
    if first > MAX_BITS:
        raise ValueError(f"bits must be at most {MAX_BITS}, but was {spelled(first)}")

    def once() -> arb | None:
        ball = compute()
        return ball if ball.is_finite() else None

    failure = f"no finite ball with {MAX_BITS} bits: the batch size or the weights are too extreme for this rule"
    return in_enough_bits(once, first, MAX_BITS, failure)


def _prepare(
    problem: TeacherStudent, step: int, batch_size: NumberLike, budget: Budget | None, kind: str
) -> tuple[int, Fraction, list[int]]:
    t = as_problem(problem).check_step(step)
    b = as_number(batch_size, "batch_size")
    if b < 1:
        raise ValueError(f"batch_size must be at least 1, but was {shown(batch_size)}")
    allowed = Budget.of(budget)

    def alternatives() -> Iterator[str]:
        fitting = largest_that_fits(lambda s: allowed.allows(predicted_cost(problem, s, kind)), 0, t)
        if fitting is not None:
            yield f"a smaller step (step {fitting} fits)"
        yield from applicable(problem, SIMULATION)

    allowed.require(predicted_cost(problem, t, kind), f"quadrature at t = {t}", alternatives())
    return t, Fraction(b), _nodes(problem, t, kind)


def predicted_cost(problem: TeacherStudent, step: int, kind: str = "variance") -> Cost:
    """Of the function of this name, whatever the batch size; CannotError where quadrature does not apply. Nothing is computed."""
    QUADRATURE.require_applicable(as_problem(problem))
    as_choice(kind, "kind", KINDS)
    step = as_index(step, "step")
    if step > MAX_STEPS:
        return Cost.beyond_reach("more nodes than there are atoms")
    nodes = _nodes(problem, step, kind)
    leaves = saturated(*(_points(problem, n) for n in nodes))
    work = UNITS["quadrature.call"] + UNITS["quadrature.product"] * sum(
        a * b for a, b in zip(problem.sizes[1:], problem.sizes[:-1], strict=True)
    )
    seconds = leaves * problem.depth * work + UNITS["quadrature.rule"] * sum(saturated(n) ** 3 for n in nodes)
    return Cost(seconds, 1e6 + 1e3 * sum(map(saturated, nodes)), f"{as_count(leaves)} nodes")


def _nodes(problem: TeacherStudent, step: int, kind: str) -> list[int]:
    """n nodes are exact to degree 2n - 1; ||g||^2 has degree 2 m^{t-s}, the loss 2 d_H m^{t-1-s}, its square twice that."""
    m = gradient_degree(problem.depth)
    if kind == "variance":
        return [d + 1 for d in batch_degrees([step], step + 1, m=m)]
    half = output_degree(problem.depth) * (2 if kind == "loss_variance" else 1)
    return [half * d + 1 for d in batch_degrees([step - 1], step, m=m)]


def _leaves(problem: TeacherStudent, step: int, b: Fraction, nodes: list[int]) -> Iterator[tuple[arb, Weights, arb]]:
    """(weight, w_step, S_step) over the tree of nodes; S_step is 0 when the last batch is not integrated."""
    target = _target(problem)
    rules = {n: _batch_rule(problem, n, b) for n in set(nodes)}
    rates = [arb(to_fmpq(a)) for a in problem.rates_before(step)]

    def walk(weight: arb, weights: Weights, s: int) -> Iterator[tuple[arb, Weights, arb]]:
        if s == step:
            if s < len(nodes):
                yield from ((weight * w, weights, x) for w, x in rules[nodes[s]])
            else:
                yield weight, weights, arb(0)  # no batch is left to integrate
            return
        for w, x in rules[nodes[s]]:
            yield from walk(weight * w, problem.optimizer.step(weights, _gradients(weights, target, x), rates[s]), s + 1)

    yield from walk(arb(1), tuple(_ball(w) for w in problem.student), 0)


def _batch_rule(problem: TeacherStudent, count: int, b: Fraction) -> list[tuple[arb, arb]]:
    """Weights and nodes for E f(S), exact to degree 2 count - 1."""
    square = arb(to_fmpq(problem.inputs.covariance[0, 0]))
    if problem.inputs.is_centred_gaussian:
        return [(w, square * x) for w, x in laguerre_rule(count, b)]
    mu, spread = arb(to_fmpq(problem.inputs.mean[0])), (square / arb(to_fmpq(b))).sqrt()
    # E f(chi^2_{b-1} / b): without a degree of freedom it is 0
    about = [(w, square * x * arb(to_fmpq(1 - 1 / b))) for w, x in laguerre_rule(count, b - 1)] if b > 1 else [(arb(1), arb(0))]
    return [(w * v, x + (mu + spread * z) ** 2) for w, x in about for v, z in hermite_rule(2 * count)]


def _points(problem: TeacherStudent, count: int) -> float:
    """Of `_batch_rule`."""
    n = saturated(count)
    return n if problem.inputs.is_centred_gaussian else saturated(2 * n, n)


def hermite_rule(count: int) -> list[tuple[arb, arb]]:
    """Weights and nodes for E f(z), z ~ N(0, 1): the roots of He_n, with weight n! / (n He_{n-1}(z))^2. In the working precision."""
    before, polynomial = fmpq_poly([]), fmpq_poly([1])
    for k in range(count):  # He_{k+1} = z He_k - k He_{k-1}
        before, polynomial = polynomial, polynomial.left_shift(1) - before * k
    slope = arb_poly(before)
    return [(arb(math.factorial(count)) / (count * slope(z)) ** 2, z) for z in _certified_real_roots(polynomial, count)]


def laguerre_rule(count: int, b: Fraction, *, budget: Budget | None = None) -> list[tuple[arb, arb]]:
    """Weights and nodes for E f(chi^2_b / b): at S = 2x/b for each root x of L_n^(a), a = b/2 - 1, with weight

    Gamma(n+a+1) x / ( Gamma(a+1) n! (n+1)^2 L_{n+1}^(a)(x)^2 ).

    In the working precision that is set. UnaffordableError beyond the budget, a minute by default.
    """
    n = saturated(count)
    cost = Cost(UNITS["quadrature.rule"] * n**3, 1e3 * n, f"{as_count(count)} nodes")
    Budget.of(budget, WITHOUT_BUDGET).require(cost, "the rule", ("a smaller count",))
    a = b / 2 - 1
    # about sqrt(a) apart, and around a: their positions in units of that are as easily isolated for every b
    centre, unit = arb(to_fmpq(a)), max(1, math.isqrt(math.floor(b / 2)))
    scaled = _laguerre(count, a)(fmpq_poly([to_fmpq(a), unit]))
    roots = [centre + unit * y for y in _certified_real_roots(scaled, count)]
    following = arb_poly(_laguerre(count + 1, a))
    rising = Fraction(1)
    for j in range(1, count + 1):  # Gamma(n+a+1) / (Gamma(a+1) n!)
        rising *= (a + j) / j
    scale = arb(to_fmpq(rising / (count + 1) ** 2))
    return [(scale * x / following(x) ** 2, x * arb(to_fmpq(2 / b))) for x in roots]


def _laguerre(count: int, a: Fraction) -> fmpq_poly:
    """L_n^(a)(x) = sum_k (-x)^k / k! binom(n + a, n - k)."""
    coefficients = []
    for k in range(count + 1):
        c = Fraction((-1) ** k)
        for j in range(1, count - k + 1):
            c *= (a + k + j) / j
        for j in range(1, k + 1):
            c /= j
        coefficients.append(to_fmpq(c))
    return fmpq_poly(coefficients)


def _certified_real_roots(polynomial: fmpq_poly, count: int) -> list[arb]:
    """All roots, known to be real and simple, as disjoint balls."""
    roots: Any = polynomial.numer().complex_roots()  # pairs (ball, multiplicity)
    assert len(roots) == count
    return [root.real for root, _ in roots]


def _gradients(weights: Weights, target: arb_mat, s: arb) -> list[arb_mat]:  # in flint's matrices: six times as fast as rows of balls
    """g_k = (W_H ... W_{k+1})^T (W_H ... W_1 - W*_H ... W*_1) s (W_{k-1} ... W_1)^T."""
    d_s = (_product(weights) - target) * s
    gradients = []
    for k in range(len(weights)):
        left = _product(weights[k + 1 :]) if k + 1 < len(weights) else None
        g = d_s if left is None else left.transpose() * d_s
        gradients.append(g if k == 0 else g * _product(weights[:k]).transpose())
    return gradients


def _product(weights: Weights) -> arb_mat:
    return reduce(lambda product, w: w * product, weights)


def _target(problem: TeacherStudent) -> arb_mat:
    return _product(tuple(_ball(w) for w in problem.teacher_weights))


def _ball(matrix: np.ndarray) -> arb_mat:
    return arb_mat([[arb(to_fmpq(x)) for x in row] for row in matrix.tolist()])


def _square(matrix: arb_mat) -> arb:
    return sum((x * x for x in matrix.entries()), arb(0))
