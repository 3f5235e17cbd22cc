"""What the gradient of a run's next batch is like, given all batches before it: its conditional mean and variance, by three ways.

With g the gradient of the next batch and "past" all batches before it, a look at run r gives, for every parameter,

    conditional    var(g | past), without bias                        mean    v_r, whose mean given the past is E[g | past]
    noise          E||v_r - E[g | past]||^2, without bias              full    the same two for the full gradient, grad L(w_t)

and over the runs of a block, sum_r ||v_r - mean v||^2 / (B - 1) - mean noise is var(E[g | past]) without bias: by the law of total variance

    var(g) = E var(g | past) + var(E[g | past]).

    per_example    all gradients of single examples: v is the mean over the N' examples that the next batch is drawn from, its noise is 0,
                   var(g | past) = c (1/N') sum_i ||grad l_i - v||^2, with c of orders.variance_of_batch_mean
    resampling     `draws` fresh batches: v is the mean of their gradients, var(g | past) their sample variance, its noise that over `draws`
    naive          v is the gradient of the training's own batch, and var(g | past) is left to the variance over runs: 0

In epochs the next batch is drawn from what the epoch has not seen yet: at an epoch's first step from all N examples, and v is the full
gradient; later both differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from empirics.models.measuring.orders import variance_of_batch_mean
from empirics.models.measuring.training import Run
from empirics.models.user_model import NotAMeanError


@dataclass
class Mean:
    """An estimate of a mean gradient, one tensor a parameter, and E||estimate - mean||^2 of each."""

    values: list[Tensor]
    noise: np.ndarray

    def squares(self) -> np.ndarray:
        """||mean||^2, without bias."""
        return norms(self.values) - self.noise


@dataclass
class Look:
    """Of one run at one step."""

    conditional: np.ndarray
    next: Mean
    full: Mean | None


#: Takes a look as soon as it is made: the tensors in it change afterwards.
Take = Callable[[Look], object]


def norms(tensors: list[Tensor]) -> np.ndarray:
    """||.||^2 of each, summed up in doubles."""
    return np.array([float(torch.linalg.vector_norm(x, dtype=torch.float64)) for x in tensors]) ** 2


class Spread:
    """sum_r ||v_r - mean||^2 / (B - 1) over runs, by parameter: an unbiased variance, by Welford's recursion; 0 if all are equal."""

    def __init__(self) -> None:
        self.count, self.squares = 0, np.zeros(0)
        self.mean: list[Tensor] = []

    def add(self, values: list[Tensor]) -> None:
        """Take in one more."""
        self.count += 1
        if self.count == 1:
            self.mean, self.squares = [x.clone() for x in values], np.zeros(len(values))
            return
        difference = [x - mean for x, mean in zip(values, self.mean, strict=True)]
        self.squares = self.squares + norms(difference) * ((self.count - 1) / self.count)
        for mean, x in zip(self.mean, difference, strict=True):
            mean.add_(x, alpha=1 / self.count)

    def value(self) -> np.ndarray:
        """NaN for fewer than two."""
        return self.squares / (self.count - 1) if self.count > 1 else np.full_like(self.squares, np.nan)


class ByExamples:
    """Every example once; `together` of them at a time."""

    def __init__(self, run: Run, together: int) -> None:
        self.run, self.together = run, together

    def __call__(self, seeds: np.random.SeedSequence, move: bool, take: Take) -> None:
        order, n = self.run.order, self.run.order.examples
        left, seen = order.left(), order.seen()
        exact = np.zeros(len(self.run.parameters))
        with self.run.on_the_bench() as user, user.undisturbed(seeds):
            mean, squares = self.mean_gradient(left)
            full = mean
            if len(seen):
                others, _ = self.mean_gradient(seen, with_squares=False)
                full = [x * (len(left) / n) + y * (len(seen) / n) for x, y in zip(mean, others, strict=True)]
        factor = variance_of_batch_mean(order.sampling, len(left), order.batch_size)
        take(Look(factor * (squares - norms(mean)), Mean(mean, exact), Mean(full, exact)))

    def mean_gradient(self, indices: np.ndarray, with_squares: bool = True) -> tuple[list[Tensor], np.ndarray]:
        """(1/n) sum_i grad l_i, and (1/n) sum_i ||grad l_i||^2 where asked for, over these examples.

        NotAMeanError where the loss of a batch turns out to be no mean over its examples.
        """
        user, per_example = self.run.bench.user, self.run.bench.per_example
        mean, squares = [torch.zeros_like(p) for p in self.run.parameters], np.zeros(len(self.run.parameters))
        for first in range(0, len(indices), self.together):
            chunk = indices[first : first + self.together]
            batch = user.batch(chunk)
            if with_squares:
                try:
                    got = per_example(batch, is_checked=True)
                except NotAMeanError as error:  # one that no batch before has shown
                    raise NotAMeanError(f"estimator must be 'resampling' or 'naive' here, but was 'per_example': {error}") from error
                gradient = got.gradient
                squares += got.squared_norms().sum(0) / len(indices)
            else:
                gradient = user.gradient(batch)[1]
            for total, g in zip(mean, gradient.values(), strict=True):
                total.add_(g, alpha=len(chunk) / len(indices))
        return mean, squares


class ByResampling:
    """Fresh batches, `draws` of them, by random numbers that the training does not see."""

    def __init__(self, run: Run, draws: int) -> None:
        self.run, self.draws = run, draws

    def __call__(self, seeds: np.random.SeedSequence, move: bool, take: Take) -> None:
        left, seen = self.run.order.left(), self.run.order.seen()
        of_next, of_all = seeds.spawn(2)
        conditional, mean = self._resampled(left, of_next)
        take(Look(conditional, mean, self._resampled(np.concatenate([left, seen]), of_all)[1] if len(seen) else mean))

    def _resampled(self, points: np.ndarray, seeds: np.random.SeedSequence) -> tuple[np.ndarray, Mean]:
        spread = Spread()
        batches, noise = seeds.spawn(2)
        generator = np.random.Generator(np.random.PCG64DXSM(batches))
        for each in noise.spawn(self.draws):
            with self.run.on_the_bench() as user, user.undisturbed(each):
                spread.add(list(user.gradient(user.batch(self.run.order.draw(points, generator)))[1].values()))
        return spread.value(), Mean(spread.mean, spread.value() / self.draws)


class ByTraining:
    """The gradient of the training's own next batch; the run makes that step, if it is one."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def __call__(self, seeds: np.random.SeedSequence, move: bool, take: Take) -> None:
        nothing = np.zeros(len(self.run.parameters))
        self.run.show_next_gradient(lambda gradient: take(Look(nothing, Mean(gradient, nothing), None)), move)


Observer = ByExamples | ByResampling | ByTraining
