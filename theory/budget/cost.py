"""What a computation will take: seconds and bytes, with the count that they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from theory.budget.counts import BEYOND_REACH
from theory.budget.words import duration, size


@dataclass(frozen=True)
class Cost:
    """Predicted seconds on one core and peak bytes, with the count that they come from."""

    seconds: float
    bytes: float
    basis: str

    @classmethod
    def beyond_reach(cls, basis: str) -> Self:
        """Of what no machine could do, and is not counted further."""
        return cls(BEYOND_REACH, BEYOND_REACH, basis)

    def __str__(self) -> str:
        if not (self.seconds < 1e20 and self.bytes < 1e20):
            return f"more than any machine has ({self.basis})"
        return f"about {duration(self.seconds)} and {size(self.bytes)} ({self.basis})"
