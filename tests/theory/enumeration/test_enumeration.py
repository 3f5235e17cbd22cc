"""The brute-force truth, checked against its definition: exact derivatives, ordered batches, sums written out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction as F
from functools import partial

import numpy as np
import pytest
from flint import Ordering, fmpq, fmpq_mpoly_ctx
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import discrete_laws, fractions, problems, two_layer_sizes
from theory import Discrete, Gaussian, Rademacher, TeacherStudent, enumeration
from theory.backpropagation import batch_gradient, exact_sigma
from theory.budget import Budget, UnaffordableError
from theory.budget.unit_costs import UNITS
from theory.enumeration import path_counts as enumeration_cost
from theory.enumeration.path_limits import limits
from theory.exact import to_fmpq, to_fraction
from theory.references import quadrature
from theory.trace_forms import W, g, teacher, tr

activations = st.lists(fractions, min_size=2, max_size=3).filter(lambda c: any(c[1:])).map(tuple)
any_sizes = st.lists(st.integers(1, 2), min_size=2, max_size=4).map(tuple)
networks = problems(any_sizes, laws=discrete_laws, activation=activations)
linear = problems(two_layer_sizes(), laws=discrete_laws)


def rational(matrix):
    return np.array([[to_fmpq(x) for x in row] for row in matrix.tolist()], dtype=object)


@given(networks)
def test_the_gradient_is_the_derivative_of_the_loss(problem):
    """The loss as a polynomial in every weight, differentiated by the rules of polynomials."""
    names = [f"w{k}_{i}_{j}" for k, w in enumerate(problem.student) for i, j in np.ndindex(w.shape)]
    ring = fmpq_mpoly_ctx.get(names, Ordering.degrevlex)
    generators = iter(ring.gens())
    symbols = [np.empty(w.shape, dtype=object) for w in problem.student]
    for w in symbols:
        for place in np.ndindex(w.shape):
            w[place] = next(generators)
    sigma = [to_fmpq(c) for c in problem.activation]
    x = np.array([[to_fmpq(v)] for v in problem.inputs.atoms[0]], dtype=object)

    def output(weights):
        z = x
        for k, w in enumerate(weights):
            h = w @ z
            z = sum((c * h**i for i, c in enumerate(sigma) if i), 0 * h + sigma[0]) if k + 1 < len(weights) else h
        return z

    error = output(symbols) - output([rational(w) for w in problem.teacher])
    loss = (error * error).sum() / 2 + ring.constant(0)
    here = [to_fmpq(v) for w in problem.student for v in w.ravel().tolist()]
    expected = iter([loss.derivative(i)(*here) for i in range(len(names))])
    student, target = [tuple(rational(w) for w in side) for side in (problem.student, problem.teacher)]
    for gradient in batch_gradient(student, target, exact_sigma(sigma), x.T):
        for entry in gradient.ravel():
            assert entry == next(expected)


@given(networks, st.integers(1, 3))
def test_counting_agrees_with_walking_through_every_ordered_batch(problem, b):
    layer = problem.depth
    assert enumeration.variance(problem, 1, layer, batch_size=b) == enumeration.variance(problem, 1, layer, batch_size=b, literal=True)
    assert enumeration.loss(problem, 1, batch_size=b) == enumeration.loss(problem, 1, batch_size=b, literal=True)


@given(networks, st.integers(1, 5))
def test_the_first_variance_is_that_of_one_sample_over_b(problem, b):
    """var(g_0) = ( E||grad||^2 - ||E grad||^2 ) / b, with the sums over atoms written out."""
    student, target = [tuple(rational(w) for w in side) for side in (problem.student, problem.teacher)]
    sigma = exact_sigma(problem.activation)
    for k in range(problem.depth):
        square, mean = fmpq(0), rational(problem.student[k]) * 0
        for atom, p in zip(problem.inputs.atoms, problem.inputs.probabilities, strict=True):
            x = np.array([[to_fmpq(v) for v in atom]], dtype=object)
            gradient = batch_gradient(student, target, sigma, x)[k]
            square, mean = square + to_fmpq(p) * (gradient * gradient).sum(), mean + to_fmpq(p) * gradient
        assert enumeration.variance(problem, 0, k + 1, batch_size=b) == to_fraction((square - (mean * mean).sum()) / b)


@given(linear, st.integers(1, 3))
def test_paths_that_are_not_merged_give_the_same_moments(problem, b):
    for layer in (1, 2):
        second, mean = enumeration.moments(problem, 1, layer, batch_size=b)
        assert second == enumeration.expectation(problem, tr(g(1, layer).T @ g(1, layer)), batch_size=b)
        assert (mean == enumeration.expectation(problem, lambda path: path.gradients[1][layer - 1], 1, batch_size=b)).all()  # noqa: B023
        assert (mean == enumeration.mean_gradient(problem, 1, layer, batch_size=b)).all()


@given(linear)
def test_samples_of_a_batch_average_to_its_gradient(problem):
    apart = tr((g(1, 1) - g(1, 1, 1) * F(1, 2) - g(1, 1, 2) * F(1, 2)).T @ (g(1, 1) - W(1, 1)) @ teacher(1).T @ teacher(1))
    assert enumeration.expectation(problem, apart, batch_size=2, literal=True) == 0


def test_the_loss_by_hand():
    """w = 3, w* = 1, x in {1, 2}: 1/2 (2x)^2 is 2 or 8; one step of rate 1/4 at x = 1 gives w = 5/2, at x = 2 gives 1."""
    problem = TeacherStudent([[[3]]], [[[1]]], Discrete([1, 2], [F(2, 3), F(1, 3)]), F(1, 4))
    assert enumeration.loss(problem, 0, batch_size=7) == F(2, 3) * 2 + F(1, 3) * 8
    mean_square = F(2, 3) * F(3, 2) ** 2 + F(1, 3) * 0
    assert enumeration.loss(problem, 1, batch_size=1) == mean_square * F(1, 2) * (F(2, 3) * 1 + F(1, 3) * 4)


def test_one_atom_has_no_noise():
    problem = TeacherStudent([[[1, 2]], [[3]]], [[[0, 1]], [[1]]], Discrete([(1, 5)]), F(1, 10))
    assert enumeration.variance(problem, 2, 1, batch_size=4) == 0
    assert enumeration.cost(problem, 2, batch_size=4) == 1


def test_interpolation_finds_the_polynomial_and_refuses_a_degree_that_is_too_low():
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), F(1, 4))
    found = enumeration.interpolated_polynomial(problem, 1, 1, degree=6)
    assert found.degree == 6
    assert found.coefficients[0] == 0
    assert found(20) == enumeration.variance(problem, 1, 1, batch_size=20)
    assert enumeration.interpolated_polynomial(problem, 1, None, degree=3, kind="loss").degree == 3
    with pytest.raises(ArithmeticError, match="degree 5 in 1/b is too low"):
        enumeration.interpolated_polynomial(problem, 1, 1, degree=5)


PROBLEM = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Rademacher(1), F(1, 4))


@pytest.mark.parametrize("literal", [False, True])
@pytest.mark.parametrize("batch_size, step", [(10**9, 3), (10**30, 1), (40, 200)])
def test_what_is_too_long_is_refused_before_any_work(batch_size, step, literal):
    with pytest.raises(
        UnaffordableError, match=r"the budget is max_paths = 500000\. What is left: a smaller batch size or step"
    ) as refusal:
        enumeration.variance(PROBLEM, step, 1, batch_size=batch_size, literal=literal)
    assert refusal.value.cost is not None
    assert refusal.value.cost.seconds > 10
    with pytest.raises(UnaffordableError):
        enumeration.interpolated_polynomial(PROBLEM, step, 1, degree=batch_size)


ONE_ATOM = TeacherStudent([[[1]], [[2]]], [[[F(1, 3)]], [[0]]], Discrete([1]), F(1, 7))
FAR = {
    "batches of long probabilities": (TeacherStudent([[[1]]], [[[0]]], Discrete([1, 2]), 1), 300_000, 0),
    "one path of endless numbers": (ONE_ATOM, 1, 40),
    "one path of a million steps": (ONE_ATOM, 1, 10**6),
    "a million steps of one layer": (TeacherStudent([[[1]]], [[[0]]], Discrete([1]), lambda t: F(1, 7 + t)), 1, 10**6),
}


@pytest.mark.parametrize("name", FAR)
def test_long_numbers_are_refused_before_any_work(name, monkeypatch):
    problem, b, step = FAR[name]

    def work(*arguments):
        raise AssertionError("work was done")

    monkeypatch.setattr(enumeration, "_Enumeration", work)
    for call in (enumeration.variance, enumeration.expectation):
        arguments = (step, 1) if call is enumeration.variance else (lambda path: 0, step)
        with pytest.raises(UnaffordableError, match="as much work as") as refusal:
            call(problem, *arguments, batch_size=b)
        assert refusal.value.cost.seconds > 25


def test_one_atom_in_a_large_batch_is_one_short_path():
    assert enumeration.variance(ONE_ATOM, 1, 1, batch_size=10**6) == 0


def test_numbers_grow_as_predicted():
    for step in (4, 6, 8):
        sgd = enumeration._affordable(ONE_ATOM, 1, step, 1, False, ())
        ((weights, _),) = sgd.law_of_weights(step)
        bits = max(int(abs(x.p)).bit_length() + int(x.q).bit_length() for w in weights for x in w.ravel())
        assert bits / 2 < enumeration_cost.weight_bits(ONE_ATOM, step) < 2 * bits


def test_batches_are_listed_one_at_a_time():
    law = tuple(fmpq(1, n) for n in (2, 3, 6))
    chances = {}
    for counts, chance in enumeration._multinomial(5, law):
        assert sum(c for _, c in counts) == 5
        assert all(c for _, c in counts)
        chances[tuple(counts)] = chance
    assert len(chances) == 21 and sum(chances.values()) == 1
    assert chances[(0, 2), (1, 2), (2, 1)] == fmpq(30) * fmpq(1, 4) * fmpq(1, 9) * fmpq(1, 6)
    first, _ = next(enumeration._multinomial(1000, law))  # half a million batches
    assert first == [(0, 1), (1, 1), (2, 998)]


def test_the_cost_is_the_number_of_paths():
    seen = 0

    def count(path):
        nonlocal seen
        seen += 1
        return 0

    law = Discrete([-1, 0, 2])
    problem = TeacherStudent([[[1]]], [[[0]]], law, 1)
    assert enumeration.expectation(problem, count, 1, batch_size=3) == 0
    assert seen == enumeration.cost(problem, 1, batch_size=3) == 100
    assert enumeration.cost(problem, 1, batch_size=3, literal=True) == 3**6
    assert enumeration.variance(problem, 1, 1, batch_size=3, max_paths=100) > 0
    with pytest.raises(UnaffordableError):
        enumeration.variance(problem, 1, 1, batch_size=3, max_paths=99)


THREE = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([0, 1, 2]), F(1, 4))
#: One path, along which nothing changes: no number grows.
STILL = TeacherStudent([[[1]], [[1]]], [[[1]], [[1]]], Discrete([1]), 1)


@pytest.mark.parametrize(
    ("problem", "batch_size", "step", "literal", "named"),
    [
        (THREE, 2, 10**30, False, "step"),
        (THREE, 10**5, 10**9, False, "step"),
        (THREE, 10**400, 10**400, False, "step"),
        (THREE, 10**5, 0, True, "batch_size"),
        (THREE, 10**400, 1, True, "batch_size"),
        (THREE, 3, 10**400, True, "step"),
        (replace(THREE, inputs=Discrete(range(10**5))), 10**30, 1, False, "batch_size"),
    ],
)
def test_a_number_of_paths_that_is_too_long_is_not_formed(problem, batch_size, step, literal, named):
    with pytest.raises(UnaffordableError, match=f"{named} must be smaller"):
        enumeration.cost(problem, step, batch_size=batch_size, literal=literal)
    if step < 10**4:
        with pytest.raises(UnaffordableError, match="the budget is max_paths"):
            enumeration.variance(problem, step, 1, batch_size=batch_size, literal=literal)


def test_long_numbers_of_paths_are_told():
    assert enumeration.cost(THREE, 2, batch_size=10**30) == ((10**30 + 1) * (10**30 + 2) // 2) ** 3
    assert enumeration.cost(THREE, 1, batch_size=10**2000) == ((10**2000 + 1) * (10**2000 + 2) // 2) ** 2
    assert enumeration.cost(THREE, 9, batch_size=2000, literal=True) == 3**20_000
    for literal in (False, True):
        assert enumeration.cost(STILL, 10**400, batch_size=10**5000, literal=literal) == 1


@given(st.integers(1, 7), st.integers(1, 40), st.integers(1, 4), st.booleans())
def test_logarithms_of_the_number_of_paths(atoms, b, steps, literal):
    """A lower bound, and right where it is compared with the limit."""
    exact = math.log10(enumeration_cost.count_paths(atoms, b, steps, literal))
    assert abs(enumeration_cost.log10_paths(atoms, b, steps, literal) - exact) < 1e-9


def test_one_path_of_any_length_is_refused_or_followed_at_once():
    assert enumeration.variance(STILL, 3, 1, batch_size=10**400) == 0
    for step in (10**9, 10**15):
        with pytest.raises(UnaffordableError, match="as much work as"):
            enumeration.variance(STILL, step, 1, batch_size=1)
    for degree in (10**30, 10**400):
        for limit in (10, math.inf):
            with pytest.raises(UnaffordableError, match="the budget is max_paths"):
                enumeration.interpolated_polynomial(STILL, 1, 1, degree=degree, max_paths=limit)


def test_the_limit_counts_for_every_batch_size():
    """It was the default's for the single ones, whatever was asked for."""
    with pytest.raises(UnaffordableError, match=r"the budget is max_paths = 99\."):
        enumeration.interpolated_polynomial(THREE, 1, 1, degree=6, max_paths=99)
    small = TeacherStudent([[[1]]], [[[0]]], Discrete([1, 2]), 1)
    for limit in (math.inf, 10**7, np.float64("inf"), np.int64(10**6)):
        assert enumeration.interpolated_polynomial(small, 0, 1, degree=1, max_paths=limit).degree == 1


ENTRIES = {
    "moments": lambda problem=THREE, **options: enumeration.moments(problem, 0, 1, batch_size=2, **options),
    "variance": lambda problem=THREE, **options: enumeration.variance(problem, 0, 1, batch_size=2, **options),
    "variance_ball": lambda problem=THREE, **options: enumeration.variance_ball(problem, 0, 1, batch_size=2, **options),
    "mean_gradient": lambda problem=THREE, **options: enumeration.mean_gradient(problem, 0, 1, batch_size=2, **options),
    "loss": lambda problem=THREE, **options: enumeration.loss(problem, 1, batch_size=2, **options),
    "expectation": lambda problem=THREE, **options: enumeration.expectation(problem, lambda path: 1, 0, batch_size=2, **options),
}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("flag", ["no", 0, 1, None, [], np.array([True]), "False"])
def test_flags_are_truth_values(entry, flag):
    with pytest.raises(TypeError, match="literal must be"):
        ENTRIES[entry](literal=flag)
    with pytest.raises(TypeError, match="literal must be"):
        enumeration.cost(THREE, 0, batch_size=1, literal=flag)


@pytest.mark.parametrize("entry", ENTRIES)
def test_flags_of_numpy_are_flags(entry):
    ours, numpys = ENTRIES[entry](literal=True), ENTRIES[entry](literal=np.bool_(True))
    assert str(ours) == str(numpys)


@pytest.mark.parametrize("entry", [*ENTRIES, "interpolated_polynomial"])
@pytest.mark.parametrize(
    ("limit", "error"),
    [
        *((limit, ValueError) for limit in (float("nan"), np.float64("nan"), 0, -3)),
        *((limit, TypeError) for limit in (-math.inf, 1e6, "many", True)),
    ],
)
def test_limits_are_numbers_of_paths(entry, limit, error):
    interpolated = partial(enumeration.interpolated_polynomial, THREE, 0, 1, degree=1)
    with pytest.raises(error, match="max_paths must be"):
        ENTRIES.get(entry, interpolated)(max_paths=limit)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("problem", [None, 3, "network.toml", [[[1]]], Discrete([1])])
def test_what_is_no_problem_is_named(entry, problem):
    with pytest.raises(TypeError, match="problem must be a TeacherStudent"):
        ENTRIES[entry](problem)
    with pytest.raises(TypeError, match="problem must be a TeacherStudent"):
        enumeration.cost(problem, 0, batch_size=1)
    with pytest.raises(TypeError, match="problem must be a TeacherStudent"):
        enumeration.interpolated_polynomial(problem, 0, 1, degree=1)


@pytest.mark.parametrize("function", [None, "tr(g)", 3, ["lambda"]])
def test_what_is_no_function_is_named(function):
    with pytest.raises(TypeError, match="function must be a function of a path or a trace form"):
        enumeration.expectation(THREE, function, 0, batch_size=1)


@pytest.mark.parametrize(("value", "error"), [(None, TypeError), ("1", TypeError), (float("nan"), ValueError), (1j, TypeError)])
def test_what_a_function_returns_is_named(value, error):
    with pytest.raises(error, match=r"function\(path\) must be"):
        enumeration.expectation(THREE, lambda path: value, 0, batch_size=1)


def test_integers_that_could_be_mistaken_are_named():
    """The batch size, wherever it stands beside the step and the layer, is a keyword; and so are degrees beside steps."""
    for call in (enumeration.moments, enumeration.variance, enumeration.variance_ball, enumeration.mean_gradient, quadrature.variance):
        with pytest.raises(TypeError, match="positional"):
            call(THREE, 2, 1, 1)
    for call in (enumeration.cost, enumeration.loss, quadrature.loss):
        with pytest.raises(TypeError, match="positional"):
            call(THREE, 2, 1)
    with pytest.raises(TypeError, match="positional"):
        enumeration.interpolated_polynomial(THREE, 1, 1, 6)
    by_keyword = enumeration.variance(problem=THREE, batch_size=2, layer=1, step=1)
    assert by_keyword == enumeration.variance(THREE, 1, 1, batch_size=2) != enumeration.variance(THREE, 1, 2, batch_size=1)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: enumeration.variance(PROBLEM, 1, 1, batch_size=0), "batch_size must be at least 1"),
        (lambda: enumeration.variance(PROBLEM, 1, 1, batch_size=2.0), "batch_size must be an integer"),
        (lambda: enumeration.variance(PROBLEM, -1, 1, batch_size=2), "step must be at least 0"),
        (lambda: enumeration.variance(PROBLEM, 1, 3, batch_size=2), "layer must be in 1..2"),
        (lambda: enumeration.interpolated_polynomial(PROBLEM, 1, 1, degree=6, kind="mean"), "kind must be"),
        (lambda: enumeration.expectation(PROBLEM, tr(g(0, 1, 1) @ g(0, 2)), batch_size=2), "literal must be set"),
        (lambda: enumeration.expectation(PROBLEM, tr(g(0, 1, 2) @ g(0, 2)), batch_size=1, literal=True), "batch_size must be at"),
        (
            lambda: enumeration.loss(TeacherStudent([[[1]]], [[[0]]], Gaussian(1), 1), 1, batch_size=2),
            "inputs must have finite support",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_a_million_draws_of_one_batch_share_what_they_have_in_common():
    sgd = enumeration._affordable(ONE_ATOM, 10**5, 0, 1, True, ())
    ((batch, chance),) = sgd.batches()
    assert chance == 1 and len(batch) == 10**5 and len({id(share) for _, share in batch}) == 1


def test_a_small_limit_on_paths_limits_their_work_too():
    """One path of a literal batch of 10^6 draws: ten seconds, as much as 200,000 short paths."""
    problem = TeacherStudent([[[1]]], [[[0]]], Discrete([1]), F(1))
    with pytest.raises(UnaffordableError, match="as much work as"):
        enumeration.variance(problem, 0, 1, batch_size=10**7, literal=True, max_paths=10)


@pytest.mark.parametrize(
    "form", [tr(W(1, 1).T @ g(1, 1)), tr(W(1, 1).T @ g(1, 1)) * tr(W(1, 2).T @ g(1, 2)), tr(g(0, 2).T @ g(0, 2))], ids=str
)
@pytest.mark.parametrize("batch_size", [10**6, 10**9, 10**40])
def test_every_draw_of_a_literal_batch_is_counted(form, batch_size):
    with pytest.raises(UnaffordableError, match=r"would cost .*1 paths of long numbers, as much work as .* short ones"):
        enumeration.expectation(ONE_ATOM, form, batch_size=batch_size, literal=True, max_paths=100)
    assert enumeration.expectation(ONE_ATOM, form, batch_size=10**3, literal=True, max_paths=100) == enumeration.expectation(
        ONE_ATOM, form, batch_size=1
    )


def test_draws_take_what_they_are_predicted_to_take():
    """Each is a product and a sum of matrices for every layer, in every batch of the path."""
    for problem, step in ((ONE_ATOM, 1), (ONE_ATOM, 2), (TeacherStudent([[[1]]], [[[0]]], Discrete([1]), F(1)), 0)):
        costs = [enumeration_cost.path_cost(problem, 1, b, step, step + 1, True).seconds for b in (10**4, 2 * 10**4)]
        assert (costs[1] - costs[0]) / (10**4 * (step + 1) * problem.depth) == pytest.approx(UNITS["enumeration.draw"], rel=0.2)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_budget_stands_beside_or_in_the_place_of_the_number_of_paths(entry):
    """Six paths or more: too many for the number, not for the budget; each of the two is kept where both are given."""
    generous, nothing = Budget(60.0, 1e9), Budget(1e-9)
    answer = ENTRIES[entry]()
    assert str(ENTRIES[entry](budget=generous)) == str(ENTRIES[entry](budget=generous, max_paths=10**4)) == str(answer)
    for options in ({"max_paths": 1, "budget": generous}, {"max_paths": 10**4, "budget": nothing}, {"budget": nothing}):
        with pytest.raises(UnaffordableError, match=r"^enumeration would cost .*; the budget is .* What is left: .*; or a larger budget$"):
            ENTRIES[entry](**options)


def test_a_budget_pays_for_more_paths_than_the_usual_limit():
    """1,002,001 paths, predicted to take half a minute."""
    problem = TeacherStudent([[[1]]], [[[0]]], Discrete([0, 1]), 1)
    cost = enumeration_cost.path_cost(problem, 2, 10**6, 0, 1, False)
    assert cost.paths == 10**6 + 1
    with pytest.raises(UnaffordableError, match="the budget is max_paths = 500000"):
        enumeration.variance(problem, 0, 1, batch_size=10**6)
    for seconds, paid in ((2 * cost.seconds, True), (cost.seconds / 2, False)):
        assert all(budget.allows(cost) for budget in limits(None, Budget(seconds))) == paid
