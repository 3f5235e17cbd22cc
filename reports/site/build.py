"""The ledger as pages: an index, a page per claim and others, each a single file with its style and its drawings inside."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType
from typing import Any

from empirics.extra import missing
from reports.findings import Summary, examine
from reports.site import measured
from reports.site.claim_page import claim_page, page_name
from reports.site.index_page import index_page
from reports.site.measured import Measured
from reports.site.measured_page import MeasuredPage
from reports.site.other_pages import OTHER_PAGES
from reports.site.render import GENERATOR
from theory.claims import LEDGER
from theory.claims.record import Claim


@dataclass(frozen=True)
class Report:
    """Where the site is, and what was found on the way."""

    index: Path
    findings: tuple[Summary, ...]
    alarms: tuple[str, ...] = ()

    @property
    def confirmed(self) -> bool:
        """Whether every claim's evidence came out as its verdict says, and no page of measurements raised an alarm."""
        return all(f.confirmed for f in self.findings) and not self.alarms


def build(
    claims: Sequence[Claim],
    out: Path,
    seed: int = 0,
    progress: Callable[[str], Any] = lambda line: None,
    workers: int = 1,
    measure: Sequence[str] = (),
    stored: Mapping[str, Path] = MappingProxyType({}),
) -> Report:
    """Examine the claims and write the site to the directory `out`, in one step: readers see the old site or the new one, never half.

    `measure`: ids of pages of measurements to make too. `stored`: directories with full results, by the id of the page that shows them;
    without one, such a page simulates less. With several workers, claims of the ledger and measurements are made in as many processes;
    the site is the same to the byte. Raises ValueError when `out` is there and is not such a site, for other ids and for a directory
    without full results, before any work; MathError for a statement whose LaTeX cannot be drawn.
    """
    target = Path(out).resolve()
    check_target(target)
    extras = measured.select(measure)
    measured.check_stored(stored, extras)
    lacking = missing() if extras else ()
    found: list[Summary] = []
    pages: dict[str, str] = {}
    for other in OTHER_PAGES:
        pages |= other.make(claims, seed)
    with _processes(workers) as pool:
        waiting = _measurements(() if lacking else extras, seed, stored, pool)
        for claim, (summary, html, seconds) in zip(claims, make_pages(claims, seed, pool), strict=True):
            pages[page_name(claim.id)] = html
            found.append(summary)
            mark = claim.verdict.value if summary.confirmed else f"NOT CONFIRMED ({'; '.join(summary.problems)})"
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
    extras: Sequence[Measured], seed: int, stored: Mapping[str, Path], pool: ProcessPoolExecutor | None
) -> Iterator[tuple[Measured, tuple[MeasuredPage, float]]]:
    """Pages of measurements; started at once where there are processes, since they take the longest."""
    if pool is None:
        return ((extra, measured.make(extra.id, seed, stored.get(extra.id))) for extra in extras)
    started = [(extra, pool.submit(measured.make, extra.id, seed, stored.get(extra.id))) for extra in extras]
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


def _without_dead_links(html: str, pages: Container[str]) -> str:
    """Pages of measurements link to each other; where one is not made, its name stands without a link."""
    for extra in measured.MEASURED:
        if extra.file not in pages:
            html = re.sub(rf'<a href="{re.escape(extra.file)}">(.*?)</a>', r"\1", html)
    return html


def check_target(target: Path) -> None:
    """Raise ValueError unless `target` is free, empty, or a site made here: the rest is nobody's to replace."""
    if not target.exists():
        return
    if not target.is_dir():
        raise ValueError(f"out must be a directory, but {target} is a file")
    entries = list(target.iterdir())
    index = target / "index.html"
    beside = {name for other in OTHER_PAGES for name in other.beside}
    ours = all(e.suffix == ".html" or e.name in beside for e in entries)
    is_site = ours and index.is_file() and GENERATOR in index.read_text(encoding="utf-8")
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
