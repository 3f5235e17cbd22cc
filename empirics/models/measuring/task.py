"""What is trained, by what, and on what it is evaluated: the objects that a user hands over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from empirics.models.user_model import UserModel

Optimizer = Callable[[list[nn.Parameter]], torch.optim.Optimizer]
Schedule = Callable[[torch.optim.Optimizer, int], Any]
Clip = float | Callable[[list[nn.Parameter]], object]


@dataclass(frozen=True, eq=False)
class Task:
    """See `measure` for the arguments; `validation` by name."""

    model: nn.Module
    loss: Callable[[Any, Any], Tensor]
    dataset: Any
    optimizer: Optimizer
    schedule: Schedule | None = None
    clip: Clip | None = None
    error: Callable[[Any, Any], Any] | None = None
    validation: Mapping[str, Any] = field(default_factory=dict)
    collate: Callable[[list[Any]], Any] | None = None

    def user(self, model: nn.Module) -> UserModel:
        """A copy of the model with its loss and the data that it is trained on."""
        return UserModel(model, self.loss, self.dataset, collate=self.collate)

    def evaluated(self, model: nn.Module) -> dict[str, UserModel]:
        """The copy with each data set on which it is evaluated, by what their losses and errors are called before the last word."""
        others = {f"{name}_": UserModel(model, self.loss, data, collate=self.collate) for name, data in self.validation.items()}
        return {"": self.user(model)} | others

    def clip_gradients(self, parameters: list[nn.Parameter]) -> None:
        """As asked, in place."""
        if self.clip is None:
            return
        if callable(self.clip):
            self.clip(parameters)
        else:
            nn.utils.clip_grad_norm_(parameters, self.clip)
