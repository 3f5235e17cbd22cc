"""Layers and operations with closed forms, watched during a forward and a backward pass: the gradients of a batch's examples as factors."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from empirics.models.examples import Batch
from empirics.models.per_example.closed_forms import Layout, rule_for
from empirics.models.per_example.factors import Explicit, Factor
from empirics.models.per_example.watched_operations import Known, Operation, WatchedOperations
from empirics.models.user_model import UserModel, dense


@dataclass
class Use:
    """One call of a layer, or one operation: what came in, and what left it, in the graph of the loss."""

    by: nn.Module | Operation
    x: Tensor
    y: Tensor


class WatchedLayers:
    """The layers and operations of a model that have closed forms, and where each has the examples in its tensors.

    Layouts are found by two forward passes, over `pair` and over `triple`, batches of two and of three examples of the same lengths.
    """

    def __init__(self, user: UserModel, pair: Batch, triple: Batch) -> None:
        self.user = user
        self._name_of = {p: name for name, p in user.parameters.items()}
        self._operations: Known = {}
        owners = [m for m in user.model.modules() if rule_for(m) and any(p in self._name_of for p in m.parameters(recurse=False))]
        self.layouts: dict[nn.Module | Operation, tuple[Layout, Layout]] = {}
        uses = []
        for batch in (pair, triple):
            with self._watching(owners, self._name_of) as seen:
                value = user.loss_of(batch)
            uses.append({use.by: use for use in reversed(seen)})  # the first use of each
        for by, one in uses[0].items():
            two = uses[1][by]
            found = [Layout.of((a.shape, b.shape), (len(pair), len(triple))) for a, b in ((one.x, two.x), (one.y, two.y))]
            if found[0] is not None and found[1] is not None and (isinstance(by, nn.Module) or by.takes(found[0], found[1])):
                self.layouts[by] = found[0], found[1]
        gradients = torch.autograd.grad(value, list(user.parameters.values()), allow_unused=True)
        self._unused = {name for name, g in zip(user.parameters, gradients, strict=True) if g is None}

    @property
    def names(self) -> list[str]:
        """Of the parameters that may have factors: whether they are right is for the caller to find out."""
        owned = {p for by in self.layouts for p in parameters_of(by)}
        return [name for name, p in self.user.parameters.items() if p in owned or name in self._unused]

    def __call__(self, batch: Batch, names: list[str], with_gradient: bool) -> tuple[Any, Tensor, dict[str, Factor], dict[str, Tensor]]:
        """The outputs, the mean loss, the factors of these parameters, and, where asked for, the gradient of the mean loss by them.

        Takes the loss for the mean over the examples of the batch. A parameter that was not used when this was made, and is used now, is
        left out.
        """
        n = len(batch)
        parameters = [self.user.parameters[name] for name in names]
        layers = [by for by in self.layouts if isinstance(by, nn.Module) and any(p in parameters_of(by) for p in parameters)]
        with self._watching(layers, parameters) as uses:
            outputs, value = self.user.outputs_and_loss(batch)
        asked = names if with_gradient else [name for name in names if name in self._unused]
        found = torch.autograd.grad(n * value, [use.y for use in uses] + [self.user.parameters[name] for name in asked], allow_unused=True)
        gradients = dict(zip(asked, found[len(uses) :], strict=True))
        names = [name for name in names if name not in self._unused or gradients[name] is None]
        factors = self._factors(uses, found, set(names), n)
        gradient: dict[str, Tensor] = {}
        for name in names:
            parameter = self.user.parameters[name]
            if name not in factors:  # its layer was not called this time, or called to no effect
                factors[name] = Explicit(parameter.new_zeros(n, *parameter.shape))
            if with_gradient:
                g = gradients[name]
                gradient[name] = torch.zeros_like(parameter) if g is None else dense(g) / n
        return outputs, value.detach(), {name: factors[name] for name in names}, gradient

    def _factors(self, uses: list[Use], found: tuple[Tensor | None, ...], names: set[str], n: int) -> dict[str, Factor]:
        parts: dict[str, list[Factor]] = {}
        for use, e in zip(uses, found, strict=False):
            if e is None:
                continue
            for parameter, factor in self._made(use, e, n).items():
                if (name := self._name_of.get(parameter)) in names and name is not None:
                    parts.setdefault(name, []).append(factor)
        return {name: each[0] if len(each) == 1 else _joined(each) for name, each in parts.items()}

    def _made(self, use: Use, e: Tensor, n: int) -> dict[nn.Parameter, Factor]:
        of_x, of_y = self.layouts[use.by]
        if isinstance(use.by, Operation):
            return {use.by.parameter: use.by.factor(use.x, e, of_x, of_y)}
        rule = rule_for(use.by)
        assert rule is not None
        made = rule(use.by, of_x.in_front(use.x, n), of_y.in_front(e, n))
        return {parameter: made[own] for own, parameter in use.by.named_parameters(recurse=False)}

    @contextmanager
    def _watching(self, layers: list[nn.Module], parameters: Collection[nn.Parameter]) -> Iterator[list[Use]]:
        """The calls of these layers, and the operations with these parameters, in their order."""
        seen: list[Use] = []

        def note(by: nn.Module | Operation, x: Tensor, y: Tensor) -> Tensor:
            if isinstance(by, Operation) and self.layouts and by not in self.layouts:
                return y
            seen.append(Use(by, x.detach(), y))
            return y.clone()  # the model may change what it gets in place, as nn.ReLU(inplace=True) does

        def called(layer: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any], output: Any) -> Any:
            return note(layer, arguments[0] if arguments else next(iter(named.values())), output)

        handles = [layer.register_forward_hook(called, with_kwargs=True) for layer in layers]
        try:
            with WatchedOperations(parameters, note, self._operations):
                yield seen
        finally:
            for handle in handles:
                handle.remove()


def parameters_of(by: nn.Module | Operation) -> set[nn.Parameter]:
    """The layer's own parameters, or the one of the operation."""
    return {by.parameter} if isinstance(by, Operation) else set(by.parameters(recurse=False))


def _joined(parts: list[Factor]) -> Factor:
    """The sum over the uses of a parameter. Different kinds, a table that is a linear layer too, are added up as they are."""
    kind = type(parts[0])
    if all(type(part) is kind for part in parts):
        return kind.joined(parts)
    return Explicit.joined([Explicit(part.explicit()) for part in parts])
