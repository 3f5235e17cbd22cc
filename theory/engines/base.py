"""What every engine shares: the quantity asked for, the predicted cost, the budget, and the errors that refuse a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent

#: second_moment: E||g_{t,k}||^2.  mean: E g_{t,k}, entrywise.  variance: E||g||^2 - ||E g||^2.  loss: E loss(w_t).
#: trace_form: E of an expression in the weights and gradients.
KINDS = ("variance", "second_moment", "mean", "loss", "trace_form")


@dataclass(frozen=True)
class Quantity:
    """What is asked for: one of KINDS at a step, for a layer (None for loss and trace forms)."""

    kind: str
    step: int
    layer: int | None = None
    expression: Any = None

    def __str__(self) -> str:
        place = f"t = {self.step}" if self.layer is None else f"t = {self.step}, layer {self.layer}"
        names = {"variance": "var(g)", "second_moment": "E||g||^2", "mean": "E g", "loss": "E loss(w)", "trace_form": "E of a trace form"}
        return f"{names[self.kind]} at {place}"


@dataclass(frozen=True)
class Cost:
    """Predicted seconds on one core and peak bytes, with the count that they come from."""

    seconds: float
    bytes: float
    basis: str

    def __str__(self) -> str:
        return f"about {_duration(self.seconds)} and {_size(self.bytes)} ({self.basis})"


@dataclass(frozen=True)
class Budget:
    """What a request may cost; `variance_poly` refuses what is predicted to cost more."""

    seconds: float = 600.0
    bytes: float = 8e9

    def __post_init__(self) -> None:
        for name in ("seconds", "bytes"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise TypeError(f"budget.{name} must be a number, but was {value!r}")
            if not value > 0:
                raise ValueError(f"budget.{name} must be positive, but was {value!r}")

    def allows(self, cost: Cost) -> bool:
        """Whether the predicted cost fits."""
        return cost.seconds <= self.seconds and cost.bytes <= self.bytes


class CannotError(ValueError):
    """The engine that was named cannot compute this quantity for this problem, or no engine can."""


class UnaffordableError(ValueError):
    """No engine can afford the request: carries the predicted cost and what would fit instead."""

    def __init__(self, message: str, cost: Cost | None = None) -> None:
        super().__init__(message)
        self.cost = cost


class Engine(Protocol):
    """One way to the polynomial. `reason_against` and `cost` are arithmetic on sizes: they return at once, whatever the request."""

    name: str

    def reason_against(self, problem: TeacherStudent, quantity: Quantity) -> str | None:
        """None when the engine can compute the quantity exactly or with a proved error bound; otherwise why it cannot."""

    def cost(self, problem: TeacherStudent, quantity: Quantity) -> Cost:
        """Predicted cost of `compute`; only asked when `reason_against` is None."""

    def compute(self, problem: TeacherStudent, quantity: Quantity) -> InverseBatchPolynomial | np.ndarray:
        """The polynomial; for the mean an object array of polynomials, of the gradient's shape."""


def can(engine: Engine, problem: TeacherStudent, quantity: Quantity) -> bool:
    """Whether the engine can compute the quantity at all, whatever the cost."""
    return engine.reason_against(problem, quantity) is None


def _duration(seconds: float) -> str:
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h"), (6.3e7, 86400, "days")):
        if seconds < limit:
            return f"{seconds / unit:.2g} {name}"
    return f"{seconds / 31557600:.2g} years"


def _size(count: float) -> str:
    for limit, unit, name in ((1e6, 1e3, "kB"), (1e9, 1e6, "MB"), (1e12, 1e9, "GB")):
        if count < limit:
            return f"{count / unit:.2g} {name}"
    return f"{count / 1e12:.2g} TB"
