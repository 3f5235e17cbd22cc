"""The paper's Figure 4 as measured here: the gradient's variance, losses and errors of a small XLNet, at two batch sizes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from empirics.extra import require_extra
from reports.site import measured
from reports.site.measured_page import MeasuredPage
from reports.site.not_measured import not_measured
from reports.site.render import page
from reports.site.verdict_table import Hypothesis, row

if TYPE_CHECKING:
    from empirics.experiments.yelp.experiment import Results, Setting

READING = (
    "“the variance of stochastic estimators and the expected loss and error on both training and validation sets are decreasing functions "
    "of b even if we train XLNet using Adam”"
)
#: What falls as b grows, with the values by which it is tested: written down before any run.
HYPOTHESES = {
    "block_total_var_gradient": "The variance of the gradient falls as b grows",
    "run_loss": "The training loss falls as b grows",
    "run_validation_loss": "The validation loss falls as b grows",
    "run_error": "The training error falls as b grows",
    "run_validation_error": "The validation error falls as b grows",
}
GAP = Hypothesis(
    "The gap, validation error minus training error, falls as b grows",
    "no reading of this figure; in general, “there exists the decreasing property for the expected loss, error and the generalization "
    "ability with respect to the mini-batch size”",
    "lines 444–445",
    of_shares=True,
)


def check(directory: Path) -> None:
    """ValueError, naming the directory, unless it holds results of the XLNet experiment at two batch sizes at least."""
    measured.require_extra("figure-4", "yelp")
    from empirics.experiments.yelp.experiment import stored  # torch takes seconds to load

    if len(stored(directory).setting.batch_sizes) < 2:
        raise ValueError(f"figure-4 must hold two batch sizes at least, but {directory} does not")


def make(seed: int = 0, directory: Path | None = None, results: Results | None = None) -> MeasuredPage:
    """The page, from stored results when there is a directory, and otherwise from a reduced run or the one handed in."""
    try:
        require_extra("this page", "yelp")
    except ImportError as error:
        return not_measured("figure 4", seed, str(error))
    from empirics.experiments.paired_values import AXES
    from empirics.experiments.yelp.experiment import REDUCED, run, stored
    from reports.figures import yelp as figures

    if directory is not None:
        results = stored(directory)
    elif results is None:
        results = run(replace(REDUCED, seed=seed), device="cpu", workers=1)
    rows = verdicts(results)
    finding = "variance falls with b: " + ", ".join(f"{o['word']} after equally many {o['axis']}" for o in rows[0]["outcomes"])
    data = results.runs
    html = page(
        "figure_4.html.jinja",
        seed=seed,
        page_title="Figure 4, measured · batchlaw",
        page_description=f"The paper's Figure 4: {finding}",
        others=measured.others("figure 4"),
        about=about(results, directory is not None, seed),
        axes=AXES,
        rows=rows,
        panels={
            axis: [figures.variance(data, axis), *(figures.losses_or_errors(data, quantity, axis) for quantity in ("loss", "error"))]
            for axis in AXES
        },
    )
    return MeasuredPage(html, finding)


def verdicts(results: Results) -> list[dict[str, Any]]:
    """One row for each hypothesis, between the least and the largest batch size."""
    from empirics.experiments.paired_values import AXES, pairs

    data = results.runs
    sizes, examples = (min(results.setting.batch_sizes), max(results.setting.batch_sizes)), data.attrs["examples"]
    values = {Hypothesis(says, READING, "lines 466–468"): data[name] for name, says in HYPOTHESES.items()}
    values[GAP] = data.run_validation_error - data.run_error
    found = []
    for hypothesis, each in values.items():
        if "block" in each.dims:
            each = each.isel(epoch=slice(None, -1))  # after the last epoch there is no epoch to average over
        found.append(row(hypothesis, {axis: pairs(each, sizes, axis, examples) for axis in AXES}))
    return found


def about(results: Results, is_stored: bool, seed: int) -> dict[str, Any]:
    """For the template: sizes, seed, data, whether anything diverged, and the command line."""
    from empirics.experiments.yelp.network import PARAMETERS, SIZES

    setting, data = results.setting, results.runs
    size, sizes = SIZES[setting.size], data.batch_size.values.tolist()
    lost = float(data.diverged.max())
    return {
        "is_stored": is_stored,
        "is_full": is_stored and results.is_full,
        "source": results.source,
        "is_made_up": results.data is None,
        "setting": setting,
        "size": size,
        "parameters": f"{data.attrs['parameters']:,}",
        "paper_parameters": f"{PARAMETERS:,}",
        "pieces": f"{results.pieces:,}",
        "sizes": sizes,
        "iterations": [f"{setting.training // b:,}" for b in sizes],
        "runs": f"{data.sizes['run']:,}",
        "blocks": data.sizes["block"],
        "lost": f"{lost:.3g}" if lost else "",
        "versions": data.attrs["versions"],
        "command": command(setting, results.data),
        "again": f'batchlaw report --only "figure 4" --seed {seed}',
    }


def command(setting: Setting, data: str | None) -> str:
    """What makes stored results again."""
    options = {
        "--data": data or "", "--size": setting.size, "--batch-sizes": " ".join(map(str, setting.batch_sizes)), "--epochs": setting.epochs,
        "--runs": setting.runs, "--seed": setting.seed, "--learning-rate": setting.learning_rate, "--weight-decay": setting.weight_decay,
        "--clip": setting.clip, "--training": setting.training, "--validation": setting.validation,
    }  # fmt: skip
    words = " ".join(f"{name} {value}" for name, value in options.items() if value != "")
    return f"batchlaw simulate yelp {words} --store DIR --resume"
