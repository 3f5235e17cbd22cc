"""E loss(w_t): a polynomial in 1/b with the loss of gradient descent as its constant term; decreasing in one layer, not in two."""

from dataclasses import replace
from fractions import Fraction as F
from functools import cache
from itertools import combinations, pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.instances import PINNED
from tests.strategies import discrete_laws, fractions, input_laws, learning_rates, problems
from theory import Gaussian, TeacherStudent
from theory.claims import loss_decreasing as claim
from theory.variance_poly import loss_polynomial

pytestmark = pytest.mark.theorems("3.1.2 loss")


small = st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 2, 2), (2, 1), (1, 1)])


@given(problems(small, laws=lambda p: discrete_laws(p, 2), steps=2), st.integers(0, 2))
def test_finite_support(ledger, problem, step):
    if step == 2 and problem.inputs.dimension == 2:
        step = 1
    ledger.record("3.1.2 loss", claim.check(claim.Instance(repr(problem.inputs), problem, step)))


@given(*[fractions] * 3, learning_rates, st.integers(0, 2))
def test_scalar_gaussian(ledger, w1, w2, v, rate, step):
    problem = TeacherStudent([[[w1]], [[w2]]], [[[v]], [[1]]], Gaussian(1), learning_rates=rate)
    ledger.record("3.1.2 loss", claim.check(claim.Instance(f"w = ({w1}, {w2}), w* = {v}, alpha = {rate}", problem, step)))


@given(problems(st.sampled_from([(1, 1), (2, 1), (2, 2)]), laws=input_laws, steps=2), st.integers(0, 2))
def test_in_one_layer_every_coefficient_is_non_negative(problem, step):
    v = loss_polynomial(problem, step)
    assert all(c >= 0 for c in v.coefficients) and v.decreasing_from() == 1


def test_near_a_saddle_the_loss_increases_for_every_batch_size():
    v = loss_polynomial(PINNED["saddle"], 1)  # whose values tests/instances.py has
    assert (v * -1).decreasing_from() == 1  # increases for every b >= 1


@pytest.mark.parametrize(
    ("instance", "values"),
    [
        (claim.saddle(), (F(45, 8), F(721, 128), F(1217, 216))),
        (claim.gaussian_saddle(), (F(12105, 32), F(1521, 4), F(109897, 288))),
    ],
)
def test_from_integer_weights_it_increases_for_every_real_batch_size(instance, values):
    v = loss_polynomial(instance.problem, 1)
    assert tuple(v(b) for b in (1, 2, 3)) == values
    falling = v * -1
    assert falling.decreasing_from() == 1 and falling.threshold <= 1


def test_either_sentence_can_hold():
    for instance in (claim.saddle(), claim.one_layer_two_atoms()):
        other = {claim.SMALLER_IS_LOWER: claim.LARGER_IS_LOWER, claim.LARGER_IS_LOWER: claim.SMALLER_IS_LOWER}[instance.sentence]
        assert claim.check_printed(instance).holds is False
        assert claim.check_printed(replace(instance, sentence=other)).holds is True


# -- one layer, with labels that no teacher gives: from the definition alone -------------------------------------------------------------


def labelled_loss(points, weights, rates, batches):
    """E L(w_t) over all sequences of such batches, L the mean over the points of 1/2 (w . x - y)^2."""

    def loss(w):
        return sum((dot(w, x) - y) ** 2 for x, y in points) / F(2 * len(points))

    @cache
    def expected(w, s):
        if s == len(rates):
            return loss(w)
        total = F(0)
        for batch in batches:
            errors = [(dot(w, points[n][0]) - points[n][1], points[n][0]) for n in batch]
            after = tuple(c - rates[s] * sum(e * x[i] for e, x in errors) / len(batch) for i, c in enumerate(w))
            total += expected(after, s + 1)
        return total / len(batches)

    return expected(tuple(weights), 0)


def dot(w, x):
    return sum(a * b for a, b in zip(w, x, strict=True))


def interpolated(values):
    """The coefficients of the polynomial in eps with these values at eps -> value."""
    coefficients = [F(0)] * len(values)
    for node, value in values.items():
        basis = [F(1)]
        for other in values:
            if other != node:
                basis = [(a - other * b) / (node - other) for a, b in zip([F(0), *basis], [*basis, F(0)], strict=True)]
        coefficients = [c + value * a for c, a in zip(coefficients, basis, strict=True)]
    return coefficients


LABELLED = [
    ([((F(1),), F(2)), ((F(-2),), F(1)), ((F(1, 2),), F(0))], (F(1),), (F(1), F(-1, 2))),
    ([((F(1), F(2)), F(1)), ((F(0), F(1)), F(-1)), ((F(-1), F(1)), F(3))], (F(1), F(-1)), (F(1, 3), F(2))),
]


@pytest.mark.parametrize(("points", "weights", "rates"), LABELLED)
def test_one_layer_learns_any_labels_with_coefficients_that_are_not_negative(points, weights, rates):
    """Any real rates; independent draws: a polynomial in 1/b. Without replacement: one in (N - b) / (b (N - 1))."""
    n, t = len(points), len(rates)
    drawn = {F(1, b): labelled_loss(points, weights, rates, list(product(range(n), repeat=b))) for b in range(1, t + 3)}
    found = interpolated(drawn)
    assert all(c >= 0 for c in found) and not any(found[t + 1 :]) and any(found[1:])
    apart = {F(n - b, b * (n - 1)): labelled_loss(points, weights, rates, list(combinations(range(n), b))) for b in range(1, n + 1)}
    for shrinkage, value in apart.items():
        assert value == sum(c * shrinkage**j for j, c in enumerate(found))
    assert all(high > low for high, low in pairwise(apart.values()))
