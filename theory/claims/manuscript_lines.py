"""The manuscript, and its line numbers: ranges that increase, as `12-13, 40`, with the words that may follow them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

PAPER = "The impact of the mini-batch size on the dynamics of SGD: variance and beyond"

_RANGE = r"\d+(?:-\d+)?"
#: `Line 3`, `Lines 12-13, 40`, and the place in words behind a comma.
WHERE = rf"Lines? (?P<lines>{_RANGE}(?:, {_RANGE})*)(?:, (?P<place>[^·]*[^·\s]))?"


@dataclass(frozen=True)
class Place:
    """(first, last) of each range, and where that is in words. ValueError unless the lines increase."""

    lines: tuple[tuple[int, int], ...]
    words: str = ""

    def __post_init__(self) -> None:
        if not all(first <= last for first, last in self.lines) or not all(a[1] < b[0] for a, b in pairwise(self.lines)):
            raise ValueError(f"the lines must increase, but were {self}")

    @property
    def ranges(self) -> tuple[str, ...]:
        """`12-13` and `40`."""
        return tuple(f"{first}" if first == last else f"{first}-{last}" for first, last in self.lines)

    @property
    def is_one_line(self) -> bool:
        """Whether one line is all."""
        return len(self.lines) == 1 and self.lines[0][0] == self.lines[0][1]

    def __str__(self) -> str:
        """`Lines 12-13, 40, Theorem 1`."""
        return ("Line " if self.is_one_line else "Lines ") + ", ".join([*self.ranges, *filter(None, [self.words])])


def parse_place(text: str) -> Place:
    """A place from its text. ValueError when it does not begin with lines, or these do not increase.

    Examples:
        >>> parse_place("Lines 12-13, 40, Theorem 1").lines
        ((12, 13), (40, 40))
    """
    found = re.fullmatch(WHERE, text)
    if found is None:
        raise ValueError(f"a place must be 'Line N' or 'Lines N-M, ...', and then its name, but was {text!r}")
    return Place(tuple(_range(part) for part in found["lines"].split(", ")), found["place"] or "")


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)
