"""Figure 4: the gradient's variance, losses and errors of the XLNet experiment, over epochs as in the paper, and over iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reports.figures.training_curves import Curve, curves

if TYPE_CHECKING:
    from xarray import Dataset

X_LABELS = {"epochs": "epoch", "iterations": "iteration"}


def variance(data: Dataset, axis: str) -> str:
    """Figure 4, left: var(g_t) over all parameters, averaged over an epoch, with bands of two standard errors."""
    averaged = data.isel(epoch=slice(None, -1))  # after the last epoch there is one gradient, and no epoch to average over
    drawn = [_curve(averaged, "total_var_gradient", b, axis, f"$b = {b}$") for b in data.batch_size.values.tolist()]
    title = f"Variance of the stochastic gradient over {axis}"
    return curves(drawn, f"fig-4-variance-{axis}", title, X_LABELS[axis], r"$\mathrm{var}(g_t)$")


def losses_or_errors(data: Dataset, quantity: str, axis: str) -> str:
    """Figure 4, middle and right: `quantity` "loss" or "error" on training and validation set, with bands of two standard errors."""
    drawn = [
        _curve(data, name, b, axis, f"{what}, $b = {b}$")
        for name, what in ((quantity, "training"), (f"validation_{quantity}", "validation"))
        for b in data.batch_size.values.tolist()
    ]
    title = f"Training and validation {quantity} over {axis}"
    return curves(drawn, f"fig-4-{quantity}-{axis}", title, X_LABELS[axis], quantity, log=False, height=3.8)


def _curve(data: Dataset, name: str, batch_size: int, axis: str, label: str) -> Curve:
    at = data.sel(batch_size=batch_size)
    mean, error = at[name].values, at[f"{name}_se"].values
    epochs: np.ndarray = data.epoch.values
    x = epochs if axis == "epochs" else epochs * (data.attrs["examples"] // batch_size)
    return Curve(label, x, mean, mean - 2 * error, mean + 2 * error)
