"""The result of a GradientNoiseMeter as an xarray.Dataset, from its averages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from empirics.estimation.ratios import positive_ratio, ratio_interval
from empirics.models.meter.exponential_averages import ExponentialAverages

TOLD = {
    "trace_covariance": "tr Cov of the gradients of single examples, averaged over the steps",
    "gradient_squared_norm": "||grad||^2 of the expected loss, unbiased, averaged over the steps",
    "noise_scale": "trace_covariance / gradient_squared_norm, the ratio of the averages; NaN where the second comes out at 0 or less",
}


def dataset(names: list[str], averages: ExponentialAverages, level: float, attributes: Mapping[str, Any]) -> xr.Dataset:
    """All of it; the averages are of pairs (tr C, ||G||^2) for every parameter, and for all together at the end."""
    freedom = averages.effective_count - 1
    means, covariance = averages.mean, averages.covariance_of_mean
    variables: dict[str, Any] = {}
    for i, name in enumerate(("trace_covariance", "gradient_squared_norm")):
        columns = {"": means[i], "_se": np.sqrt(covariance[i, i]), "_df": np.full(len(means[i]), freedom)}
        meanings = ("", "; standard error", "; degrees of freedom of the standard error")
        for (ending, values), more in zip(columns.items(), meanings, strict=True):
            variables[name + ending] = ("layer", values[:-1], {"long_name": TOLD[name] + more})
            variables[f"total_{name}{ending}"] = ((), values[-1], {"long_name": f"{TOLD[name]}{more}; all parameters together"})
    quantile = stats.t.isf((1 - level) / 2, freedom) if freedom > 0 else np.nan
    ratios = positive_ratio(means[0], means[1]), *ratio_interval(means[0], means[1], covariance, quantile)
    ends = {"": "", "_low": f"; lower end of its {level:.4g} interval", "_high": f"; upper end of its {level:.4g} interval"}
    for (ending, more), values in zip(ends.items(), ratios, strict=True):
        variables[f"layer_noise_scale{ending}"] = ("layer", values[:-1], {"long_name": TOLD["noise_scale"] + more})
        variables[f"noise_scale{ending}"] = ((), values[-1], {"long_name": f"{TOLD['noise_scale']}{more}; all parameters together"})
    told = {
        "title": "batchlaw: gradient noise along a training run",
        "effective_steps": freedom + 1,
        "decay": averages.decay,
        "level": level,
    }
    return xr.Dataset(variables, {"layer": names}, told | dict(attributes))
