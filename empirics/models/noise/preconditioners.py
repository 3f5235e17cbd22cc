"""The geometry of an optimizer: gradients in the coordinates in which its step is a step of SGD.

With a diagonal P > 0, w <- w - alpha P^-1 g is v <- v - alpha P^-1/2 g for v = P^1/2 w, and P^-1/2 g is the gradient by v. Adam's P is
sqrt(v_hat) + eps with v_hat its average of squared gradients, corrected for its start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from empirics.models.user_model import UserModel
from theory.exact import shown


def gradient_scale(preconditioner: Any, user: UserModel) -> dict[str, Tensor] | None:
    """{parameter: P^-1/2} of {parameter: P} or of a torch.optim.Adam or AdamW that has taken a step; None for None.

    TypeError or ValueError that names `preconditioner`: another optimizer, no step yet, parameters that it lacks, entries not positive.
    """
    if preconditioner is None:
        return None
    if isinstance(preconditioner, torch.optim.Adam | torch.optim.AdamW):
        diagonal = _of_adam(preconditioner, user)
    elif isinstance(preconditioner, Mapping):
        diagonal = {name: _entry(preconditioner, name, p) for name, p in user.parameters.items()}
    else:
        what = "an Adam or AdamW of the model's parameters, or {name: tensor of positive numbers}"
        raise TypeError(f"preconditioner must be {what}, but was {shown(preconditioner)}")
    for name, entries in diagonal.items():
        if not bool(((entries > 0) & torch.isfinite(entries)).all()):
            raise ValueError(f"preconditioner must be positive and finite, but for {name} is not")
    return {name: entries.rsqrt() for name, entries in diagonal.items()}


def _of_adam(optimizer: torch.optim.Adam, user: UserModel) -> dict[str, Tensor]:
    group_of = {p: group for group in optimizer.param_groups for p in group["params"]}
    found = {}
    for name, parameter in user.parameters.items():
        group, state = group_of.get(parameter), optimizer.state.get(parameter)
        if group is None:
            raise ValueError(f"preconditioner must be an optimizer of the model's parameters, but has not {name}")
        if not state:
            raise ValueError(f"preconditioner must have taken a step, but has no averages for {name}")
        average = state["max_exp_avg_sq"] if group["amsgrad"] else state["exp_avg_sq"]
        start = 1 - group["betas"][1] ** float(state["step"])
        found[name] = average.detach().sqrt() / start**0.5 + group["eps"]
    return found


def _entry(given: Mapping[Any, Any], name: str, parameter: Tensor) -> Tensor:
    entries = given.get(name)
    if not isinstance(entries, Tensor) or entries.shape != parameter.shape or not entries.is_floating_point():
        told = f"shape {tuple(entries.shape)}" if isinstance(entries, Tensor) else shown(entries)
        raise ValueError(f"preconditioner must have a tensor of shape {tuple(parameter.shape)} for {name}, but had {told}")
    return entries.detach().to(parameter)
