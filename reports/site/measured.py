"""Pages of measurements: no claims of the ledger, but what the paper's experiments give, and the simulation against the theory.

A page is a module with `make(seed, directory) -> MeasuredPage` and its line in MEASURED. One whose experiment is too long to be run on the
way to the site has `check(directory)` too, which refuses a directory without full results; `make` shows those where there is a directory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from empirics import extra
from reports.site.measured_page import MeasuredPage
from theory.exact import did_you_mean, shown


@dataclass(frozen=True)
class Measured:
    """A page by its id (for `--only`), file and title; `make` takes the seed and a directory of stored full results, `check` looks at one.

    Without `check`, nothing is stored. Both load what they need when they are called: torch takes seconds.
    """

    id: str
    file: str
    title: str
    about: str
    make: Callable[[int, Path | None], MeasuredPage]
    check: Callable[[Path], None] | None = None

    @property
    def option(self) -> str:
        """What the command line calls the directory: the page's file, as in --figure-1 DIR."""
        return self.file.removesuffix(".html")


def _made_by(module: str) -> Callable[[int, Path | None], MeasuredPage]:
    return lambda seed, directory: import_module(module).make(seed, directory)


def _checked_by(module: str) -> Callable[[Path], None]:
    return lambda directory: import_module(module).check(directory)


MEASURED = (
    Measured(
        "figure 1",
        "figure-1.html",
        "Figure 1",
        "The variances of stochastic and full gradients over the iterations, for several batch sizes, and what such curves estimate.",
        _made_by("reports.site.figure_1"),
        _checked_by("reports.site.figure_1"),
    ),
    Measured(
        "figure 2",
        "figure-2.html",
        "Figure 2",
        "An MLP on digits: the gradient's variance from several initial points, and the gap to a distorted test set, at two batch sizes.",
        _made_by("reports.site.figure_2"),
        _checked_by("reports.site.figure_2"),
    ),
    Measured(
        "figure 3",
        "figure-3.html",
        "Figure 3",
        "An MLP on digits: training and validation loss and error at two batch sizes, after equally many epochs and iterations.",
        _made_by("reports.site.figure_3"),
        _checked_by("reports.site.figure_3"),
    ),
    Measured(
        "figure 4",
        "figure-4.html",
        "Figure 4",
        "An XLNet on reviews: the gradient's variance, training and validation loss and error at two batch sizes.",
        _made_by("reports.site.figure_4"),
        _checked_by("reports.site.figure_4"),
    ),
    Measured(
        "agreement",
        "agreement.html",
        "Simulated against exact",
        "Runs of SGD for many networks, input laws and batch sizes, each held against the exact polynomial.",
        _made_by("reports.site.agreement"),
    ),
    Measured(
        "digits",
        "digits.html",
        "Digits",
        "Handwritten digits and two linear layers: the exact variance after a step of SGD as a polynomial in 1/b, beside simulations.",
        _made_by("reports.site.digits"),
    ),
    Measured(
        "gradient noise",
        "gradient-noise.html",
        "Gradient noise",
        "The noise of a model’s gradients at fixed weights: its law in the batch size beside 1/b, and drawn batches.",
        _made_by("reports.site.gradient_noise"),
    ),
    Measured(
        "your network",
        "your-network.html",
        "A network of your own",
        "A guide: the gradient noise of a torch model of your own, at fixed weights, in your training loop, and along runs.",
        _made_by("reports.site.own_network"),
    ),
)

IDS = " or ".join(f"'{page.id}'" for page in MEASURED)
RESULTS_HELP = "Stored results for a page of measurements, in a directory: " + "; ".join(
    f"'{page.option}=DIR', or --{page.option} DIR" for page in MEASURED if page.check
)


def page_of(identity: str) -> Measured:
    """The page with this id."""
    return next(page for page in MEASURED if page.id == identity)


def others(identity: str) -> tuple[Measured, ...]:
    """The pages beside this one, for its links."""
    return tuple(page for page in MEASURED if page.id != identity)


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


def require_extra(what: str, further: str | None = None) -> None:
    """ValueError that names what is not installed, of `experiments` and of a further extra, and how to install it."""
    try:
        extra.require_extra(what, further)
    except ImportError as error:
        raise ValueError(str(error)) from None


def directories(texts: Iterable[str]) -> dict[str, Path]:
    """{id: directory} of texts like "figure 1=DIR" or "figure-1=DIR". ValueError for what is none, and for pages that store nothing."""
    known = {name: page.id for page in MEASURED if page.check for name in (page.id, page.option)}
    found: dict[str, Path] = {}
    for text in texts:
        name, equals, directory = text.partition("=")
        if not (equals and directory and name.strip().lower() in known):
            names = ", ".join(page.id for page in MEASURED if page.check)
            raise ValueError(f"results must be NAME=DIR with a page of {names}, but was {shown(text)}{did_you_mean(name, known)}")
        found[known[name.strip().lower()]] = Path(directory)
    return found


def check_stored(stored: Mapping[str, Path], pages: Iterable[Measured]) -> None:
    """Raise ValueError unless every directory holds full results, and is for one of the pages."""
    made = {page.id: page for page in pages}
    for name, directory in stored.items():
        if name not in made:
            raise ValueError(f"{name.replace(' ', '-')} is for the page {name!r}, which is not among those to be made")
        require_extra(made[name].option)
        if (check := made[name].check) is None:
            raise ValueError(f"results must name pages that store some, but {name!r} does not")
        check(directory)


def make(identity: str, seed: int, directory: Path | None) -> tuple[MeasuredPage, float]:
    """The page with that id, and the seconds that it took."""
    import time

    start = time.perf_counter()
    (page,) = select([identity])
    return page.make(seed, directory), time.perf_counter() - start
