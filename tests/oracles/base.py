"""The one interface of the oracles."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from theory import InverseBatchPolynomial, TeacherStudent
from theory.engines.base import Quantity


class Oracle(ABC):
    """One slow and obvious route to var(g), E||g||^2, E g and E loss at one batch size."""

    kinds: tuple[str, ...] = ("variance", "second_moment", "mean", "loss")

    def can(self, problem: TeacherStudent, quantity: Quantity) -> bool:
        """Whether the oracle has an answer for such a problem, whatever it costs."""
        return quantity.kind in self.kinds and self.covers(problem)

    @abstractmethod
    def covers(self, problem: TeacherStudent) -> bool:
        """Whether networks and inputs of this kind are the oracle's."""

    @abstractmethod
    def value(self, problem: TeacherStudent, quantity: Quantity, batch_size: int) -> Any:
        """A Fraction; for the mean an object array of Fractions, of the gradient's shape."""


class SymbolicOracle(Oracle):
    """An oracle that finds all coefficients at once."""

    @abstractmethod
    def polynomial(self, problem: TeacherStudent, quantity: Quantity) -> Any:
        """An InverseBatchPolynomial; for the mean an object array of them."""

    def value(self, problem: TeacherStudent, quantity: Quantity, batch_size: int) -> Any:
        found = self.polynomial(problem, quantity)
        return (
            found(batch_size)
            if isinstance(found, InverseBatchPolynomial)
            else np.vectorize(lambda v: v(batch_size), otypes=[object])(found)
        )


def is_linear_and_shallow(problem: TeacherStudent) -> bool:
    """One or two linear layers."""
    return problem.is_linear and problem.depth <= 2
