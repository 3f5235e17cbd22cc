"""Pages of every site that are neither claims nor measurements: a module with `make(claims, seed)`, and its line in OTHER_PAGES."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports.site import certificate_page, errata_page
from theory.claims.record import Claim


@dataclass(frozen=True)
class OtherPage:
    """A page by its file and title; `make` gives the text of the file, and of those in `beside`, for the site of some claims."""

    file: str
    title: str
    about: str
    make: Callable[[Sequence[Claim], int], dict[str, str]]
    beside: tuple[str, ...] = ()


OTHER_PAGES = (
    OtherPage(
        errata_page.FILE,
        "Errata",
        "What is to be put right in the print, line by line: what changes a statement, a proof, or only the print.",
        errata_page.make,
        (errata_page.MARKDOWN,),
    ),
    OtherPage(
        certificate_page.FILE,
        "Certificate",
        "Two Gaussian inputs, two linear layers, one step: the variance decreases from b = 3 on, with every minor and a file to check.",
        certificate_page.make,
        (certificate_page.DATA,),
    ),
)
