"""Is the loss of a batch the mean over its examples? Closed forms take it for granted: it is asked of every batch, of gradients.

    loss outside of the model    n dL/do_i = dl_i/do_i for every example i: the loss's gradient at the outputs o, together and alone
    otherwise                    the gradient of every 16th example together is the mean of theirs, as they were found in the batch

The first takes a pass through the loss, not the model. Values alone would not do: where all outputs are equal, at an initial weight of 0,
every weighted mean of equal losses is their mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor

from empirics.models.examples import Batch, mapped, tensors
from empirics.models.per_example.factors import Factor
from empirics.models.user_model import NotAMeanError, UserModel

#: One in so many examples goes through the model again where the loss alone cannot be looked at.
STRIDE = 16


def require_mean_of_outputs(user: UserModel, outputs: Any, targets: Any) -> bool:
    """NotAMeanError where the loss of these outputs is no mean over examples; whether that could be seen: outputs could be taken apart."""
    n = len(next(tensors(targets)))
    leaves = list(tensors(outputs))
    if not leaves or any(x.ndim == 0 or len(x) % n for x in (*leaves, *tensors(targets))):
        return False
    # (n, 1, ...), or (n, positions, ...) where examples and positions are one dimension
    apart_outputs, apart_targets = (mapped(lambda x: x.detach().reshape(n, len(x) // n, *x.shape[1:]), side) for side in (outputs, targets))
    alone = _alone(user, apart_outputs, apart_targets)
    if alone is None:
        return False
    losses, expected = alone
    leaf = mapped(lambda x: x.detach().requires_grad_(x.is_floating_point()), outputs)
    value = user.number(user.loss(leaf, targets))
    floating = [x for x in tensors(leaf) if x.requires_grad]
    found = torch.autograd.grad(n * value, floating, allow_unused=True) if value.requires_grad else [None] * len(floating)
    value = value.detach()
    together = [torch.zeros_like(x) if g is None else g for g, x in zip(found, floating, strict=True)]
    if _differ(value, losses.mean(), float(losses.abs().mean()), 100):
        told = f"{float(value):.6g} for a batch whose mean is {float(losses.mean()):.6g}"
        raise NotAMeanError(f"loss must be the mean over examples, but was {told}")
    for one, each in zip(together, expected, strict=True):
        if _differ(one.reshape(each.shape), each, float(each.abs().max()), 0):
            raise NotAMeanError("loss must be the mean over examples, but its gradient by the outputs of an example depends on the others")
    return True


def require_mean_of_gradients(
    user: UserModel, batch: Batch, factors: Mapping[str, Factor], gradient: Mapping[str, Tensor], stride: int
) -> None:
    """NotAMeanError where the gradient of some of the examples, together, is not the mean of these factors along the batch's gradient."""
    if not all(bool(torch.isfinite(g).all()) for g in gradient.values()):
        return
    direct = user.gradient(batch.map(lambda x: x[::stride]))[1]
    one, two, scale = 0.0, 0.0, 0.0
    for name, factor in factors.items():
        along = factor.along(gradient[name].to(factor.dtype)).double()[::stride]
        one += float((direct[name].double() * gradient[name].double()).sum())
        two += float(along.mean())
        scale += float(along.abs().mean())
    eps = torch.finfo(user.dtype).eps
    if not abs(one - two) <= eps**0.5 * scale:
        raise NotAMeanError(
            f"loss must be the mean over examples, but the gradient of {len(range(0, len(batch), stride))} of {len(batch)} together is not "
            f"the mean of theirs: {one:.6g} for {two:.6g} along the gradient of them all"
        )


def _alone(user: UserModel, outputs: Any, targets: Any) -> tuple[Tensor, list[Tensor]] | None:
    """The loss of every example, (n,), and its gradients by the outputs that have one; None for a loss that cannot be asked so."""
    floating = [x for x in tensors(outputs) if x.is_floating_point()]
    if not floating:
        return None

    def of_one(chosen: list[Tensor], outputs: Any, targets: Any) -> Tensor:
        left = iter(chosen)
        return user.number(user.loss(mapped(lambda x: next(left) if x.is_floating_point() else x, outputs), targets))

    of_each = torch.func.grad_and_value(of_one)
    with suppress(Exception):  # losses without a rule for vmap
        gradients, losses = torch.func.vmap(of_each, randomness="different")(floating, outputs, targets)
        return losses, gradients
    with suppress(Exception):  # outputs that lose their class by being taken apart
        found = []
        for i in range(len(floating[0])):
            one = [x[i].detach().requires_grad_() for x in floating]
            value = of_one(one, *(mapped(lambda x: x[i], side) for side in (outputs, targets)))  # noqa: B023  (called at once)
            got = torch.autograd.grad(value, one, allow_unused=True)
            found.append((value.detach(), [torch.zeros_like(x) if g is None else g for g, x in zip(got, one, strict=True)]))
        return torch.stack([value for value, _ in found]), [torch.stack(each) for each in zip(*(g for _, g in found), strict=True)]
    return None


def _differ(together: Tensor, alone: Tensor, scale: float, floor: float) -> bool:
    """By more than half the digits of the scale; what is not finite is found elsewhere."""
    if not bool(torch.isfinite(together).all() and torch.isfinite(alone).all()):
        return False
    eps = torch.finfo(together.dtype).eps
    return float((together - alone).abs().max()) > eps**0.5 * scale + floor * eps
