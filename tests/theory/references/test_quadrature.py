"""Gauss-Laguerre quadrature over the batches against moments written out sample by sample."""

from dataclasses import replace
from fractions import Fraction as F
from itertools import product
from math import comb

import pytest
from flint import arb, ctx, fmpq, fmpq_poly

from tests.instances import PINNED
from theory import Discrete, Gaussian, TeacherStudent, variance_poly
from theory.budget import Budget, CannotError, UnaffordableError
from theory.references import quadrature


@pytest.fixture(autouse=True)
def _comparisons_in_200_bits():
    saved, ctx.prec = ctx.prec, 200
    yield
    ctx.prec = saved


def odd_factorial(k):
    """E z^{2k} for z ~ N(0, 1)."""
    result = 1
    for j in range(1, 2 * k, 2):
        result *= j
    return result


def mean_square_moment(k, b):
    """E[ ((z_1^2 + ... + z_b^2)/b)^k ], one sample at a time by the binomial theorem."""
    if b == 1:
        return F(odd_factorial(k))
    # b * S_b = z^2 + (b-1) S_{b-1}
    return sum(comb(k, j) * odd_factorial(j) * F((b - 1) ** (k - j)) * mean_square_moment(k - j, b - 1) for j in range(k + 1)) / F(b) ** k


def scalar_variance(weights, target, sigma, rates, layer, b):
    """var(g_{1,layer}) of one unit per layer, from a polynomial in s_0 with E over s_0 and s_1 taken term by term."""
    s = fmpq_poly([0, sigma])

    def gradients(ws):
        residual = fmpq_poly([1])
        for w in ws:
            residual *= w
        residual -= target
        result = []
        for k in range(len(ws)):
            g = residual
            for j, w in enumerate(ws):
                g = g * w if j != k else g
            result.append(g)
        return result

    ws = [fmpq_poly([w]) for w in weights]
    moved = [w - rates * g * s for w, g in zip(ws, gradients(ws), strict=True)]
    factor = gradients(moved)[layer - 1] * sigma

    def mean(polynomial):
        return sum((F(int(c.p), int(c.q)) * mean_square_moment(k, b) for k, c in enumerate(polynomial.coeffs())), F(0))

    return mean(factor**2) * mean_square_moment(2, b) - mean(factor) ** 2


@pytest.mark.parametrize(("depth", "b"), list(product((1, 2, 3), (1, 2, 3))))
def test_one_step_against_sample_by_sample_moments(depth, b):
    weights = [fmpq((-1) ** k * (k + 2), 3) for k in range(depth)]
    sigma, rate, target = fmpq(3, 2), fmpq(1, 3), fmpq(2, 5)
    problem = TeacherStudent(
        [[[w]] for w in weights], [[[target]]] + [[[1]]] * (depth - 1), Gaussian(cov=[[sigma]]), learning_rates=F(1, 3)
    )
    for layer in range(1, depth + 1):
        expected = scalar_variance(weights, target, sigma, rate, layer, b)
        ball = quadrature.variance(problem, 1, layer, batch_size=b)
        difference = ball - arb(fmpq(expected.numerator, expected.denominator))
        assert difference.contains(0) and abs(difference) <= 1e-25 * abs(ball.mid())


@pytest.mark.parametrize("b", [F(1), F(3, 2), F(7), F(100)])
@pytest.mark.parametrize("count", [1, 2, 5, 10])
def test_a_rule_integrates_to_its_degree_and_no_further(count, b):
    rule = quadrature.laguerre_rule(count, b)

    def moment(k):
        result = F(1)
        for j in range(k):
            result *= 1 + 2 * j / b
        return arb(fmpq(result.numerator, result.denominator))

    for k in range(2 * count):
        total = sum((w * x**k for w, x in rule), arb(0))
        assert abs(total - moment(k)) < 1e-20 * moment(k)
    assert not (sum((w * x ** (2 * count) for w, x in rule), arb(0)) - moment(2 * count)).contains(0)


@pytest.mark.parametrize("count", [1, 2, 5, 11])
def test_hermites_rule_integrates_to_its_degree_and_no_further(count):
    rule = quadrature.hermite_rule(count)
    for k in range(2 * count):
        exact = odd_factorial(k // 2) if k % 2 == 0 else 0
        assert abs(sum((w * z**k for w, z in rule), arb(0)) - exact) < 1e-20 * (1 + exact)
    assert not (sum((w * z ** (2 * count) for w, z in rule), arb(0)) - odd_factorial(count)).contains(0)


@pytest.mark.parametrize("b", [1, F(3, 2), 2, 9])
@pytest.mark.parametrize("law", [Gaussian(mean=[F(2, 3)]), Gaussian(mean=[-1], cov=[["1/4"]]), Gaussian(mean=[1], cov=[[0]])], ids=str)
@pytest.mark.parametrize("depth", [2, 3])
def test_a_mean_against_the_polynomials(law, depth, b):
    problem = TeacherStudent([[[F(1, 2)]], [[F(-2, 3)]], [[2]]][:depth], [[[F(3, 4)]]] + [[[1]]] * (depth - 1), law, F(1, 10))

    def at(polynomial):
        value = polynomial(b)
        return arb(fmpq(value.numerator, value.denominator))

    for step in (0, 1):
        for found, exact in (
            (quadrature.variance(problem, step, 2, batch_size=b), variance_poly.variance_polynomial(problem, step, 2)),
            (quadrature.loss(problem, step, batch_size=b), variance_poly.loss_polynomial(problem, step)),
            (quadrature.loss_variance(problem, step, batch_size=b), variance_poly.loss_variance_polynomial(problem, step)),
        ):
            assert (found - at(exact)).contains(0) and found.rad() < 1e-20


def test_two_steps_with_a_mean():
    problem = replace(PINNED["scalar"], inputs=Gaussian(mean=[F(1, 2)], cov=[[2]]))
    exact = variance_poly.variance_polynomial(problem, 2, 1)
    assert exact.degree == 23
    value = exact(4)
    ball = quadrature.variance(problem, 2, 1, batch_size=4)
    assert (ball - arb(fmpq(value.numerator, value.denominator))).contains(0) and ball.rad() < 1e-20


def test_more_bits_give_a_tighter_ball_inside():
    rough, fine = (quadrature.variance(PINNED["scalar"], 2, 1, batch_size=3, bits=bits) for bits in (80, 240))
    assert rough.overlaps(fine) and fine.rad() < rough.rad() * 1e-30


def test_equal_hidden_units_act_as_one():
    # two hidden units (u, v), (u, v) move as one unit (sqrt 2 u, sqrt 2 v): u = 1, v = 2 against u^2 = 2, v^2 = 8, D = 4 - 1, same norms
    twins = TeacherStudent([[[1], [1]], [[2, 2]]], [[[1], [0]], [[1, 0]]], Gaussian(1), learning_rates=F(1, 16))
    # an orthogonal rotation of the pair: (5, 5) -> (1, 7) has rational cosines 4/5, 3/5
    turned = TeacherStudent([[[F(1, 5)], [F(7, 5)]], [[F(2, 5), F(14, 5)]]], [[[1], [0]], [[1, 0]]], Gaussian(1), learning_rates=F(1, 16))
    for layer in (1, 2):
        assert abs(quadrature.variance(twins, 2, layer, batch_size=5) - quadrature.variance(turned, 2, layer, batch_size=5)) < 1e-25


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: quadrature.variance(p, 1, 1, batch_size=0), ValueError, "batch_size must be at least 1"),
        (lambda p: quadrature.variance(p, 1, 1, batch_size=float("nan")), ValueError, "batch_size must be finite"),
        (lambda p: quadrature.variance(p, 1, 3, batch_size=2), ValueError, r"layer must be in 1\.\.2"),
        (lambda p: quadrature.variance(p, 5, 1, batch_size=2), UnaffordableError, "nodes"),
        (lambda p: quadrature.variance(p, 10**5, 1, batch_size=2), UnaffordableError, r"more nodes than .*step \d fits"),
        (lambda p: quadrature.loss(p, 3, batch_size=2, budget=Budget(seconds=1e-3)), UnaffordableError, "would cost"),
    ],
)
def test_bad_input_and_budgets(call, error, message):
    problem = TeacherStudent([[[1]], [[1]]], [[[1]], [[2]]], Gaussian(1), learning_rates=1)
    with pytest.raises(error, match=message):
        call(problem)


def test_balls_are_finite():
    steep = replace(PINNED["coin"], inputs=Gaussian(1))
    assert quadrature.variance(steep, 4, 1, batch_size=2).is_finite()
    # var(g_0) = (2 / b) w_2^2 (w_1 w_2)^2 at any size of b
    assert abs(quadrature.variance(steep, 0, 1, batch_size=1e30, bits=300) * arb(1e30) / 32 - 1) < 1e-12


def test_what_it_cannot_do():
    scalar, linear = r"scalar Gaussian inputs, but they were .*Discrete", r"linear network: .* but was \(0, 1, 1\)"
    for changes, said in (({"inputs": Discrete([1, 2])}, scalar), ({"activation": (0, 1, 1)}, linear)):
        problem = TeacherStudent(**({"student": [[[1]]], "teacher": [[[1]]], "inputs": Gaussian(1), "learning_rates": 1} | changes))
        with pytest.raises(CannotError, match=said):
            quadrature.variance(problem, 0, 1, batch_size=2)


@pytest.mark.parametrize(("bits", "error"), [(0, ValueError), (1, ValueError), (-5, ValueError), (10**30, ValueError), (True, TypeError)])
def test_bits_are_checked(bits, error):
    problem = TeacherStudent([[[1]]], [[[0]]], Gaussian(1), 1)
    with pytest.raises(error, match="bits must be"):
        quadrature.variance(problem, 0, 1, batch_size=2, bits=bits)
