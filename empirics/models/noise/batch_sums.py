"""Gradients of whole batches, drawn again and again: the definition of var(g) at b, for models in which the examples of a batch meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from empirics.models.noise.moments import moments
from empirics.models.user_model import UserModel, require_finite

#: Batches whose gradients are summed before their sum is looked at; groups are independent, and their spread gives the standard errors.
GROUP = 8


@dataclass
class BatchSums:
    """Batches of a model's data set.

    `draws` is 2 for a model with noise of its own: every batch is used twice. `scale`, if any, multiplies the gradients.
    """

    user: UserModel
    groups: int
    draws: int
    replacement: bool
    seed: int
    scale: Mapping[str, Tensor] | None = None

    def __call__(self, b: int) -> tuple[np.ndarray, float]:
        """The moments of batches of b examples, for every group, parameter and, last, for all parameters, (groups, parameters + 1, 3); the
        mean loss. ValueError for a loss that is not finite."""
        found, losses = [], []
        generator = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(self.seed, spawn_key=(2, b))))
        for group in range(self.groups):
            sums: list[dict[str, Tensor]] = [{} for _ in range(self.draws)]
            squares, cross = (np.zeros(len(self.user.parameters)) for _ in range(2))
            for k in range(GROUP):
                got = []
                for draw, (loss, gradient) in enumerate(self._gradients(generator, b, GROUP * group + k)):
                    losses.append(loss)
                    got.append(gradient)
                    sums[draw] = {name: sums[draw][name] + g for name, g in gradient.items()} if sums[draw] else gradient
                squares = squares + np.mean([_products(g, g) for g in got], axis=0)
                cross = cross + _products(got[0], got[-1])
            both = [np.append(x, x.sum()) for x in (squares, cross, _products(sums[0], sums[-1]))]
            found.append(moments(both[0], both[1], both[2], GROUP))
        return np.stack(found), float(np.mean(losses))

    def _gradients(self, generator: np.random.Generator, b: int, number: int) -> list[tuple[float, dict[str, Tensor]]]:
        """The gradients of one batch, once for each draw."""
        indices = generator.choice(len(self.user.examples), b, replace=self.replacement, shuffle=False)
        batch, found = self.user.batch(indices), []
        for draw in range(self.draws):
            with self.user.undisturbed(np.random.SeedSequence(self.seed, spawn_key=(3, b, number, draw))):
                loss, gradient = self.user.gradient(batch)
            value = require_finite(loss, f"a batch of {b}, examples {', '.join(map(str, indices[:8]))}{', ...' if b > 8 else ''}")
            if self.scale is not None:
                gradient = {name: g * self.scale[name] for name, g in gradient.items()}
            found.append((value, {name: g.double() for name, g in gradient.items()}))
        return found


def _products(one: Mapping[str, Tensor], two: Mapping[str, Tensor]) -> np.ndarray:
    return np.array([float((one[name] * two[name]).sum()) for name in one])
