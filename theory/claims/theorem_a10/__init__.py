"""Theorem A.10: mixed products of weights and gradients of the two networks are close."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction as F
from typing import Any

import numpy as np

from theory.approximation import every_path_bound, gradient_gap_bound, polynomial_within, product_gap_bound
from theory.chebyshev import ActivationPolynomial
from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.support.first_gradients import RELATIVE_ERROR, Functions, first_gradients, same
from theory.claims.theorem_a9 import Instance as Run
from theory.claims.theorem_a9 import sigmoid_two_layers, softplus_four_layers, tanh_three_layers
from theory.inputs import Uniform
from theory.problem import TeacherStudent
from theory.recursion.kronecker_forms import KroneckerForm
from theory.references import ball_runs
from theory.trace_forms import TraceForm, W, g, teacher, tr

Form = TraceForm | KroneckerForm


@dataclass(frozen=True)
class Instance:
    """A run of Theorem A.9 and a mixed product of its weights and gradients."""

    name: str
    run: Run
    form: Form

    @property
    def problem(self) -> TeacherStudent:
        """The run's problem."""
        return self.run.problem

    @property
    def given(self) -> dict[str, Any]:
        """The product and the run's samples, for a page."""
        return {"Product": self.form} | self.run.given


@dataclass(frozen=True)
class FixedPolynomial:
    """A polynomial that keeps the gradients within epsilon on every path, and a product in which that is not enough."""

    name: str
    problem: TeacherStudent
    steps: int
    tolerance: F
    form: TraceForm
    batches: np.ndarray

    @property
    def given(self) -> dict[str, Any]:
        """The product and the sample, for a page."""
        return {"Product": self.form, "Sample": rf"\(x = {F(self.batches.item())}\)"}


def check(instance: Instance) -> Evidence:
    """The product's gap is at most the telescoped bound; the gap from both runs in balls."""
    run, problem = instance.run, instance.problem
    polynomial = run.polynomial
    bound = product_gap_bound(instance.form, problem, gradient_gap_bound(problem, polynomial, run.batches, run.envelope))
    gap = ball_runs.form_distance(problem, polynomial.activation, polynomial, run.batches, _as_traces(instance.form, problem))
    holds, excess = ball_runs.compare([(gap, bound)])
    return Evidence(
        statement="the product in the S-run minus the product in the P-run, in the Frobenius norm, is at most the telescoped bound",
        instance=instance.name,
        left_route="norms and gaps of the letters, telescoped: the bound",
        left=bound,
        right_route="both runs in ball arithmetic: what happened",
        right={"gap": float(gap), "bound / gap": bound / float(gap)} if gap > 0 else 0,
        holds=holds,
        difference=excess,
        tolerance=ball_runs.TOLERANCE if excess else 0.0,
        is_bound=True,
    )


def check_printed(instance: FixedPolynomial) -> Evidence:
    """The print: P depends on epsilon, sigma and T alone. One that serves for the gradients need not serve for the product."""
    polynomial = polynomial_within(instance.problem, instance.steps, instance.tolerance)
    bound = float(every_path_bound(instance.problem, polynomial, instance.steps).gradient.max())
    gap = ball_runs.form_distance(instance.problem, polynomial.activation, polynomial, instance.batches, instance.form)
    direct = by_the_chain_rule(instance, polynomial)
    agree, distance = same([direct], [gap])
    return Evidence(
        statement=r"the polynomial that keeps all gradients within \(\epsilon\) keeps the product within it (as printed: \(P\) depends on "
        r"\(\epsilon, \sigma\) and \(T\))",
        instance=instance.name,
        left_route=r"the polynomial for \(\epsilon\), which keeps the gradients of every path within a bound; the product, by chain rule",
        left={
            r"\(\epsilon\)": instance.tolerance,
            "degree": polynomial.degree,
            "gap of the gradients, at most": bound,
            "gap of the product": direct,
        },
        right_route="the product in both runs, in ball arithmetic",
        right={"gap of the product": gap},
        holds=not ball_runs.exceeds(gap, instance.tolerance) if agree else None,
        difference=distance,
        tolerance=RELATIVE_ERROR,
        reason="" if agree else "the two routes to the gap differ",
    )


def by_the_chain_rule(instance: FixedPolynomial, polynomial: ActivationPolynomial) -> float:
    """The gap of a product of the first step's gradients at the one sample, all of them numbers, in doubles."""
    sigma, x = instance.problem.activation_function, float(instance.batches.item())

    def value(functions: Functions) -> float:
        gradients = first_gradients(instance.problem, functions, x)
        terms = instance.form.terms
        return sum(float(t.coefficient) * math.prod(gradients[(letter.layer or 1) - 1] for letter in t.letters) for t in terms)

    return abs(value((sigma.value, sigma.derivative)) - value((polynomial, polynomial.derivative)))


def _as_traces(form: Form, problem: TeacherStudent) -> TraceForm:
    return form if isinstance(form, TraceForm) else form.to_trace_form(problem)


def squared_norm() -> Instance:
    """tr(g^T g) at the last step: what var(g) is made of."""
    return Instance(r"\(\mathrm{tr}(g_{4,1}^T g_{4,1})\), sizes 2-3-1, sigmoid", sigmoid_two_layers(), tr(g(4, 1).T @ g(4, 1)))


def open_word() -> Instance:
    """A trace and an open word, letters of several steps, a transpose and the teacher."""
    form = tr(g(2, 1) @ W(0, 1).T) * (W(9, 3) @ g(5, 2) @ teacher(2).T)
    return Instance(r"\(\mathrm{tr}(g_{2,1} W_{0,1}^T)\, W_{9,3}\, g_{5,2}\, W_2^{*T}\), sizes 3-4-4-2, tanh", tanh_three_layers(), form)


def with_constant() -> Instance:
    """A Kronecker product of two rows against a constant that is no product."""
    rows = [W(1, 4) @ W(1, 3) @ g(3, 2) @ W(9, 1), g(9, 4) @ g(0, 3)]
    constant = [[F((3 * i + j) % 5 - 2, 2) for j in range(1)] for i in range(6)]
    form = KroneckerForm.from_rows(rows, constant=constant)
    name = r"\(\mathrm{tr}( C ( W_{1,4} W_{1,3} g_{3,2} W_{9,1} \otimes g_{9,4} g_{0,3} ) )\), sizes 2-3-3-3-1, softplus, C of shape 6 x 1"
    return Instance(name, softplus_four_layers(), form)


def scaled() -> FixedPolynomial:
    """C = 10^6: the gap of the product is a million times that of its factor."""
    problem = TeacherStudent([[[1]], [[1]]], [[[2]], [[-1]]], Uniform(1, -1, 1), F(1, 10), "tanh")
    form = tr(g(0, 1)) * 10**6
    name = r"\(C = 10^6\): \(\mathrm{tr}(C g_{0,1})\), sizes 1-1-1, tanh, x uniform on [-1, 1], at x = 1"
    return FixedPolynomial(name, problem, 1, F(1, 1000), form, np.ones((1, 1, 1)))


def a_power() -> FixedPolynomial:
    """The tenth power of a gradient of size 4.7."""
    problem = TeacherStudent([[[1]], [[5]]], [[[1]], [[-1]]], Uniform(1, -1, 1), F(1, 10), "tanh")
    form = tr(g(0, 2))
    power = form
    for _ in range(9):
        power = power * form
    name = r"\(\mathrm{tr}(g_{0,2})^{10}\), sizes 1-1-1, tanh, x uniform on [-1, 1], at x = 1"
    return FixedPolynomial(name, problem, 1, F(1, 1000), power, np.ones((1, 1, 1)))


CLAIM = Claim(
    id="A.10",
    module=__name__,
    verdict=Verdict.CORRECTED,
    figure="product gaps",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("a squared norm", squared_norm),
        Showcase("a trace and an open word", open_word),
        Showcase("a constant C", with_constant),
        Showcase("a large constant", scaled, printed=True),
        Showcase("many factors", a_power, printed=True),
    ),
)
