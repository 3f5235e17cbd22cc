"""Theorem 3.4: a polynomial in 1/b without a constant term; its sharp degree, attained; the printed bounds fail."""

from fractions import Fraction as F
from itertools import product
from math import comb

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from tests.instances import PINNED
from tests.strategies import discrete_laws, fractions, problems
from theory import Discrete, TeacherStudent
from theory.claims import theorem_3_4 as claim
from theory.degrees import printed_variance_degrees_3_4, variance_degree
from theory.engines.base import Quantity
from theory.engines.frequencies import Frequencies

pytestmark = pytest.mark.theorems("3.4")


@given(problems(st.tuples(*[st.integers(1, 2)] * 3), laws=lambda p: discrete_laws(p, 2)), st.integers(0, 1), st.integers(1, 2))
def test_two_linear_layers(ledger, problem, step, layer):
    ledger.record("3.4", claim.check(claim.Instance(repr(problem.inputs), problem, step, layer)))


activations = st.lists(fractions, min_size=2, max_size=3).filter(lambda c: any(c[1:])).map(tuple)
deep = st.sampled_from([(1, 1), (2, 1), (1, 1, 1), (1, 2, 1), (1, 1, 1, 1)])


@given(problems(deep, laws=lambda p: discrete_laws(p, 2), activation=activations), st.integers(0, 1))
def test_any_depth_and_polynomial_activation(ledger, problem, step):
    for layer in {1, problem.depth}:
        ledger.record("3.4", claim.check(claim.Instance(repr(problem.inputs), problem, step, layer)))


DEPTH_DEGREE_STEPS = [
    *[(1, 1, t) for t in range(4)],
    *[(2, 1, t) for t in range(4)],
    *[(3, 1, t) for t in range(3)],
    (4, 1, 1),
    *[(2, 2, t) for t in range(3)],
    (2, 3, 1),
    (3, 2, 1),
    (3, 3, 1),
    (4, 2, 1),
]


@pytest.mark.parametrize("depth, activation_degree, step", DEPTH_DEGREE_STEPS)
def test_the_degree_is_attained_in_every_layer(depth, activation_degree, step):
    """The engine's last coefficient is the one that cumulants give: neither knows of the other."""
    for layer in range(1, depth + 1):
        instance = claim.steepest(depth, activation_degree, step, layer)
        v = Frequencies().compute(instance.problem, Quantity("variance", step, layer))
        assert v.degree == variance_degree(step, depth=depth, activation_degree=activation_degree)
        assert v.coefficients[-1] == instance.leading


@given(st.integers(1, 40))
def test_even_cumulants_of_a_coin_do_not_vanish(n):
    """kappa_{2n} = (4^n - 1) B_{2n} / (2n), with B_{2n} from its recurrence; its sign is (-1)^(n-1)."""
    bernoulli = [F(1)]
    for m in range(1, 2 * n + 1):
        bernoulli.append(-sum((comb(m + 1, j) * bernoulli[j] for j in range(m)), F(0)) / (m + 1))
    assert claim.coin_cumulant(2 * n) == (4**n - 1) * bernoulli[2 * n] / (2 * n)
    assert claim.coin_cumulant(2 * n) * (-1) ** (n - 1) > 0


def test_the_degree_is_attained_by_networks_without_structure():
    problem = PINNED["plane of two atoms"]
    for step, layer in product(range(4), (1, 2)):
        assert Frequencies().compute(problem, Quantity("variance", step, layer)).degree == (1, 6, 23, 76)[step]


@pytest.mark.parametrize("activation_degree, depth", [(1, 3), (2, 6)])
def test_both_printed_bounds_fail_at_step_1_once_the_network_is_deep(activation_degree, depth):
    printed = max(printed_variance_degrees_3_4(1, activation_degree=activation_degree))
    assert variance_degree(1, depth=depth, activation_degree=activation_degree) > printed
    assert claim.leading_coefficient(depth, activation_degree, 1, 1) != 0


def scalar(w1, w2, v, atoms, rate):
    return TeacherStudent([[[w1]], [[w2]]], [[[v]], [[1]]], Discrete(atoms), rate)


def beats_the_print(instance):
    return claim.check_printed(instance).holds is False


scalars = st.builds(
    scalar,
    st.integers(-3, 3),
    st.integers(-3, 3),
    st.integers(-3, 3),
    st.lists(st.integers(-3, 3), min_size=2, max_size=2, unique=True),
    st.integers(1, 4),
)


def test_a_shrunk_counterexample(ledger):
    """Hypothesis looks for any counterexample at t = 1 and shrinks it; what it ends with is as small as the pinned one."""
    found = find(
        scalars.map(lambda p: claim.Instance("shrunk", p, 1)),
        beats_the_print,
        settings=settings(max_examples=300, derandomize=True, database=None, phases=[Phase.generate, Phase.shrink]),
    )
    ledger.refuted("3.4", claim.check_printed(found))
    assert size(found.problem) <= size(claim.steepest(2, 1, 1).problem)


def size(problem):
    numbers = [x for w in (*problem.student, *problem.teacher[:1]) for x in w.ravel()]
    return sum(abs(x) for x in numbers) + sum(abs(a[0]) for a in problem.inputs.atoms) + problem.learning_rate(0)


def test_nothing_smaller_refutes_the_print():
    """Every scalar two-layer network with two integer atoms whose numbers add up to less than those of the pinned instance."""
    pinned = size(claim.steepest(2, 1, 1).problem)
    small = (-2, -1, 0, 1, 2)
    for w1, w2, v, x, y in product(small, repeat=5):
        if x < y and abs(w1) + abs(w2) + abs(v) + abs(x) + abs(y) + 1 < pinned:
            v1 = Frequencies().compute(scalar(w1, w2, v, [x, y], 1), Quantity("variance", 1, 1))
            assert v1.degree <= printed_variance_degrees_3_4(1)[0]
