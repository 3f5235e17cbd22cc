"""One run: its weights, its optimizer and schedule, and the random numbers that decide its batches and its dropout masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from empirics.models.measuring.bench import Bench
from empirics.models.measuring.fused_steps import moving
from empirics.models.measuring.orders import Order
from empirics.models.user_model import UserModel, dense
from empirics.sampling.streams import torch_generator


@dataclass(frozen=True)
class Course:
    """How a run goes: from which seed, at which batch size, by which sampling, and for how many steps."""

    seed: int
    batch_size: int
    sampling: str
    steps: int


class Run:
    """The run of this number from the initial weights of the bench's model, to be advanced step by step.

    Attributes:
        order: its batches; `taken` steps have been made.
        seeds: of those who look at it; the training does not depend on them.
        is_lost: whether its weights, or what was seen of it, have ceased to be finite: it is not trained any more.
    """

    def __init__(self, bench: Bench, course: Course, number: int) -> None:
        self.bench, self.parameters = bench, bench.parameters
        self._weights = bench.initial.copy()
        task = bench.task
        with self.on_the_bench():
            self.optimizer = task.optimizer(self.parameters)
            self.schedule = task.schedule(self.optimizer, course.steps) if task.schedule else None
        batches, noise, self.seeds = np.random.SeedSequence(course.seed, spawn_key=(course.batch_size, number)).spawn(3)
        generator = np.random.Generator(np.random.PCG64DXSM(batches))
        self.order = Order(len(bench.user.examples), course.batch_size, course.sampling, generator)
        self._noise = [torch_generator(noise, torch.device("cpu")).get_state()]
        if bench.user.device.type == "cuda":
            self._noise.append(torch_generator(noise, bench.user.device).get_state())
        self.taken = 0
        self.is_lost = False

    @contextmanager
    def on_the_bench(self) -> Iterator[UserModel]:
        """The model with the weights of this run."""
        self.bench.put(self._weights)
        yield self.bench.user

    def advance(self, steps: int) -> None:
        """Train until that many steps have been made in all, and see whether the weights are finite."""
        with self.on_the_bench(), self._own_noise(), moving(self.bench.moving_layers, self.optimizer):
            while self.taken < steps and not self.is_lost:
                self._step()
            self.is_lost = self.is_lost or not all(bool(torch.isfinite(p).all()) for p in self.parameters)

    def show_next_gradient(self, look: Callable[[list[Tensor]], object], move: bool) -> None:
        """The gradient of the training's next batch as it is, before clipping, to `look`; then the step itself, if it is to be made."""
        with self.on_the_bench(), self._own_noise():
            self._step(look, move)

    def _step(self, look: Callable[[list[Tensor]], object] | None = None, move: bool = True) -> None:
        user = self.bench.user
        for p in self.parameters:
            p.grad = None
        user.loss_of(user.batch(self.order.next())).backward()
        if look is not None:
            look([torch.zeros_like(p) if p.grad is None else dense(p.grad) for p in self.parameters])
        if not move:
            return
        if self.schedule is not None or any(p.grad is not None for p in self.parameters):  # not all have moved by themselves
            self.bench.task.clip_gradients(self.parameters)
            self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()
        self.taken += 1

    @contextmanager
    def _own_noise(self) -> Iterator[None]:
        """torch's random numbers go on where they were when this run was trained last, and the caller's are left alone."""
        device = self.bench.user.device
        cuda = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda), torch.enable_grad():
            torch.set_rng_state(self._noise[0])
            if cuda:
                torch.cuda.set_rng_state(self._noise[1], device)
            yield
            self._noise = [torch.get_rng_state(), *(torch.cuda.get_rng_state(each) for each in cuda)]
