"""The errors that refuse before any work, and the one for what the arithmetic cannot hold."""

from __future__ import annotations

from collections.abc import Iterable

from theory.budget.cost import Cost


class CannotError(ValueError):
    """The engine that was named cannot compute this quantity for this problem, or no engine can."""


class UnaffordableError(ValueError):
    """What was asked for costs too much: nothing was computed.

    Attributes:
        cost: the predicted cost, where there is a figure.
        alternatives: what is left to do, one sentence part each; the message says them too.
    """

    def __init__(self, message: str, cost: Cost | None = None, alternatives: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.cost, self.alternatives = cost, tuple(alternatives)

    @classmethod
    def beyond(cls, what: str, cost: Cost, limit: object, alternatives: Iterable[str]) -> UnaffordableError:
        """For a cost beyond a limit: the figure, and what is left."""
        left = tuple(alternatives)
        listed = left[0] if len(left) == 1 else "; ".join(left[:-1]) + "; or " + left[-1]
        return cls(f"{what} would cost {cost}; the budget is {limit}. Alternatives: {listed}", cost, left)


class RangeError(ArithmeticError, ValueError):
    """The result lies beyond the range or the precision of the arithmetic at hand; the message says which arithmetic would do."""
