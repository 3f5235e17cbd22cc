"""Pages of measurements: no claims of the ledger, but what the paper's experiments give, and the simulation against the theory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from empirics.extra import missing
from reports.site.measured_page import MeasuredPage
from theory.exact import did_you_mean, shown


@dataclass(frozen=True)
class Measured:
    """A page by its id (for `--only`), file and title; `make` takes the seed and the directory of stored results of figure 1."""

    id: str
    file: str
    title: str
    about: str
    make: Callable[[int, Path | None], MeasuredPage]


def _figure_1(seed: int, directory: Path | None) -> MeasuredPage:
    from reports.site import figure_1

    return figure_1.make(seed, directory)


def _agreement(seed: int, directory: Path | None) -> MeasuredPage:
    from reports.site import agreement

    return agreement.make(seed)


MEASURED = (
    Measured(
        "figure 1", "figure-1.html", "Figure 1",
        "The variances of stochastic and full gradients over the iterations, for several batch sizes, and what such curves estimate.",
        _figure_1,
    ),
    Measured(
        "agreement", "agreement.html", "Simulated against exact",
        "Runs of SGD for many networks, input laws and batch sizes, each held against the exact polynomial.",
        _agreement,
    ),
)  # fmt: skip


def split(ids: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """The pages among these ids, and the rest; all pages and no rest for no ids."""
    wanted = list(ids)
    known = {page.id for page in MEASURED}
    chosen = [i for i in wanted if i.strip().lower() in known]
    names = tuple(page.id for page in MEASURED if not wanted or page.id in {i.strip().lower() for i in chosen})
    return names, [i for i in wanted if i not in chosen]


def select(ids: Iterable[str]) -> tuple[Measured, ...]:
    """The pages with these ids. ValueError for others."""
    wanted = tuple(ids)
    known = {page.id: page for page in MEASURED}
    for name in wanted:
        if name not in known:
            raise ValueError(f"measured must be among {', '.join(known)}, but was {shown(name)}{did_you_mean(name, known)}")
    return tuple(page for page in MEASURED if page.id in wanted)


def require_extra(what: str) -> None:
    """ValueError that names what is not installed, and how to install it."""
    if missing():
        raise ValueError(f"{what} needs {', '.join(missing())}: pip install 'batchlaw[experiments]'")


def check_figure_1(directory: Path | None, pages: Iterable[Measured]) -> None:
    """Raise ValueError unless the directory, when there is one, holds full results and a page shows them."""
    if directory is None:
        return
    if not any(page.id == "figure 1" for page in pages):
        raise ValueError("figure-1 is for the page 'figure 1', which is not among those to be made")
    require_extra("figure-1")
    from reports.site.figure_1 import stored

    stored(directory)


def make(identity: str, seed: int, directory: Path | None) -> tuple[MeasuredPage, float]:
    """The page with that id, and the seconds that it took."""
    import time

    start = time.perf_counter()
    (page,) = select([identity])
    return page.make(seed, directory), time.perf_counter() - start
