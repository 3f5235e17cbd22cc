"""The slow, obvious twin: a plain loop over the replicas, gradients by autograd from the loss as it is written. Tests compare with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from empirics.engines.activations import torch_activation
from empirics.engines.base import Engine, Observed, Setting, count_points
from empirics.engines.ties import watch
from empirics.engines.updates import Update
from empirics.sampling.population import population
from theory.problem import TeacherStudent

Gradients = list[torch.Tensor]
#: Seconds of a backward pass, and of an inner product.
PASS, PAIR = 4e-4, 8e-6


class Autograd(Engine):
    """One replica after the other. Naive estimator only: it knows no closed form."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.sigma = torch_activation(setting.problem, setting.device)
        self.teacher = None if setting.teacher is None else [setting.tensor(w) for w in setting.teacher]
        self.updates: list[Update] = []
        self.population = population(setting.problem)
        self.samples = setting.batch_size if self.population or setting.batch_size > 1 else 2
        self.ties = watch(setting)
        self.weights: list[list[torch.Tensor]] = []
        self.kept: dict[int, list[tuple[Any, ...]]] = {}  # gradients; full gradients, or estimates of their squares; loss

    @classmethod
    def seconds(cls, problem: TeacherStudent, estimator: str, batch_size: int, dtype: str, drawing: float) -> float:
        """Passes of the loss and, without a population, of every sample alone, and their inner products in Python."""
        samples, points = max(batch_size, 2), count_points(problem)
        passes, pairs = (2, 0) if points else (1 + samples, samples**2 * problem.depth)
        return drawing + cls.pass_seconds(problem, estimator, batch_size, dtype) + PASS * passes + PAIR * pairs

    def restart(self) -> None:
        start = [self.setting.tensor(w) for w in self.setting.weights(self.setting.problem.student)]
        self.weights = [[w.clone().requires_grad_() for w in start] for _ in range(self.setting.replicas)]
        self.updates = [Update(self.setting.problem.optimizer) for _ in self.weights]
        if self.ties is not None:
            self.ties.restart()

    @property
    def current_weights(self) -> list[torch.Tensor]:
        return [torch.stack([w[k].detach() for w in self.weights]) for k in range(self.setting.problem.depth)]

    def step(self, rows: torch.Tensor, rate: float, slot: int | None) -> None:
        b = self.setting.batch_size
        kept = []
        if self.ties is not None and self.sigma is not None:
            self.ties.look_through(self.current_weights, rows[..., : self.setting.law.dimension], self.sigma[0])
            if slot is not None and self.population:
                points = self.setting.tensor(self.population.points)
                self.ties.look_through(self.current_weights, points.expand(len(rows), *points.shape), self.sigma[0])
            self.ties.end_step(slot)
        for weights, update, x in zip(self.weights, self.updates, rows, strict=True):
            with torch.enable_grad():
                batch = x if x.shape[0] != 2 or b != 1 or self.population else x[:1]
                loss = self._losses(weights, batch).sum() / b
                gradients = list(torch.autograd.grad(loss, weights))
                if slot is not None:
                    kept.append((gradients, *self._full(weights, x, float(loss.detach()))))
            with torch.no_grad():
                update.apply(weights, gradients, rate)
        if slot is not None:
            self.kept[slot] = kept

    def digest(self, count: int) -> Observed:
        slots = [self.kept[i] for i in range(count)]
        shape = count, self.setting.blocks, self.setting.block_size
        size, layers = self.setting.block_size, range(self.setting.problem.depth)

        def within(gradients: list[list[Gradients]]) -> np.ndarray:
            return np.array([[[float(g[k].square().sum()) for k in layers] for g in slot] for slot in gradients]).reshape(*shape, -1)

        def between(gradients: list[list[Gradients]]) -> np.ndarray:
            blocks = [slot[i : i + size] for slot in gradients for i in range(0, len(slot), size)]
            values = [[self._pairs([g[k] for g in block]) for k in layers] for block in blocks]
            return np.array(values).reshape(count, -1, len(layers))

        ties = None if self.ties is None else self.ties.digest(count)
        stochastic, full = ([[replica[which] for replica in slot] for slot in slots] for which in (0, 1))
        loss = np.array([[replica[2] for replica in slot] for slot in slots]).reshape(shape)
        if self.population is None:
            squares = np.array(full).reshape(*shape, -1)
            return Observed(squares, between(stochastic), loss, within(stochastic), between(stochastic), ties=ties)
        return Observed(within(full), between(full), loss, within(stochastic), between(stochastic), ties=ties)

    @staticmethod
    def _pairs(gradients: Gradients) -> float:
        values = [float((u * v).sum()) for i, u in enumerate(gradients) for j, v in enumerate(gradients) if i != j]
        return sum(values) / len(values)

    def _losses(self, weights: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        """1/2 || f(w; x_i) - y_i ||^2 for every row, y_i = f(w*; x_i) or the label, which then stands in the row after x_i."""
        p = self.setting.law.dimension
        targets = x[:, p:] if self.teacher is None else self._forward(self.teacher, x)
        return (self._forward(weights, x[:, :p]) - targets).square().sum(1) / 2

    def _forward(self, weights: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        for w in weights[:-1]:
            x = x @ w.T
            x = self.sigma[0](x) if self.sigma else x
        return x @ weights[-1].T

    def _full(self, weights: list[torch.Tensor], x: torch.Tensor, batch_loss: float) -> tuple[Gradients | list[float], float]:
        """The full gradient and the expected loss; without a population, estimates of ||grad||^2 from the pairs of the batch."""
        if self.population:
            q = self.setting.tensor(self.population.weights)
            loss = (q * self._losses(weights, self.setting.tensor(self.population.rows))).sum()
            return list(torch.autograd.grad(loss, weights)), float(loss.detach())
        single = [torch.autograd.grad(self._losses(weights, row[None]).sum(), weights) for row in x]
        return [self._pairs([g[k] for g in single]) for k in range(len(weights))], batch_loss
