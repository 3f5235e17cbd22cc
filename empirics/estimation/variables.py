"""A variable of a result, with its standard error and degrees of freedom, as functions of a Dataset are asked for it."""

from __future__ import annotations

import xarray as xr

from theory.exact import did_you_mean, shown


def check_variable(dataset: object, variable: object) -> None:
    """TypeError for what is no Dataset, ValueError for a variable that it does not have, or has without a standard error."""
    if not isinstance(dataset, xr.Dataset):
        raise TypeError(f"dataset must be an xarray.Dataset such as simulate returns, but was {shown(dataset)}")
    known = [str(name) for name in dataset.data_vars if f"{name}_se" in dataset]
    if not isinstance(variable, str) or variable not in known:
        has = ", ".join(known) or "none"
        word = did_you_mean(variable, known)
        raise ValueError(f"variable must be one of the dataset's that has a standard error ({has}), but was {shown(variable)}{word}")
