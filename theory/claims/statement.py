r"""The text of a claim, and the reader of the file in which it stands: statement.md, in the claim's folder.

    # Theorem 1 · What it is about

    ## Source

    Lines 1-2, Theorem 1 and what follows it

    ## Importance

    central

    ## Found

    What was found, in one plain sentence: not a topic, but what became of it.

    ## Printed

    The statement as printed, with LaTeX between \( and \), or \[ and \].

    A blank line begins a paragraph.

    ## Proof as printed

    slips · line 3: what is wrong, and whether it can be mended

    ## Shown for

    every depth and polynomial activation

    ## Showcases

    - name of a showcase · what is to be said of it

    ## Remarks

    - One remark
      that goes on.
    - Another.

The headings, paragraphs and lists are Markdown's; what stands in them is HTML. `SECTIONS` are all there are, in their order; those of
`REQUIRED` must be there. The verdict, which stands in the claim's record, is one of the statement alone: what is wrong only in a printed
proof is said under "Proof as printed".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from theory.claims.grades import Importance, PrintedProof, parse_importance, parse_proof
from theory.claims.manuscript_lines import Place, parse_place

FILE = "statement.md"


def _joined(lines: Sequence[str]) -> str:
    return " ".join(line.strip() for line in lines if line.strip())


def _paragraphs(lines: Sequence[str]) -> str:
    """Blank lines part the paragraphs."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return "".join(f"<p>{_joined(block)}</p>" for block in blocks if block)


def items(lines: Sequence[str]) -> tuple[str, ...]:
    """An item begins with "- " at the margin; its further lines are indented."""
    items: list[list[str]] = []
    for line in lines:
        if line.startswith("- "):
            items.append([line[2:]])
        elif items and line.startswith("  "):
            items[-1].append(line)
        elif line.strip():
            raise ValueError(f"a line of a list must begin with '- ' or go on with two spaces, but was {line!r}")
    return tuple(_joined(item) for item in items)


def _notes(lines: Sequence[str]) -> dict[str, str]:
    """Items "name · note"."""
    notes: dict[str, str] = {}
    for item in items(lines):
        name, dot, note = item.partition(" · ")
        if not dot or not name or name in notes:
            raise ValueError(f"a showcase's note must be 'name · note', each name once, but was {item!r}")
        notes[name] = note
    return notes


def _field(section: str) -> str:
    """Of `Statement`."""
    return section.lower().replace(" ", "_")


#: Every section with what reads it.
SECTIONS: dict[str, Callable[[Sequence[str]], Any]] = {
    "Source": lambda lines: parse_place(_joined(lines)),
    "Importance": lambda lines: parse_importance(_joined(lines)),
    "Found": _joined,
    "Headline": _joined,
    "Printed": _paragraphs,
    "Corrected": _paragraphs,
    "Proof as printed": lambda lines: parse_proof(_joined(lines)),
    "Shown for": _joined,
    "Hypotheses": items,
    "Proof": _paragraphs,
    "Showcases": _notes,
    "Remarks": items,
}
REQUIRED = ("Source", "Importance", "Found", "Printed", "Proof as printed", "Shown for")


@dataclass(frozen=True)
class Statement:
    """What a claim says, in HTML with LaTeX: as printed and, where there is more to be said, as it should read.

    `found` is what was found, in a sentence that a stranger understands. A claim with a `headline` is one of those that stand above the
    ledger. `shown_for` says of which networks the verdict speaks, in a few words that begin small; `showcases` has what is to be said of
    instances that are shown, by their names.
    """

    name: str
    title: str
    source: Place
    importance: Importance
    found: str
    printed: str
    proof_as_printed: PrintedProof
    shown_for: str
    headline: str = ""
    corrected: str = ""
    hypotheses: tuple[str, ...] = ()
    proof: str = ""
    showcases: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("name", "title", "found", "printed", "shown_for"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} must not be empty")


def read_statement(package: str) -> Statement:
    """The statement in the folder of a package. Raises ValueError, with the package, when the file is not there or not of this form."""
    try:
        return parse_statement(files(package).joinpath(FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{FILE} of {package}: {error}") from error


def parse_statement(text: str) -> Statement:
    r"""A statement from its file's text.

    Raises ValueError for a section that is unknown, repeated, out of order, empty or missing, and for text that belongs to none.

    Examples:
        >>> texts = ("Line 1", "remark", "True.", "For all\n\\(x\\).", "closes", "every network")
        >>> sections = (f"\n## {name}\n\n{text}\n" for name, text in zip(REQUIRED, texts, strict=True))
        >>> parse_statement("# T · U\n" + "".join(sections)).printed
        '<p>For all \\(x\\).</p>'
    """
    first, *lines = text.splitlines() or [""]
    name, dot, title = first.removeprefix("# ").partition(" · ")
    if not first.startswith("# ") or not dot:
        raise ValueError(f"the first line must be '# name · title', but was {first!r}")
    sections: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("#"):
            section = line.removeprefix("## ")
            if section not in SECTIONS or section in sections:
                raise ValueError(f"a heading must be one of ## {', ## '.join(SECTIONS)}, each once, but was {line!r}")
            sections[section] = []
        elif sections:
            sections[next(reversed(sections))].append(line)
        elif line.strip():
            raise ValueError(f"text must stand in a section, but {line!r} stands before the first")
    if list(sections) != [name for name in SECTIONS if name in sections]:
        raise ValueError(f"the sections must come in the order {', '.join(SECTIONS)}, but came as {', '.join(sections)}")
    if absent := [name for name in REQUIRED if name not in sections]:
        raise ValueError(f"a section is missing: {', '.join(absent)}")
    if empty := [name for name, body in sections.items() if not _joined(body)]:
        raise ValueError(f"a section must not be empty: {', '.join(empty)}")
    return Statement(name, title, **{_field(section): SECTIONS[section](body) for section, body in sections.items()})
