"""The README's picture and its generated tables of engines and theorems: `python -m reports.site.readme --check`, or `--write`."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from html import unescape
from pathlib import Path

from reports.figures.curves import threshold_panel
from reports.figures.style import standalone
from reports.site.gradings import VERDICTS
from reports.text import engine_table, terminal
from theory.claims import LEDGER
from theory.claims.record import Claim, in_the_order_of_the_paper
from theory.claims.theorem_3_5 import printed_threshold, rise_beyond_the_printed_threshold
from theory.variance_poly import variance_polynomial

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PICTURE = ROOT / "reports" / "site" / "assets" / "threshold.svg"
SLACK = 0.02  # points; the last digit of a drawn coordinate may differ between processors


def markers(part: str) -> tuple[str, str]:
    """The lines between which a generated part stands."""
    return f"<!-- {part}: made by `python -m reports.site.readme --write` -->", f"<!-- end of {part} -->"


def table(claims: Sequence[Claim]) -> str:
    """Markdown: one row per claim."""
    rows = []
    for claim in claims:
        says = claim.statement
        verdict, proof = f"{VERDICTS[claim.verdict][1]} {claim.verdict.value}", says.proof_as_printed.grade.value
        rows.append(f"| {_plain(says.name)} | {_plain(says.found)} | {verdict} | {proof} |")
    return "\n".join(["| Claim | What was found | The statement | Its proof as printed |", "| --- | --- | --- | --- |", *rows])


def with_part(readme: str, part: str, text: str) -> str:
    """The README's text with what is between the part's markers made anew. Raises ValueError when a marker is missing."""
    begin, end = markers(part)
    if readme.count(begin) != 1 or readme.count(end) != 1:
        raise ValueError(f"README.md must hold each of the markers {begin!r} and {end!r} once")
    head, rest = readme.split(begin)
    return f"{head}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}"


def parts() -> dict[str, str]:
    """The generated parts of README.md: what can be computed, asked of the engines, and the ledger's table."""
    return {"engines": engine_table.markdown(), "theorems": table(in_the_order_of_the_paper(LEDGER))}


def picture() -> str:
    """The variance that rises beyond the printed threshold, as an SVG file."""
    example = rise_beyond_the_printed_threshold()
    v = variance_polynomial(example.problem, example.step, example.layer)
    return standalone(threshold_panel(v, float(printed_threshold(v)[1]), v.threshold, "threshold"))


def same_drawing(left: str, right: str) -> bool:
    """Whether two SVG files have the same elements, and numbers that differ by no more than SLACK."""
    number = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
    if number.sub("#", left) != number.sub("#", right):
        return False
    return all(abs(float(x) - float(y)) <= SLACK for x, y in zip(number.findall(left), number.findall(right), strict=True))


def stale() -> list[str]:
    """The generated parts that are missing or no longer current."""
    text = README.read_text(encoding="utf-8")
    found = [f"README.md: the table of {part}" for part, made in parts().items() if with_part(text, part, made) != text]
    if not PICTURE.exists() or not same_drawing(PICTURE.read_text(encoding="utf-8"), picture()):
        found.append(str(PICTURE.relative_to(ROOT)))
    return found


def write() -> None:
    """Make the tables and the picture anew; a picture that is current up to rounding is left alone."""
    text = README.read_text(encoding="utf-8")
    for part, made in parts().items():
        text = with_part(text, part, made)
    README.write_text(text, encoding="utf-8")
    drawing = picture()
    if not PICTURE.exists() or not same_drawing(PICTURE.read_text(encoding="utf-8"), drawing):
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(drawing, encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """`--check`: exit code 1 and the names of what is stale; `--write`: make it current."""
    if list(arguments) == ["--write"]:
        write()
        return 0
    if list(arguments) != ["--check"]:
        print("usage: python -m reports.site.readme --check|--write", file=sys.stderr)
        return 2
    out_of_date = stale()
    for name in out_of_date:
        print(f"out of date: {name}; run `python -m reports.site.readme --write`")
    return 1 if out_of_date else 0


def _plain(html: str) -> str:
    r"""A title for Markdown: \( \) becomes $ $, tags go."""
    text = unescape(re.sub(r"<[^>]+>", "", html))
    return text.replace(r"\(", "$").replace(r"\)", "$").replace("|", r"\|")


if __name__ == "__main__":
    with terminal.guarded():
        sys.exit(main(sys.argv[1:]))
