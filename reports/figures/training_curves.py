"""Curves of training: values over epochs or iterations, a line and a band for each, on a logarithmic or a plain scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reports.figures.style import BLUE, GREEN, MUTED, ORANGE, PURPLE, panel, svg

#: Of curves in their order: they differ in line style as well as in colour.
LOOKS: tuple[tuple[str, Any], ...] = ((BLUE, "-"), (ORANGE, (0, (6, 2))), (GREEN, (0, (3, 1.5))), (PURPLE, (0, (7, 2, 1.5, 2))))
LEAST = 0.02  # of its line: as far down as a band is drawn on a logarithmic scale


@dataclass(frozen=True, eq=False)
class Curve:
    """A line y over x with a band from low to high; on a logarithmic scale what is not positive is not drawn."""

    label: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray


def curves(
    drawn: Sequence[Curve], name: str, title: str, x_label: str, y_label: str, *, log: bool = True, zero: bool = False, height: float = 3.6
) -> str:
    """A panel of curves as an SVG element; `zero` marks the line y = 0 on a plain scale."""
    with panel(height=height) as axes:
        for curve, (colour, line) in zip(drawn, LOOKS, strict=False):
            y = np.where(curve.y > 0, curve.y, np.nan) if log else curve.y
            low = np.fmax(curve.low, LEAST * y) if log else curve.low
            axes.fill_between(curve.x, low, curve.high, color=colour, alpha=0.22, linewidth=0)
            axes.plot(curve.x, y, color=colour, linestyle=line, linewidth=1.6, label=curve.label)
        if log:
            axes.set_yscale("log")
        if zero:
            axes.axhline(0, linewidth=0.9, color=MUTED)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1.2, handlelength=2.4)
        return svg(axes, name, title, "; ".join(map(_ends, drawn)))


def _ends(curve: Curve) -> str:
    shown = curve.y[np.isfinite(curve.y)]
    label = curve.label.replace("$", "").replace("\\", "")
    return f"{label}: {shown[0]:.3g} to {shown[-1]:.3g}" if shown.size else f"{label}: no values"
