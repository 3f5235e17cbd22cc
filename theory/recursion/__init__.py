"""Lemma A.3 and Theorems A.4, A.5, A.6 (informally 3.1, 3.2, 3.3) for two linear layers, as computations.

    from theory.recursion import expectation
    expectation(tr(g(1, 1).T @ W(1, 1) @ W(1, 1).T @ g(1, 1)), problem)        a polynomial in 1/b

Two representations of the same thing. The literal one does what the theorems say, with Kronecker products and any constant C:
`remove_gradient_layer` (A.3), `conditional_expectation` (A.4), `unroll` (A.5), `to_initial_weights` (A.6) and `literal_expectation`.
The closed one keeps the residual W_2 W_1 - W*_2 W*_1 as a letter and does not explode: `expectation`.

What they rest on, for M = tr( C (x)_i R_i ) R_0 with rows R_i of weights, gradients, teacher and constants (`deg` counts letters):

    A.3   a gradient of one sample is cut at its x x^T: the samples go into C, by their joint law, the rest into rows of their own
    A.4   with d gradient letters of step t, E[ M | w_t ] = sum over set partitions pi of {1, ..., d} of (b)_|pi| b^-d E_pi, letters of one
          block having one sample in common: coefficients of b^0, ..., b^-max(d-1, 0) (`partitions`)
    A.5   W_t = W_{t-1} - alpha_{t-1} g_{t-1}, multiplied out: j picks of g carry (-alpha_{t-1})^j
    A.6   one step after the other; the degree in 1/b is at most sum_f max(D_f - 1, 0), D_f that of `batch_degrees`

Constants may be any matrices, of any shapes; where the print says otherwise, the claims of these numbers show what fails.

What it costs: E||g_1||^2 of two layers takes less than a second in the closed representation, for any law, and half a minute in the
literal one; E||g_2||^2 is out of reach of both, and is what the engines are for (`theory.engines`).
Source: lines 247-288 (Theorems 3.1-3.3) and 580-629 (A.3-A.6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from flint import fmpq, fmpq_poly

from theory import degrees
from theory.budget import WITHOUT_BUDGET, Budget, Cost, as_count, saturated
from theory.exact import as_choice, as_index, as_sequence, shown, spelled, to_fmpq, to_fraction
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent, as_problem
from theory.recursion.closed import evaluate_graphs, evaluate_words, gaussian_sum, graph_sum
from theory.recursion.codes import Alphabet
from theory.recursion.cost import closed_cost, literal_cost
from theory.recursion.kronecker_forms import KroneckerForm, KroneckerTerm
from theory.recursion.literal import (
    conditional_expectation,
    remove_gradient_layer,
    require_two_linear_layers,
    to_initial_weights,
    unroll,
)
from theory.trace_forms import TraceForm
from theory.trace_forms.letters import CONSTANT, GRADIENT, TEACHER, WEIGHT, Letter

METHODS = ("words", "graphs")


def expectation(
    form: TraceForm | KroneckerForm, problem: TeacherStudent, *, method: str | None = None, budget: Budget | None = None
) -> Any:
    """E[ form | w_0 ] as an exact polynomial in 1/b (Theorems 3.3 and A.6, lines 276 and 624), in the closed representation.

    Args:
        form: a trace form, or a Kronecker form, which is expanded over the non-zero entries of its C.
        problem: two linear layers; the learning rates must reach the form's step.
        method: "words" (Gaussian inputs only) or "graphs" (any law); the cheaper one by default.
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


def batch_degrees(letters: Sequence[Letter], top: int, *, m: int = 3, budget: Budget | None = None) -> list[int]:
    """(D_0, ..., D_top): the degree of a product of letters in the moments of batch f,

        D_f = sum_{s >= f} m^{s-f} deg(G_s; M) + sum_{s > f} m^{s-f-1} deg(W_s; M)

    because g_s is a polynomial of degree m^{s-f} in batch f and W_s has the degree of g_{s-1}; m = 3 for two linear layers.
    """
    letters, top, m = as_sequence(letters, "letters"), as_index(top, "top"), as_index(m, "m", minimum=1)
    work = (1 + saturated(top)) ** 2 * (1 + len(letters)) * (1 + m.bit_length() / 8)
    _degrees_affordable(work, top, budget)
    return degrees.batch_degrees((x.last_batch for x in letters if (x.step or 0) <= top), top + 1, m=m)


def _degrees_affordable(work: float, top: int, budget: Budget | None) -> None:
    cost = Cost(1e-6 * work, work / 8, f"numbers of {as_count(2 * top)} bits")
    Budget.of(budget, WITHOUT_BUDGET).require(cost, f"the degrees up to step {spelled(top)}", ("a smaller step",))


def degree_bound(form: TraceForm | KroneckerForm, *, depth: int = 2, activation_degree: int = 1, budget: Budget | None = None) -> int:
    """The sharp bound on the degree of E[ form | w_0 ] in 1/b: sum_f max(D_f - 1, 0), the largest over the terms.

    Degree k in the averages of one batch costs degree k - 1 in 1/b (k >= 1), and batches are independent.
    """
    _check_form(form)
    m = degrees.gradient_degree(depth, activation_degree=activation_degree)
    return max(sum(max(d - 1, 0) for d in batch_degrees(term.letters, form.step, m=m, budget=budget)) for term in form.terms)


def printed_degree_bound(form: TraceForm | KroneckerForm, *, budget: Budget | None = None) -> int:
    """Theorem A.6 as printed (line 629): sum_f (3^{f+1} - 1)/2 deg(G_f; M) + (3^f - 1)/2 deg(W_f; M), which is sum_f D_f."""
    _check_form(form)
    _degrees_affordable((1 + saturated(form.step)) ** 2, form.step, budget)

    def bound(letters: Sequence[Letter]) -> int:
        of_g = (_count(letters, GRADIENT, f) * (3 ** (f + 1) - 1) // 2 for f in range(form.step + 1))
        return sum(of_g) + sum(_count(letters, WEIGHT, f) * (3**f - 1) // 2 for f in range(form.step + 1))

    return max(bound(term.letters) for term in form.terms)


def initial_values(problem: TeacherStudent) -> Any:
    """The table of matrices at step 0, object arrays of fmpq: W(0, k), teacher(k) and constants."""
    as_problem(problem)

    def lookup(letter: Letter) -> np.ndarray:
        if letter.kind == TEACHER:
            matrix = problem.teacher[(letter.layer or 1) - 1]
        elif letter.kind == WEIGHT and letter.step == 0:
            matrix = problem.student[(letter.layer or 1) - 1]
        elif letter.kind == CONSTANT:
            matrix = letter.matrix
        else:
            raise ValueError(f"{letter} has no value at step 0")
        return np.array([[to_fmpq(x) for x in row] for row in matrix.tolist()], dtype=object)

    return lookup


def _count(letters: Iterable[Letter], kind: str, step: int) -> int:
    return sum(letter.kind == kind and letter.step == step for letter in letters)


def _check_form(form: Any) -> None:
    if not isinstance(form, TraceForm | KroneckerForm):
        raise TypeError(f"form must be a trace form or a Kronecker form, but was {shown(form)}")


def _checked(form: Any, problem: Any) -> TraceForm:
    """The form as traces, after everything about the request that can be wrong was looked at."""
    as_problem(problem)
    _check_form(form)
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
        raise ValueError(f"method 'words' is for Gaussian inputs, but inputs were {problem.inputs!r}")
    able = [m for m in METHODS if m == method or (method is None and (gaussian or m == "graphs"))]
    costs = {m: closed_cost(form, problem, m == "words") for m in able}
    chosen = min(costs, key=lambda m: costs[m].seconds)
    return chosen, costs[chosen]


def _affordable(cost: Cost, budget: Budget | None, form: Any) -> None:
    alternatives = ("a smaller step", "fewer letters", "another engine (theory.variance_poly)")
    Budget.of(budget).require(cost, f"the expectation of a form of step {form.step}", alternatives)


def _polynomial(coefficients: fmpq_poly, bound: int) -> InverseBatchPolynomial:
    return InverseBatchPolynomial([to_fraction(c) for c in coefficients.coeffs()], degree_bound=bound)


__all__ = [
    "KroneckerForm",
    "KroneckerTerm",
    "batch_degrees",
    "conditional_expectation",
    "degree_bound",
    "expectation",
    "initial_values",
    "literal_expectation",
    "predicted_cost",
    "printed_degree_bound",
    "remove_gradient_layer",
    "to_initial_weights",
    "unroll",
]
