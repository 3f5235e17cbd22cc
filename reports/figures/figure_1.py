"""Variances over the iterations, one line a batch size, with bands of two standard errors and marks where the value is known exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from reports.figures.style import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, panel, svg

if TYPE_CHECKING:
    from xarray import Dataset

Exact = Mapping[tuple[int, int], list[tuple[float, float]]]

POINTS = 120
LOOKS = ((BLUE, "-"), (ORANGE, (0, (6, 2))), (GREEN, (0, (3, 1.5))), (PURPLE, (0, (7, 2, 1.5, 2))), (INK, (0, (1.3, 1.3))))
LABELS = {
    "var_gradient": r"$\mathrm{{var}}(g_{{t,{k}}})$",
    "var_full_gradient": r"$\mathrm{{var}}(\nabla_{{W_{k}}}\mathcal{{L}}(w_t))$",
}


def draw(law: str, data: Dataset, exact: Exact) -> list[str]:
    """Four panels: the stochastic gradient of either layer, then the full gradient of either."""
    return [_panel(law, data, quantity, layer, exact if quantity == "var_gradient" else {}) for quantity in LABELS for layer in (1, 2)]


def _panel(law: str, data: Dataset, quantity: str, layer: int, exact: Exact) -> str:
    steps = shown(data.step.values)
    if quantity == "var_full_gradient":
        steps = steps[steps > 0]  # 0 at w_0, which is given
    sizes = data.batch_size.values.tolist()
    ends = []
    with panel(height=3.6) as axes:
        for i, b in enumerate(sizes):
            colour, line = LOOKS[i % len(LOOKS)]
            chosen = data.sel(step=steps, layer=layer, batch_size=b)
            v, se = chosen[quantity].values, chosen[f"{quantity}_se"].values
            v = np.where(v > 0, v, np.nan)
            axes.fill_between(steps + 1, np.fmax(v - 2 * se, 0.02 * v), v + 2 * se, color=colour, alpha=0.25, linewidth=0)
            axes.plot(steps + 1, v, color=colour, linestyle=line, linewidth=1.6, label=f"$b = {b}$")
            ends.append(f"b = {b}: {v[0]:.3g} to {v[-1]:.3g}")
            known = [(t + 1, values[i][0]) for (t, k), values in exact.items() if k == layer]
            if known:
                axes.plot(*zip(*known, strict=True), "D", color=colour, markerfacecolor="none", markersize=5, markeredgewidth=1.2)
        if any(k == layer for _, k in exact):
            axes.plot([], [], "D", color=MUTED, markerfacecolor="none", markersize=5, markeredgewidth=1.2, label="exact")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(0.88, 1.15 * (steps[-1] + 1))
        axes.set_xlabel("iteration $t + 1$")
        axes.set_ylabel(LABELS[quantity].format(k=layer))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, columnspacing=1.2, handlelength=2.2)
        name = f"fig-1-{law}-{'g' if quantity == 'var_gradient' else 'full'}-{layer}"
        kind = "stochastic" if quantity == "var_gradient" else "full"
        return svg(axes, name, f"Variance of the {kind} gradient, layer {layer}, {law} inputs", "; ".join(ends))


def shown(steps: np.ndarray) -> np.ndarray:
    """All of few steps; of many those at equal distances on a logarithmic axis."""
    if len(steps) <= POINTS:
        return steps
    places = np.unique(np.round(np.geomspace(1, len(steps), POINTS)).astype(int)) - 1
    return steps[places]
