r"""What is to be put right in the print, line by line, and the reader of the file in which it stands: errata.md, beside this one.

    ## Lines 12-13, 40, Theorem 1 · What is wrong, in a few words

    - Printed: \(a + b\)
    - Should read: \(a - b\)
    - Why: One sentence or more
      that may go on.
    - Weight: proof
    - Claims: A.1, A.2

Text with LaTeX between \( and \), without tags. `FIELDS` are all there are, in their order; Why may be left out where the weight is print,
Claims where no entry of the ledger has the evidence. Lines are the manuscript's; the entries come in their order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files
from itertools import pairwise

from theory.claims.manuscript_lines import WHERE, Place, parse_place
from theory.claims.statement import items

FILE = "errata.md"
FIELDS = ("Printed", "Should read", "Why", "Weight", "Claims")
HEADING = re.compile(rf"## (?P<where>{WHERE}) · (?P<title>.*\S)")


class Weight(Enum):
    """What an erratum changes."""

    STATEMENT = "statement"
    PROOF = "proof"
    PRINT = "print"


@dataclass(frozen=True)
class Erratum:
    r"""One erratum: its place in the manuscript, and its texts, with LaTeX between \( and \)."""

    place: Place
    title: str
    printed: str
    should_read: str
    weight: Weight
    why: str = ""
    claims: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.why and self.weight is not Weight.PRINT:
            raise ValueError(f"{self.where}: what changes a {self.weight.value} must say why")

    @property
    def where(self) -> str:
        """`Lines 12-13, 40, Theorem 1`."""
        return str(self.place)

    @property
    def anchor(self) -> str:
        """The part of a link after #: `line-12-13`, with the place where there is one."""
        return "line-" + "-".join(re.findall(r"[a-z0-9]+", self.where.partition(" ")[2].lower()))


def read_errata() -> tuple[Erratum, ...]:
    """All errata, in the order of the lines. Raises ValueError when the file breaks the form."""
    return parse_errata(files("theory.claims").joinpath(FILE).read_text(encoding="utf-8"))


def errata_of(claim_id: str, errata: Sequence[Erratum]) -> tuple[Erratum, ...]:
    """Those for which that claim has the evidence."""
    return tuple(erratum for erratum in errata if claim_id in erratum.claims)


def parse_errata(text: str) -> tuple[Erratum, ...]:
    r"""Errata from their file's text.

    Raises ValueError, with the heading, for one that breaks the form, for lines that do not increase and for two of one place.

    Examples:
        >>> (erratum,) = parse_errata("# Errata\n\n## Line 3 · A sign\n\n- Printed: a\n- Should read: b\n- Weight: print\n")
        >>> erratum.where, erratum.anchor, erratum.should_read
        ('Line 3', 'line-3', 'b')
    """
    first, *lines = text.splitlines() or [""]
    if first != "# Errata":
        raise ValueError(f"the first line must be '# Errata', but was {first!r}")
    sections: list[tuple[str, list[str]]] = []
    for line in lines:
        if line.startswith("#"):
            sections.append((line, []))
        elif sections:
            sections[-1][1].append(line)
        elif line.strip():
            raise ValueError(f"text must stand below a heading, but {line!r} stands before the first")
    errata = tuple(_erratum(heading, body) for heading, body in sections)
    for before, after in pairwise(errata):
        if after.place.lines < before.place.lines:
            raise ValueError(f"errata must come in the order of their lines, but {after.where} comes after {before.where}")
    anchors = [erratum.anchor for erratum in errata]
    if twice := next((e for e in errata if anchors.count(e.anchor) > 1), None):
        raise ValueError(f"two errata must not have the same lines and place, but there are two of {twice.where}")
    return errata


def _erratum(heading: str, body: Sequence[str]) -> Erratum:
    found = HEADING.fullmatch(heading)
    if found is None:
        raise ValueError(f"a heading must be '## Line N · title' or '## Lines N-M, ..., place · title', but was {heading!r}")
    try:
        fields = _fields(body)
        weight = fields.get("Weight", "")
        if weight not in [w.value for w in Weight]:
            raise ValueError(f"Weight must be one of {', '.join(w.value for w in Weight)}, but was {weight!r}")
        return Erratum(
            place=parse_place(found["where"]),
            title=found["title"],
            printed=fields["Printed"],
            should_read=fields["Should read"],
            why=fields.get("Why", ""),
            weight=Weight(weight),
            claims=tuple(claim.strip() for claim in fields["Claims"].split(",")) if "Claims" in fields else (),
        )
    except ValueError as error:
        raise ValueError(f"{heading!r}: {error}") from error


def _fields(body: Sequence[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for item in items(body):
        name, colon, value = item.partition(": ")
        if not colon or name not in FIELDS or name in fields:
            raise ValueError(f"an item must be one of {', '.join(FIELDS)}, each once, with a colon and its text, but was {item!r}")
        fields[name] = value
    if list(fields) != [name for name in FIELDS if name in fields]:
        raise ValueError(f"the items must come in the order {', '.join(FIELDS)}, but came as {', '.join(fields)}")
    if absent := [name for name in ("Printed", "Should read", "Weight") if name not in fields]:
        raise ValueError(f"an item is missing: {', '.join(absent)}")
    return fields
