"""Sums over the gradients of examples: two passes, the second to see how each example's gradient meets the sum of all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from empirics.models.noise.moments import Sums
from empirics.models.per_example.example_gradients import ExampleGradients, PerExample
from empirics.models.user_model import require_finite


@dataclass
class ExampleSums:
    """Of some examples of a model's data set, in chunks: `indices`, in their order, `together` at a time.

    `draws` is 2 for a model with noise of its own, and 1 for others. The noise of a chunk is the same in both passes.
    What was found of a chunk is kept for the second pass as long as it takes less than `room` bytes in all.
    """

    per_example: PerExample
    indices: np.ndarray
    together: int
    draws: int
    seed: int
    room: float = 0.0

    def __call__(self, with_meetings: bool) -> tuple[Sums, float]:
        """The sums, and the mean loss; without the second pass no `met` and no `neighbours`.

        ValueError for a loss or a gradient that is not finite, naming the example, and for a second pass unlike the first; NotAMeanError
        for a loss that turns out to be no mean over examples.
        """
        squares, cross, neighbours, losses = [], [], [], []
        last: list[ExampleGradients] = []
        kept: list[list[ExampleGradients]] = []
        room = self.room if with_meetings else 0.0
        sums: list[dict[str, Tensor]] = [{} for _ in range(self.draws)]
        for indices, got in self._passes(with_gradient=True):
            norms = [each.squared_norms() for each in got]
            squares.append(sum(norms) / self.draws)
            cross.append(got[0].inner(got[1]) if self.draws == 2 else norms[0])
            losses.append(len(indices) * sum(require_finite(each.loss, f"examples {_told(indices)}") for each in got) / self.draws)
            if not (fine := np.isfinite(squares[-1]).all(1)).all():
                raise ValueError(f"loss must have a finite gradient, but that of example {indices[~fine][0]} is not")
            for total, each in zip(sums, got, strict=True):
                for name, g in each.gradient.items():
                    total[name] = total[name] + len(indices) * g.double() if name in total else len(indices) * g.double()
                each.gradient = {}
            if with_meetings:
                if last:  # of the chunk before
                    neighbours.append(_across(last, [each.at([0]) for each in got]))
                neighbours.append(_across([each.at(slice(None, -1)) for each in got], [each.at(slice(1, None)) for each in got]))
                last = [each.at([len(indices) - 1]) for each in got]
            room -= sum(factor.nbytes for each in got for factor in each.factors.values())
            kept = [*kept, got] if room > 0 else []
        product = np.array([float((a * b).sum()) for a, b in zip(sums[0].values(), sums[-1].values(), strict=True)])
        again = iter(kept) if room > 0 else (got for _, got in self._passes(with_gradient=False))
        met = self._meetings(again, sums, product) if with_meetings else None
        beside = np.concatenate(neighbours) if with_meetings else None
        return Sums(np.concatenate(squares), np.concatenate(cross), met, beside, product), sum(losses) / len(self.indices)

    def _meetings(self, chunks: Iterable[list[ExampleGradients]], sums: list[dict[str, Tensor]], product: np.ndarray) -> np.ndarray:
        """<g_i, sum g'> + <g'_i, sum g>, (n, parameters)."""
        if self.draws == 1:
            met = 2 * np.concatenate([got[0].along(sums[0]) for got in chunks])
        else:
            met = np.concatenate([got[0].along(sums[1]) + got[1].along(sums[0]) for got in chunks])
        # summed over i both are 2 <sum g, sum g'>, unless the gradients are others than they were
        scale, eps = np.abs(met).sum(), torch.finfo(self.per_example.user.dtype).eps
        if not abs(met.sum() - 2 * product.sum()) <= max(1e-3, eps**0.5) * scale:
            raise ValueError(
                "model must have the same gradients twice, but had others the second time: it draws from a generator of its own"
            )
        return met

    def _passes(self, with_gradient: bool) -> Iterator[tuple[np.ndarray, list[ExampleGradients]]]:
        user = self.per_example.user
        for chunk, first in enumerate(range(0, len(self.indices), self.together)):
            indices = self.indices[first : first + self.together]
            batch = user.batch(indices)
            got = []
            for draw in range(self.draws):
                with user.undisturbed(np.random.SeedSequence(self.seed, spawn_key=(1, chunk, draw))):
                    got.append(self.per_example(batch, with_gradient, is_checked=with_gradient))
            yield indices, got


def _across(ones: list[ExampleGradients], others: list[ExampleGradients]) -> np.ndarray:
    """(<g_i, g'_j> + <g'_i, g_j>) / 2 of different examples, pair by pair."""
    if len(ones) == 1:
        return ones[0].inner(others[0])
    return (ones[0].inner(others[1]) + ones[1].inner(others[0])) / 2


def _told(indices: np.ndarray) -> str:
    return str(indices[0]) if len(indices) == 1 else f"{indices[0]} to {indices[-1]}"
