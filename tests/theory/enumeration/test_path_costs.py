"""What enumeration costs: numbers of paths, of draws and of digits; what is too much is refused before any work."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.instances import PINNED
from theory import Discrete, TeacherStudent, enumeration
from theory.budget import Budget, UnaffordableError
from theory.budget.unit_costs import UNITS
from theory.enumeration import path_counts as enumeration_cost
from theory.enumeration.batches import Urn, all_batches
from theory.enumeration.path_limits import path_budgets
from theory.enumeration.requests import affordable_walk
from theory.trace_forms import W, g, tr

PROBLEM = PINNED["coin"]


@pytest.mark.parametrize("literal", [False, True])
@pytest.mark.parametrize("batch_size, step", [(10**9, 3), (10**30, 1), (40, 200)])
def test_what_is_too_long_is_refused_before_any_work(batch_size, step, literal):
    with pytest.raises(
        UnaffordableError, match=r"the budget is max_paths = 500000\. Alternatives: a smaller batch size or step"
    ) as refusal:
        enumeration.variance(PROBLEM, step, 1, batch_size=batch_size, literal=literal)
    assert refusal.value.cost is not None
    assert refusal.value.cost.seconds > 10
    with pytest.raises(UnaffordableError):
        enumeration.interpolated_polynomial(PROBLEM, step, 1, degree=batch_size)


ONE_ATOM = PINNED["one atom"]
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

    monkeypatch.setattr("theory.enumeration.requests.Walk", work)
    for call in (enumeration.variance, enumeration.expectation):
        arguments = (step, 1) if call is enumeration.variance else (lambda path: 0, step)
        with pytest.raises(UnaffordableError, match="as much work as") as refusal:
            call(problem, *arguments, batch_size=b)
        assert refusal.value.cost.seconds > 25


def test_one_atom_in_a_large_batch_is_one_short_path():
    assert enumeration.variance(ONE_ATOM, 1, 1, batch_size=10**6) == 0


def test_numbers_grow_as_predicted():
    for step in (4, 6, 8):
        sgd = affordable_walk(ONE_ATOM, 1, step, 1, False, ())
        ((weights, _),) = sgd.law_of_weights(step)
        bits = max(int(abs(x.p)).bit_length() + int(x.q).bit_length() for w in weights for x in w.ravel())
        assert bits / 2 < enumeration_cost.weight_bits(ONE_ATOM, step) < 2 * bits


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


THREE = PINNED["three atoms"]
#: One path, along which nothing changes: no number grows.
STILL = PINNED["still"]


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
    exact = math.log10(enumeration_cost.count_paths(Urn(atoms), b, steps, literal))
    assert abs(steps * Urn(atoms).log10_batches(b, literal) - exact) < 1e-9
    for sizes in ((1,) * (atoms + b), tuple(range(1, atoms + b))):  # subsets, of points that are all different and of others
        urn = Urn(len(sizes), sizes)
        assert abs(urn.log10_batches(b, literal) - math.log10(urn.batch_count(b, literal))) < 1e-9


@given(st.lists(st.integers(1, 3), min_size=1, max_size=5), st.data(), st.booleans())
def test_batches_are_counted_and_their_probabilities_sum_to_1(sizes, data, literal):
    b = data.draw(st.integers(1, min(4, sum(sizes))))
    urn = Urn(len(sizes), tuple(sizes))
    batches = list(all_batches(urn, (), b, literal))
    assert len(batches) == urn.batch_count(b, literal) and sum(chance for _, chance in batches) == 1
    for i, m in enumerate(sizes):  # every point is in b of M batches
        assert sum(chance * share for batch, chance in batches for n, share in batch if n == i) == fmpq(m, sum(sizes))


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


def test_a_million_draws_of_one_batch_share_what_they_have_in_common():
    sgd = affordable_walk(ONE_ATOM, 10**5, 0, 1, True, ())
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
@pytest.mark.parametrize("batch_size", [10**7, 10**9, 10**40])
def test_every_draw_of_a_literal_batch_is_counted(form, batch_size):
    with pytest.raises(UnaffordableError, match=r"would cost .*1 paths of long numbers, as much work as .* short ones"):
        enumeration.expectation(ONE_ATOM, form, batch_size=batch_size, literal=True, max_paths=100)
    assert enumeration.expectation(ONE_ATOM, form, batch_size=10**3, literal=True, max_paths=100) == enumeration.expectation(
        ONE_ATOM, form, batch_size=1
    )


def test_every_draw_is_counted_once_for_every_layer_and_batch(monkeypatch):
    """Each is a product and a sum of matrices; were it a second slower, the path would be so by as many seconds."""
    for problem, step in ((ONE_ATOM, 1), (ONE_ATOM, 2), (TeacherStudent([[[1]]], [[[0]]], Discrete([1]), F(1)), 0)):
        costs = []
        for more in (0, 1):
            with monkeypatch.context() as slower:
                slower.setitem(UNITS, "enumeration.draw", UNITS["enumeration.draw"] + more)
                costs.append(enumeration_cost.path_cost(problem, Urn(1), 10**4, step, step + 1, True).seconds)
        assert costs[1] - costs[0] == pytest.approx(10**4 * (step + 1) * problem.depth, rel=1e-3)


def test_orders_of_draws_lead_to_the_same_weights():
    """2^5 batches of two atoms, but 6 weights after one of them: literally, 6 x 2^5 batches are walked through and not 2^5 x 2^5."""
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], Discrete([1, 2]), F(1, 10))
    walk = affordable_walk(problem, 5, 1, 2, True, ())
    assert len(list(walk.law_of_weights(1))) == 6
    merged, apart = (enumeration_cost.path_cost(problem, Urn(2), 5, 1, 2, True, merged) for merged in (True, False))
    assert merged.paths == apart.paths == 4**5
    assert 3 < apart.seconds / merged.seconds < 32 / 6
    few = Budget((merged.seconds + apart.seconds) / 2)
    assert enumeration.variance(problem, 1, 1, batch_size=5, literal=True, budget=few) == enumeration.variance(problem, 1, 1, batch_size=5)
    with pytest.raises(UnaffordableError):
        enumeration.expectation(problem, lambda path: 0, 1, batch_size=5, literal=True, budget=few)


def test_no_batch_is_no_work():
    """The loss at w_0 depends on none, whatever its size."""
    problem = TeacherStudent([[[1]]], [[[0]]], Discrete([1, 2]), 1)
    assert enumeration.loss(problem, 0, batch_size=10**9, literal=True) == F(5, 4)
    assert enumeration.loss_variance(problem, 0, batch_size=10**30, literal=True) == 0


def test_a_budget_pays_for_more_paths_than_the_usual_limit():
    """1,002,001 paths, predicted to take half a minute."""
    problem = TeacherStudent([[[1]]], [[[0]]], Discrete([0, 1]), 1)
    cost = enumeration_cost.path_cost(problem, Urn(2), 10**6, 0, 1, False)
    assert cost.paths == 10**6 + 1
    with pytest.raises(UnaffordableError, match="the budget is max_paths = 500000"):
        enumeration.variance(problem, 0, 1, batch_size=10**6)
    for seconds, paid in ((2 * cost.seconds, True), (cost.seconds / 2, False)):
        assert all(budget.allows(cost) for budget in path_budgets(None, Budget(seconds))) == paid
