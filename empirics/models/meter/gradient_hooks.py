"""What happens to the gradients of a model in a training loop that is not ours: one step of one process, and what is wrong with it.

In a single process `.grad` is the sum of the micro-batches as soon as it is accumulated. In several, DistributedDataParallel has reduced it
only at the end of the backward pass, and is asked for it there. All norms come to the host together, when a step is over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.autograd import Variable

from empirics.models.meter.followed_parameter import FollowedParameter
from empirics.models.meter.norms import to_host


@dataclass(frozen=True)
class Seen:
    """One step of one process: how many micro-batches, the sum of their squared norms and the squared norm of the sum, for each parameter.

    `objection` says what is wrong with the step, or nothing.
    """

    micro_batches: int
    small: list[float]
    big: list[float]
    objection: str


class ForwardPasses:
    """Counts the calls of a module that are made to train it; a copy of the module has a count of its own."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, module: torch.nn.Module, inputs: object) -> None:
        self.count += torch.is_grad_enabled()


class GradientHooks:
    """Hooks on the parameters, and on the calls of the model; `reduced`: whether gradients are reduced over processes."""

    def __init__(self, model: torch.nn.Module, parameters: Mapping[str, torch.nn.Parameter], reduced: bool) -> None:
        told = self._at_the_end if reduced else FollowedParameter.look
        self.followed = [FollowedParameter(name, parameter, told) for name, parameter in parameters.items()]
        self._waiting: list[FollowedParameter] = []
        self._backward_pass = -1
        self._forwards = ForwardPasses()
        self._handle = model.register_forward_pre_hook(self._forwards)
        self.installed = True

    def remove(self) -> None:
        """Leave the model as it was."""
        self._handle.remove()
        for followed in self.followed:
            followed.remove()
        self.installed = False

    def discard(self, active: bool = True) -> None:
        """Forget what was seen since the last step; whether to look at the next one."""
        for followed in self.followed:
            followed.restart(active)
        self._waiting = []
        self._forwards.count = 0

    def take(self, active: bool) -> Seen:
        """What was seen since the last step; the next one begins, to be looked at or not. It waits for the device once."""
        for followed in self.followed:
            followed.finish()
        small = [(k, x) for k, f in enumerate(self.followed) for x in f.small]
        big = [(k, f.big) for k, f in enumerate(self.followed) if f.big is not None]
        left_over = [f.left_over for f in self.followed if f.left_over is not None]
        host = to_host([*(x for _, x in (*small, *big)), *left_over, *(f.moved() for f in self.followed)])
        norms, others = host[: len(small) + len(big)], host[len(small) + len(big) :]
        left, moved = any(others[: len(left_over)]), any(others[len(left_over) :])
        finite = all(map(math.isfinite, norms))  # weights that are NaN are not equal to themselves
        count = max(len(f.small) for f in self.followed)
        objection = self._objection(count, left, finite and moved)
        self.discard(active)
        return Seen(count, self._sums(small, norms[: len(small)]), self._sums(big, norms[len(small) :]), objection)

    def _sums(self, whose: Sequence[tuple[int, torch.Tensor]], norms: Sequence[float]) -> list[float]:
        """Of squares, for each parameter."""
        sums = [0.0] * len(self.followed)
        for (k, _), x in zip(whose, norms, strict=True):
            sums[k] += x * x
        return sums

    def _objection(self, count: int, left_over: bool, moved: bool) -> str:
        forwards = self._forwards.count
        if count == 0:
            return "no gradient has been seen since the last step: backward() comes before meter.step()"
        if 0 < forwards < count:
            return (
                f"a parameter has had {count} gradients in {forwards} forward passes: several backward passes for one micro-batch, or one "
                "that reaches a parameter in pieces (tied weights under reentrant checkpointing), cannot be told from several micro-batches"
            )
        if gone := [f.name for f in self.followed if f.gone]:
            return (
                f"the gradient of {_first(gone)} was gone after its backward pass: an optimizer within the backward pass cannot be followed"
            )
        if moved:
            return (
                "weights have changed since the first micro-batch of the step: call meter.step() before every step of the optimizer, or "
                "meter.discard() where the step is not to count"
            )
        if left_over:
            return "gradients were not zero before the first micro-batch of the step: call zero_grad() after every step of the optimizer"
        if touched := [f.name for f in self.followed if f.touched]:
            return (
                f"the gradient of {_first(touched)} was changed between the micro-batches of a step, or after fewer of them than the step "
                "before had: it must add up until meter.step(), and be set to zero, unscaled or clipped after that; call meter.step() "
                "directly after the last backward()"
            )
        return ""

    def _at_the_end(self, followed: FollowedParameter) -> None:
        """Look at the end of the backward pass, behind those who reduce gradients there.

        One callback for each pass, those inside of others (reentrant checkpointing) included. Torch's own data parallelism is made of the
        same callbacks; there is no public name for them.
        """
        self._waiting.append(followed)
        if (current := torch._C._current_graph_task_id()) != self._backward_pass:
            self._backward_pass = current
            queue(lambda: queue(self._look))  # behind those that have been queued by the end

    def _look(self) -> None:
        waiting, self._waiting = self._waiting, []
        for followed in waiting:
            followed.look()


#: At the end of the backward pass that is under way.
queue: Callable[[Callable[[], None]], None] = Variable._execution_engine.queue_callback


def _first(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} (and of {len(names) - 1} more)"
