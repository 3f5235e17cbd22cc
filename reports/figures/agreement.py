"""All z at once: their histogram against the density of N(0, 1), and their ordered values against its quantiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from reports.figures.style import BLUE, INK, MUTED, ORANGE, panel, svg

LIMIT = 4.0
WIDTH = 0.5


def draw(scores: Sequence[float]) -> tuple[str, str]:
    """Histogram and quantiles."""
    z = np.array(scores)
    return _histogram(z), _quantiles(z)


def _histogram(z: np.ndarray) -> str:
    limit = max(LIMIT, WIDTH * np.ceil(np.abs(z).max() / WIDTH))
    edges = np.arange(-limit, limit + WIDTH / 2, WIDTH)
    x = np.linspace(-limit, limit, 161)
    with panel() as axes:
        label = f"{len(z)} comparisons"
        axes.hist(z, bins=edges.tolist(), density=True, label=label, color=BLUE, alpha=0.35, edgecolor=BLUE, linewidth=1.0)
        axes.plot(x, stats.norm.pdf(x), color=ORANGE, label=r"$N(0, 1)$")
        axes.set_xlabel("$z$, standard errors")
        axes.set_ylabel("density")
        axes.set_ylim(0, 0.62)
        axes.legend(loc="upper left", borderaxespad=0.2)
        counts = np.histogram(z, edges)[0].tolist()
        description = f"Counts in bins of width {WIDTH} from {-limit:g}: {counts}; the curve is N(0, 1)."
        return svg(axes, "fig-agreement-z", "Histogram of z", description)


def _quantiles(z: np.ndarray) -> str:
    n = len(z)
    ranks = np.arange(1, n + 1)
    middle = stats.norm.ppf((ranks - 0.5) / n)
    low, high = (stats.norm.ppf(stats.beta.ppf(q, ranks, n + 1 - ranks)) for q in (0.025, 0.975))
    with panel() as axes:
        axes.fill_between(middle, low, high, color=MUTED, alpha=0.2, linewidth=0, label="95% of each, if $N(0, 1)$")
        axes.plot(middle, middle, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
        axes.plot(middle, np.sort(z), "o", color=BLUE, markersize=3.2, label="ordered $z$")
        axes.set_xlabel(r"quantile of $N(0, 1)$")
        axes.set_ylabel("$z$")
        axes.legend(loc="upper left")
        description = f"{n} ordered z from {z.min():.2f} to {z.max():.2f}."
        return svg(axes, "fig-agreement-quantiles", "Ordered z against normal quantiles", description)
