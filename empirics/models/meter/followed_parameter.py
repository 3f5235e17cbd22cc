"""One parameter whose gradients are followed through hooks of its own, from one step to the next.

In a backward pass, in this order:

    hook on the parameter     the gradient of this micro-batch alone, before it is accumulated, reduced, unscaled or clipped
    hook after accumulation   it is in `.grad`, the sum so far; what torch.autograd.grad is asked for does not come here

Between the micro-batches of a step nobody may touch `.grad`: its version, which counts changes in place, tells. Of the weights, a few
entries are kept from the first micro-batch on: they are the same only if no optimizer has moved them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from empirics.models.meter.norms import norm

#: Entries that are kept.
PROBED = 8


class FollowedParameter:
    """Norms of a parameter's gradients since the last `restart`: of those of the micro-batches, and of their sum.

    `accumulated` is called when a gradient has been accumulated; whoever is told calls `look`, once the sum is what it is to be.
    """

    def __init__(self, name: str, parameter: torch.nn.Parameter, accumulated: Callable[[FollowedParameter], None]) -> None:
        self.name, self.parameter, self._accumulated = name, parameter, accumulated
        self._pending: tuple[torch.Tensor, torch.Tensor | None] | None = None
        self._usual = 0
        self._clear()
        self.active = True
        self._handles = [
            parameter.register_hook(self._before_accumulation),
            parameter.register_post_accumulate_grad_hook(self._after_accumulation),
        ]

    def remove(self) -> None:
        """The hooks."""
        for handle in self._handles:
            handle.remove()

    def restart(self, active: bool = True) -> None:
        """A new step; whether to look at it."""
        if self.small:
            self._usual = len(self.small)  # the sum is looked at when there are as many again: most steps have as many as the one before
        self._clear()
        self.active = active

    def _clear(self) -> None:
        self.small: list[torch.Tensor] = []
        self.big: torch.Tensor | None = None
        self.left_over: torch.Tensor | None = None  # the norm of what was in .grad before the first
        self.touched = self.gone = False  # .grad between the micro-batches; .grad after one
        self._big_of = self._version = 0
        self._kept: torch.Tensor | None = None

    def _before_accumulation(self, gradient: torch.Tensor) -> None:
        if not self.active:
            return
        already = self.parameter.grad
        if self.small and (already is None or already._version != self._version):
            self.touched = True
        self._pending = norm(gradient.detach()), None if self.small or already is None else norm(already.detach())

    def _after_accumulation(self, parameter: torch.nn.Parameter) -> None:
        if self._pending is None:
            return
        seen, left_over = self._pending
        if not self.small:
            self.left_over, self._kept = left_over, self._probe().clone()
        self.small.append(seen)
        self._pending = None
        self._accumulated(self)

    def look(self) -> None:
        """At the sum; not when more micro-batches are to be expected."""
        gradient = self.parameter.grad
        if gradient is None:
            self.gone = True
            return
        self._version = gradient._version
        if len(self.small) >= self._usual:
            self.big, self._big_of = norm(gradient.detach()), len(self.small)

    def finish(self) -> None:
        """At the sum for the last time, where more micro-batches were expected."""
        gradient = self.parameter.grad
        if self._big_of == len(self.small) or self.gone:
            return
        if gradient is None or gradient._version != self._version:
            self.touched = True
        else:
            self.big = norm(gradient.detach())

    def moved(self) -> torch.Tensor | bool:
        """Whether the weights are no longer those of the first micro-batch; not where there was none."""
        if self._kept is None:
            return False
        now, kept = self._probe(), self._kept
        if now.device != kept.device or now.shape != kept.shape:
            return True
        if not now.is_cpu:
            return (now != kept).any()
        return not torch.equal(now, kept if now.dtype == kept.dtype else kept.to(now.dtype))

    def _probe(self) -> torch.Tensor:
        return self.parameter.detach().reshape(-1)[:: max(1, self.parameter.numel() // PROBED)]
