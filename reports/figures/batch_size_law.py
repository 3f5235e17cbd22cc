"""The variance of the mini-batch gradient against the batch size, as measured, beside what is proportional to 1/b."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.figures.style import BLUE, GREEN, INK, ORANGE, panel, standalone, svg

if TYPE_CHECKING:
    from xarray import Dataset

LOOKS = ((BLUE, "o", "-"), (ORANGE, "s", "-"), (GREEN, "^", "-"))


@dataclass(frozen=True)
class Series:
    """Variances at batch sizes in increasing order, with their standard errors (0 where nothing is uncertain)."""

    label: str
    batch_sizes: Sequence[int]
    values: Sequence[float]
    errors: Sequence[float]


def draw(series: Sequence[Series], name: str, title: str) -> str:
    """One line for each, dashed lines proportional to 1/b through its first point; what is 0 or less has no place on the axis."""
    ends = []
    with panel(width=5.4, height=3.8) as axes:
        for one, (colour, marker, line) in zip(series, LOOKS, strict=False):
            b, v, se = (np.asarray(x, dtype=np.float64) for x in (one.batch_sizes, one.values, one.errors))
            fine = (v > 0) & np.isfinite(v)
            if not fine.any():
                continue
            b, v, se = b[fine], v[fine], np.nan_to_num(se[fine])
            axes.plot(b, v[0] * b[0] / b, color=INK, linestyle=(0, (4, 3)), linewidth=1.0)
            axes.errorbar(
                b, v, yerr=[np.minimum(2 * se, 0.9 * v), 2 * se], color=colour, marker=marker, linestyle=line, label=one.label, capsize=2
            )
            ends.append(f"{one.label}: {v[0]:.3g} at b = {b[0]:.0f} to {v[-1]:.3g} at b = {b[-1]:.0f}")
        axes.plot([], [], color=INK, linestyle=(0, (4, 3)), linewidth=1.0, label="proportional to $1/b$")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("batch size $b$")
        axes.set_ylabel(r"$\mathrm{var}(g)$")
        axes.legend()
        return svg(axes, name, title, "; ".join(ends) or "no variance is above 0")


def series(result: Dataset) -> list[Series]:
    """Of a result of `gradient_noise`, or of `measure`: there at the first look and at the last."""
    ordered = result.sortby("batch_size")
    time = next((name for name in ("epoch", "step") if name in result.dims), None)
    if time is None:
        return [_series("measured", ordered)]
    looks = dict.fromkeys(ordered[time].values[[0, -1]].tolist())
    return [_series(f"{time} {look}", ordered.sel({time: look})) for look in looks]


def picture(result: Dataset, model: str) -> str:
    """An SVG file of its own."""
    return standalone(draw(series(result), "batch-size-law", f"Variance of the mini-batch gradient of {model} against the batch size"))


def _series(label: str, at: Dataset) -> Series:
    return Series(label, at.batch_size.values.tolist(), at.total_var_gradient.values.tolist(), at.total_var_gradient_se.values.tolist())
