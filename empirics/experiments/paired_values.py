"""Values of runs at two batch sizes, side by side: after equally many epochs, as the paper's figures have them, or equally many iterations.

The second is to within half an epoch: runs are looked at between epochs, and the nearest looks are paired.

At the same learning rate a run with half the batch size makes twice as many iterations in an epoch: after equally many epochs two runs
differ in their noise and in how far they have come; after equally many iterations in their noise alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from empirics.estimation.verdicts import OrderTest, paired

AXES = ("epochs", "iterations")


@dataclass(frozen=True, eq=False)
class Pairs:
    """(runs, looks) at the smaller and at the larger batch size; `small_epochs` and `large_epochs` say when each look was."""

    small: np.ndarray
    large: np.ndarray
    small_epochs: np.ndarray
    large_epochs: np.ndarray

    def test(self) -> OrderTest:
        """Does the quantity fall from the smaller batch size to the larger one, at every look?"""
        return paired(self.small, self.large, dtype=np.float32)  # what the networks compute in

    @property
    def mean(self) -> np.ndarray:
        """Of both batch sizes, at every look: what a difference is compared with."""
        return (self.small.mean(axis=0) + self.large.mean(axis=0)) / 2


def pairs(values: xr.DataArray, batch_sizes: tuple[int, int], axis: str, examples: int, since: float = 0) -> Pairs:
    """Looks of `values`, dims (run or block, epoch, batch_size), at two batch sizes, from epoch `since` on.

    For the axis "epochs" each look is taken at both. For "iterations", a look of the smaller batch size meets the look of the larger one
    whose number of iterations is nearest, if it is within half an epoch of the larger one; an epoch of `examples` has floor(examples / b)
    iterations. Looks at which a run has diverged, at either size, are left out: it has no value there.
    """
    runs = "block" if "block" in values.dims else "run"
    table = values.transpose(runs, "epoch", "batch_size")
    small, large = (table.sel(batch_size=b).values for b in batch_sizes)
    epochs = table.epoch.values
    iterations = [epochs * (examples // b) for b in batch_sizes]
    if axis == "epochs":
        places = np.column_stack([np.arange(epochs.size)] * 2)
    else:
        nearest = np.abs(iterations[0][:, None] - iterations[1]).argmin(axis=1)
        near = 2 * np.abs(iterations[1][nearest] - iterations[0]) <= examples // batch_sizes[1]
        places = np.column_stack([np.arange(epochs.size), nearest])[near]
    i, j = places[(epochs[places] >= since).all(axis=1)].T
    finite = np.isfinite(small[:, i]).all(axis=0) & np.isfinite(large[:, j]).all(axis=0)
    i, j = i[finite], j[finite]
    return Pairs(small[:, i], large[:, j], epochs[i], epochs[j])
