r"""What the paper asserts that has no entry in the ledger, and why: the reader of without_entry.md, beside this file.

    # Without an entry

    - Lines 12-13, 40 · What is said, in a few words · Why nothing is checked, in a sentence
      or more.

HTML with LaTeX between \( and \). Lines are the manuscript's; the items come in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise

from theory.claims.manuscript_lines import Place, parse_place
from theory.claims.statement import items

FILE = "without_entry.md"


@dataclass(frozen=True)
class Omission:
    """An assertion without an entry: its place in the manuscript, what it says, why there is none."""

    place: Place
    said: str
    why: str


def read_omissions() -> tuple[Omission, ...]:
    """All of them, in the order of the lines. Raises ValueError when the file breaks the form."""
    return parse_omissions(files("theory.claims").joinpath(FILE).read_text(encoding="utf-8"))


def parse_omissions(text: str) -> tuple[Omission, ...]:
    """Omissions from their file's text. ValueError for one that breaks the form, and for lines that do not increase.

    Examples:
        >>> (omission,) = parse_omissions("# Without an entry\\n\\n- Line 3 · A wish · It says nothing.\\n")
        >>> str(omission.place), omission.said
        ('Line 3', 'A wish')
    """
    first, *lines = text.splitlines() or [""]
    if first != "# Without an entry":
        raise ValueError(f"the first line must be '# Without an entry', but was {first!r}")
    omissions = tuple(_omission(item) for item in items(lines))
    for before, after in pairwise(omissions):
        if after.place.lines < before.place.lines:
            raise ValueError(f"omissions must come in the order of their lines, but {after.place} comes after {before.place}")
    return omissions


def _omission(item: str) -> Omission:
    parts = item.split(" · ")
    if len(parts) != 3 or not all(parts):
        raise ValueError(f"an item must be 'Lines N-M · what is said · why', but was {item!r}")
    return Omission(parse_place(parts[0]), parts[1], parts[2])
