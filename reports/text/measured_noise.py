"""The gradient noise of a model of the user's own, in words and tables: what `batchlaw measure` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.text.numbers import counted, decimal

if TYPE_CHECKING:
    from xarray import Dataset

Headers = tuple[str, ...]
Table = tuple[Headers, list[tuple[str, ...]]]
DIGITS = 4


def at_fixed_weights(noise: Dataset, model: str) -> tuple[list[str], list[Table]]:
    """Of a result of `gradient_noise`: lines, and tables of layers and of batch sizes."""
    about, level = noise.attrs, float(noise.attrs["level"])
    resampled = "batch_size" in noise.total_trace_covariance.dims
    measured, there = int(about["examples_measured"]), int(about["examples"])
    which = f"{there}" if measured == there else f"{measured} of {there}"
    lines = [
        f"{model}: {counted(noise.sizes['layer'], 'layer')} of parameters in {about['mode']} mode, {which} examples",
        f"batches of every size are drawn: {about['reason']}"
        if resampled
        else "every example's gradient is measured; batches are drawn " + about["batches_are_drawn"],
    ]
    for key, words in (("without_gradient", "no gradient reaches"), ("frozen", "frozen"), ("tied", "tied")):
        if about.get(key):
            lines.append(f"{words}: {about[key]}")
    if resampled:
        p = float(noise.total_law_p_value)
        lines.append(f"the same tr Cov at all of these b: p = {decimal(p, 2)}" + (" (the law in b does not hold)" if p < 1e-3 else ""))
        return lines, [_sizes(noise, with_trace=True)]
    lines.append(
        f"noise scale tr Cov / ||grad||^2 = {_number(noise.noise_scale)}"
        f" ({level:.0%}: {_number(noise.noise_scale_low)} to {_number(noise.noise_scale_high)})"
        f"; var(g) = ||grad||^2 at b = {_number(noise.critical_batch_size)}"
    )
    return lines, [_layers(noise), _sizes(noise)]


def _layers(noise: Dataset) -> Table:
    headers = ("layer", "tr Cov", "±", "||grad||^2", "±", "noise scale", "from", "to")
    names = ("trace_covariance", "trace_covariance_se", "gradient_squared_norm", "gradient_squared_norm_se")
    ratios = ("noise_scale", "noise_scale_low", "noise_scale_high")
    rows = []
    for layer in noise.layer.values.tolist():
        at = noise.sel(layer=layer)
        rows.append((layer, *(_number(at[name]) for name in names), *(_number(at[f"layer_{name}"]) for name in ratios)))
    rows.append(("all", *(_number(noise[f"total_{name}"]) for name in names), *(_number(noise[name]) for name in ratios)))
    return headers, rows


def _sizes(noise: Dataset, with_trace: bool = False) -> Table:
    """var(g) at every b, and how it compares with what is proportional to 1/b from the smallest one on."""
    ordered = noise.sortby("batch_size")
    first = ordered.isel(batch_size=0)
    expected = float(first.total_var_gradient) * int(first.batch_size)
    rows = []
    for b in ordered.batch_size.values.tolist():
        at = ordered.sel(batch_size=b)
        share = float(at.total_var_gradient) * b / expected if expected else float("nan")
        trace = (_number(at.total_trace_covariance), _number(at.total_trace_covariance_se)) if with_trace else ()
        rows.append((str(b), _number(at.total_var_gradient), _number(at.total_var_gradient_se), decimal(share, DIGITS), *trace))
    return ("b", "var(g)", "±", "relative to 1/b", *(("tr Cov", "±") if with_trace else ())), rows


def along_runs(result: Dataset, model: str) -> tuple[list[str], list[Table]]:
    """Of a result of `measure`: lines, and a table of batch sizes at the first look and at the last."""
    time = "epoch" if "epoch" in result.dims else "step"
    looks = result[time].values.tolist()
    lines = [
        f"{model}: {counted(result.sizes['run'], 'run')} at every batch size, {counted(len(looks), 'look')} from {time} 0 to {looks[-1]}"
    ]
    losses = [name for name in ("loss", "validation_loss", "error", "validation_error") if name in result]
    headers = (
        time,
        "b",
        "var(g)",
        "±",
        "var(grad L)",
        "±",
        *(word for name in losses for word in (name.replace("_", " "), "±")),
        "diverged",
    )
    names = [column for name in ("total_var_gradient", "total_var_full_gradient", *losses) for column in (name, f"{name}_se")]
    rows = []
    for look in dict.fromkeys((looks[0], looks[-1])):
        for b in sorted(result.batch_size.values.tolist()):
            at = result.sel({time: look, "batch_size": b})
            rows.append((str(look), str(b), *(_number(at[name]) for name in names), decimal(float(at.diverged), 3)))
    return lines, [(headers, rows)]


def _number(value: Any) -> str:
    return decimal(float(value), DIGITS)
