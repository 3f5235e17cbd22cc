"""The ledger as pages: one index and one page per claim, each a single file with its style and its drawings inside."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from html import unescape
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports import figures
from reports.cards import card, maths
from reports.difference import mark_differences
from reports.findings import Findings, Outcome, Summary, examine
from reports.mathml import MathError
from reports.names import full_name
from reports.numbers import plain
from reports.provenance import versions
from theory.claims import LEDGER
from theory.claims.record import Claim, Verdict

GENERATOR = '<meta name="generator" content="batchlaw">'
#: tone (a CSS class), sign, meaning
VERDICTS: dict[Verdict, tuple[str, str, str]] = {
    Verdict.HOLDS: ("holds", "✓", "True as printed, under the hypotheses on its page. Every check came out."),
    Verdict.CORRECTED: (
        "corrected",
        "✎",
        "The print has an error. The corrected statement is checked, and the printed one is shown to fail on an instance.",
    ),
    Verdict.REFUTED: (
        "refuted",
        "✗",
        "False as printed: a counterexample is shown, as small as could be found, with what is true instead.",
    ),
    Verdict.OPEN: ("open", "?", "Evidence, but no proof and no counterexample."),
}
LEAD = (
    "A paper on mini-batch SGD states that the variance of the stochastic gradient is a polynomial in 1/b, and that networks with any "
    "smooth activation follow suit. Here are its statements on linear networks and on general activations, each one checked: what holds, "
    "what had to be corrected, what is false, and the numbers behind each verdict."
)


@dataclass(frozen=True)
class Report:
    """Where the site is, and what was found on the way."""

    index: Path
    findings: tuple[Summary, ...]

    @property
    def borne_out(self) -> bool:
        """Whether every claim's evidence came out as its verdict says."""
        return all(f.borne_out for f in self.findings)


def build(
    claims: Sequence[Claim],
    out: Path,
    seed: int = 0,
    progress: Callable[[str], Any] = lambda line: None,
    workers: int = 1,
) -> Report:
    """Examine the claims and write the site to the directory `out`, in one step: readers see the old site or the new one, never half.

    With several workers, claims of the ledger are examined in as many processes; the site is the same to the byte.
    Raises ValueError when `out` is there and is not such a site, and MathError for a statement whose LaTeX cannot be drawn.
    """
    target = Path(out).resolve()
    check_target(target)
    found, pages = [], {}
    for claim, (summary, html, seconds) in zip(claims, make_pages(claims, seed, workers), strict=True):
        pages[page_name(claim.id)] = html
        found.append(summary)
        mark = claim.verdict.value if summary.borne_out else f"NOT BORNE OUT ({'; '.join(summary.problems)})"
        progress(f"{claim.id:<24} {mark}  [{seconds:.1f} s]")
    pages["index.html"] = index_page(claims, found, seed)
    _write(target, pages)
    return Report(target / "index.html", tuple(found))


Made = tuple[Summary, str, float]


def make_pages(claims: Sequence[Claim], seed: int, workers: int) -> Iterator[Made]:
    """Summary, page and seconds of every claim, in their order."""
    places = [next((n for n, known in enumerate(LEDGER) if known is claim), None) for claim in claims]
    neighbours = [
        (claims[i - 1] if i else None, claims[i + 1] if i + 1 < len(claims) else None) for i in range(len(claims))
    ]
    ledger_places = [n for n in places if n is not None]
    if min(workers, len(claims)) < 2 or len(ledger_places) < len(claims):
        yield from (make_page(claim, seed, around) for claim, around in zip(claims, neighbours, strict=True))
        return
    # Claims hold functions, which cannot be sent: a worker is told places in the ledger. Spawned, it shares no threads or locks.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_make_page_of_ledger, repeat(tuple(ledger_places)), range(len(claims)), repeat(seed))


def make_page(claim: Claim, seed: int, neighbours: tuple[Claim | None, Claim | None]) -> Made:
    """Summary and page of one claim, and the seconds that they took."""
    start = time.perf_counter()
    findings = examine(claim)
    html = claim_page(findings, seed, neighbours)
    return findings.summary, html, time.perf_counter() - start


def _make_page_of_ledger(places: tuple[int, ...], i: int, seed: int) -> Made:
    before = LEDGER[places[i - 1]] if i else None
    after = LEDGER[places[i + 1]] if i + 1 < len(places) else None
    return make_page(LEDGER[places[i]], seed, (before, after))


def page_name(claim_id: str) -> str:
    """The file of a claim's page."""
    return f"{figures.generic.slug(claim_id)}.html"


def claim_page(findings: Findings, seed: int = 0, neighbours: tuple[Claim | None, Claim | None] = (None, None)) -> str:
    """One claim as HTML."""
    claim = findings.claim
    try:
        printed, corrected = claim.printed, claim.corrected.strip()
        if corrected and claim.verdict is not Verdict.HOLDS:  # what holds as printed has no errors to mark
            printed, corrected = mark_differences(claim.printed, claim.corrected)
        figure = figures.draw(findings, seed)
        tone, sign, _ = VERDICTS[claim.verdict]
        supporting, refuting = [card(e) for e in findings.supporting], [card(e) for e in findings.refuting]
        return _page(
            "claim.html.jinja",
            seed=seed,
            page_title=f"{text_only(full_name(claim.id))}: {text_only(claim.title)} · batchlaw",
            page_description=f"{text_only(full_name(claim.id))}: {claim.verdict.value}",
            name=maths(full_name(claim.id)),
            id_argument=claim.id if re.fullmatch(r"[\w.-]+", claim.id) else f'"{claim.id}"',
            title=maths(claim.title),
            source=maths(claim.source),
            finding={"tone": tone, "sign": sign, "verdict": claim.verdict.value},
            problems=findings.problems,
            printed=maths(printed),
            corrected=maths(corrected) if corrected else "",
            corrected_heading="More precisely" if claim.verdict is Verdict.HOLDS else "As it should read",
            wide=r"\[" in claim.printed + claim.corrected,
            marked="<del>" in printed or "<ins>" in corrected,
            hypotheses=[maths(h) for h in claim.hypotheses],
            proof=maths(claim.proof) if claim.proof.strip() else "",
            figure={"panels": [Markup(p) for p in figure.panels], "caption": maths(figure.caption)},
            supporting=supporting,
            refuting=refuting,
            evidence_summary=_summary(findings),
            remarks=[maths(r) for r in claim.remarks],
            slips=[maths(s) for s in claim.slips],
            command=claim.command,
            before=_link(neighbours[0]),
            after=_link(neighbours[1]),
        )
    except MathError as error:
        raise MathError(f"claim {claim.id}: {error}") from error


def index_page(claims: Sequence[Claim], found: Sequence[Summary], seed: int = 0) -> str:
    """The whole ledger as HTML."""
    rows = []
    for claim, f in zip(claims, found, strict=True):
        tone, sign, _ = VERDICTS[claim.verdict]
        rows.append(
            {
                "name": maths(full_name(claim.id)),
                "href": page_name(claim.id),
                "title": maths(claim.title),
                "verdict": claim.verdict.value,
                "tone": tone,
                "sign": sign,
                "instances": _instances(f),
                "residual": _residual(f.worst_residual),
                "alarm": not f.borne_out,
            }
        )
    count = {v: sum(claim.verdict is v for claim in claims) for v in Verdict}
    return _page(
        "index.html.jinja",
        seed=seed,
        page_title="The ledger · batchlaw",
        page_description="Every statement of the paper, checked exactly, with its verdict",
        lead=LEAD,
        rows=rows,
        tally=[(VERDICTS[v][0], VERDICTS[v][1], v.value, count[v]) for v in Verdict if count[v]],
        alarms=[
            {"href": page_name(f.claim_id), "name": maths(full_name(f.claim_id)), "text": "; ".join(f.problems)}
            for f in found
            if not f.borne_out
        ],
        verdicts=[{"tone": t, "sign": s, "verdict": v.value, "meaning": m} for v, (t, s, m) in VERDICTS.items()],
    )


def text_only(html: str) -> str:
    """HTML with LaTeX as plain text, for titles."""
    return unescape(re.sub(r"<[^>]+>", "", html)).replace(r"\(", "").replace(r"\)", "")


def check_target(target: Path) -> None:
    """Raise ValueError unless `target` is free, empty, or a site made here: the rest is nobody's to replace."""
    if not target.exists():
        return
    if not target.is_dir():
        raise ValueError(f"out must be a directory, but {target} is a file")
    entries = list(target.iterdir())
    index = target / "index.html"
    is_site = (
        index.is_file() and GENERATOR in index.read_text(encoding="utf-8") and all(e.suffix == ".html" for e in entries)
    )
    if entries and not is_site:
        raise ValueError(f"out must be a new directory or a site made earlier, but {target} holds other files")


def _write(target: Path, pages: dict[str, str]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for name, html in pages.items():
            (fresh / name).write_text(html, encoding="utf-8")
        fresh.chmod(0o755)
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
        try:
            if target.exists():
                os.rename(target, old)
            os.rename(fresh, target)
        finally:
            shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _page(template: str, **values: Any) -> str:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = Markup(environment.get_template("style.css").render())
    return environment.get_template(template).render(
        css=css, versions=versions(), generator=Markup(GENERATOR), **values
    )


def _summary(findings: Findings) -> str:
    exact = sum(
        e.outcome is Outcome.HOLDS and e.evidence is not None and e.evidence.tolerance == 0 for e in findings.supporting
    )
    total, held = len(findings.supporting), sum(e.outcome is Outcome.HOLDS for e in findings.supporting)
    as_it_should_read = "" if findings.claim.verdict is Verdict.HOLDS else " as it should read"
    unchecked = f" {findings.not_checked} could not be checked." if findings.not_checked else ""
    parts = [(exact, "in exact or ball arithmetic, without a tolerance"), (held - exact, "within the tolerance on its card")]
    how = ", ".join(f"{count} {way}" for count, way in parts if count)
    return f"{held} of {total} instances of the statement{as_it_should_read} hold{f': {how}' if how else ''}.{unchecked}"


def _instances(found: Summary) -> str:
    text = f"{found.held}" + (f" + {found.refuted}" if found.refuting else "")
    return text + (f" ({found.not_checked} not checked)" if found.not_checked else "")


def _residual(value: Any) -> str:
    return (
        "–"
        if value is None
        else "0"
        if value == 0
        else f"{float(value):.2g}"
        if len(plain(value)) > 12
        else plain(value)
    )


def _link(claim: Claim | None) -> dict[str, str] | None:
    return None if claim is None else {"href": page_name(claim.id), "name": maths(full_name(claim.id))}
