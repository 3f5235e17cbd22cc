"""The ledger as pages: one index and one page per claim, each a single file with its style and its drawings inside."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from markupsafe import Markup

from reports import figures
from reports.figures.findings import Findings, Outcome, Summary, examine
from reports.site import measured
from reports.site.cards import card, maths
from reports.site.difference import mark_differences
from reports.site.measured import Measured
from reports.site.measured_page import MeasuredPage
from reports.site.render import GENERATOR, page
from reports.text.mathml import MathError
from reports.text.names import full_name
from reports.text.numbers import decimal, plain
from theory.claims import LEDGER
from theory.claims.record import Claim, Verdict

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
    alarms: tuple[str, ...] = ()

    @property
    def borne_out(self) -> bool:
        """Whether every claim's evidence came out as its verdict says, and no page of measurements raised an alarm."""
        return all(f.borne_out for f in self.findings) and not self.alarms


def build(
    claims: Sequence[Claim],
    out: Path,
    seed: int = 0,
    progress: Callable[[str], Any] = lambda line: None,
    workers: int = 1,
    measure: Sequence[str] = (),
    figure_1: Path | None = None,
) -> Report:
    """Examine the claims and write the site to the directory `out`, in one step: readers see the old site or the new one, never half.

    `measure`: ids of pages of measurements to make too. `figure_1`: a directory with stored full results for the page "figure 1", which
    otherwise simulates less. With several workers, claims of the ledger and measurements are made in as many processes; the site is the
    same to the byte. Raises ValueError when `out` is there and is not such a site, for other ids and for a directory without full
    results, before any work; MathError for a statement whose LaTeX cannot be drawn.
    """
    target = Path(out).resolve()
    check_target(target)
    extras = measured.select(measure)
    measured.check_figure_1(figure_1, extras)
    lacking = measured.missing() if extras else ()
    found, pages = [], {}
    with _processes(workers) as pool:
        waiting = _measurements(() if lacking else extras, seed, figure_1, pool)
        for claim, (summary, html, seconds) in zip(claims, make_pages(claims, seed, pool), strict=True):
            pages[page_name(claim.id)] = html
            found.append(summary)
            mark = claim.verdict.value if summary.borne_out else f"NOT BORNE OUT ({'; '.join(summary.problems)})"
            progress(f"{claim.id:<24} {mark}  [{seconds:.1f} s]")
        shown = []
        for extra, (made, seconds) in waiting:
            pages[extra.file] = ""
            shown.append((extra, made))
            progress(f"{extra.id:<24} {'ALARM: ' if made.alarm else ''}{made.finding}  [{seconds:.1f} s]")
    for extra, made in shown:
        pages[extra.file] = _without_dead_links(made.html, pages)
    if lacking:
        progress(f"not measured: {', '.join(lacking)} must be installed (pip install 'batchlaw[experiments]')")
    pages["index.html"] = index_page(claims, found, seed, shown, lacking)
    _write(target, pages)
    return Report(target / "index.html", tuple(found), tuple(f"{extra.id}: {made.finding}" for extra, made in shown if made.alarm))


Made = tuple[Summary, str, float]


@contextmanager
def _processes(workers: int) -> Iterator[ProcessPoolExecutor | None]:
    """So many processes, started when there is work for them; spawned, they share no threads or locks. None for one worker."""
    if workers < 2:
        yield None
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield pool


def _measurements(
    extras: Sequence[Measured], seed: int, figure_1: Path | None, pool: ProcessPoolExecutor | None
) -> Iterator[tuple[Measured, tuple[MeasuredPage, float]]]:
    """Pages of measurements; started at once where there are processes, since they take the longest."""
    if pool is None:
        return ((extra, measured.make(extra.id, seed, figure_1)) for extra in extras)
    started = [(extra, pool.submit(measured.make, extra.id, seed, figure_1)) for extra in extras]
    return ((extra, result.result()) for extra, result in started)


def make_pages(claims: Sequence[Claim], seed: int, pool: ProcessPoolExecutor | None = None) -> Iterator[Made]:
    """Summary, page and seconds of every claim, in their order."""
    places = [next((n for n, known in enumerate(LEDGER) if known is claim), None) for claim in claims]
    neighbours = [(claims[i - 1] if i else None, claims[i + 1] if i + 1 < len(claims) else None) for i in range(len(claims))]
    ledger_places = [n for n in places if n is not None]
    if pool is None or len(claims) < 2 or len(ledger_places) < len(claims):
        yield from (make_page(claim, seed, around) for claim, around in zip(claims, neighbours, strict=True))
        return
    # Claims hold functions, which cannot be sent: a worker is told places in the ledger.
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
        return page(
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


def index_page(
    claims: Sequence[Claim],
    found: Sequence[Summary],
    seed: int = 0,
    shown: Sequence[tuple[Measured, MeasuredPage]] = (),
    lacking: Sequence[str] = (),
) -> str:
    """The whole ledger as HTML; `shown`: what was measured; `lacking`: modules for want of which nothing was."""
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
    return page(
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
        measured=[{"href": e.file, "title": e.title, "about": e.about, "finding": m.finding, "alarm": m.alarm} for e, m in shown],
        lacking=", ".join(lacking),
        verdicts=[{"tone": t, "sign": s, "verdict": v.value, "meaning": m} for v, (t, s, m) in VERDICTS.items()],
    )


def _without_dead_links(html: str, pages: Container[str]) -> str:
    """Pages of measurements link to each other; where one is not made, its name stands without a link."""
    for extra in measured.MEASURED:
        if extra.file not in pages:
            html = re.sub(rf'<a href="{re.escape(extra.file)}">(.*?)</a>', r"\1", html)
    return html


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
    is_site = index.is_file() and GENERATOR in index.read_text(encoding="utf-8") and all(e.suffix == ".html" for e in entries)
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


def _summary(findings: Findings) -> str:
    exact = sum(e.outcome is Outcome.HOLDS and e.evidence is not None and e.evidence.tolerance == 0 for e in findings.supporting)
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
    return "–" if value is None else "0" if value == 0 else decimal(value, 2) if len(plain(value)) > 12 else plain(value)


def _link(claim: Claim | None) -> dict[str, str] | None:
    return None if claim is None else {"href": page_name(claim.id), "name": maths(full_name(claim.id))}
