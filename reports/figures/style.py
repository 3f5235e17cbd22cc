"""How figures look and how they become SVG: deterministic, self-contained, in colours that the page can turn dark.

matplotlib's settings belong to whoever runs the report in their own process: they decide nothing here, and are afterwards what they were.
No backend is chosen; a figure without one draws SVG on a canvas of its own.

Text is drawn as outlines, so no font has to be there. Every colour is a marker that becomes a CSS variable with a
fallback; series differ in line style or marker shape as well as in colour. Panels are narrow: side by side on a wide
page, one below the other on a phone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from itertools import count
from threading import RLock
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

INK, MUTED, GRID = "#000011", "#000012", "#000013"
BLUE, ORANGE, GREEN, PURPLE = "#000021", "#000022", "#000023", "#000024"
PAPER = "#000031"
VARIABLES = {  # marker: CSS variable, colour on white paper (Okabe and Ito's palette, which colour-blind readers can tell apart)
    INK: ("--ink", "#1c2024"),
    MUTED: ("--muted", "#5b636b"),
    GRID: ("--grid", "#d9dcdf"),
    BLUE: ("--blue", "#0072b2"),
    ORANGE: ("--orange", "#c04f00"),
    GREEN: ("--green", "#00795a"),
    PURPLE: ("--purple", "#a0508a"),
    PAPER: ("--panel", "#ffffff"),
}
WIDTH, HEIGHT = 4.5, 3.2  # inches; at 340 px a 10.5 pt label is still read with ease

#: Settings of the process, not of drawings.
_PROCESS = frozenset({"backend", "backend_fallback", "interactive", "toolbar", "timezone", "webagg.address", "webagg.port"})

_SETTINGS: Any = {  # Any: the stubs want every key spelled as a literal type
    "svg.fonttype": "path",
    "svg.hashsalt": "batchlaw",
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 11.5,
    "axes.labelsize": 11.5,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "legend.fontsize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 5.5,
    "path.simplify": False,
}


#: rcParams are one for all threads: two that changed and restored them in turns would leave them changed.
_STYLING = RLock()


@dataclass(frozen=True)
class Figure:
    """Panels as inline SVG elements, and a caption (HTML with LaTeX) that says what is drawn and from which numbers."""

    panels: tuple[str, ...]
    caption: str


@contextmanager
def _house_style() -> Iterator[None]:
    """matplotlib's defaults with the settings of the house, for this thread's turn; `rc_context` does not touch the backend."""
    with _STYLING, matplotlib.rc_context():
        defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if key not in _PROCESS}
        matplotlib.rcParams.update(defaults | _SETTINGS)
        yield


@contextmanager
def panel(width: float = WIDTH, height: float = HEIGHT) -> Iterator[Axes]:
    """Axes in the house style; pass them to `svg` within the context."""
    with _house_style():
        canvas = Canvas(figsize=(width, height), layout="constrained")
        yield canvas.add_subplot()


def svg(axes: Axes, name: str, title: str, description: str) -> str:
    """The panel as an inline SVG element: ids prefixed with `name`, title and description for readers who do not see it."""
    buffer = io.StringIO()
    with _house_style():
        canvas = axes.get_figure(root=True)
        assert canvas is not None
        canvas.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    width, height = (round(float(x)) for x in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text).groups())  # type: ignore[union-attr]
    body = text[text.index(">") + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = _own_ids(body.replace("xlink:href", "href"), name)
    body = re.sub(r"[ \t]*\n[ \t]*", "\n", body)
    for marker, (variable, colour) in VARIABLES.items():
        body = body.replace(marker, f"var({variable}, {colour})")
    return (
        f'<svg class="panel" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>{body}'
    )


def _own_ids(body: str, name: str) -> str:
    """Ids counted in order of appearance under the panel's name; those that nothing refers to are dropped."""
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', body))
    numbers = count(1)
    names: dict[str, str] = {}
    for found in re.findall(r'\bid="([^"]+)"', body):
        if found in used and found not in names:
            names[found] = f"{name}-{next(numbers)}"
    body = re.sub(r'\s+id="([^"]+)"', lambda m: f' id="{names[m[1]]}"' if m[1] in names else "", body)
    return re.sub(r'(href="|url\()#([^")]+)', lambda m: f"{m[1]}#{names[m[2]]}", body)


def standalone(element: str, background: str = "#ffffff") -> str:
    """An inline panel as an SVG file of its own, on white paper."""
    size = re.search(r'viewBox="0 0 (\d+) (\d+)"', element)
    width, height = size.groups()  # type: ignore[union-attr]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
    text = element.replace("<svg ", head, 1)
    for variable, colour in VARIABLES.values():
        text = text.replace(f"var({variable}, {colour})", colour)
    end = text.index("</desc>") + len("</desc>")
    return f'{text[:end]}<rect width="{width}" height="{height}" fill="{background}"/>{text[end:]}'.rstrip() + "\n"
