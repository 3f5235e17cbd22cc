"""Section 3: backpropagation averaged over all mini-batches is the gradient of the population loss, at any weights."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import discrete_laws, fractions, problems
from theory.claims import unbiased_gradient as claim
from theory.inputs import Discrete
from theory.problem import TeacherStudent

ID = "unbiased"
pytestmark = pytest.mark.theorems(ID)
_ACTIVATIONS = st.sampled_from([(0, 1), (1, 1, 1), (0, 0, 1)])


@given(problems(st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 2, 1)]), lambda p: discrete_laws(p, 2), _ACTIVATIONS, 1), st.data())
@settings(max_examples=20)
def test_two_atoms_after_one_step(ledger, problem, data):
    first = tuple(data.draw(st.lists(st.integers(0, len(problem.inputs.support()[0]) - 1), min_size=1, max_size=2)))
    layer = data.draw(st.integers(1, problem.depth))
    ledger.record(ID, claim.check(claim.Instance(repr(problem.inputs), problem, layer, (first,))))


@given(fractions, fractions, fractions, st.integers(1, 2))
def test_one_unit_by_hand(w1, w2, v, layer):
    # L = 1/2 (w1 w2 - v)^2 E x^2, x in {1, 2} equally likely: E x^2 = 5/2
    problem = TeacherStudent([[[w1]], [[w2]]], [[[v]], [[1]]], Discrete([1, 2]), 1)
    gradient = claim.gradient_of_the_loss(claim.Instance("by hand", problem, layer))[0, 0]
    assert claim.fractions(gradient) == (w1 * w2 - v) * (w2, w1)[layer - 1] * 5 / 2


def test_another_point_is_another_gradient(monkeypatch):
    instance = claim.wide()
    elsewhere = replace(instance, history=((1, 1),))
    gradient = claim.gradient_of_the_loss(elsewhere)
    monkeypatch.setattr(claim, "gradient_of_the_loss", lambda _: gradient)
    assert claim.check(elsewhere).holds and claim.check(instance).holds is False


def test_batches_without_replacement_are_compared(monkeypatch):
    honest = claim.mean_over_subsets
    monkeypatch.setattr(claim, "mean_over_subsets", lambda *a: 2 * honest(*a))
    assert claim.check(claim.wide()).holds is False
