"""What every engine shares: the quantity asked for, and what an engine says of it before it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from theory.budget import Budget, Cost
from theory.degrees import batch_degrees, gradient_degree, output_degree
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent
from theory.trace_forms import TraceForm

#: second_moment: E||g_{t,k}||^2.  mean: E g_{t,k}, entrywise.  variance: E||g||^2 - ||E g||^2.  loss: E loss(w_t).
#: loss_variance: E loss(w_t)^2 - (E loss(w_t))^2.  trace_form: E of an expression in the weights and gradients.
KINDS = ("variance", "second_moment", "mean", "loss", "loss_variance", "trace_form")


@dataclass(frozen=True)
class Quantity:
    """What is asked for: one of KINDS at a step, for a layer (None for the loss and trace forms), and what it may cost.

    `form` is the trace form of that kind, None for the others; who computes one asks for `expression`.
    An engine refuses nothing for its cost; one that has two arithmetics computes in the exact one where that fits the budget.
    """

    kind: str
    step: int
    layer: int | None = None
    form: TraceForm | None = None
    budget: Budget = field(default=Budget(), compare=False)

    def __str__(self) -> str:
        place = f"t = {self.step}" if self.layer is None else f"t = {self.step}, layer {self.layer}"
        names = {"variance": "var(g)", "second_moment": "E||g||^2", "mean": "E g"}
        names |= {"loss": "E loss(w)", "loss_variance": "var loss(w)", "trace_form": "E of a trace form"}
        return f"{names[self.kind]} at {place}"

    @property
    def expression(self) -> TraceForm:
        """The trace form that is asked about. ValueError where none is."""
        if self.form is None:
            raise ValueError(f"form must be a trace form for a quantity of the kind 'trace_form', but is None for {self}")
        return self.form

    @property
    def has_single_samples(self) -> bool:
        """Whether a trace form names gradients of single samples, which an average over the batch does not tell apart."""
        return self.kind == "trace_form" and any(letter.sample is not None for letter in self.expression.letters)

    def batch_degrees(self, problem: TeacherStudent) -> list[int]:
        """The total degree in the averages over batch s, s < t, for each; the last batch of g_t is taken in closed form.

        For a trace form, whose last batch is one like the others, s <= t.
        """
        t, h, d = self.step, problem.depth, problem.activation_degree
        m = gradient_degree(h, activation_degree=d)
        if self.kind == "trace_form":
            return list(self.expression.batch_degrees(m))
        factors, last = {  # how many factors of which last batch
            "variance": (2, t),
            "second_moment": (2, t),
            "mean": (1, t),
            "loss": (2 * output_degree(h, activation_degree=d), t - 1),
            "loss_variance": (4 * output_degree(h, activation_degree=d), t - 1),
        }[self.kind]
        return [factors * degree for degree in batch_degrees([last], t, m=m)]


#: What float input is computed exactly for all the same.
FLOAT_SECONDS = 2.0


def prefers_exact(problem: TeacherStudent, quantity: Quantity, exact: Cost) -> bool:
    """Whether an engine of two arithmetics takes the exact one, of this cost: it fits the budget, and is cheap or for exact input."""
    # whether the input is exact is only asked where it decides: there may be a learning rate for each of many steps
    return quantity.budget.allows(exact) and (exact.seconds <= FLOAT_SECONDS or problem.is_exact(quantity.step))


class Engine(Protocol):
    """One way to the polynomial. `unsupported_reason` and `cost` are arithmetic on sizes: they return at once, whatever the request."""

    name: str

    def unsupported_reason(self, problem: TeacherStudent, quantity: Quantity) -> str | None:
        """None when the engine can compute the quantity exactly or with a proved error bound; otherwise why it cannot."""

    def cost(self, problem: TeacherStudent, quantity: Quantity) -> Cost:
        """Predicted cost of `compute`; only asked when `unsupported_reason` is None."""

    def compute(self, problem: TeacherStudent, quantity: Quantity) -> InverseBatchPolynomial | np.ndarray:
        """The polynomial; for the mean an object array of polynomials, of the gradient's shape."""


def is_exact(engine: Engine) -> bool:
    """Whether it computes in rationals wherever the budget allows it: all engines do but those whose `exact` says that it is False."""
    return bool(getattr(engine, "exact", True))


def can(engine: Engine, problem: TeacherStudent, quantity: Quantity) -> bool:
    """Whether the engine can compute the quantity at all, whatever the cost."""
    return engine.unsupported_reason(problem, quantity) is None
