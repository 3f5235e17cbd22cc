"""From the blocks of a measurement to estimates with standard errors, as an xarray.Dataset.

Of every look and parameter a block of runs gives, with the names of blocks.py, unbiased values

    var_gradient        mean_r conditional + spread              second_moment        mean_r (conditional + squares)
    var_full_gradient   full_spread                              mean_norm_squared    mean_r squares - spread

Blocks are independent with the same expectations: their mean has the standard error sqrt(sum of squared deviations / (n (n-1))). Their
values are skewed, the more the fewer directions the gradients vary in, so that Student's t is taken with (n - 1) / PER_BLOCK degrees of
freedom. Measured with two small linear layers, the worst case: false alarms at the level 1e-3, in thousandths, with n - 1 and with
(n - 1) / PER_BLOCK degrees of freedom, the worst of three ways of sampling, two layers, and steps 1 and 2

                                 50 runs in blocks of 2      48 in blocks of 4      200 in blocks of 4
    var_gradient, per_example         28  5                       17  0                   6  2
    var_full_gradient                 54 13                       41  0                  11  5
    var_gradient, naive               61 21                       48  2                  20  9

Losses and errors are means over runs, which are independent too, with as many degrees of freedom as there are runs, less one. At w_0
nothing is sampled by per_example, nor for losses: the degrees of freedom are infinite.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from empirics.estimation.degrees_of_freedom import PER_BLOCK
from empirics.models.measuring.record import BlockResult, Record

#: Units of the last place of ||g||^2 and of losses that sums over examples may be off by.
UNITS = 16
VARIANCES = {
    "var_gradient": "var(g_t | w_0) = E||g_t||^2 - ||E g_t||^2, the variance of the stochastic gradient",
    "var_full_gradient": "var(grad L(w_t) | w_0), that of the full gradient",
    "second_moment": "E||g_t||^2",
    "mean_norm_squared": "||E g_t||^2",
}
HOW = {
    "per_example": "mean over runs of the conditional variance given all batches before, in closed form from the gradients of all "
    "examples; and the variance over runs of the conditional mean, in blocks",
    "resampling": "mean over runs of the variance of fresh batches given all batches before; and the variance over runs of their mean, "
    "less the noise of that mean, in blocks",
    "naive": "variance over runs of the gradients of the training's own batches, in blocks",
}
#: A value, its standard error, and degrees of freedom.
Estimate = tuple[np.ndarray, np.ndarray, np.ndarray]


class Estimates:
    """Takes blocks in their order."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.blocks: dict[int, list[BlockResult]] = {b: [] for b in record.batch_sizes}
        self.versions: set[str] = set()

    def add(self, result: BlockResult) -> None:
        self.blocks[result.shard.batch_size].append(result)
        self.versions.add(result.versions)

    def dataset(self) -> xr.Dataset:
        """Everything that was collected, with what it is."""
        record, variables = self.record, dict[str, Any]()
        with np.errstate(all="ignore"):
            for name, told in VARIANCES.items():
                self._put_variance(variables, name, told)
            for name in record.evaluated:
                self._put_mean(variables, name)
            conditional = self._of_runs("conditional")
            if record.estimator == "naive":
                conditional[:] = np.nan
            dims = ("run", record.unit, "batch_size")
            told = "var(g_t | all batches of this run before step t)"
            variables["run_conditional_variance"] = ((*dims, "layer"), conditional, {"long_name": told})
            variables["run_total_conditional_variance"] = (dims, conditional.sum(-1), {"long_name": f"sum over layers of {told}"})
            told = "||grad L(w_t)||^2 of the run, all layers"
            variables["run_total_full_gradient_squared"] = (dims, self._of_runs("full_squares").sum(-1), {"long_name": told})
            told = "fraction of runs whose loss, weights or gradient are not finite by then; where it is not 0, the rest is NaN"
            lost = np.stack([self._of("diverged", b).mean(0) for b in record.batch_sizes], axis=1)
            variables["diverged"] = ((record.unit, "batch_size"), lost, {"long_name": told})
        coordinates = {record.unit: list(record.recorded), "batch_size": list(record.batch_sizes), "layer": list(record.layers)}
        return xr.Dataset(variables, coords=coordinates, attrs=self._attributes())

    def _put_variance(self, variables: dict[str, Any], name: str, told: str) -> None:
        """One of VARIANCES by layer and in all, and the values of all blocks."""
        unit = self.record.unit
        values = [np.stack([_of_block(name, block) for block in self.blocks[b]]) for b in self.record.batch_sizes]
        scale = [np.stack([_of_block("second_moment", block) for block in self.blocks[b]]).mean(0) for b in self.record.batch_sizes]
        for prefix, total in (("", False), ("total_", True)):
            each = [x.sum(-1) if total else x for x in values]
            sizes = [x.sum(-1) if total else x for x in scale]
            found = [self._estimate(x, s, PER_BLOCK, self._is_closed_at_start) for x, s in zip(each, sizes, strict=True)]
            dims = (unit, "batch_size", *(() if total else ("layer",)))
            _put(variables, f"{prefix}{name}", dims, found, f"{told}{', all layers together' if total else ''}", HOW[self.record.estimator])
        if name.startswith("var_"):
            blocks = np.stack([x.sum(-1) for x in values], axis=-1)
            variables[f"block_total_{name}"] = (("block", unit, "batch_size"), blocks, {"long_name": f"{told}, all layers: of every block"})

    def _put_mean(self, variables: dict[str, Any], name: str) -> None:
        values = [self._of(name, b) for b in self.record.batch_sizes]
        found = [self._estimate(x, np.abs(x).mean(0), 1, True) for x in values]
        told = f"mean over runs of the {name.replace('_', ' ')} at the weights of the look, in eval mode"
        _put(variables, name, (self.record.unit, "batch_size"), found, told, "mean over runs")
        dims = ("run", self.record.unit, "batch_size")
        variables[f"run_{name}"] = (dims, np.stack(values, axis=-1), {"long_name": f"{name} of every run"})

    def _estimate(self, values: np.ndarray, scale: np.ndarray, share: int, closed: bool) -> Estimate:
        """Mean over the first axis, standard error and degrees of freedom, (n - 1) / share; `closed`: at w_0 nothing is sampled."""
        count = len(values)
        mean = values.mean(0)
        error = values.std(0, ddof=1) / count**0.5 if count > 1 else np.full_like(mean, np.nan)
        freedom = np.full(mean.shape, (count - 1) / share if count > 1 else np.nan)
        if closed:
            error[0], freedom[0] = 0.0, np.inf
        error = np.where(np.isfinite(mean), np.hypot(error, UNITS * self.record.epsilon * np.abs(scale)), np.nan)
        return mean, error, np.where(np.isfinite(mean), freedom, np.nan)

    @property
    def _is_closed_at_start(self) -> bool:
        """Whether the variances at w_0 are no samples but closed forms."""
        return self.record.estimator == "per_example" and self.record.looks_per_epoch == 1

    def _of(self, name: str, batch_size: int) -> np.ndarray:
        """Of all runs at one batch size, (run, look, ...)."""
        return np.concatenate([block.arrays[name][1] for block in self.blocks[batch_size]])

    def _of_runs(self, name: str) -> np.ndarray:
        """Of all runs, (run, look, batch size, ...)."""
        return np.stack([self._of(name, b) for b in self.record.batch_sizes], axis=2)

    def _attributes(self) -> dict[str, Any]:
        record = self.record
        return {
            "title": "batchlaw: runs of a model from the same initial weights",
            "kind": "measurement",
            "fingerprint": record.fingerprint,
            "runs": record.replicas,
            "examples": record.examples,
            "parameters": record.parameters,
            "sampling": record.sampling,
            "estimator": record.estimator,
            "request": json.dumps(record.request()),
            **record.parts,
            "versions": "; ".join(sorted(self.versions)),
        }


def _of_block(name: str, block: BlockResult) -> np.ndarray:
    """One of VARIANCES, (look, layer)."""
    arrays = {key: array for key, (_, array) in block.arrays.items()}
    conditional, squares = arrays["conditional"].mean(0), arrays["squares"].mean(0)
    if name == "var_gradient":
        return conditional + arrays["spread"]
    if name == "var_full_gradient":
        return arrays["full_spread"]
    return conditional + squares if name == "second_moment" else squares - arrays["spread"]


def _put(variables: dict[str, Any], name: str, dims: tuple[str, ...], found: list[Estimate], told: str, how: str) -> None:
    """An estimate with its standard error and degrees of freedom; batch sizes are the second axis."""
    value, error, freedom = (np.stack([each[i] for each in found], axis=1) for i in range(3))
    variables[name] = (dims, value, {"long_name": told, "estimator": how})
    variables[f"{name}_se"] = (dims, error, {"long_name": f"standard error of {name}, rounding included"})
    variables[f"{name}_df"] = (
        dims,
        freedom,
        {"long_name": f"degrees of freedom of {name}_se, for Student's t; infinite where nothing is sampled"},
    )
