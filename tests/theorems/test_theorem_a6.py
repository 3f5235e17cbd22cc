"""Theorem A.6: down to the initial weights by two representations; the sharp bound, attained."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.mixed_products import mixed_products
from tests.strategies import fractions, gaussians, matrices
from theory import TeacherStudent
from theory.claims.support.recursion_cases import difference, mean_given_start
from theory.claims.theorem_a6 import CLAIM
from theory.degrees import mean_gradient_degree, printed_variance_degree_a7, variance_degree
from theory.recursion import degree_bound, expectation, predicted_cost, printed_degree_bound
from theory.trace_forms import W, g, tr

pytestmark = pytest.mark.theorems("A.6")


def test_the_sharp_bound_is_attained_and_the_printed_one_is_not():
    for showcase in CLAIM.showcases:
        instance = showcase.make()
        result = expectation(instance.form, instance.problem)
        polynomials = [result] if instance.form.is_scalar else list(result.ravel())
        assert max(v.degree for v in polynomials) == degree_bound(instance.form) < printed_degree_bound(instance.form)


@given(st.integers(0, 5), st.integers(1, 2))
def test_the_bounds_of_the_norm_and_of_the_mean(t, k):
    norm, mean = tr(g(t, k).T @ g(t, k)), g(t, k)
    assert (degree_bound(norm), degree_bound(mean)) == (variance_degree(t), mean_gradient_degree(t))
    assert printed_degree_bound(norm) == printed_variance_degree_a7(t)
    assert 2 * printed_degree_bound(mean) == printed_variance_degree_a7(t)


@given(mixed_products(("unroll", "now", "past", "weight", "constant"), rows=2, length=3, gradients=2), st.data())
@settings(max_examples=25)
def test_the_closed_representation_agrees_with_enumeration(instance, data):
    assume(predicted_cost(instance.form, instance.problem, method="graphs").seconds < 1)
    v = expectation(instance.form, instance.problem, method="graphs")
    b = data.draw(st.integers(1, 3))
    values = v(b) if instance.form.is_scalar else np.vectorize(lambda entry: entry(b), otypes=[object])(v)
    assert difference(values, mean_given_start(instance, b)) == 0


@given(st.data(), st.integers(1, 2))
@settings(max_examples=12)
def test_gaussian_inputs_by_pairings_and_by_moments(data, p):
    """The closed representation of Gaussian laws, integration by parts, against the one of any law, moment tensors."""
    problem = TeacherStudent(
        student=[data.draw(matrices(2, p)), data.draw(matrices(1, 2))],
        teacher=[data.draw(matrices(2, p)), data.draw(matrices(1, 2))],
        inputs=data.draw(gaussians(p)),
        learning_rates=data.draw(fractions.map(abs)),
    )
    forms = (tr(g(1, 1).T @ g(1, 1)), g(1, 2), tr(g(0, 2).T @ g(0, 2)) * g(0, 1), tr(W(1, 1) @ g(0, 1).T) * W(1, 2) @ g(1, 1))
    form = data.draw(st.sampled_from(forms))
    words, graphs = (np.ravel(np.asarray(expectation(form, problem, method=m), dtype=object)) for m in ("words", "graphs"))
    assert [v.coefficients for v in words] == [v.coefficients for v in graphs]
