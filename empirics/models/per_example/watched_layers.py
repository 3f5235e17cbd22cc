"""The layers with closed forms, watched during one forward and backward pass over a batch: the gradients of its examples as factors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from empirics.models.examples import Batch
from empirics.models.per_example.closed_forms import Layout, rule_for
from empirics.models.per_example.factors import Explicit, Factor
from empirics.models.user_model import NotAMeanError, UserModel, dense


@dataclass
class Use:
    """One call of a layer: what came in, and what left it, in the graph of the loss."""

    layer: nn.Module
    x: Tensor
    y: Tensor


class WatchedLayers:
    """The layers of a model that have closed forms, and where each has the examples in its tensors.

    Layouts are found by two forward passes, over `pair` and over `triple`, batches of two and of three examples of the same lengths.
    """

    def __init__(self, user: UserModel, pair: Batch, triple: Batch) -> None:
        self.user = user
        self._name_of = {p: name for name, p in user.parameters.items()}
        owners = [m for m in user.model.modules() if rule_for(m) and any(p in self._name_of for p in m.parameters(recurse=False))]
        self.layouts: dict[nn.Module, tuple[Layout, Layout]] = {}
        uses = []
        for batch in (pair, triple):
            with self._watching(owners) as seen:
                user.loss_of(batch)
            uses.append({use.layer: use for use in reversed(seen)})  # the first use of each
        for layer, one in uses[0].items():
            two = uses[1][layer]
            found = [Layout.of((a.shape, b.shape), (len(pair), len(triple))) for a, b in ((one.x, two.x), (one.y, two.y))]
            if found[0] is not None and found[1] is not None:
                self.layouts[layer] = found[0], found[1]

    @property
    def names(self) -> list[str]:
        """Of the parameters that may have factors: whether they are right is for the caller to find out."""
        owned = {p for layer in self.layouts for p in layer.parameters(recurse=False)}
        return [name for name, p in self.user.parameters.items() if p in owned]

    def __call__(
        self, batch: Batch, names: list[str], with_gradient: bool, is_checked: bool = False
    ) -> tuple[Tensor, dict[str, Factor], dict[str, Tensor]]:
        """The mean loss, the factors of these parameters, and, where asked for, the gradient of the mean loss by them.

        Takes the loss for the mean over the examples of the batch. NotAMeanError where that `is_checked` and is not so.
        """
        n = len(batch)
        parameters = [self.user.parameters[name] for name in names]
        layers = [layer for layer in self.layouts if any(p in parameters_of(layer) for p in parameters)]
        with self._watching(layers) as uses:
            outputs, value = self.user.outputs_and_loss(batch)
        if is_checked:
            self._require_mean(value, outputs, batch)
        sought = [use.y for use in uses] + (parameters if with_gradient else [])
        found = torch.autograd.grad(n * value, sought, allow_unused=True)
        factors = self._factors(uses, found, set(names), n)
        for name in names:
            if name not in factors:  # its layer was not called this time, or called to no effect
                factors[name] = Explicit(torch.zeros(n, *self.user.parameters[name].shape, device=self.user.device))
        gradients = found[len(uses) :]
        zeros = (torch.zeros_like(p) if g is None else dense(g) / n for p, g in zip(parameters, gradients, strict=False))
        return value.detach(), {name: factors[name] for name in names}, dict(zip(names, zeros, strict=False))

    def _require_mean(self, value: Tensor, outputs: Any, batch: Batch) -> None:
        each = self.user.losses_of_examples(outputs, batch.targets)
        if each is None:
            return
        value, eps = value.detach(), torch.finfo(value.dtype).eps
        if not float((value - each.mean()).abs()) <= eps**0.5 * float(each.abs().mean()) + 100 * eps:
            raise NotAMeanError(
                f"loss must be the mean over examples, but was {float(value):.6g} for a batch whose mean is {float(each.mean()):.6g}"
            )

    def _factors(self, uses: list[Use], found: tuple[Tensor | None, ...], names: set[str], n: int) -> dict[str, Factor]:
        parts: dict[str, list[Factor]] = {}
        for use, e in zip(uses, found, strict=False):
            if e is None:
                continue
            rule = rule_for(use.layer)
            assert rule is not None
            of_x, of_y = self.layouts[use.layer]
            made = rule(use.layer, of_x.in_front(use.x, n), of_y.in_front(e, n))
            for own, parameter in use.layer.named_parameters(recurse=False):
                if (name := self._name_of.get(parameter)) in names and name is not None:
                    parts.setdefault(name, []).append(made[own])
        return {name: each[0] if len(each) == 1 else _joined(each) for name, each in parts.items()}

    @contextmanager
    def _watching(self, layers: list[nn.Module]) -> Iterator[list[Use]]:
        """The calls of these layers, in their order."""
        seen: list[Use] = []

        def note(layer: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any], output: Any) -> Any:
            x = arguments[0] if arguments else next(iter(named.values()))
            seen.append(Use(layer, x.detach(), output))
            return output.clone()  # the model may change what it gets in place, as nn.ReLU(inplace=True) does

        handles = [layer.register_forward_hook(note, with_kwargs=True) for layer in layers]
        try:
            yield seen
        finally:
            for handle in handles:
                handle.remove()


def parameters_of(layer: nn.Module) -> set[nn.Parameter]:
    """The layer's own parameters."""
    return set(layer.parameters(recurse=False))


def _joined(parts: list[Factor]) -> Factor:
    """The sum over the uses of a parameter. Different kinds, a table that is a linear layer too, are added up as they are."""
    kind = type(parts[0])
    if all(type(part) is kind for part in parts):
        return kind.joined(parts)
    return Explicit.joined([Explicit(part.explicit()) for part in parts])
