"""One model on the device for all runs of a thread: whichever run is on the bench has its weights in it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property

import torch
from torch import Tensor, nn

from empirics.models.examples import Batch
from empirics.models.measuring.fused_steps import movable, moving
from empirics.models.measuring.task import Task
from empirics.models.per_example.example_gradients import PerExample

#: Examples of a step that is tried.
TRIED = 8


class Weights:
    """Parameters and buffers of a run while it is not on the bench."""

    def __init__(self, parameters: list[Tensor], buffers: list[Tensor]) -> None:
        self.parameters, self.buffers = parameters, buffers

    def copy(self) -> Weights:
        """Of one's own."""
        return Weights([x.clone() for x in self.parameters], [x.clone() for x in self.buffers])


class Bench:
    """A copy of the task's model with its data sets.

    Attributes:
        sets: the model with each data set that it is evaluated on; `user`: with the one that it is trained on.
        parameters: the trainable ones; runs have optimizers of their own for them.
        initial: their values, and those of the buffers, in the beginning.
    """

    def __init__(self, task: Task, device: torch.device) -> None:
        self.task = task
        model = copy.deepcopy(task.model).to(device)
        self.sets = task.evaluated(model)
        self.user = self.sets[""]
        self.parameters = list(self.user.parameters.values())
        self._buffers = [(m, name, buffer) for m in model.modules() for name, buffer in m._buffers.items() if buffer is not None]
        self._on_it = self._held()
        self.initial = self._on_it.copy()

    @cached_property
    def per_example(self) -> PerExample:
        """How gradients of single examples are computed, tried at the initial weights."""
        with self._from_the_start():
            return PerExample(self.user)

    @cached_property
    def moving_layers(self) -> list[nn.Linear]:
        """Those that fused_steps.py moves: none, unless a step so made is the optimizer's step, at the initial weights, to rounding."""
        if self.task.clip is not None:
            return []
        batch = self.user.batch(range(min(TRIED, len(self.user.examples))))
        with self._from_the_start(), self.user.undisturbed(seed=0), suppress(RuntimeError):
            layers = movable(self.user.model, self.task.optimizer(self.parameters), lambda: self.user.loss_of(batch))
            if layers and self._alike(*(self._after_a_step(batch, each) for each in ([], layers))):
                return layers
        return []

    def _after_a_step(self, batch: Batch, layers: list[nn.Linear]) -> list[Tensor]:
        with self._from_the_start(), self.user.undisturbed(seed=0):
            optimizer = self.task.optimizer(self.parameters)
            with moving(layers, optimizer):
                self.user.loss_of(batch).backward()
            optimizer.step()
            return [p.detach().clone() for p in self.parameters]

    def _alike(self, plain: list[Tensor], fused: list[Tensor]) -> bool:
        """Whether the steps differ by rounding only: of the weights, and of half the digits of the step."""
        for start, one, two in zip(self.initial.parameters, plain, fused, strict=True):
            eps = torch.finfo(start.dtype).eps
            allowed = 4 * eps * start.abs().max() + eps**0.5 * (one - start).abs().max()
            if not bool(((one - two).abs() <= allowed).all()):
                return False
        return True

    @contextmanager
    def _from_the_start(self) -> Iterator[None]:
        """The initial weights in the model; afterwards whoever was on the bench is there again."""
        before = self._on_it
        self.put(self.initial.copy())
        try:
            yield
        finally:
            self.put(before)

    def put(self, weights: Weights) -> None:
        """These weights into the model, as they are: what is done to the model is done to them."""
        if self._on_it is weights:
            return
        left = self._held()
        self._on_it.parameters, self._on_it.buffers = left.parameters, left.buffers
        self._on_it = weights
        for p, value in zip(self.parameters, weights.parameters, strict=True):
            p.data, p.grad = value, None
        for (module, name, buffer), value in zip(self._buffers, weights.buffers, strict=True):
            buffer.data = value
            module._buffers[name] = buffer

    def _held(self) -> Weights:
        """What is in the model, of buffers that it has put in the place of others, too."""
        held = [getattr(module, name) for module, name, _ in self._buffers]
        return Weights([p.data for p in self.parameters], [buffer.data for buffer in held])
