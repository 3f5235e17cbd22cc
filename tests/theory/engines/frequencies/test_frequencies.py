"""The frequencies engine against brute force, against its plain symbolic form, and against what must not matter."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.instances import without_coincidences
from tests.oracles import FREQUENCIES
from tests.strategies import discrete_laws, fractions, problems, two_layer_sizes
from theory import Discrete, Gaussian, Rademacher, TeacherStudent, enumeration
from theory.budget import Budget
from theory.degrees import loss_degree, mean_gradient_degree, variance_degree
from theory.engines import frequencies
from theory.engines.base import Quantity, can
from theory.engines.frequencies import Frequencies
from theory.engines.frequencies.network import distinguishable_atoms
from theory.trace_forms import W, constant, g, teacher, tr

ENGINE = Frequencies()
activations = st.lists(fractions, min_size=2, max_size=3).filter(lambda c: any(c[1:])).map(tuple)
shallow = problems(two_layer_sizes(), laws=discrete_laws)
any_network = problems(
    st.lists(st.integers(1, 2), min_size=2, max_size=4).map(tuple),
    laws=lambda p: discrete_laws(p, max_atoms=2),
    activation=activations,
)


def computed(problem, kind, step, layer=None, expression=None):
    return ENGINE.compute(problem, Quantity(kind, step, layer, expression))


@given(shallow, st.integers(0, 2), st.integers(1, 2), st.integers(1, 4))
def test_two_linear_layers_against_enumeration(problem, step, layer, b):
    variance = computed(problem, "variance", step, layer)
    assert variance(b) == enumeration.variance(problem, step, layer, batch_size=b)
    assert variance.degree <= variance_degree(step)
    assert variance.coefficients[0] == 0


@given(any_network, st.integers(0, 1), st.integers(1, 6))
def test_deep_and_polynomial_networks_against_enumeration(problem, step, b):
    for layer in range(1, problem.depth + 1):
        variance = computed(problem, "variance", step, layer)
        assert variance(b) == enumeration.variance(problem, step, layer, batch_size=b)
        assert variance.degree <= variance_degree(step, depth=problem.depth, activation_degree=problem.activation_degree)


@given(any_network, st.integers(0, 1), st.integers(1, 6))
def test_means_second_moments_and_losses_against_enumeration(problem, step, b):
    h, d = problem.depth, problem.activation_degree
    second, mean = enumeration.moments(problem, step, h, batch_size=b)
    assert computed(problem, "second_moment", step, h)(b) == second
    found = computed(problem, "mean", step, h)
    assert found.shape == mean.shape
    for x, y in zip(found.ravel(), mean.ravel(), strict=True):
        assert x(b) == y
        assert x.degree <= mean_gradient_degree(step, depth=h, activation_degree=d)
    loss = computed(problem, "loss", step)
    assert loss(b) == enumeration.loss(problem, step, batch_size=b)
    assert loss.degree <= loss_degree(step, depth=h, activation_degree=d)


@given(shallow, st.integers(1, 4))
def test_the_loss_after_two_steps_against_enumeration(problem, b):
    loss = computed(problem, "loss", 2)
    assert loss(b) == enumeration.loss(problem, 2, batch_size=b)
    assert loss.degree <= 14


@given(problems(two_layer_sizes(), laws=lambda p: discrete_laws(p, max_atoms=2), activation=activations), st.integers(1, 2))
def test_every_coefficient_agrees_with_the_plain_symbolic_form(problem, layer):
    assert computed(problem, "variance", 1, layer) == FREQUENCIES.polynomial(problem, Quantity("variance", 1, layer))


@pytest.mark.parametrize("step, layer", [(2, 1), (2, 2), (3, 1)])
def test_all_76_coefficients_agree_with_the_plain_symbolic_form(step, layer):
    problem = without_coincidences((2, 2, 1))
    variance = computed(problem, "variance", step, layer)
    assert variance == FREQUENCIES.polynomial(problem, Quantity("variance", step, layer))
    assert variance.degree == variance_degree(step)


@given(problems(two_layer_sizes(), laws=lambda p: discrete_laws(p, max_atoms=2)), st.integers(1, 3))
def test_trace_forms_against_enumeration(problem, b):
    a = constant("A", np.eye(*problem.student[0].shape))
    form = (
        tr(g(1, 1).T @ W(1, 1) @ W(0, 1).T @ g(0, 1))
        - F(1, 3) * tr(g(0, 2) @ g(0, 2).T) * tr(W(1, 2) @ teacher(2).T)
        + tr(a @ g(1, 1).T) * tr(W(0, 1).T @ teacher(1))
        + tr(a.T @ a)
    )
    assert computed(problem, "trace_form", 1, None, form)(b) == enumeration.expectation(problem, form, batch_size=b)


def test_a_trace_form_that_is_the_second_moment():
    problem = without_coincidences((2, 2, 1))
    for step in (0, 1):
        form = tr(g(step, 2).T @ g(step, 2))
        assert computed(problem, "trace_form", step, None, form) == computed(problem, "second_moment", step, 2)


def test_degree_76_agrees_with_enumeration_at_several_batch_sizes():
    problem = without_coincidences((2, 2, 1))
    for layer in (1, 2):
        variance = computed(problem, "variance", 3, layer)
        assert (variance.degree, variance.coefficients[0]) == (76, 0)
        for b in (1, 2, 4):
            assert variance(b) == enumeration.variance(problem, 3, layer, batch_size=b)


@given(problems(two_layer_sizes(), laws=lambda p: st.just(Discrete([[1] * p, [-1] * p], [F(1, 3), F(2, 3)]))))
def test_no_noise_where_x_and_minus_x_are_the_only_atoms(problem):
    """x x^T is then constant, and a linear network sees nothing else."""
    for layer in (1, 2):
        assert computed(problem, "variance", 2, layer).coefficients == (0,)


@pytest.mark.parametrize("activation, merged", [((0, 1), 2), ((0, 1, 0, F(1, 2)), 2), ((1, 1), 4), ((0, 1, 1), 4)])
def test_only_odd_activations_merge_opposite_atoms(activation, merged):
    law = Discrete([(1, 2), (-1, -2), (0, 3), (0, -3)], [F(1, 10), F(2, 10), F(3, 10), F(4, 10)])
    problem = TeacherStudent([[[1, 2]], [[3]]], [[[0, 1]], [[1]]], law, F(1, 4), activation)
    assert len(distinguishable_atoms(problem)[0]) == merged
    assert computed(problem, "variance", 1, 1)(2) == enumeration.variance(problem, 1, 1, batch_size=2)


def test_the_order_of_the_atoms_does_not_matter():
    atoms, p = [(1, 0), (2, 1), (0, 0)], [F(1, 2), F(1, 3), F(1, 6)]
    found = set()
    for order in permutations(range(3)):
        law = Discrete([atoms[i] for i in order], [p[i] for i in order])
        found.add(computed(replace(without_coincidences((2, 2, 1)), inputs=law), "variance", 1, 1).coefficients)
    assert len(found) == 1


def test_the_size_of_the_blocks_does_not_matter(monkeypatch):
    problem = without_coincidences((2, 1, 2), (1, 1))
    form = tr(g(1, 1).T @ g(0, 1)) * tr(W(2, 2) @ W(1, 2).T)
    whole = computed(problem, "variance", 2, 1), computed(problem, "trace_form", 2, None, form)
    monkeypatch.setattr(frequencies, "BLOCK", 5)
    assert (computed(problem, "variance", 2, 1), computed(problem, "trace_form", 2, None, form)) == whole


def test_doubles_are_the_rationals_that_they_are():
    problem = TeacherStudent([[[0.1]], [[0.3]]], [[[1.0]], [[0.7]]], Discrete([0.1, 0.25]), 0.1)
    variance = computed(problem, "variance", 1, 1)
    assert variance.is_exact
    assert variance(3) == enumeration.variance(problem, 1, 1, batch_size=3)


def test_it_refuses_what_it_cannot_do():
    problem = without_coincidences((2, 2, 1))
    gaussian = replace(problem, inputs=Gaussian(2))
    assert "no finite support" in (ENGINE.unsupported_reason(gaussian, Quantity("variance", 1, 1)) or "")
    assert "matrix-valued" in (ENGINE.unsupported_reason(problem, Quantity("trace_form", 1, None, g(1, 1))) or "")
    single = tr(g(1, 1, sample=1).T @ g(1, 1))
    assert "single samples" in (ENGINE.unsupported_reason(problem, Quantity("trace_form", 1, None, single)) or "")
    assert can(ENGINE, problem, Quantity("variance", 30, 1)) is True


@pytest.mark.parametrize("kind", ["variance", "second_moment", "mean", "loss"])
def test_the_predicted_cost_counts_the_paths_that_are_followed(kind, monkeypatch):
    problem = without_coincidences((2, 2, 1))
    layer = None if kind == "loss" else 1
    followed = 0
    expectation = frequencies._Tree.expectation

    def counting(self, s, paths):
        nonlocal followed
        followed += paths.weights[0].count if s == len(self.rules) else 0
        return expectation(self, s, paths)

    monkeypatch.setattr(frequencies._Tree, "expectation", counting)
    computed(problem, kind, 2, layer)
    ds = {"variance": (18, 6), "second_moment": (18, 6), "mean": (9, 3), "loss": (12, 4)}[kind]
    paths = (ds[0] + 1) * (ds[1] + 1)
    assert followed == paths + (10 * 4 if kind == "variance" else 0)
    assert ENGINE.cost(problem, Quantity(kind, 2, layer)).basis.startswith(f"{paths} paths of 2 atoms")


@pytest.mark.parametrize("step, inputs", [(5, None), (30, None), (10**5, None), (2, Rademacher(12)), (40, Rademacher(14))])
def test_hopeless_requests_are_priced_at_once(step, inputs):
    problem = replace(without_coincidences((2, 2, 1)), learning_rates=F(1, 4))
    if inputs is not None:
        p = inputs.dimension
        problem = TeacherStudent([[[1] * p], [[2]]], [[[0] * p], [[1]]], inputs, F(1, 4))
    for kind in ("variance", "mean", "second_moment"):
        assert not Budget().allows(ENGINE.cost(problem, Quantity(kind, step, 1)))
    assert not Budget().allows(ENGINE.cost(problem, Quantity("loss", step + 1)))


def test_costs_grow_with_the_step_and_small_ones_fit():
    problem = replace(without_coincidences((2, 2, 1)), learning_rates=F(1, 4))
    seconds = [ENGINE.cost(problem, Quantity("variance", t, 1)).seconds for t in range(6)]
    assert seconds == sorted(seconds)
    assert seconds[3] < 3
    assert Quantity("trace_form", 1, None, tr(g(1, 1).T @ g(1, 1))).batch_degrees(problem) == [6, 2]
