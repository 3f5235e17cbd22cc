"""What a step does with the gradients: torch.optim.SGD's update, written once more for all replicas at once.

d = g + weight_decay w;   v = d at the first step, then  v = momentum v + (1 - dampening) d;   w -= alpha (v, or d + momentum v)
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from theory.optimizers import SGD


class Update:
    """The optimizer of a run, with the buffers of its replicas; `restart`, then `apply` once a step.

    >>> w, update = [torch.tensor([1.0])], Update(SGD(momentum=0.5))
    >>> for _ in range(2):
    ...     update.apply(w, [torch.tensor([1.0])], rate=0.5)
    >>> w
    [tensor([-0.2500])]
    """

    def __init__(self, optimizer: SGD) -> None:
        self.is_plain, self.nesterov = optimizer.is_plain, optimizer.nesterov
        self.momentum, self.dampening, self.decay = (float(x) for x in optimizer.numbers)
        self.restart()

    def restart(self) -> None:
        """Without a past."""
        self.buffers: list[torch.Tensor] = []

    def apply(self, weights: Sequence[torch.Tensor], gradients: Sequence[torch.Tensor], rate: float) -> None:
        """Moves the weights in place; gradients are left as they are."""
        if self.is_plain:
            for w, g in zip(weights, gradients, strict=True):
                w.sub_(g, alpha=rate)
            return
        directions = [g.add(w, alpha=self.decay) for w, g in zip(weights, gradients, strict=True)]
        if self.momentum:
            directions = self._carried(directions)
        for w, d in zip(weights, directions, strict=True):
            w.sub_(d, alpha=rate)

    def _carried(self, directions: list[torch.Tensor]) -> list[torch.Tensor]:
        if self.buffers:
            for v, d in zip(self.buffers, directions, strict=True):
                v.mul_(self.momentum).add_(d, alpha=1 - self.dampening)
        else:
            self.buffers = [d.clone() for d in directions]
        if self.nesterov:
            return [d.add_(v, alpha=self.momentum) for d, v in zip(directions, self.buffers, strict=True)]
        return self.buffers
