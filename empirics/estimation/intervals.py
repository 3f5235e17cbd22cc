"""Confidence intervals around what was estimated."""

from __future__ import annotations

import xarray as xr
from scipy import stats

from empirics.estimation.variables import check_variable
from theory.exact import as_number, shown


def interval(dataset: xr.Dataset, variable: str = "var_gradient", level: float = 0.95) -> xr.Dataset:
    """`lower` and `upper`: estimate -+ t se, with t of Student's law, at the dataset's degrees of freedom.

    Args:
        dataset: of `simulate` or `load`.
        variable: which of the Dataset's, with its standard error; the result has its dims.
        level: the probability, between 0 and 1, that an interval holds the true value; at few degrees of freedom at least that.

    NaN where there is no standard error. Raises ValueError for a variable that has none and for a level that is no probability.

    >>> from empirics import interval, simulate, synthetic
    >>> run = simulate(synthetic(sizes=(4, 8, 2)), batch_sizes=[4], steps=2, replicas=64)
    >>> found = interval(run, "loss", 0.99)
    >>> bool((found.lower < run.loss)[1].all() and (run.loss < found.upper)[1].all())
    True
    """
    check_variable(dataset, variable)
    if f"{variable}_df" not in dataset:
        raise ValueError(f"dataset must have {variable}_df, the degrees of freedom of {variable}_se, but lacks it")
    if not 0 < as_number(level, "level") < 1:
        raise ValueError(f"level must be between 0 and 1, but was {shown(level)}")
    # infinite degrees of freedom are a closed form's: what is left is rounding
    quantile = xr.apply_ufunc(lambda df: stats.t.isf((1 - float(level)) / 2, df), dataset[f"{variable}_df"])
    width = dataset[f"{variable}_se"] * quantile
    return xr.Dataset({"lower": dataset[variable] - width, "upper": dataset[variable] + width})
