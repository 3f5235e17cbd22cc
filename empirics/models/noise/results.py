"""The result of `gradient_noise` as an xarray.Dataset, from the moments of its gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from empirics.models.noise.arguments import Request
from empirics.models.noise.laws import Estimate

TOLD = {
    "trace_covariance": "tr Cov of the gradients of examples, noise of the model's own included",
    "trace_covariance_data": "the part of trace_covariance that comes from the data",
    "trace_covariance_model": "the part of trace_covariance that the model draws itself (dropout)",
    "gradient_squared_norm": "||grad||^2 of the expected loss, unbiased",
    "var_gradient": "var(g) = E||g||^2 - ||E g||^2 of mini-batches of the data set, at these weights",
    "noise_scale": "trace_covariance / gradient_squared_norm, a ratio of averages",
    "critical_batch_size": "the batch size at which var_gradient is gradient_squared_norm",
}


def dataset(
    names: list[str], estimate: Estimate, variances: tuple[np.ndarray, np.ndarray], request: Request, loss: Any, extra: Mapping[str, Any]
) -> xr.Dataset:
    """All of it.

    Args:
        names: of the parameters; the estimates have one more, for all of them together.
        estimate: moments of the examples, (parameters + 1, 3), or (batch sizes, parameters + 1, 3) where each batch size has its own.
        variances: var(g) and its standard errors, (batch sizes, parameters + 1).
        loss: the mean loss, a number or one for each batch size.
        extra: attributes.
    """
    laws, level = request.laws, request.level
    by_size = ("batch_size",) if estimate.moments.ndim == 3 else ()
    variables: dict[str, Any] = {}

    def add(name: str, values: np.ndarray, dims: tuple[str, ...], told: str) -> None:
        variables[name] = ((*dims, "layer"), values[..., :-1], {"long_name": told})
        variables[f"total_{name}"] = (dims, values[..., -1], {"long_name": f"{told}; all parameters together"})

    def add_with_error(name: str, pair: tuple[np.ndarray, np.ndarray], dims: tuple[str, ...]) -> None:
        add(name, pair[0], dims, TOLD[name])
        add(f"{name}_se", pair[1], dims, f"standard error of {name}")

    trace = laws.trace_covariance
    add_with_error("trace_covariance", estimate.linear(trace), by_size)
    for name, part in (("trace_covariance_data", [1, 0, 0]), ("trace_covariance_model", [0, 1, 0])):
        add(name, estimate.linear(trace * part)[0], by_size, TOLD[name])
    add_with_error("gradient_squared_norm", estimate.linear(laws.squared_norm), by_size)
    add_with_error("var_gradient", variances, ("batch_size",))
    for name, pair in (("noise_scale", (trace, laws.squared_norm)), ("critical_batch_size", laws.critical_batch_size)):
        for ending, values in zip(("", "_low", "_high"), estimate.ratio(*pair, level), strict=True):
            told = TOLD[name] + ("" if not ending else f"; {'lower' if ending == '_low' else 'upper'} end of its {level:.4g} interval")
            variables[name + ending] = (by_size, values[..., -1], {"long_name": told})
            variables[f"layer_{name}{ending}"] = ((*by_size, "layer"), values[..., :-1], {"long_name": told})
    variables["loss"] = (by_size, loss, {"long_name": "the mean loss"})
    coordinates = {"batch_size": list(request.batch_sizes), "layer": names}
    return xr.Dataset(variables, coords=coordinates, attrs=_attributes(request, estimate.degrees_of_freedom, extra))


def _attributes(request: Request, degrees_of_freedom: float, extra: Mapping[str, Any]) -> dict[str, Any]:
    laws = request.laws
    drawn = "with replacement" if laws.replacement else "without replacement"
    taken = "a sample of a law" if laws.convention == "sample" else "all that there is (a population)"
    return {
        "title": "batchlaw: noise of the gradients of a model at fixed weights",
        "examples": request.n,
        "examples_measured": request.examples,
        "batches_are_drawn": drawn,
        "examples_are": taken,
        "level": request.level,
        "degrees_of_freedom": degrees_of_freedom,
        "seed": str(request.seed),
        **extra,
    }
