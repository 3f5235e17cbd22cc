"""GradientNoiseMeter: three lines in a training loop that is not ours, and its gradient noise scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch.nn.parameter import is_lazy

from empirics.models.meter import processes
from empirics.models.meter.exponential_averages import ExponentialAverages
from empirics.models.meter.gradient_hooks import GradientHooks, Seen
from empirics.models.meter.results import dataset
from empirics.models.meter.two_batch_sizes import estimates
from theory.exact import as_choice, as_index, as_number, shown

ACCUMULATIONS = ("mean", "sum")


class GradientNoiseMeter:
    """The gradient noise of a model while it is trained: tr Cov of the gradients of single examples, ||grad L||^2, and their ratio.

        meter = GradientNoiseMeter(model, micro_batch=32, accumulation="mean")
        for micro_batches in batches:
            for inputs, targets in micro_batches:                            # at least two, or several processes
                (loss(model(inputs), targets) / len(micro_batches)).backward()
            meter.step()                                                     # before clipping, and the step of the optimizer
            optimizer.step()
            optimizer.zero_grad()
        meter.result.noise_scale

    At every step the gradients g_j of M micro-batches of m examples each, and their mean, give estimates without bias (McCandlish et al.,
    arXiv:1812.06162, appendix A.1)

        tr C     =  m M / (M - 1) ( (1/M) sum_j ||g_j||^2 - ||mean_j g_j||^2 )
        ||G||^2  =  ( M ||mean_j g_j||^2 - (1/M) sum_j ||g_j||^2 ) / (M - 1)

    for every parameter and in all, where C is the covariance of the gradient of one example and G the gradient of the mean loss. Each is
    averaged over the steps with weights decay^age; the noise scale tr C / ||G||^2 is the ratio of the averages, with an interval.

    Gradients are seen before they are accumulated, reduced by DistributedDataParallel, unscaled or clipped. `meter.step()` stands after the
    last backward pass of a step, before gradients are unscaled or clipped. After that, but before the step of the optimizer, is as good
    where no step has fewer micro-batches than the one before: such a step, the short one at the end of an epoch say, is refused there.
    Hooks of others that change gradients come first if they are registered first.

    Args:
        model: a torch module; trainable parameters at this time are followed. DistributedDataParallel may be around it.
        micro_batch: examples of a backward pass in one process; the loss must be a mean over them.
        accumulation: "mean" when the loss of a micro-batch is divided by the number of micro-batches of its step in a process, "sum" when
            it is not. The gradients themselves cannot tell.
        scaler: a torch.amp.GradScaler, or what has `get_scale()`: the factor of the loss, asked for at every `step()`.
        decay: 0 < decay <= 1, the weight of a step relative to the next; 1 for a plain mean, at fixed weights.
        every: look at every so many steps only: the others cost next to nothing.
        dataset_size: N, when the examples of a step are drawn without replacement from N, as in shuffled epochs: then C has the divisor
            N - 1, and ||G||^2 loses its bias of -tr C / N. None: drawn independently.
        level: of the interval.
        process_group: of a distributed run; None is the default group. All its processes must call `step()`.

    Raises TypeError and ValueError for bad arguments, for a model without trainable parameters and for sharded ones; so does `step` for
    what it cannot tell. Cost: for every micro-batch one norm of every gradient, for every step another one, and one wait
    for the device; no copy of gradients or weights is kept. On a processor that is 1 to 3 % of a step of a transformer, and 5 to 8 % of one
    of a small perceptron that uses each of its weights 64 times only: `every=2` halves it.

    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Linear(3, 1)
    >>> meter = GradientNoiseMeter(model, micro_batch=4, accumulation="sum", decay=1.0)
    >>> for step in range(500):
    ...     for _ in range(2):
    ...         x = torch.randn(4, 3)
    ...         (model(x) - x.sum(1, keepdim=True) - torch.randn(4, 1)).square().mean().backward()
    ...     meter.step()
    ...     model.zero_grad()
    >>> found = meter.result
    >>> bool(found.noise_scale_low < found.noise_scale < found.noise_scale_high)
    True
    >>> meter.remove()
    """

    def __init__(
        self,
        model: torch.nn.Module,
        *,
        micro_batch: int,
        accumulation: str,
        scaler: Any = None,
        decay: float = 0.99,
        every: int = 1,
        dataset_size: int | None = None,
        level: float = 0.95,
        process_group: Any = None,
    ) -> None:
        inner, parameters = _trainable(model)
        self.micro_batch = as_index(micro_batch, "micro_batch", minimum=1)
        self.accumulation = as_choice(accumulation, "accumulation", ACCUMULATIONS)
        if scaler is not None and not callable(getattr(scaler, "get_scale", None)):
            raise TypeError(f"scaler must have get_scale(), as torch.amp.GradScaler has, but was {shown(scaler)}")
        if not 0 < as_number(decay, "decay") <= 1:
            raise ValueError(f"decay must be above 0 and at most 1, but was {shown(decay)}")
        if not 0 < as_number(level, "level") < 1:
            raise ValueError(f"level must be between 0 and 1, but was {shown(level)}")
        self.dataset_size = None if dataset_size is None else as_index(dataset_size, "dataset_size", minimum=2)
        self.level, self.scaler, self.process_group = float(level), scaler, process_group
        self.every = as_index(every, "every", minimum=1)
        self.steps = self.skipped = self._calls = 0
        self._layout: dict[str, int] = {}
        self._averages = ExponentialAverages(len(parameters) + 1, float(decay))
        self._hooks = GradientHooks(inner, parameters, reduced=processes.count(process_group) > 1)
        self._names, self._device = list(parameters), next(iter(parameters.values())).device

    def step(self, micro_batch: int | Sequence[int] | None = None) -> None:
        """Take in the micro-batches since the last call; a step with gradients that are not finite is skipped, and counted in `skipped`.

        `micro_batch`: its size where it is another than the meter's, such as at the end of an epoch; a list, where sizes differ.
        Raises ValueError, in all processes, for a step that cannot be told: fewer than two micro-batches in all, weights that have
        changed since the first, gradients that were not zero before it, do not add up, differ between processes, or were clipped before
        this call though there were fewer micro-batches than in the step before; and after `remove`.
        """
        if not self._hooks.installed:
            raise ValueError("the meter was removed")
        sizes = self._sizes(micro_batch)
        looked, look_next = self._calls % self.every == 0, (self._calls + 1) % self.every == 0
        self._calls += 1
        if not looked:
            self._hooks.discard(look_next)
            return
        seen = self._hooks.take(look_next)
        sizes = sizes * seen.micro_batches if len(sizes) == 1 else sizes
        objection = seen.objection
        if not objection and len(sizes) != seen.micro_batches:
            objection = f"micro_batch must have one size for each of the {seen.micro_batches} micro-batches, but had {len(sizes)}"
        rows = processes.gathered(self._row(seen, sizes, objection), self.process_group, self._device)
        if rows[:, 0].any():
            raise ValueError(objection or f"process {int(rows[:, 0].argmax())} has refused the step: see its error")
        self._take_in(rows)

    def _sizes(self, micro_batch: int | Sequence[int] | None) -> list[int]:
        if isinstance(micro_batch, list | tuple):
            return [as_index(size, f"micro_batch[{i}]", minimum=1) for i, size in enumerate(micro_batch)]
        return [self.micro_batch if micro_batch is None else as_index(micro_batch, "micro_batch", minimum=1)]

    def _row(self, seen: Seen, sizes: list[int], objection: str) -> np.ndarray:
        """What the other processes are told: whether something is wrong, counts, and squared norms as those of mean losses."""
        if objection:
            return np.array([1.0] + [np.nan] * (3 + 2 * len(self._names)))
        scale = 1.0 if self.scaler is None else float(self.scaler.get_scale())
        count = seen.micro_batches
        one, mean = (count, 1.0) if self.accumulation == "mean" else (1, 1 / count)
        of_one, of_mean = (one / scale) ** 2, (mean / scale) ** 2
        told = [0.0, count, sum(sizes), sum(1 / size for size in sizes) / len(sizes)]
        return np.array(told + [x * of_one for x in seen.small] + [x * of_mean for x in seen.big])

    def _take_in(self, rows: np.ndarray) -> None:
        """One row for each process."""
        counts, examples, inverse_sizes = rows[:, 1], rows[:, 2], rows[:, 3]
        small, big = rows[:, 4 : 4 + len(self._names)], rows[:, 4 + len(self._names) :]
        micro_batches, batch_size, inverse_size = int(counts.sum()), int(examples.sum()), float(inverse_sizes.mean())
        if micro_batches < 2:
            raise ValueError(
                "a step must have two micro-batches at least, in all processes together, but had one: a single gradient does not tell its "
                "noise; split the batch, and accumulate"
            )
        if self.dataset_size is not None and batch_size > self.dataset_size:
            raise ValueError(f"dataset_size must be at least the {batch_size} examples of a step, but was {self.dataset_size}")
        if not np.isfinite(rows).all():
            self.skipped += 1
            return
        if objection := processes.objection(counts, big):
            raise ValueError(objection)
        pair = np.stack(estimates(small.sum(axis=0) / micro_batches, big[0], micro_batches, inverse_size, self.dataset_size))
        self._averages.update(np.concatenate([pair, pair.sum(axis=1, keepdims=True)], axis=1))
        self.steps += 1
        self._layout = {"micro_batches": micro_batches, "processes": len(rows), "batch_size": batch_size}

    @property
    def result(self) -> xr.Dataset:
        """Averages over the steps so far.

        `trace_covariance` and `gradient_squared_norm`, of every parameter (dim `layer`, its name), and `total_...` of all together, each
        with its standard error `_se` and degrees of freedom `_df`; `noise_scale`, of all, and `layer_noise_scale`, each with the ends of
        its interval by Fieller's theorem, `_low` and `_high`, which is infinite where the gradient cannot be told from 0. Standard errors
        are of steps as if these were independent; weights that drift within the window make them too large. NaN before the second step.
        Raises ValueError before the first one.
        """
        if not self.steps:
            raise ValueError("the meter has no result before its first step" + (f" ({self.skipped} skipped)" if self.skipped else ""))
        told = {"steps": self.steps, "skipped": self.skipped, "micro_batch": self.micro_batch, "accumulation": self.accumulation}
        drawn = "independent" if self.dataset_size is None else f"without replacement from {self.dataset_size}"
        return dataset(self._names, self._averages, self.level, told | self._layout | {"examples_are_drawn": drawn})

    def discard(self) -> None:
        """Forget the micro-batches since the last `step`, such as those of a step that is not to count."""
        self._hooks.discard()

    def remove(self) -> None:
        """Take the hooks from the model; `result` stays."""
        self._hooks.remove()

    def state_dict(self) -> dict[str, Any]:
        """Averages and counts, as numbers, texts and lists, for a checkpoint; between steps."""
        counts = {"layers": list(self._names), "steps": self.steps, "skipped": self.skipped, "layout": dict(self._layout)}
        return counts | {"averages": self._averages.state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict` of a meter of the same layers. ValueError for another's."""
        if not isinstance(state, dict) or not {"layers", "steps", "skipped", "layout", "averages"} <= set(state):
            raise ValueError(f"state must be a state_dict of a GradientNoiseMeter, but was {shown(state)}")
        if list(state["layers"]) != self._names:
            raise ValueError(f"state must be of the layers {shown(self._names)}, but was of {shown(state['layers'])}")
        self._averages.restore(state["averages"])
        self.steps, self.skipped, self._layout = state["steps"], state["skipped"], dict(state["layout"])


def _trainable(model: object) -> tuple[torch.nn.Module, dict[str, torch.nn.Parameter]]:
    """The model within DistributedDataParallel, and its trainable parameters by name."""
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, but was {shown(model)}")
    inner = model.module if isinstance(model, torch.nn.parallel.DistributedDataParallel) else model
    parameters = {name: p for name, p in inner.named_parameters() if p.requires_grad}
    if lazy := [name for name, p in parameters.items() if is_lazy(p)]:
        raise ValueError(f"model must be initialised, but {lazy[0]} is lazy: call the model once before")
    if not parameters:
        raise ValueError("model must have parameters that require a gradient, but has none")
    sharded = any("FullyShardedDataParallel" in type(m).__name__ for m in model.modules())
    if sharded or any(hasattr(p, "device_mesh") for p in parameters.values()):
        raise TypeError("model must not be sharded (FSDP, DTensor): no process sees a whole gradient there")
    return inner, parameters
