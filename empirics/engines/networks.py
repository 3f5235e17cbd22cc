"""Any feed-forward network: forward and backward passes of all replicas as batched products.

    a_0 = x,   z_k = W_k a_{k-1},   a_k = sigma(z_k) for k < H;   delta_H = z_H - y,   delta_k = (W_{k+1}^T delta_{k+1}) sigma'(z_k)
    grad_k l = delta_k a_{k-1}^T,      ||grad_k l||^2 = ||delta_k||^2 ||a_{k-1}||^2,      g_k = (1/b) sum_i grad_k l(w; x_i)

y = f(w*; x), or the label of a point; batches then hold the labels beside the points. The full gradient is exact for finitely many atoms
(a pass over all of them at every step) and for linear networks. Otherwise ||grad L||^2 is estimated without bias from pairs of samples of
the batch, (||sum_i grad l_i||^2 - sum_i ||grad l_i||^2) / (m (m-1)); a batch of one sample is given a second one for that purpose, which
takes no part in the step.

Cost of a step: 6 flops per weight and sample.
"""

from __future__ import annotations

import numpy as np
import torch

from empirics.engines.activations import torch_activation
from empirics.engines.base import Engine, Grams, Observed, Setting, to_numpy
from empirics.engines.ties import watch
from empirics.engines.updates import Update
from empirics.sampling.population import population

Passed = tuple[list[torch.Tensor], list[torch.Tensor], torch.Tensor]


class Networks(Engine):
    """The engine for any depth and activation; see the module."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        problem = setting.problem
        self.start = [setting.tensor(w) for w in setting.weights(problem.student)]
        self.teacher = None if setting.teacher is None else [setting.tensor(w) for w in setting.teacher]
        self.update = Update(problem.optimizer)
        self.sigma = torch_activation(problem, setting.device)
        self.weights = [setting.empty(setting.replicas, *w.shape) for w in self.start]
        self.population = population(problem)
        self.samples = setting.batch_size if self.population or setting.batch_size > 1 else 2
        self.second = Grams(setting) if setting.needs_gradients else None
        self.losses = setting.empty(setting.chunk, setting.replicas)
        self.ties = watch(setting)
        shape = len(self.start), setting.chunk, setting.replicas
        if self.population:
            self.points, self.point_weights = setting.tensor(self.population.points), setting.tensor(self.population.weights)
            self.point_targets = self._teach(self.points) if self.population.targets is None else setting.tensor(self.population.targets)
            self.full = Grams(setting)
            self.moments = setting.empty(*shape)
            self.cross = Grams(setting) if setting.estimator == "controlled" else None
        else:
            self.estimates = setting.empty(*shape)
            self.cross = None

    def restart(self) -> None:
        for w, w0 in zip(self.weights, self.start, strict=True):
            w.copy_(w0.expand_as(w))
        self.update.restart()
        if self.ties is not None:
            self.ties.restart()

    @property
    def current_weights(self) -> list[torch.Tensor]:
        return self.weights

    def step(self, rows: torch.Tensor, rate: float, slot: int | None) -> None:
        b = self.setting.batch_size
        rows, targets = self._with_targets(rows)
        activations, deltas, residual = self._passes(rows, targets)
        gradients = [(d[:, :b].mT @ a[:, :b]).div_(b) for d, a in zip(deltas, activations, strict=True)]
        if slot is not None:
            full = self._observe_population(slot) if self.population else None
            if full is None:
                torch.mean(residual[:, :b].square().sum(2) / 2, dim=1, out=self.losses[slot])
                self._estimate_full_squares(slot, activations, deltas, gradients)
            if self.second is not None:
                for k, g in enumerate(gradients):
                    self.second.of(k, slot, g)
                    if self.cross is not None and full is not None:
                        self.cross.of(k, slot, full[k], g)
        self.update.apply(self.weights, gradients, rate)
        if self.ties is not None:
            self.ties.end_step(slot)

    def digest(self, count: int) -> Observed:
        shape = count, self.setting.blocks, self.setting.block_size
        squares = self.second.per_replica(count) if self.second else None
        pairs = self.second.mean_of_pairs(count) if self.second else None
        loss = to_numpy(self.losses[:count]).reshape(shape)
        ties = None if self.ties is None else self.ties.digest(count)
        if self.population is None:
            estimates = np.moveaxis(to_numpy(self.estimates[:, :count]), 0, -1).reshape(*shape, -1)
            assert pairs is not None  # without a population there is no estimator that does without the gradients
            return Observed(estimates, pairs, loss, squares, pairs, ties=ties)
        full = self.full.per_replica(count)
        conditional = None
        if self.population.has_sample_moments:
            second = np.moveaxis(to_numpy(self.moments[:, :count]), 0, -1).reshape(*shape, -1)
            conditional = self.setting.noise_factor * (second - full)
        products = self.cross.per_replica(count) if self.cross else None
        return Observed(full, self.full.mean_of_pairs(count), loss, squares, pairs, products, conditional, ties)

    def factors(self, points: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """a_{k-1} and delta_k of every layer at every point (`Population.rows`), (R, N, width): grad_k l is their outer product."""
        rows, targets = self._with_targets(points.expand(self.setting.replicas, *points.shape))
        activations, deltas, _ = self._passes(rows, targets)
        return activations, deltas

    def _with_targets(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x and what is to be learned of it, for rows (R, m, p), or (R, m, p + p_H) with labels beside the points."""
        if self.teacher is None:
            p = self.setting.law.dimension
            return rows[..., :p], rows[..., p:]
        return rows, self._teach(rows.flatten(0, 1)).view(*rows.shape[:2], -1)

    def _teach(self, x: torch.Tensor) -> torch.Tensor:
        """f(w*; x), x of shape (N, p)."""
        first, *others = self.teacher or []
        z = x @ first.T
        for w in others:
            z = (self.sigma[0](z) if self.sigma else z) @ w.T
        return z

    def _passes(self, x: torch.Tensor, targets: torch.Tensor) -> Passed:
        """a_0, ..., a_{H-1}; delta_1, ..., delta_H; f(w; x) - f(w*; x). All (R, samples, width)."""
        activations, slopes = [x], []
        z, error = x @ self.weights[0].mT, None
        for k, w in enumerate(self.weights[1:]):
            if self.ties is not None:
                error = self.ties.look(k, self.weights[k], activations[-1], z, error)
            activations.append(self.sigma[0](z) if self.sigma else z)
            slopes.append(self.sigma[1](z) if self.sigma else None)
            z = activations[-1] @ w.mT
        residual = z - targets
        deltas = [residual]
        for w, slope in zip(reversed(self.weights[1:]), reversed(slopes), strict=True):
            delta = deltas[-1] @ w
            deltas.append(delta if slope is None else delta.mul_(slope))
        return activations, deltas[::-1], residual

    def _observe_population(self, slot: int) -> list[torch.Tensor]:
        """The full gradients; their inner products, the loss and the moments of one sample are kept."""
        r = self.setting.replicas
        x = self.points.expand(r, *self.points.shape)
        activations, deltas, residual = self._passes(x, self.point_targets)
        torch.matmul(residual.square().sum(2) / 2, self.point_weights, out=self.losses[slot])
        full = []
        for k, (d, a) in enumerate(zip(deltas, activations, strict=True)):
            torch.matmul(d.square().sum(2) * a.square().sum(2), self.point_weights, out=self.moments[k, slot])
            full.append((d * self.point_weights[:, None]).mT @ a)
            self.full.of(k, slot, full[-1])
        return full

    def _estimate_full_squares(
        self, slot: int, activations: list[torch.Tensor], deltas: list[torch.Tensor], gradients: list[torch.Tensor]
    ) -> None:
        b, m = self.setting.batch_size, activations[0].shape[1]
        for k, (d, a, g) in enumerate(zip(deltas, activations, gradients, strict=True)):
            total = g if m == b else d.mT @ a / m  # the second sample of a batch of one included
            squares = (d.square().sum(2) * a.square().sum(2)).sum(1)
            self.estimates[k, slot] = (m * m * total.square().sum((1, 2)) - squares) / (m * (m - 1))
