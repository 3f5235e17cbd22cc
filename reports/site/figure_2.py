"""The paper's Figure 2 as measured here: variances from several initial points, and the gap of accuracy to a distorted test set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.site import measured
from reports.site.measured_page import MeasuredPage
from reports.site.not_measured import not_measured
from reports.site.render import page

if TYPE_CHECKING:
    from empirics.experiments.mnist.experiment import Results


def check(directory: Path) -> None:
    """ValueError, naming the directory, unless it holds results of the MNIST experiment with variances."""
    from empirics.experiments.mnist.experiment import stored  # torch takes seconds to load

    results = stored(directory)
    if not results.setting.variances or len(results.setting.batch_sizes) < 2:
        raise ValueError(f"figure-2 must hold variances at two batch sizes at least, but {directory} does not")


def make(seed: int = 0, directory: Path | None = None, results: Results | None = None) -> MeasuredPage:
    """The page, from stored results when there is a directory, and otherwise from a reduced run or the one handed in."""
    from empirics.experiments.mnist.experiment import REDUCED
    from empirics.experiments.paired_values import AXES
    from reports.figures import mnist as figures
    from reports.site.mnist_hypotheses import figure_2
    from reports.site.mnist_runs import about, stored_or_run

    if directory is not None or results is None:
        found = stored_or_run(directory, replace(REDUCED, seed=seed))
        if isinstance(found, str):
            return not_measured("figure 2", seed, found)
        results = found
    rows = figure_2(results)
    finding = "variance falls with b: " + ", ".join(f"{o['word']} after equally many {o['axis']}" for o in rows[0]["outcomes"])
    since = int(results.points[0].epoch[-1]) // 10
    html = page(
        "figure_2.html.jinja",
        seed=seed,
        page_title="Figure 2, measured · batchlaw",
        page_description=f"The paper's Figure 2: {finding}",
        others=measured.others("figure 2"),
        about=about(results, "figure 2", directory is not None, seed),
        axes=AXES,
        rows=rows,
        variances=[figures.variances(results.points, axis) for axis in AXES],
        gaps=[figures.gaps(results.points[0], axis, since) for axis in AXES],
        since=since,
        spread=spread(results),
        at_start=at_start(results),
    )
    return MeasuredPage(html, finding)


def at_start(results: Results) -> str:
    """(b'/b) (N - b)/(N - b'): by how much the variance at the initial weights falls from the least batch size to the largest."""
    n, small, large = results.points[0].attrs["examples"], min(results.setting.batch_sizes), max(results.setting.batch_sizes)
    return f"{large * (n - small) / (small * (n - large)):.3g}" if n > large else ""


def spread(results: Results) -> list[dict[str, Any]]:
    """The ratio of the largest variance of all initial points to the least, at each batch size: median and maximum over the looks."""
    found = []
    for b in results.points[0].batch_size.values.tolist():
        values = np.array([point.total_var_gradient.sel(batch_size=b).values for point in results.points])
        ratio = (values.max(axis=0) / values.min(axis=0))[np.isfinite(values).all(axis=0)]
        found.append({"b": b, "median": f"{np.median(ratio):.3g}", "largest": f"{ratio.max():.3g}"} if ratio.size else {"b": b})
    return found
