"""The paper's hypotheses about its MNIST experiment, each with its own reading of the figures, and the values by which it is tested here.

What is tested does not depend on the data: which quantity, from which epoch on, and that both axes are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import xarray as xr

from empirics.experiments.mnist.experiment import Results, gap_of_runs
from empirics.experiments.paired_values import AXES, Pairs, pairs
from reports.site.verdict_table import Hypothesis, row

VARIANCE = Hypothesis(
    "The variance of the gradient falls as b grows, from every initial point",
    "“the variance of the SG estimators is a decreasing function of the mini-batch size, for all iterations of SGD”",
    "lines 441–443",
)
ACROSS = Hypothesis(
    "The least variance of all initial points with the smaller b is above the largest with the larger b",
    "“even the smallest value of the variance among the five different initial weights with a mini-batch size of 64, is still larger than "
    "the largest variance of mini-batch size 128”",
    "lines 438–440",
)
GAP_RISES = Hypothesis(
    "The gap rises with b in the second half of the epochs: large batches generalize worse",
    "“the gap is an increasing function of b starting at epoch 500”, of 1,000",
    "lines 461–463",
    "rises",
    of_shares=True,
)
GAP_FALLS = Hypothesis(
    "The gap falls as b grows",
    "“the generalization ability (measured by the gap between accuracy on the training and test sets)” is among what is said to be "
    "“decreasing functions of the mini-batch size”; the gap itself, if read to the letter",
    "lines 113–115",
    of_shares=True,
)
TRAINING_LOSS = Hypothesis(
    "The training loss falls as b grows",
    "“the expected loss … on the training set is a decreasing function of b”",
    "lines 446–448",
)
TRAINING_LOSS_RISES = Hypothesis(
    "The training loss rises with b",
    "“smaller sizes lead to lower training loss”: the introduction has it the other way round",
    "lines 60–61, 81–83",
    "rises",
)
VALIDATION_LOSS = Hypothesis(
    "The validation loss falls as b grows",
    "“this decreasing property does not hold on the validation set when the loss tends to be stable or increasing”",
    "lines 448–450",
)
TRAINING_ERROR, VALIDATION_ERROR = (
    Hypothesis(
        f"The {which} error falls as b grows",
        "“both the expected error on training and validation sets are decreasing functions of b”",
        "lines 454–455",
    )
    for which in ("training", "validation")
)


def figure_2(results: Results) -> list[dict[str, Any]]:
    """Variances at every look and point, and the gap of the first point."""
    sizes, examples = two_sizes(results), results.points[0].attrs["examples"]
    blocks = [point.block_total_var_gradient for point in results.points]
    gap, last = gap_of_runs(results.points[0]), int(results.points[0].epoch[-1])

    def of(values: Iterable[xr.DataArray], axis: str) -> Pairs:
        return stacked([pairs(each, sizes, axis, examples) for each in values])

    crossed = [mixed(p, q, sizes) for p, q in product(blocks, repeat=2)]
    return [
        _row(VARIANCE, partial(of, blocks)),
        _row(ACROSS, partial(of, crossed)),
        _row(GAP_RISES, lambda axis: pairs(gap, sizes, axis, examples, since=last / 2)),
        _row(GAP_FALLS, lambda axis: pairs(gap, sizes, axis, examples, since=last / 10)),
    ]


def figure_3(results: Results) -> list[dict[str, Any]]:
    """Losses and errors of the first point."""
    data, sizes = results.points[0], two_sizes(results)
    asked = {
        TRAINING_LOSS: data.run_loss,
        TRAINING_LOSS_RISES: data.run_loss,
        VALIDATION_LOSS: data.run_validation_loss,
        TRAINING_ERROR: data.run_error,
        VALIDATION_ERROR: data.run_validation_error,
    }
    return [_row(hypothesis, partial(_of_runs, values, sizes, data.attrs["examples"])) for hypothesis, values in asked.items()]


def two_sizes(results: Results) -> tuple[int, int]:
    """The least and the largest batch size."""
    return min(results.setting.batch_sizes), max(results.setting.batch_sizes)


def mixed(small: xr.DataArray, large: xr.DataArray, sizes: tuple[int, int]) -> xr.DataArray:
    """The smaller batch size from one initial point, the larger one from another."""
    return xr.concat([small.sel(batch_size=[sizes[0]]), large.sel(batch_size=[sizes[1]])], dim="batch_size")


def stacked(parts: list[Pairs]) -> Pairs:
    """Looks of several initial points behind each other."""
    names = ("small", "large", "small_epochs", "large_epochs")
    return Pairs(*(np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in names))


def _row(hypothesis: Hypothesis, values: Callable[[str], Pairs]) -> dict[str, Any]:
    return row(hypothesis, {axis: values(axis) for axis in AXES})


def _of_runs(values: xr.DataArray, sizes: tuple[int, int], examples: int, axis: str) -> Pairs:
    return pairs(values, sizes, axis, examples)
