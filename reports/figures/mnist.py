"""Figures 2 and 3: variances, gaps, losses and errors of the MNIST experiment, over epochs as in the paper, and over iterations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from empirics.experiments.mnist.experiment import gap_of_runs
from reports.figures.training_curves import Curve, curves

if TYPE_CHECKING:
    from xarray import Dataset

X_LABELS = {"epochs": "epoch", "iterations": "iteration"}


def variances(points: Sequence[Dataset], axis: str) -> str:
    """Figure 2(a): at each batch size the median of the initial points, and a band from the least to the largest."""
    drawn = []
    for b in points[0].batch_size.values.tolist():
        values = np.array([data.total_var_gradient.sel(batch_size=b).values for data in points])
        x = times(points[0], b, axis)
        drawn.append(Curve(f"$b = {b}$", x, np.median(values, axis=0), values.min(axis=0), values.max(axis=0)))
    title = f"Variance of the stochastic gradient over {axis}, {len(points)} initial points"
    return curves(drawn, f"fig-2-variance-{axis}", title, X_LABELS[axis], r"$\mathrm{var}(g_t)$")


def gaps(data: Dataset, axis: str, since: int) -> str:
    """Figure 2(b): accuracy on the training set minus that on the distorted test set, with bands of two standard errors."""
    later = data.sel(epoch=data.epoch >= since)
    drawn = []
    for b in data.batch_size.values.tolist():
        gap = gap_of_runs(later).sel(batch_size=b).transpose("run", "epoch").values
        mean, error = gap.mean(axis=0), gap.std(axis=0, ddof=1) / len(gap) ** 0.5
        drawn.append(Curve(f"$b = {b}$", times(later, b, axis), mean, mean - 2 * error, mean + 2 * error))
    title = f"Gap of accuracy between training and test set over {axis}"
    return curves(drawn, f"fig-2-gap-{axis}", title, X_LABELS[axis], "gap of accuracy", log=False)


def losses_or_errors(data: Dataset, quantity: str, axis: str) -> str:
    """Figure 3: `quantity` "loss" or "error" on training and validation set, with bands of two standard errors."""
    drawn = []
    for name, what in ((quantity, "training"), (f"validation_{quantity}", "validation")):
        for b in data.batch_size.values.tolist():
            mean, error = (data[key].sel(batch_size=b).values for key in (name, f"{name}_se"))
            drawn.append(Curve(f"{what}, $b = {b}$", times(data, b, axis), mean, mean - 2 * error, mean + 2 * error))
    title = f"Training and validation {quantity} over {axis}"
    return curves(drawn, f"fig-3-{quantity}-{axis}", title, X_LABELS[axis], quantity, height=3.8)


def times(data: Dataset, batch_size: int, axis: str) -> np.ndarray:
    """Of the looks: epochs, or the iterations until then."""
    epochs = data.epoch.values
    return epochs if axis == "epochs" else epochs * (data.attrs["examples"] // batch_size)
