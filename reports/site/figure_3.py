"""The paper's Figure 3 as measured here: losses and errors on training and validation set, at two batch sizes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reports.site import measured
from reports.site.measured_page import MeasuredPage
from reports.site.not_measured import not_measured
from reports.site.render import page

if TYPE_CHECKING:
    from empirics.experiments.mnist.experiment import Results


def check(directory: Path) -> None:
    """ValueError, naming the directory, unless it holds results of the MNIST experiment."""
    from empirics.experiments.mnist.experiment import stored  # torch takes seconds to load

    if len(stored(directory).setting.batch_sizes) < 2:
        raise ValueError(f"figure-3 must hold two batch sizes at least, but {directory} does not")


def make(seed: int = 0, directory: Path | None = None, results: Results | None = None) -> MeasuredPage:
    """The page, from stored results when there is a directory, and otherwise from a reduced run or the one handed in."""
    from empirics.experiments.mnist.experiment import REDUCED
    from empirics.experiments.paired_values import AXES
    from reports.figures import mnist as figures
    from reports.site.mnist_hypotheses import figure_3
    from reports.site.mnist_runs import about, stored_or_run

    if directory is not None or results is None:
        found = stored_or_run(directory, replace(REDUCED, seed=seed, initial_points=1, every=2, variances=False))
        if isinstance(found, str):
            return not_measured("figure 3", seed, found)
        results = found
    rows = figure_3(results)
    finding = "training loss falls with b: " + ", ".join(f"{o['word']} after equally many {o['axis']}" for o in rows[0]["outcomes"])
    first = results.points[0]
    html = page(
        "figure_3.html.jinja",
        seed=seed,
        page_title="Figure 3, measured · batchlaw",
        page_description=f"The paper's Figure 3: {finding}",
        others=measured.others("figure 3"),
        about=about(results, "figure 3", directory is not None, seed),
        axes=AXES,
        rows=rows,
        panels={axis: [figures.losses_or_errors(first, quantity, axis) for quantity in ("loss", "error")] for axis in AXES},
    )
    return MeasuredPage(html, finding)
