"""Figures by name: a drawing function registers itself under one, and a claim says which is its own."""

from __future__ import annotations

from collections.abc import Callable

from reports.figures.style import Figure
from reports.findings import Findings

Draw = Callable[[Findings, int], Figure]

FIGURES: dict[str, Draw] = {}


def figure(name: str) -> Callable[[Draw], Draw]:
    """Registers a drawing function. Raises ValueError for a name that another has."""

    def register(draw: Draw) -> Draw:
        if name in FIGURES:
            raise ValueError(f"the figure {name!r} is drawn by {FIGURES[name].__module__} and by {draw.__module__}")
        FIGURES[name] = draw
        return draw

    return register
