"""A measurement with its model: what a block takes, found by trying."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch

from empirics.models.examples import tensors
from empirics.models.measuring.bench import Bench
from empirics.models.measuring.blocks import course, observer, run_block
from empirics.models.measuring.evaluation import TOGETHER, evaluate
from empirics.models.measuring.observation import ByExamples
from empirics.models.measuring.record import BlockResult
from empirics.models.measuring.stored import StoredMeasurement
from empirics.models.measuring.task import Task
from empirics.models.measuring.training import Run
from empirics.models.user_model import UserModel
from empirics.runs.process_state import PROCESS_BYTES, arithmetic
from empirics.runs.sharded import Shard
from theory.exact import shown

#: Copies of what leaves modules that a forward and a backward pass hold at a time.
PASSES = 3
#: Copies of all parameters that a run has: weights, gradient, and the state of an optimizer such as Adam.
COPIES = 4


@dataclass(frozen=True, eq=False)
class Measurement(StoredMeasurement):
    """A record with the objects that it names."""

    task: Task = field(kw_only=True)
    example_bytes: float = field(kw_only=True)  # of an example on its way through the model and back

    def run(self, shard: Shard, ran: Callable[[int], object]) -> BlockResult:
        """All looks at all runs of a block."""
        return run_block(self, self.bench, shard, ran)

    @property
    def bench(self) -> Bench:
        """The one of this thread: a scheduler's workers may have several, and one object for all."""
        benches = self._benches
        mine = threading.get_ident()
        if mine not in benches:
            benches[mine] = Bench(self.task, torch.device(self.device))
        return benches[mine]

    @cached_property
    def _benches(self) -> dict[int, Bench]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        """The fields: what was made of them is made again where it is needed."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def step_seconds(self) -> dict[int, float]:
        """By trial: what a model takes cannot be counted from outside."""
        return {b: self.trial(b, 0.0) for b in self.batch_sizes}

    @cached_property
    def _tried(self) -> dict[int, float]:
        return {}

    def trial(self, batch_size: int, seconds: float) -> float:
        """Seconds of an epoch or step of a run: of a few steps of training, and of parts of a look and of an evaluation, made once."""
        if batch_size not in self._tried:
            with arithmetic(), np.errstate(all="ignore"):
                self._tried[batch_size] = self._timed(batch_size, seconds)
        return self._tried[batch_size]

    def _timed(self, batch_size: int, seconds: float) -> float:
        bench = self.bench
        run = Run(bench, course(self, batch_size), 0)
        see = observer(self, run)
        length = run.order.steps_per_epoch
        try:
            step = self._clocked(lambda: run.advance(run.taken + 1), seconds / 2)
        except Exception as error:
            why = shown(error, 200)
            raise ValueError(f"batch_sizes must be such that a step can be made, but one at {batch_size} raised {why}") from error
        if isinstance(see, ByExamples):
            chunk = np.arange(min(self.together, self.examples))
            with run.on_the_bench() as user, user.undisturbed(0):
                look = self._clocked(partial(see.mean_gradient, chunk), 0) * self.examples / len(chunk)
        else:
            look = step * (2 if self.estimator == "naive" else 2 * self.draws)
        evaluation = 0.0
        for user in bench.sets.values():
            n = len(user.examples)
            part = np.arange(min(TOGETHER, n))
            evaluation += self._clocked(partial(evaluate, user, self.task.error, part), 0) * n / len(part)
        looks = self.looks_per_epoch if self.unit == "epoch" else 1
        return step * (length if self.unit == "epoch" else 1) + looks * look / self.every + evaluation / self.evaluate_every

    def _clocked(self, action: Callable[[], object], seconds: float) -> float:
        """The best of some times; the first, which also makes buffers, counts where it takes that long."""
        best = spent = self._once(action)
        while spent < seconds:
            latest = self._once(action)
            best, spent = min(best, latest), spent + latest
        return best

    def _once(self, action: Callable[[], object]) -> float:
        start = time.perf_counter()
        action()
        if torch.device(self.device).type == "cuda":
            torch.cuda.synchronize(torch.device(self.device))
        return time.perf_counter() - start

    def bounds(self) -> tuple[float, float]:
        """None that is worth the name."""
        return 0.0, float("inf")

    def memory_bytes(self, workers: int) -> int:
        """Every process has its runs, and what goes through the model; the result is there once."""
        on_cpu = torch.device(self.device).type == "cpu"
        return workers * (PROCESS_BYTES + (self.device_bytes() if on_cpu else 0)) + self.store_bytes()

    def device_bytes(self) -> int:
        """The runs of a block, two gradients more, and a batch on its way."""
        runs = max(self.cut(b)[2] for b in self.batch_sizes)
        numbers = self.parameters * (COPIES * runs + 3)
        together = max(self.together if self.estimator == "per_example" else 0, TOGETHER / 4, *self.batch_sizes)
        return int(numbers * (8 if self.epsilon < 1e-10 else 4) + self.example_bytes * together)


def example_bytes(user: UserModel) -> float:
    """Of memory for each example of a batch on its way through the model and back, roughly."""
    batch, numbers = user.batch(range(min(2, len(user.examples)))), 0

    def count(module: Any, arguments: Any, output: Any) -> None:
        nonlocal numbers
        numbers += sum(x.numel() for x in tensors(output))

    handles = [m.register_forward_hook(count) for m in user.model.modules()]
    try:
        with user.undisturbed(seed=0), torch.no_grad():
            user.outputs(batch.inputs)
    finally:
        for handle in handles:
            handle.remove()
    return PASSES * numbers * user.dtype.itemsize / len(batch)
