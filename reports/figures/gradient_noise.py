"""Gradient noise against the batch size: the law beside 1/b, with what drawn batches give; and whether tr Cov is one number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from reports.figures.style import BLUE, INK, MUTED, ORANGE, PURPLE, panel, svg

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

    from empirics.experiments.noise_of_small_networks import Noise

COLORS = {"plain": BLUE, "dropout": ORANGE, "batch normalization": PURPLE}
MARKERS = {"plain": "o", "dropout": "s", "batch normalization": "^"}


def law(noise: Noise) -> str:
    """var(g) of one network at every batch size, in logarithms: the law, 1/b, and drawn batches with twice their standard errors."""
    assert noise.by_examples is not None
    every, drawn = noise.by_examples, noise.by_batches
    sizes, curve = every.batch_size.values, every.total_var_gradient.values
    color = COLORS[noise.kind]
    with panel() as axes:
        axes.plot(sizes, curve[0] / sizes, color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)), label="$1/b$")
        seen = curve > 1e-9 * curve[0]
        axes.plot(sizes[seen], curve[seen], color=color, label="the law, from gradients of examples")
        _points(axes, drawn, drawn.total_var_gradient, drawn.total_var_gradient_se, noise.kind, "drawn batches")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.3 * float(drawn.total_var_gradient.min()))
        axes.set_xlabel("batch size $b$")
        axes.set_ylabel(r"$\mathrm{var}(g)$")
        axes.legend(loc="lower left")
        told = ", ".join(f"{v:.3g} at b = {b}" for b, v in zip(drawn.batch_size.values, drawn.total_var_gradient.values, strict=True))
        name = noise.kind.replace(" ", "-")
        return svg(axes, f"fig-noise-{name}", f"var(g) against b, {noise.kind}", f"Drawn batches: {told}. The curve is the law.")


def constancy(measured: Mapping[str, Noise]) -> str:
    """The tr Cov that the law needs at each batch size, over its value at the smallest: one number where the law holds."""
    smallest = min(int(noise.by_batches.batch_size[0]) for noise in measured.values())
    with panel() as axes:
        axes.axhline(1.0, color=INK, linewidth=1.0)
        for kind, noise in measured.items():
            drawn = noise.by_batches
            first = float(drawn.total_trace_covariance[0])
            _points(axes, drawn, drawn.total_trace_covariance / first, drawn.total_trace_covariance_se / first, kind, kind)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("batch size $b$")
        axes.set_ylabel(rf"$\mathrm{{tr\,Cov}}$ at $b$ over that at {smallest}")
        axes.legend(loc="best")
        traces = {kind: noise.by_batches.total_trace_covariance for kind, noise in measured.items()}
        told = ", ".join(f"{kind} {float(trace[-1] / trace[0]):.2f}" for kind, trace in traces.items())
        return svg(axes, "fig-noise-constancy", "tr Cov against b", f"At the largest batch size over the smallest: {told}.")


def _points(axes: Axes, drawn: Dataset, values: DataArray, errors: DataArray, kind: str, label: str) -> None:
    axes.errorbar(
        drawn.batch_size.values, values, yerr=2 * errors, fmt=MARKERS[kind], color=COLORS[kind], capsize=2, linewidth=1.0, label=label
    )  # fmt: skip
