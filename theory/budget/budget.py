"""What a request may cost, the one way to refuse what costs more, and the largest request that does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from theory.budget.cost import Cost
from theory.budget.counts import as_count, saturated
from theory.budget.errors import UnaffordableError
from theory.budget.words import size
from theory.exact import as_double, shown


@dataclass(frozen=True)
class Budget:
    """What a request may cost, in predicted seconds of one core and in bytes; infinity is no limit.

    Raises TypeError for what is no number and ValueError for what is not positive, naming the field.

    >>> Budget(seconds=60).allows(Cost(61, 1e6, "a count")), str(Budget(60, 4e9))
    (False, '60 s and 4 GB')
    """

    seconds: float = 600.0
    bytes: float = 8e9
    name: str = field(default="", kw_only=True, repr=False, compare=False)  # what a refusal calls it, where it was given as something else

    def __post_init__(self) -> None:
        for name in ("seconds", "bytes"):
            value = getattr(self, name)
            number = math.inf if isinstance(value, float) and value == math.inf else as_double(value, f"budget.{name}")
            if not number > 0:
                raise ValueError(f"budget.{name} must be positive, but was {shown(value)}")
            object.__setattr__(self, name, number)

    @classmethod
    def of(cls, value: object, default: Budget | None = None) -> Budget:
        """The `budget=` of a function, the default for None; a TypeError naming the argument for anything but a Budget."""
        if value is None:
            return default or Budget()
        if not isinstance(value, Budget):
            raise TypeError(f"budget must be a Budget, such as theory.Budget(seconds=60, bytes=4e9), but was {shown(value)}")
        return value

    def allows(self, cost: Cost) -> bool:
        """Whether the predicted cost fits."""
        return cost.seconds <= self.seconds and cost.bytes <= self.bytes

    def excess(self, cost: Cost) -> float:
        """How many times too large the cost is, in what it exceeds the most; at most 1 when it fits."""
        return max(cost.seconds / self.seconds, cost.bytes / self.bytes)

    def require(self, cost: Cost, what: str, alternatives: Iterable[str] = ()) -> None:
        """UnaffordableError, with the figure and what is left, unless the cost fits.

        `alternatives` are only gone through for a refusal; "a larger budget" is always the last, in Python as on the command line.
        """
        if not self.allows(cost):
            raise UnaffordableError.beyond(what, cost, self, (*alternatives, "a larger budget"))

    def __str__(self) -> str:
        return self.name or f"{'any time' if self.seconds == math.inf else f'{self.seconds:g} s'} and {size(self.bytes)}"


#: What a call may cost where no budget is given, unless it is a whole computation, and what operators and properties may cost.
WITHOUT_BUDGET = Budget(seconds=60.0, bytes=1e9)


#: The longest integer that is formed where there is no `budget=`.
_LONG = Budget(seconds=math.inf, bytes=125_000, name="1,000,000 bits")


def refuse_large(argument: str, what: str, cost: Cost, instead: str, limit: Budget = WITHOUT_BUDGET) -> None:
    """UnaffordableError beyond the limit, for operators, properties and laws, which have no `budget=`."""
    if not limit.allows(cost):
        raise UnaffordableError.beyond(f"{argument} must be smaller: {what}", cost, limit, [instead])


def refuse_long(argument: str, what: str, bits: float, instead: str) -> None:
    """UnaffordableError, before it is formed, for an integer of more than a million bits."""
    if bits > 8 * _LONG.bytes:  # a cost is only made for a refusal: degrees are asked for all the time
        n = saturated(bits)
        refuse_large(argument, what, Cost(2e-11 * n**1.6, n / 8, f"{as_count(n)} bits"), instead, _LONG)


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
