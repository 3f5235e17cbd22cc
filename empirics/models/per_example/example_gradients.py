"""The gradient of every example of a batch, by whichever way is cheapest and was seen to be right for the parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from empirics.models.examples import Batch, tensors
from empirics.models.per_example.definition import looped, vmapped
from empirics.models.per_example.factors import Explicit, Factor, scaled
from empirics.models.per_example.mean_loss import STRIDE, require_mean_of_gradients, require_mean_of_outputs
from empirics.models.per_example.watched_layers import WatchedLayers
from empirics.models.user_model import UserModel

#: Of examples that go through the model together, however much memory there is.
MOST_TOGETHER = 512
#: Copies of what enters and leaves layers that a forward and a backward pass hold at a time.
COPIES = 4


@dataclass
class ExampleGradients:
    """Gradients of n examples.

    Attributes:
        loss: the mean loss of the batch.
        factors: {parameter: its gradients}, in the order of the model.
        gradient: {parameter: gradient of the mean loss}; empty where it was not asked for.
    """

    loss: Tensor
    factors: dict[str, Factor]
    gradient: dict[str, Tensor]

    def squared_norms(self) -> np.ndarray:
        """||g_j||^2 of every example and parameter, (n, parameters), in doubles."""
        return _table(factor.squared_norms() for factor in self.factors.values())

    def inner(self, other: ExampleGradients) -> np.ndarray:
        """<g_j, g'_j> with as many other gradients: of the same examples with other dropout masks, or of other examples."""
        return _table(mine.inner(theirs) for mine, theirs in zip(self.factors.values(), other.factors.values(), strict=True))

    def at(self, which: slice | list[int]) -> ExampleGradients:
        """Those of some of the examples, without the gradient of the mean loss; a copy for a list."""
        return ExampleGradients(self.loss, {name: factor.at(which) for name, factor in self.factors.items()}, {})

    def along(self, direction: Mapping[str, Tensor]) -> np.ndarray:
        """<g_j, direction> of every example and parameter."""
        return _table(factor.along(direction[name].to(factor.dtype)) for name, factor in self.factors.items())


class PerExample:
    """Computes ExampleGradients of batches of a model.

    For layers with a closed form (Linear, Conv1d, Conv2d, Embedding, LayerNorm, RMSNorm, GroupNorm, BatchNorm with stored statistics), and
    for parameters in an einsum or added to a tensor, one forward and backward pass over the batch gives the factors of all gradients.
    Others go through torch.func.vmap(grad), and those of models that it cannot take through one backward pass for each example. When it is
    made, each way is tried on three examples and held against the definition, parameter by parameter: a layer that is used in a way that
    its rule does not know goes the next way.

    Attributes:
        ways: {parameter: "closed form", "vmap" or "loop"}.
        bytes: of memory for each example of a batch, roughly.

    Args:
        user: the model; the loss is taken for the mean over the examples of a batch, and the examples for independent of each other.
        scale: {parameter: tensor of its shape} to multiply gradients with, entry by entry; None for gradients as they are.

    Call it inside `user.undisturbed(seed)`; the model's noise is drawn anew for every call and example.

    >>> _ = torch.manual_seed(0)
    >>> X, y = torch.randn(6, 3), torch.randn(6, 1)
    >>> user = UserModel(torch.nn.Linear(3, 1), torch.nn.MSELoss(), (X, y))
    >>> gradients = PerExample(user)(user.batch([0, 1, 2, 3]))
    >>> gradients.squared_norms().shape, list(gradients.gradient)
    ((4, 2), ['weight', 'bias'])
    """

    def __init__(self, user: UserModel, scale: Mapping[str, Tensor] | None = None) -> None:
        self.user, self.scale = user, scale
        n = len(user.examples)
        first, middle, last = 0, n // 2, n - 1
        sample = user.batch([first, middle, last])
        self.ways = dict.fromkeys(user.parameters, "loop")
        with user.undisturbed(seed=0), user.without_noise():
            _, truth = looped(user, list(user.parameters), sample)
            self.watched: WatchedLayers | None = None
            with suppress(Exception):  # whatever a model does with its layers: there are other ways
                self.watched = WatchedLayers(user, user.batch([first, middle]), user.batch([first, middle, middle]))
                self._accept("closed form", self.watched(sample, self.watched.names, False)[2], truth)
            if left := self._by("loop"):
                with suppress(Exception):  # operations without a rule for vmap, values taken out of tensors
                    self._accept("vmap", vmapped(user, left, sample)[1], truth)
            self.bytes = self._bytes(sample)

    def __call__(self, batch: Batch, with_gradient: bool = True, is_checked: bool = False) -> ExampleGradients:
        """The gradients of the batch's examples, and that of its mean loss where asked for.

        `is_checked`, with the gradient: NotAMeanError where the loss of the batch is not the mean over its examples (mean_loss.py).
        """
        outputs: Any = None
        factors: dict[str, Factor] = {}
        gradient: dict[str, Tensor] = {}
        loss: Tensor | None = None
        if self.watched is not None and (names := self._by("closed form")):
            outputs, loss, factors, gradient = self.watched(batch, names, with_gradient)
        late = [name for name in self._by("closed form") if name not in factors]  # used for the first time
        for way, compute in _DEFINITIONS.items():
            if names := self._by(way) + (late if way == "loop" else []):
                losses, explicit = compute(self.user, names, batch)
                loss = losses.mean() if loss is None else loss
                factors |= explicit
                if with_gradient:
                    gradient |= {name: factor.values.mean(0) for name, factor in explicit.items()}
        assert loss is not None
        factors = {name: factors[name] for name in self.ways}
        gradient = {name: gradient[name] for name in self.ways if name in gradient}
        if is_checked and bool(torch.isfinite(loss)):
            self._require_mean(batch, outputs, factors, gradient)
        if self.scale is not None:
            factors = {name: scaled(factor, self.scale[name]) for name, factor in factors.items()}
            gradient = {name: g * self.scale[name] for name, g in gradient.items()}
        return ExampleGradients(loss, factors, gradient)

    def _require_mean(self, batch: Batch, outputs: Any, factors: dict[str, Factor], gradient: dict[str, Tensor]) -> None:
        has_closed_forms = outputs is not None
        if outputs is None:
            with torch.no_grad():
                outputs = self.user.outputs(batch.inputs)
        if not require_mean_of_outputs(self.user, outputs, batch.targets):
            # gradients that were computed one by one show nothing of the batch unless it goes through as a whole
            require_mean_of_gradients(self.user, batch, factors, gradient, STRIDE if has_closed_forms else 1)

    def together(self, most_bytes: float) -> int:
        """How many examples go through the model at a time within that much memory."""
        return max(1, min(MOST_TOGETHER, int(most_bytes / self.bytes)))

    def _by(self, way: str) -> list[str]:
        return [name for name, chosen in self.ways.items() if chosen == way]

    def _accept(self, way: str, factors: Mapping[str, Factor], truth: Mapping[str, Explicit]) -> None:
        """Take this way for the parameters whose gradients it has right."""
        largest = max(float(factor.values.abs().max()) for factor in truth.values())
        for name, factor in factors.items():
            expected = truth[name].values
            eps = torch.finfo(expected.dtype).eps
            allowed = eps**0.5 * float(expected.abs().max()) + eps * largest
            if float((factor.explicit() - expected).abs().max()) <= allowed:
                self.ways[name] = way

    def _bytes(self, sample: Batch) -> float:
        """Of one example: what layers keep, and the numbers of the factors."""
        kept = [0]

        def count(module: Any, arguments: Any, output: Any) -> None:
            kept[0] += sum(x.numel() for x in tensors(output))

        handles = [m.register_forward_hook(count) for m in self.user.model.modules()]
        try:
            self.user.loss_of(sample)
        finally:
            for handle in handles:
                handle.remove()
        factors = self(sample, with_gradient=False).factors.values()
        numbers = COPIES * kept[0] + sum(factor.numbers() for factor in factors)
        return numbers / len(sample) * self.user.dtype.itemsize + sum(x[:1].nbytes for x in tensors((sample.inputs, sample.targets)))


_DEFINITIONS: dict[str, Callable[[UserModel, Sequence[str], Batch], tuple[Tensor, dict[str, Explicit]]]] = {"vmap": vmapped, "loop": looped}


def _table(columns: Iterable[Tensor]) -> np.ndarray:
    return torch.stack([column.detach().double().cpu() for column in columns], dim=1).numpy()
