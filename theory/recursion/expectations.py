"""From any form of any step to its expectation given w_0, a polynomial in 1/b: what a user calls, and what it will cost."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq, fmpq_poly

from theory.budget import Budget, Cost
from theory.exact import as_choice, to_fraction
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent, as_problem
from theory.recursion.closed import evaluate_graphs, evaluate_words, gaussian_sum, graph_sum
from theory.recursion.codes import Alphabet
from theory.recursion.cost import closed_cost, literal_cost
from theory.recursion.degree_bounds import degree_bound
from theory.recursion.initial_weights import initial_values
from theory.recursion.kronecker_forms import KroneckerForm, require_form
from theory.recursion.literal import require_two_linear_layers, to_initial_weights
from theory.trace_forms import TraceForm

METHODS = ("words", "graphs")


def expectation(
    form: TraceForm | KroneckerForm, problem: TeacherStudent, *, method: str | None = None, budget: Budget | None = None
) -> Any:
    """E[ form | w_0 ] as an exact polynomial in 1/b (Theorems 3.3 and A.6, lines 276 and 624), in the closed representation.

    Args:
        form: a trace form, or a Kronecker form, which is expanded over the non-zero entries of its C.
        problem: two linear layers; the learning rates must reach the form's step.
        method: "words" (centred Gaussian inputs only) or "graphs" (any law); the cheaper one by default.
        budget: seconds and bytes that may be spent; 10 minutes and 8 GB by default.

    Returns an InverseBatchPolynomial, for a matrix-valued form an object array of them. Floats in the problem count as the binary rationals
    that they are. Raises ValueError for shapes that do not fit or a network that has not two linear layers, UnaffordableError when the
    predicted cost exceeds the budget: E||g_t||^2 is affordable for t <= 1.

    Examples:
        >>> from fractions import Fraction as F
        >>> from theory import Gaussian, TeacherStudent
        >>> from theory.trace_forms import g, tr
        >>> problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Gaussian(1), learning_rates=F(1, 4))
        >>> expectation(tr(g(0, 1).T @ g(0, 1)), problem)
        InverseBatchPolynomial(16 + 32/b)
    """
    traces = _checked(form, problem)
    chosen, cost = _cheapest(traces, problem, method)
    _affordable(cost, budget, traces)
    alphabet = Alphabet(problem)
    if chosen == "words":
        total = evaluate_words(gaussian_sum(traces, alphabet), alphabet)
    else:
        total = evaluate_graphs(graph_sum(traces, alphabet), alphabet)
    shape = traces.shape(problem)
    bound = degree_bound(traces)
    if shape is None:
        return _polynomial(total.get((0, 0), fmpq_poly([])), bound)
    result = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        result[index] = _polynomial(total.get((index[0], index[1]), fmpq_poly([])), bound)
    return result


def literal_expectation(form: TraceForm | KroneckerForm, problem: TeacherStudent, *, budget: Budget | None = None) -> Any:
    """E[ form | w_0 ] by Lemma A.3 and Theorems A.4-A.6 taken literally; for small sizes. Arguments and errors as for `expectation`."""
    _checked(form, problem)
    literal = form if isinstance(form, KroneckerForm) else KroneckerForm.from_trace_form(form)
    _affordable(literal_cost(literal, problem), budget, form)
    values = [alpha.evaluate(initial_values(problem), problem) for alpha in to_initial_weights(literal, problem, budget=budget)]
    bound = degree_bound(form)
    if literal.is_scalar:
        return _polynomial(fmpq_poly(values), bound)
    result = np.empty(values[0].shape, dtype=object)
    for index in np.ndindex(*result.shape):
        result[index] = _polynomial(fmpq_poly([fmpq(0) + value[index] for value in values]), bound)
    return result


def predicted_cost(form: TraceForm | KroneckerForm, problem: TeacherStudent, *, method: str | None = None) -> Cost:
    """What `expectation` would cost; `method` = "literal" for `literal_expectation`."""
    traces = _checked(form, problem)
    if method == "literal":
        return literal_cost(form if isinstance(form, KroneckerForm) else KroneckerForm.from_trace_form(form), problem)
    return _cheapest(traces, problem, method)[1]


def _checked(form: TraceForm | KroneckerForm, problem: TeacherStudent) -> TraceForm:
    """The form as traces, after everything about the request that can be wrong was looked at."""
    as_problem(problem)
    require_form(form)
    require_two_linear_layers(problem)
    if single := [str(x) for x in form.letters if x.sample is not None]:
        raise ValueError(f"form must not have gradients of single samples, but has {', '.join(sorted(single))}")
    if isinstance(form, KroneckerForm):
        form = form.to_trace_form(problem)
    form.shape(problem)
    return form


def _cheapest(form: TraceForm, problem: TeacherStudent, method: str | None) -> tuple[str, Cost]:
    gaussian = problem.inputs.is_centred_gaussian
    if method is not None:
        as_choice(method, "method", METHODS)
    if method == "words" and not gaussian:
        raise ValueError(f"method 'words' is for centred Gaussian inputs, but inputs were {problem.inputs!r}")
    able = [m for m in METHODS if m == method or (method is None and (gaussian or m == "graphs"))]
    costs = {m: closed_cost(form, problem, m == "words") for m in able}
    chosen = min(costs, key=lambda m: costs[m].seconds)
    return chosen, costs[chosen]


def _affordable(cost: Cost, budget: Budget | None, form: TraceForm | KroneckerForm) -> None:
    alternatives = ("a smaller step", "fewer letters", "another engine (theory.variance_poly)")
    Budget.of(budget).require(cost, f"the expectation of a form of step {form.step}", alternatives)


def _polynomial(coefficients: fmpq_poly, bound: int) -> InverseBatchPolynomial:
    return InverseBatchPolynomial([to_fraction(c) for c in coefficients.coeffs()], degree_bound=bound)
