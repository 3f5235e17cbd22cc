"""What a request may cost: predicted costs, the budget, and the errors that refuse, before any work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Predicted seconds on one core and peak bytes, with the count that they come from."""

    seconds: float
    bytes: float
    basis: str

    def __str__(self) -> str:
        return f"about {duration(self.seconds)} and {size(self.bytes)} ({self.basis})"


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


class RangeError(ArithmeticError, ValueError):
    """The result lies beyond the range or the precision of the arithmetic at hand; the message says which arithmetic would do."""


def duration(seconds: float) -> str:
    """A length of time as people say it, rounded to what is said.

    >>> duration(0.034), duration(59.7), duration(119.9), duration(7199), duration(3e6)
    ('0.034 s', '1 min', '2 min', '2 h', '35 days')
    """
    if seconds < 10:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return _both(minutes, "min", rest, "s")
    if whole < 48 * 3600:
        hours, rest = divmod(round(seconds / 60), 60)
        return _both(hours, "h", rest, "min")
    days = seconds / 86400
    return f"{days:.0f} days" if days < 730 else f"{days / 365.25:.2g} years"


def _both(large: int, unit: str, small: int, subunit: str) -> str:
    return " ".join(f"{count} {name}" for count, name in ((large, unit), (small, subunit)) if count)


def size(count: float) -> str:
    """Bytes as people say them.

    >>> size(1500), size(3.2e9)
    ('1.5 kB', '3.2 GB')
    """
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} PB"
