"""What a request may cost: predicted costs, the budget, and the errors that refuse, before any work."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from theory.exact import as_double, shown

#: Seconds and bytes of what nobody can afford, whatever the number: some counts have more digits than a float holds.
HOPELESS = 1e30


@dataclass(frozen=True)
class Cost:
    """Predicted seconds on one core and peak bytes, with the count that they come from."""

    seconds: float
    bytes: float
    basis: str

    def __str__(self) -> str:
        if not (self.seconds < 1e20 and self.bytes < 1e20):
            return f"more than any machine has ({self.basis})"
        return f"about {duration(self.seconds)} and {size(self.bytes)} ({self.basis})"


@dataclass(frozen=True)
class Budget:
    """What a request may cost, in predicted seconds of one core and in bytes; infinity is no limit.

    Raises TypeError for what is no number and ValueError for what is not positive, naming the field.

    >>> Budget(seconds=60).allows(Cost(61, 1e6, "a count")), str(Budget(60, 4e9))
    (False, '60 s and 4 GB')
    """

    seconds: float = 600.0
    bytes: float = 8e9

    def __post_init__(self) -> None:
        for name in ("seconds", "bytes"):
            value = getattr(self, name)
            number = math.inf if isinstance(value, float) and value == math.inf else as_double(value, f"budget.{name}")
            if not number > 0:
                raise ValueError(f"budget.{name} must be positive, but was {shown(value)}")
            object.__setattr__(self, name, number)

    @classmethod
    def of(cls, value: Any) -> Budget:
        """The `budget=` of a function: the default for None; a TypeError naming the argument for anything but a Budget."""
        if value is None:
            return cls()
        if not isinstance(value, cls):
            raise TypeError(f"budget must be a Budget, such as theory.Budget(seconds=60, bytes=4e9), but was {shown(value)}")
        return value

    def allows(self, cost: Cost) -> bool:
        """Whether the predicted cost fits."""
        return cost.seconds <= self.seconds and cost.bytes <= self.bytes

    def excess(self, cost: Cost) -> float:
        """How many times too large the cost is, in what it exceeds the most; at most 1 when it fits."""
        return max(cost.seconds / self.seconds, cost.bytes / self.bytes)

    def require(self, cost: Cost, what: str, alternatives: Iterable[str] = ()) -> None:
        """UnaffordableError, with the figure and what is left, unless the cost fits."""
        if not self.allows(cost):
            raise UnaffordableError.beyond(what, cost, self, alternatives)

    def __str__(self) -> str:
        return f"{self.seconds:g} s and {self.bytes / 1e9:g} GB"


#: What a function without a `budget=` may cost.
WITHOUT_BUDGET = Budget(seconds=60.0, bytes=1e9)


def refuse_large(argument: str, what: str, cost: Cost, instead: str) -> None:
    """UnaffordableError that names the argument, the figure and what is left, for functions without a `budget=`; nothing when it fits."""
    if not WITHOUT_BUDGET.allows(cost):
        message = f"{argument} must be smaller: {what} would cost {cost}, more than {WITHOUT_BUDGET}; {instead}"
        raise UnaffordableError(message, cost, [instead])


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
    def beyond(cls, what: str, cost: Cost, budget: Budget, alternatives: Iterable[str] = ()) -> UnaffordableError:
        """For a cost beyond a budget; "a larger budget" is the last alternative, in Python as on the command line."""
        left = (*alternatives, "a larger budget")
        listed = left[0] if len(left) == 1 else "; ".join(left[:-1]) + "; or " + left[-1]
        return cls(f"{what} would cost {cost}; the budget is {budget}. What is left: {listed}", cost, left)


class RangeError(ArithmeticError, ValueError):
    """The result lies beyond the range or the precision of the arithmetic at hand; the message says which arithmetic would do."""


def largest_that_fits(fits: Callable[[int], bool], least: int, beyond: int) -> int | None:
    """The largest n with least <= n < beyond and fits(n), for what grows with n; None where the least does not fit.

    What it returns has been asked for itself: it fits, whether or not costs really grow. By doubling, then bisection.

    >>> largest_that_fits(lambda n: n * n < 1000, 1, 10**30), largest_that_fits(lambda n: n > 1, 1, 5)
    (31, None)
    """
    if least >= beyond or not fits(least):
        return None
    low, stride = least, 1
    while low + stride < beyond and fits(low + stride):
        low, stride = low + stride, 2 * stride
    high = min(low + stride, beyond)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


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


def as_count(number: float) -> str:
    """A count of any size as people say it.

    >>> as_count(12345), as_count(3 * 10**8), as_count(10**400)
    ('12,345', '3e+08', '10^400')
    """
    if number < 10**6:
        return f"{number:,.0f}"
    return f"{float(number):.3g}" if number < 10**300 else f"10^{math.floor(math.log10(number))}"
